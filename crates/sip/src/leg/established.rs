//! A leg from its answer to its BYE, whichever end called.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::EndCause;
use callroute_schema::{Cause, Disposition};
use sipx_sip::{HeaderName, Method, Response, TransactionKey, TuEvent};
use sipx_transport::{Incoming, Target};
use tokio::time::{Instant, sleep_until};

use crate::dialog::Dialog;
use crate::leg::callee::Answers;
use crate::leg::caller::Invited;
use crate::leg::offering::Offering;
use crate::leg::{Leg, LegCommand, closing};
use crate::message::{ALLOW, Reply, SDP_TYPE, body_is_sdp, q850, reason_text, sequence};
use crate::routes::LegRequest;
use crate::sdp;

/// The longest wait between two sendings of a 2xx: T2 of RFC 3261.
const T2: Duration = Duration::from_secs(4);

/// A leg whose dialog is established.
#[derive(Debug)]
pub(crate) struct Established {
    leg: Leg,
    dialog: Dialog,
    /// The connection that a caller came by, if it is to be used for requests to it.
    flow: Option<Target>,
    /// A 2xx of ours that waits for its ACK.
    unacked: Option<Unacked>,
    /// An offer of ours that waits for its answer.
    offering: Option<Offering>,
    /// The 2xx of a callee come again until our ACK reaches it.
    answers: Option<Answers>,
    answered: bool,
}

/// A 2xx that waits for its ACK (RFC 3261, section 13.3.1.4).
#[derive(Debug)]
struct Unacked {
    key: TransactionKey,
    response: Response,
    sequence: u32,
    interval: Duration,
    again: Instant,
    until: Instant,
}

impl Established {
    /// A caller that was sent its 200.
    pub(crate) fn awaiting_ack(
        leg: Leg,
        invited: Invited,
        response: Response,
        offering: Option<Offering>,
    ) -> Self {
        let incoming = &invited.invite;
        let flow = closing::flow(&invited.dialog, incoming.source, incoming.transport);
        let unacked = Unacked::new(&leg, incoming, response);
        let dialog = invited.dialog;
        Self {
            leg,
            dialog,
            flow,
            unacked: Some(unacked),
            offering,
            answers: None,
            answered: false,
        }
    }

    /// A callee that has answered, and was sent its ACK.
    pub(crate) fn of_callee(leg: Leg, dialog: Dialog, answers: Answers) -> Self {
        Self {
            leg,
            dialog,
            flow: None,
            unacked: None,
            offering: None,
            answers: Some(answers),
            answered: true,
        }
    }

    /// Serves the leg to its end.
    pub(crate) async fn serve(mut self) {
        loop {
            let again = self.unacked.as_ref().map(|unacked| unacked.again);
            let over = tokio::select! {
                command = self.leg.commands.recv(), if !self.leg.notices.has_ended() => {
                    self.command(command).await
                }
                Some(request) = self.leg.requests.recv() => match request {
                    LegRequest::Within(request) => self.request(*request).await,
                    // It crossed our 200 (RFC 3261, section 9.2).
                    LegRequest::Cancelled(_) => false,
                },
                () = at(again) => self.resend().await,
                event = reinvited(&mut self.offering) => self.reinvite_answered(event).await,
                event = Answers::next(&mut self.answers) => {
                    if let Some(answers) = &self.answers {
                        answers.heard(&self.leg.stack, &self.dialog, event).await;
                    }
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
            Some(LegCommand::Ring | LegCommand::Answer | LegCommand::Refuse(_)) => return false,
            None => EndCause::Normal,
        };
        tracing::debug!(leg = %self.leg.notices.leg(), ?cause, "hanging up");
        self.leg.end(Cause::normal()).await;
        if self.unacked.is_some() && !self.answered {
            // No BYE before the ACK (RFC 3261, section 15): it follows then, or at the timeout.
            return false;
        }
        self.bye().await;
        true
    }

    async fn request(&mut self, incoming: Incoming) -> bool {
        let stack = Arc::clone(&self.leg.stack);
        if !self.dialog.is_from_peer(&incoming.request) {
            if incoming.request.method != Method::Ack {
                stack.respond(&incoming, Reply::new(481)).await;
            }
            return false;
        }
        if incoming.request.method == Method::Ack {
            return self.acked(incoming).await;
        }
        if !self.dialog.accepts(&incoming.request) {
            stack.respond(&incoming, Reply::new(500)).await;
            return false;
        }
        match incoming.request.method {
            Method::Bye => {
                stack.respond(&incoming, Reply::new(200)).await;
                let headers = &incoming.request.headers;
                self.leg.log.note(reason_text(headers));
                let normal = Cause::normal();
                self.leg.end(Cause { q850: q850(headers).or(normal.q850), ..normal }).await;
                return true;
            }
            Method::Invite => self.reinvited(incoming).await,
            Method::Options => {
                stack.respond(&incoming, Reply::new(200).header(HeaderName::Allow, ALLOW)).await;
            }
            _ => {
                stack.respond(&incoming, Reply::new(405).header(HeaderName::Allow, ALLOW)).await;
            }
        }
        false
    }

    async fn acked(&mut self, incoming: Incoming) -> bool {
        let number = sequence(&incoming.request.headers);
        if self.unacked.as_ref().is_none_or(|unacked| Some(unacked.sequence) != number) {
            return false;
        }
        self.unacked = None;
        if let Some(Offering::InAnswer) = self.offering {
            self.offering = None;
            match sdp::read(incoming.request.body(), &self.leg.stack.config.codecs) {
                Ok(remote) => self.leg.agree(remote).await,
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
        }
        false
    }

    /// A re-INVITE: hold, resume, or another address (RFC 3261, section 14.2).
    async fn reinvited(&mut self, incoming: Incoming) {
        let stack = Arc::clone(&self.leg.stack);
        let contact = self.dialog.contact().to_owned();
        let reply = if self.unacked.is_some() || self.offering.is_some() {
            Reply::new(491)
        } else if !body_is_sdp(&incoming.request) {
            Reply::new(415).header(HeaderName::Accept, SDP_TYPE)
        } else {
            self.leg.local.version += 1;
            let ok = Reply::new(200)
                .header(HeaderName::Contact, contact)
                .header(HeaderName::Allow, ALLOW);
            if incoming.request.body().is_empty() {
                self.offering = Some(Offering::InAnswer);
                let codecs = &stack.config.codecs;
                ok.sdp(sdp::offer(&self.leg.local, codecs, sipx_sdp::Direction::SendRecv))
            } else {
                match sdp::read(incoming.request.body(), &stack.config.codecs) {
                    Ok(remote) => {
                        self.dialog.refresh(&incoming.request.headers);
                        let body = sdp::answer(&self.leg.local, &remote);
                        self.leg.agree(remote).await;
                        ok.sdp(body)
                    }
                    Err(_) => Reply::new(488),
                }
            }
        };
        let accepted = reply.is_success();
        match reply.to(&incoming.request) {
            Ok(response) => {
                let sent = stack.handle.respond(&incoming.key, response.clone()).await;
                if sent.is_ok() && accepted {
                    self.unacked = Some(Unacked::new(&self.leg, &incoming, response));
                }
            }
            Err(error) => tracing::error!(%error, "the answer to a re-INVITE was not built"),
        }
    }

    /// Sends the 2xx again; after 64·T1 without an ACK, gives the dialog up.
    async fn resend(&mut self) -> bool {
        let Some(unacked) = &mut self.unacked else {
            return false;
        };
        if Instant::now() >= unacked.until {
            tracing::info!(leg = %self.leg.notices.leg(), "no ACK came");
            self.leg.end(Cause { q850: Some(102), ..Cause::local(Disposition::Failed) }).await;
            self.bye().await;
            return true;
        }
        unacked.interval = (unacked.interval * 2).min(T2);
        unacked.again = (Instant::now() + unacked.interval).min(unacked.until);
        let sent = self.leg.stack.handle.respond(&unacked.key, unacked.response.clone()).await;
        if let Err(error) = sent {
            tracing::debug!(%error, "a 200 was not sent again");
        }
        false
    }

    async fn hold(
        &mut self,
        on: bool,
        told: tokio::sync::oneshot::Sender<Result<(), Cause>>,
    ) {
        if self.unacked.is_some() || self.offering.is_some() {
            // discard: who asked has gone.
            let _ = told.send(Err(Cause::from_sip(491)));
            return;
        }
        self.leg.local.version += 1;
        let direction =
            if on { sipx_sdp::Direction::SendOnly } else { sipx_sdp::Direction::SendRecv };
        let body = sdp::offer(&self.leg.local, &self.leg.stack.config.codecs, direction);
        let mut invite = None;
        let sent = closing::send(&self.leg.stack, &mut self.dialog, self.flow.as_ref(), |dialog| {
            let builder = dialog.request(Method::Invite)?;
            let request = builder.header(HeaderName::ContentType, SDP_TYPE)?.body(body).build();
            invite = Some(Box::new(request.clone()));
            Ok(request)
        });
        match (sent.await, invite) {
            (Ok(responses), Some(invite)) => {
                let sequence = self.dialog.local_sequence();
                let told = Some(told);
                self.offering = Some(Offering::InInvite { responses, invite, sequence, told });
            }
            (Ok(_), None) => {}
            (Err(error), _) => {
                tracing::info!(%error, "a re-INVITE was not sent");
                // discard: as above.
                let _ = told.send(Err(Cause::local(Disposition::Unreachable)));
            }
        }
    }

    /// What came of our re-INVITE.
    async fn reinvite_answered(&mut self, event: Option<TuEvent>) -> bool {
        let Some(Offering::InInvite { sequence, told, .. }) = &mut self.offering else {
            return false;
        };
        let (sequence, over) = (*sequence, event.is_none());
        let outcome = match event {
            Some(TuEvent::Response(response)) if response.status.is_provisional() => return false,
            Some(TuEvent::Response(response)) if response.status.is_success() => {
                let told = told.take();
                self.dialog.refresh(&response.headers);
                closing::ack(&self.leg.stack, &self.dialog, self.flow.as_ref(), sequence).await;
                if let Some(told) = told {
                    let read = sdp::read(response.body(), &self.leg.stack.config.codecs);
                    let outcome = match read {
                        Ok(remote) => {
                            self.leg.agree(remote).await;
                            Ok(())
                        }
                        Err(_) => Err(Cause::from_sip(488)),
                    };
                    // discard: who asked has gone.
                    let _ = told.send(outcome);
                }
                // Copies of this 2xx are acknowledged for as long as they come.
                if let Some(Offering::InInvite { responses, invite, .. }) = self.offering.take() {
                    let contact = self.dialog.contact().to_owned();
                    self.answers = Some(Answers { invite: *invite, contact, sequence, responses });
                }
                return false;
            }
            Some(TuEvent::Response(response)) => Err(Cause::from_sip(response.status.code())),
            _ => Err(Cause::local(Disposition::Unreachable)),
        };
        if let Some(told) = told.take() {
            // discard: as above.
            let _ = told.send(outcome);
        }
        // 481 and 408 to a re-INVITE end the dialog (RFC 3261, section 12.2.1.2).
        let gone = matches!(outcome, Err(Cause { sip_code: Some(481 | 408), .. }));
        if over || outcome.is_err() {
            self.offering = None;
        }
        if gone {
            self.leg.end(Cause::normal()).await;
            self.bye().await;
        }
        gone
    }

    async fn bye(&mut self) {
        closing::bye(&mut self.leg, &mut self.dialog, self.flow.as_ref()).await;
    }
}

impl Unacked {
    fn new(leg: &Leg, incoming: &Incoming, response: Response) -> Self {
        let interval = leg.stack.config.t1;
        let now = Instant::now();
        Self {
            key: incoming.key.clone(),
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

async fn reinvited(offering: &mut Option<Offering>) -> Option<TuEvent> {
    match offering {
        Some(Offering::InInvite { responses, .. }) => responses.next().await,
        _ => std::future::pending().await,
    }
}
