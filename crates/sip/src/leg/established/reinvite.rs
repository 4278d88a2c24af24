//! Re-INVITEs, theirs and ours: hold, resume, another address (RFC 3261, section 14).

use std::sync::Arc;

use callroute_schema::{Cause, Disposition};
use sipx_sip::{HeaderName, Method, TuEvent};

use super::{Established, Unacked};
use crate::dispatch::unacceptable;
use crate::endpoint::Incoming;
use crate::leg::callee::Answers;
use crate::leg::closing;
use crate::leg::offering::Offering;
use crate::leg::session_timer::SessionTimer;
use crate::message::{ALLOW, Reply, SDP_TYPE, SUPPORTED, body_is_sdp};
use crate::sdp;

impl Established {
    /// A re-INVITE: hold, resume, or another address (RFC 3261, section 14.2).
    pub(super) async fn reinvited(&mut self, incoming: Incoming) {
        let stack = Arc::clone(&self.leg.stack);
        let contact = self.dialog.contact().to_owned();
        let on = !stack.config.session_expires.is_zero();
        let (timer, terms) = match SessionTimer::of_request(&incoming.request, on) {
            Ok(agreed) => agreed,
            Err(refusal) => {
                stack.respond(&incoming, refusal);
                return;
            }
        };
        let reply = if self.unacked.is_some() || self.offering.is_some() {
            Reply::new(491)
        } else if !body_is_sdp(&incoming.request) {
            Reply::new(415).header(HeaderName::Accept, SDP_TYPE)
        } else {
            self.leg.local.version += 1;
            let ok = Reply::new(200)
                .header(HeaderName::Contact, contact)
                .header(HeaderName::Allow, ALLOW)
                .header(HeaderName::Supported, SUPPORTED);
            let ok = terms.write(ok);
            if incoming.request.body().is_empty() {
                self.offering = Some(Offering::InAnswer);
                let codecs = &stack.config.codecs;
                ok.sdp(sdp::offer(
                    &self.leg.local,
                    codecs,
                    sipx_sdp::Direction::SendRecv,
                ))
            } else {
                match sdp::read(incoming.request.body(), &stack.config.codecs) {
                    Ok(remote) => {
                        self.dialog.refresh(&incoming.request.headers);
                        let body = sdp::answer(&self.leg.local, &remote);
                        self.leg.agree(remote).await;
                        ok.sdp(body)
                    }
                    Err(fault) => unacceptable(&stack, incoming.source.ip(), &fault),
                }
            }
        };
        let accepted = reply.is_success();
        if accepted {
            self.timer = timer.or(self.timer);
        }
        let sent = match reply.to(&incoming.request) {
            Ok(response) => {
                let sent = stack.handle.respond(&incoming.key, response.clone());
                sent.map(|()| response)
            }
            Err(error) => Err(error.into()),
        };
        match sent {
            Ok(response) if accepted => {
                self.unacked = Some(Unacked::new(&self.leg, &incoming, response));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::info!(%error, "a re-INVITE was not answered");
                if accepted {
                    self.offering = None;
                }
            }
        }
    }

    pub(super) async fn hold(
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
        self.holding = on;
        let refresh = self.timer.map(|timer| timer.header());
        let direction = if on {
            sipx_sdp::Direction::SendOnly
        } else {
            sipx_sdp::Direction::SendRecv
        };
        let body = sdp::offer(&self.leg.local, &self.leg.stack.config.codecs, direction);
        let mut invite = None;
        let sent = closing::send(
            &self.leg.stack,
            &mut self.dialog,
            self.flow.as_ref(),
            |dialog| {
                let mut builder = dialog
                    .request(&Method::Invite)?
                    .header(HeaderName::Supported, SUPPORTED)?;
                if let Some((name, value)) = refresh {
                    builder = builder.header(name, value)?;
                }
                let request = builder
                    .header(HeaderName::ContentType, SDP_TYPE)?
                    .body(body)
                    .build();
                invite = Some(Box::new(request.clone()));
                Ok(request)
            },
        );
        match (sent.await, invite) {
            (Ok(exchange), Some(invite)) => {
                let sequence = self.dialog.local_sequence();
                let told = Some(told);
                self.offering = Some(Offering::InInvite {
                    exchange,
                    invite,
                    sequence,
                    told,
                });
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
    pub(super) async fn reinvite_answered(&mut self, event: Option<TuEvent>) -> bool {
        let Some(Offering::InInvite { sequence, told, .. }) = &mut self.offering else {
            return false;
        };
        let (sequence, over) = (*sequence, event.is_none());
        let outcome = match event {
            Some(TuEvent::Response(response)) if response.status.is_provisional() => return false,
            Some(TuEvent::Response(response)) if response.status.is_success() => {
                let told = told.take();
                self.dialog.refresh(&response.headers);
                if let Some(timer) = &mut self.timer {
                    timer.refreshed();
                }
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
                if let Some(Offering::InInvite {
                    exchange, invite, ..
                }) = self.offering.take()
                {
                    let contact = self.dialog.contact().to_owned();
                    self.answers = Some(Answers {
                        invite: *invite,
                        contact,
                        sequence,
                        exchange,
                    });
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
        let gone = matches!(
            outcome,
            Err(Cause {
                sip_code: Some(481 | 408),
                ..
            })
        );
        if over || outcome.is_err() {
            self.offering = None;
        }
        if gone {
            self.leg.end(Cause::normal()).await;
            self.bye().await;
        }
        gone
    }
}

/// What comes of our re-INVITE; waits for ever without one.
pub(super) async fn answer(offering: &mut Option<Offering>) -> Option<TuEvent> {
    match offering {
        Some(Offering::InInvite { exchange, .. }) => exchange.next().await,
        _ => std::future::pending().await,
    }
}
