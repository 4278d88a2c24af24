//! A leg from its answer to its BYE, whichever end called.

mod asked;
mod direct;
mod referral;
mod referring;
mod refresh;
mod reinvite;
mod replaced;

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{EndCause, Notice};
use callroute_schema::Cause;
use sipx_sip::{HeaderName, Method, Response, update};
use sipx_transport::Target;
use tokio::time::{Instant, sleep_until};

use crate::admit::access::Credentials;
use crate::convert::parting;
use crate::dialog::Dialog;
use crate::endpoint::{Incoming, T2};
use crate::leg::answers::Answers;
use crate::leg::direct::Peer;
use crate::leg::established::direct::Direct;
use crate::leg::established::referral::Referred;
use crate::leg::established::referring::Referring;
use crate::leg::established::refresh::Refreshing;
use crate::leg::established::reinvite::Copies;
use crate::leg::established::replaced::Waiting;
use crate::leg::offering::Offering;
use crate::leg::reliable::Reliable;
use crate::leg::session_timer::SessionTimer;
use crate::leg::{Leg, LegCommand, closing};
use crate::message::{ALLOW, Reply, q850, reason_text, sequence};
use crate::named::Key;
use crate::reach::needed::Needed;
use crate::routes::LegRequest;

/// A leg whose dialog is established.
#[derive(Debug)]
pub(crate) struct Established {
    leg: Box<Leg>,
    dialog: Dialog,
    /// The way that its requests come by, if ours are to go there as well.
    flow: Option<Needed>,
    /// It was found by its registration, so that there is no other way to it.
    registered: bool,
    /// A 2xx of ours that waits for its ACK.
    unacked: Option<Unacked>,
    /// A reliable response of before the 2xx, whose PRACK has not come.
    reliable: Option<Box<Reliable>>,
    /// An offer of ours that waits for its answer.
    offering: Option<Offering>,
    /// The 2xx of a callee come again until our ACK reaches it.
    answers: Option<Answers>,
    /// So does the 2xx to a re-INVITE of ours.
    copies: Option<Copies>,
    answered: bool,
    timer: Option<SessionTimer>,
    /// A refresh of ours that waits for its answer.
    refreshing: Option<Refreshing>,
    /// A transfer that the far end has asked for.
    referral: Option<Referred>,
    /// A transfer that we have asked for.
    referring: Option<Referring>,
    /// The far end takes UPDATE (RFC 3311).
    updates: bool,
    /// An INVITE that wants to take the far end's place, when the ACK has come.
    waiting: Option<Waiting>,
    /// The far end, and another one with whom it speaks directly.
    peer: Peer,
    direct: Option<Direct>,
    /// The description that it has accepted last is the other one's: it is to be given ours again.
    away: bool,
    /// We hold it.
    holding: bool,
    /// What our last re-INVITE said: the same again has the same version.
    offered: Option<Box<str>>,
    credentials: Option<Credentials>,
}

/// What an answered callee's session goes by.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) timer: Option<SessionTimer>,
    /// The far end takes UPDATE.
    pub(crate) updates: bool,
    pub(crate) peer: Peer,
    /// What is proven when it asks for a password.
    pub(crate) credentials: Option<Credentials>,
}

/// A 2xx that waits for its ACK (RFC 3261, section 13.3.1.4).
#[derive(Debug)]
struct Unacked {
    key: Key,
    response: Response,
    sequence: u32,
    interval: Duration,
    again: Instant,
    until: Instant,
}

impl Established {
    /// Whoever has called and was sent a 200, and where he is now.
    pub(crate) fn awaiting_ack(
        leg: Box<Leg>,
        (incoming, source): (&Incoming, Target),
        dialog: Dialog,
        response: Response,
        offering: Option<Offering>,
        timer: Option<SessionTimer>,
    ) -> Box<Self> {
        let flow = closing::flow(&dialog, &source);
        let flow = flow.map(|flow| leg.stack.connections.need(flow));
        let peer = Peer::caller(incoming, &dialog);
        let unacked = Unacked::new(&leg, incoming, response);
        let updates = update::peer_allows(&incoming.request.headers);
        Box::new(Self {
            leg,
            dialog,
            flow,
            registered: false,
            unacked: Some(unacked),
            reliable: None,
            offering,
            answers: None,
            copies: None,
            answered: false,
            timer,
            refreshing: None,
            referral: None,
            referring: None,
            updates,
            waiting: None,
            peer,
            direct: None,
            away: false,
            holding: false,
            offered: None,
            credentials: None,
        })
    }

    /// The 200 may overtake the PRACK of what was sent before it (RFC 3262, section 3).
    pub(crate) fn after(mut self: Box<Self>, reliable: Reliable) -> Box<Self> {
        self.reliable = reliable.open();
        self
    }

    /// A callee that has answered, and was sent its ACK.
    pub(crate) fn of_callee(
        leg: Box<Leg>,
        dialog: Dialog,
        answers: Answers,
        flow: Option<Target>,
        session: Session,
    ) -> Box<Self> {
        let flow = flow.map(|flow| leg.stack.connections.need(flow));
        Box::new(Self {
            leg,
            dialog,
            flow,
            registered: answers.left.reached.registered,
            unacked: None,
            reliable: None,
            offering: None,
            answers: Some(answers),
            copies: None,
            answered: true,
            timer: session.timer,
            refreshing: None,
            referral: None,
            referring: None,
            updates: session.updates,
            waiting: None,
            peer: session.peer,
            direct: None,
            away: false,
            holding: false,
            offered: None,
            credentials: session.credentials,
        })
    }

    /// Serves the leg to its end in a task of its own: what came before the answer needs more room
    /// than what comes after it, and is over.
    pub(crate) fn begin(self: Box<Self>) {
        tokio::spawn(Box::pin(self.serve()));
    }

    async fn serve(mut self: Box<Self>) {
        if self.answered {
            self.tell_dialog().await;
        }
        loop {
            let again = self.unacked.as_ref().map(|unacked| unacked.again);
            let due = self.due();
            let referral = Referred::until(&self.referral);
            let referring = Referring::until(&self.referring);
            // What happens seldom lies elsewhere, so that a leg which only waits is small.
            let over = tokio::select! {
                command = self.leg.commands.recv(), if !self.leg.notices.has_ended() => {
                    Box::pin(self.command(command)).await
                }
                Some(request) = self.leg.requests.recv() => match request {
                    LegRequest::Within(request) => Box::pin(self.request(request)).await,
                    LegRequest::Cancelled(cancel) => {
                        self.cancelled(&cancel);
                        false
                    }
                    LegRequest::Replaces(invite, replaces) => {
                        Box::pin(self.replaced(*invite, replaces)).await;
                        false
                    }
                },
                () = at(again) => Box::pin(self.resend()).await,
                event = reinvite::answer(&mut self.offering) => Box::pin(self.reinvite_answered(event)).await,
                () = at(due) => Box::pin(self.timer_fired()).await,
                event = Refreshing::next(&mut self.refreshing) => Box::pin(self.refresh_answered(event)).await,
                event = Referring::next(&mut self.referring) => {
                    Box::pin(self.refer_answered(event)).await;
                    false
                }
                () = at(referral) => {
                    Box::pin(self.referral_late()).await;
                    false
                }
                () = at(referring) => {
                    Box::pin(self.refer_late()).await;
                    false
                }
                response = Answers::next(&mut self.answers) => {
                    if let Some(answers) = &mut self.answers {
                        let (stack, flow) = (&self.leg.stack, self.flow.as_deref());
                        Box::pin(answers.heard(stack, &self.dialog, flow, &response)).await;
                    }
                    false
                }
                sequence = Copies::next(&mut self.copies) => {
                    let flow = self.flow.as_deref();
                    closing::ack(&self.leg.stack, &self.dialog, flow, sequence).await;
                    false
                }
            };
            if over {
                return;
            }
        }
    }

    /// `true` when the leg is over and nothing is left to do.
    async fn command(&mut self, command: Option<LegCommand>) -> bool {
        let cause = match command {
            Some(LegCommand::Hangup(cause)) => cause,
            Some(LegCommand::Hold(on, told)) => {
                self.hold(on, told).await;
                return false;
            }
            Some(LegCommand::Direct(ask)) => {
                self.direct(ask).await;
                return false;
            }
            Some(LegCommand::Referred(outcome)) => {
                self.tell_outcome(outcome).await;
                return false;
            }
            Some(LegCommand::Redirect(contacts)) => {
                if let Some(first) = contacts.first() {
                    self.refer(first).await;
                }
                return false;
            }
            Some(_) => return false,
            None => EndCause::Normal,
        };
        tracing::debug!(leg = %self.leg.notices.leg(), ?cause, "hanging up");
        self.leg.end(Cause::normal()).await;
        self.leg.parting = parting(cause);
        if self.unacked.is_some() && !self.answered {
            // No BYE before the ACK (RFC 3261, section 15): it follows then, or at the timeout.
            return false;
        }
        self.bye().await;
        true
    }

    async fn request(&mut self, incoming: Box<Incoming>) -> bool {
        let stack = Arc::clone(&self.leg.stack);
        if !self.dialog.is_from_peer(&incoming.request) {
            if incoming.request.method != Method::Ack {
                stack.respond(&incoming, Reply::new(481));
            }
            return false;
        }
        if incoming.request.method == Method::Ack {
            return self.acked(incoming).await;
        }
        if !self.dialog.accepts(&incoming.request) {
            stack.respond(&incoming, Reply::new(500));
            return false;
        }
        match incoming.request.method {
            Method::Bye => {
                stack.respond(&incoming, Reply::new(200));
                let headers = &incoming.request.headers;
                self.leg.log.note(reason_text(headers));
                let normal = Cause::normal();
                self.leg
                    .end(Cause {
                        q850: q850(headers).or(normal.q850),
                        ..normal
                    })
                    .await;
                return true;
            }
            Method::Invite => self.reinvited(*incoming).await,
            Method::Update => self.updated(&incoming).await,
            Method::Prack => self.acknowledged(&incoming).await,
            Method::Info => self.informed(&incoming).await,
            Method::Refer => self.referred(&incoming).await,
            Method::Notify => return self.notified(&incoming).await,
            Method::Options => {
                stack.respond(&incoming, Reply::new(200).header(HeaderName::Allow, ALLOW));
            }
            _ => {
                stack.respond(&incoming, Reply::new(405).header(HeaderName::Allow, ALLOW));
            }
        }
        false
    }

    /// A PRACK after the 200: it is of what was open then, or of nothing.
    async fn acknowledged(&mut self, prack: &Incoming) {
        let open = self.reliable.as_mut();
        if !open.is_some_and(|reliable| reliable.acknowledged(prack)) {
            self.leg.stack.respond(prack, Reply::new(481));
            return;
        }
        self.reliable = None;
        if prack.request.body().is_empty() {
            self.leg.stack.respond(prack, Reply::new(200));
        } else {
            // An offer in it is one as in UPDATE (RFC 3262, section 5).
            self.updated(prack).await;
        }
    }

    async fn acked(&mut self, incoming: Box<Incoming>) -> bool {
        let number = sequence(&incoming.request.headers);
        if self
            .unacked
            .as_ref()
            .is_none_or(|unacked| Some(unacked.sequence) != number)
        {
            return false;
        }
        self.unacked = None;
        if let Some(Offering::InAnswer) = self.offering {
            self.offering = None;
            let codecs = &self.leg.stack.config.codecs;
            match self.leg.local.read_answer(incoming.request.body(), codecs) {
                Ok(remote) => {
                    self.away = false;
                    self.leg.agree(remote).await;
                }
                Err(error) => {
                    tracing::info!(%error, "the ACK brought no answer to our offer");
                    self.leg.end(Cause::from_sip(488)).await;
                }
            }
        }
        if self.leg.notices.has_ended() {
            self.bye().await;
            return true;
        }
        if !self.answered {
            self.answered = true;
            self.leg.answered().await;
            self.tell_dialog().await;
        }
        Box::pin(self.replaced_at_last()).await;
        false
    }

    /// Sends the 2xx again; after 64·T1 without an ACK, gives the dialog up.
    async fn resend(&mut self) -> bool {
        let Some(unacked) = &mut self.unacked else {
            return false;
        };
        if Instant::now() >= unacked.until {
            tracing::info!(leg = %self.leg.notices.leg(), "no ACK came");
            self.leg.end(Cause::recovery()).await;
            let (stack, flow) = (&self.leg.stack, self.flow.as_deref());
            if self.answered || !closing::bye_once(stack, &mut self.dialog, flow).await {
                self.bye().await;
            }
            return true;
        }
        unacked.interval = (unacked.interval * 2).min(T2);
        unacked.again = (Instant::now() + unacked.interval).min(unacked.until);
        let sent = self
            .leg
            .stack
            .handle
            .respond(unacked.key, unacked.response.clone());
        if let Err(error) = sent {
            tracing::debug!(%error, "a 200 was not sent again");
        }
        false
    }

    /// Tells the dialog's name, by which others may speak of it.
    pub(crate) async fn tell_dialog(&self) {
        let notice = Notice::Dialog {
            leg: self.leg.notices.leg(),
            dialog: self.dialog.name(),
        };
        self.leg.notices.tell(notice).await;
    }

    async fn bye(&mut self) {
        let (flow, credentials) = (self.flow.as_deref(), self.credentials.as_ref());
        closing::bye(&mut self.leg, &mut self.dialog, flow, credentials).await;
    }
}

impl Unacked {
    fn new(leg: &Leg, incoming: &Incoming, response: Response) -> Self {
        let interval = leg.stack.config.t1;
        let now = Instant::now();
        Self {
            key: incoming.key,
            response,
            sequence: sequence(&incoming.request.headers).unwrap_or_default(),
            interval,
            again: now + interval,
            until: now + leg.stack.timeout(),
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
