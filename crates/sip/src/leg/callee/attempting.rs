//! INVITEs to one address each, and what comes of them: the first who answers has the call.

use std::ops::ControlFlow;

use callroute_media::{EndCause, Notice};
use callroute_schema::{Cause, Disposition};
use sipx_sip::{Response, TuEvent};
use sipx_transport::Target;
use tokio::time::{Instant, sleep_until};

use super::{Attempt, Dialing, failure, give_up, given_up, taken};
use crate::leg::callee::elsewhere::Elsewhere;
use crate::leg::callee::invite::{self, Invite, Invites};
use crate::leg::callee::tries::{hangup, hung_up};
use crate::leg::{Leg, LegCommand, early};
use crate::reach::ways::Route;
use crate::routes::LegRequest;

/// What has come of an attempt so far.
#[derive(Debug)]
pub(super) struct Attempting<'a> {
    leg: &'a mut Leg,
    dialing: &'a Dialing,
    elsewhere: &'a mut Elsewhere,
    invites: Invites,
    rings: bool,
    sound: early::Sound,
    /// How the last of those that failed did.
    last: Cause,
    /// Somebody has refused, whatever the way.
    refused: Option<Cause>,
    /// Where somebody says that he is.
    found: Vec<Route>,
}

/// Goes on, or what came of it.
type Flow = ControlFlow<Attempt>;

impl<'a> Attempting<'a> {
    /// Sends the INVITEs, unless it was hung up, and takes what comes of them.
    pub(super) async fn begin(
        leg: &'a mut Leg,
        dialing: &'a Dialing,
        elsewhere: &'a mut Elsewhere,
        tries: Vec<(&Route, Target)>,
    ) -> Attempt {
        if let Some(cause) = hung_up(leg) {
            leg.end(given_up(cause)).await;
            return Attempt::Over;
        }
        let mut invites = Invites::default();
        for (route, target) in tries {
            match invite::send(&leg.stack, dialing, route, target) {
                Ok(invite) => invites.0.push(invite),
                Err(error) => {
                    tracing::info!(%error, leg = %leg.notices.leg(), "an INVITE was not sent");
                }
            }
        }
        leg.media.begin();
        let attempting = Self {
            leg,
            dialing,
            elsewhere,
            invites,
            rings: false,
            sound: early::Sound::default(),
            last: Cause::local(Disposition::Unreachable),
            refused: None,
            found: Vec::new(),
        };
        attempting.run().await
    }

    async fn run(mut self) -> Attempt {
        let silent_until = Instant::now() + self.leg.stack.config.no_provisional;
        while !self.invites.0.is_empty() {
            let silent = self.invites.0.iter().any(|invite| !invite.heard);
            let flow = tokio::select! {
                (at, event) = self.invites.next() => self.heard(at, event).await,
                () = sleep_until(silent_until), if silent => self.silent(),
                command = self.leg.commands.recv() => self.told(command).await,
                Some(request) = self.leg.requests.recv() => self.asked(request).await,
            };
            if let ControlFlow::Break(attempt) = flow {
                return attempt;
            }
        }
        match self.refused {
            Some(cause) if !self.found.is_empty() => Attempt::Elsewhere(cause, self.found),
            Some(cause) => Attempt::Refused(cause),
            None => Attempt::Next(self.last),
        }
    }

    /// Something has come of one of the INVITEs.
    async fn heard(&mut self, at: usize, event: Option<TuEvent>) -> Flow {
        self.leg.stack.ports.refill();
        match event {
            Some(TuEvent::Response(response)) if response.status.is_provisional() => {
                self.provisional(at, &response).await;
            }
            Some(TuEvent::Response(response)) if response.status.is_success() => {
                let invite = self.invites.0.swap_remove(at);
                self.give_up_all(EndCause::AnsweredElsewhere);
                return ControlFlow::Break(Attempt::Answered(Box::new(invite), response));
            }
            Some(TuEvent::Response(response)) => self.failed(at, &response),
            Some(TuEvent::Request(_) | TuEvent::Ack(_)) => {}
            // Silence for 64·T1, a refused connection, or the end of the endpoint.
            _ => {
                self.invites.0.swap_remove(at);
            }
        }
        ControlFlow::Continue(())
    }

    async fn provisional(&mut self, at: usize, response: &Response) {
        let Some(invite) = self.invites.0.get_mut(at) else {
            return;
        };
        invite.noted(response);
        early::heard(&self.leg.stack, invite, response).await;
        if response.status.code() > 100 && !std::mem::replace(&mut self.rings, true) {
            let leg = self.leg.notices.leg();
            self.leg.notices.tell(Notice::LegRinging { leg }).await;
        }
        self.sound.of(self.leg, &invite.local, response).await;
    }

    /// One of them has a final refusal.
    fn failed(&mut self, at: usize, response: &Response) {
        let Some(invite) = self.invites.0.get_mut(at) else {
            return;
        };
        let stack = &self.leg.stack;
        if invite.again(stack, response) {
            return;
        }
        self.last = failure(response);
        if !is_of_the_way(response) {
            self.refused = Some(self.last);
        }
        let found = self.elsewhere.named(stack, &invite.route, response);
        self.found.extend(found);
        self.invites.0.swap_remove(at);
    }

    /// Some have said nothing for too long. What still comes of them is dealt with beside the next attempt.
    fn silent(&mut self) -> Flow {
        let invites = std::mem::take(&mut self.invites.0);
        let (heard, silent): (_, Vec<Invite>) = invites.into_iter().partition(|i| i.heard);
        self.invites = Invites(heard);
        for invite in silent {
            give_up(self.leg, invite, EndCause::Normal);
        }
        ControlFlow::Continue(())
    }

    async fn told(&mut self, command: Option<LegCommand>) -> Flow {
        let Some(cause) = hangup(command) else {
            return ControlFlow::Continue(());
        };
        self.give_up_all(cause);
        self.leg.end(given_up(cause)).await;
        ControlFlow::Break(Attempt::Over)
    }

    /// A request of a callee that has not answered, or of who would take its place.
    async fn asked(&mut self, request: LegRequest) -> Flow {
        match request {
            LegRequest::Within(request) => {
                Box::pin(early::asked(self.leg, &mut self.invites, &request)).await;
            }
            LegRequest::Replaces(invite, named) if self.invites.began(&named) => {
                if let Some(taken) = taken(self.leg, self.dialing, &invite).await {
                    self.give_up_all(EndCause::AnsweredElsewhere);
                    return ControlFlow::Break(Attempt::Replaced(invite, Box::new(taken)));
                }
            }
            LegRequest::Replaces(invite, _) => early::not_replaced(&self.leg.stack, &invite),
            LegRequest::Cancelled(_) => {}
        }
        ControlFlow::Continue(())
    }

    fn give_up_all(&mut self, cause: EndCause) {
        for invite in self.invites.0.drain(..) {
            give_up(self.leg, invite, cause);
        }
    }
}

/// Whether a failure is of the way, not of whom it leads to (RFC 3263, section 4.3).
fn is_of_the_way(response: &Response) -> bool {
    matches!(response.status.code(), 408 | 500 | 502 | 503 | 504)
}
