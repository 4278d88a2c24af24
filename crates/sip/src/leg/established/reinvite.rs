//! Re-INVITEs, theirs and ours: hold, resume, another address (RFC 3261, section 14).

use std::sync::Arc;

use callroute_schema::{Cause, Disposition};
use sipx_sip::{HeaderName, Method, Request, Response, TuEvent};
use tokio::time::{Instant, timeout_at};

use super::{Established, Unacked};
use crate::endpoint::{Exchange, Incoming};
use crate::leg::closing;
use crate::leg::offering::{Asked, Offering, offered_within};
use crate::leg::session_timer::SessionTimer;
use crate::message::{ALLOW, Reply, SDP_TYPE, SUPPORTED, body_is_sdp};
use crate::sdp::Described;

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
            let ok = Reply::new(200)
                .header(HeaderName::Contact, contact)
                .header(HeaderName::Allow, ALLOW)
                .header(HeaderName::Supported, SUPPORTED);
            let ok = terms.write(ok);
            match offered_within(&stack, &self.leg.local, &incoming) {
                Ok(None) => {
                    self.offering = Some(Offering::InAnswer);
                    self.direct = None;
                    self.leg.local.version += 1;
                    ok.sdp(self.description(direction(self.holding)))
                }
                Ok(Some(remote)) => {
                    self.leg.local.peer = Some(incoming.flow.addr.ip());
                    ok.sdp(self.answer_to(remote).await)
                }
                Err(refusal) => refusal,
            }
        };
        let accepted = reply.is_success();
        if accepted {
            self.refreshed_by(&incoming);
            self.timer = timer.or(self.timer.map(SessionTimer::alone));
        }
        let sent = match reply.to(&incoming.request) {
            Ok(response) => {
                let sent = stack.handle.respond(incoming.key, response.clone());
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

    /// A request of the far end's that was accepted, and may name another target (RFC 3261, section 12.2.2):
    /// from now on it is reached there, or by the way that this one came.
    pub(super) fn refreshed_by(&mut self, incoming: &Incoming) {
        self.dialog.refresh(&incoming.request.headers);
        let flow = match closing::flow(&self.dialog, &incoming.flow) {
            None if self.registered => Some(incoming.flow.clone()),
            found => found,
        };
        self.flow = flow.map(|flow| self.leg.stack.connections.need(flow));
    }

    pub(super) async fn hold(
        &mut self,
        on: bool,
        told: tokio::sync::oneshot::Sender<Result<(), Cause>>,
    ) {
        if self.unacked.is_some() || self.offering.is_some() {
            return Asked::Hold(on, told).failed(Cause::from_sip(491));
        }
        self.direct = None;
        self.leg.local.version += 1;
        let body = self.same_description(direction(on));
        self.reinvite(body, Asked::Hold(on, told)).await;
    }

    /// Asks the far end for a sign of life by the description that it has; `false` when that could not be
    /// sent.
    pub(super) async fn reinvite_to_refresh(&mut self) -> bool {
        let mut body = self.same_description(direction(self.holding));
        if self.offered.as_deref() != Some(&body) {
            self.leg.local.version += 1;
            body = self.same_description(direction(self.holding));
        }
        self.reinvite(body, Asked::Refresh).await
    }

    /// Sends a re-INVITE with this description; `false` when that could not be sent.
    pub(super) async fn reinvite(&mut self, body: String, asked: Asked) -> bool {
        let refresh = self.timer.map(|timer| timer.headers());
        self.offered = Some(body.as_str().into());
        let sent = closing::send(
            &self.leg.stack,
            &mut self.dialog,
            self.flow.as_deref(),
            |dialog| {
                let mut builder = dialog
                    .request(&Method::Invite)?
                    .header(HeaderName::Supported, SUPPORTED)?;
                for (name, value) in refresh.into_iter().flatten() {
                    builder = builder.header(name, value)?;
                }
                let builder = builder.header(HeaderName::ContentType, SDP_TYPE)?;
                Ok(builder.body(body).build())
            },
        );
        match sent.await {
            Ok((invite, exchange)) => {
                self.offers(invite, exchange, asked);
                true
            }
            Err(error) => {
                tracing::info!(%error, "a re-INVITE was not sent");
                self.direct = None;
                asked.failed(Cause::local(Disposition::Unreachable));
                false
            }
        }
    }

    /// A re-INVITE of ours is on its way.
    fn offers(&mut self, invite: Request, exchange: Exchange, asked: Asked) {
        self.offering = Some(Offering::InInvite {
            exchange,
            invite: Box::new(invite),
            sequence: self.dialog.local_sequence(),
            asked,
            until: Instant::now() + self.leg.stack.timeout(),
        });
    }

    /// What came of our re-INVITE.
    pub(super) async fn reinvite_answered(&mut self, event: Option<TuEvent>) -> bool {
        let Some(Offering::InInvite {
            exchange,
            invite,
            sequence,
            asked,
            ..
        }) = self.offering.take_if(|_| !is_on_the_way(event.as_ref()))
        else {
            return false;
        };
        let cause = match event {
            Some(TuEvent::Response(response)) if response.status.is_success() => {
                self.dialog.refresh(&response.headers);
                self.dialog.accepted(&invite);
                self.adopt(&response);
                self.away = self.direct.is_some();
                closing::ack(
                    &self.leg.stack,
                    &self.dialog,
                    self.flow.as_deref(),
                    sequence,
                )
                .await;
                self.described_anew(&response, asked).await;
                self.copies = Some(Copies { exchange, sequence });
                return false;
            }
            Some(TuEvent::Response(response)) => match self.again(&invite, &response).await {
                Some((request, exchange)) => {
                    self.offers(request, exchange, asked);
                    return false;
                }
                None => {
                    if matches!(asked, Asked::Refresh) {
                        self.refresh_again(Some(&response));
                    }
                    Cause::from_sip(response.status.code())
                }
            },
            // Silence ends it (RFC 3261, section 12.2.1.2; RFC 4028, section 10).
            Some(TuEvent::Timeout) => {
                asked.failed(Cause::local(Disposition::Unreachable));
                return self.gone().await;
            }
            _ if matches!(asked, Asked::Refresh) => return self.not_refreshed().await,
            _ => Cause::local(Disposition::Unreachable),
        };
        if !matches!(asked, Asked::Refresh) {
            self.direct = None;
        }
        asked.failed(cause);
        let gone = is_the_end(cause);
        if gone {
            self.leg.end(Cause::normal()).await;
            self.bye().await;
        }
        gone
    }

    /// The same request with what its answer asks for; `None` when that is nothing that we have.
    pub(super) async fn again(
        &mut self,
        request: &Request,
        response: &Response,
    ) -> Option<(Request, Exchange)> {
        let (flow, credentials) = (self.flow.as_deref(), self.credentials.as_ref());
        let asked = (request, response);
        closing::again(&self.leg.stack, &mut self.dialog, flow, asked, credentials).await
    }

    /// The far end has answered our offer.
    async fn described_anew(&mut self, response: &Response, asked: Asked) {
        let codecs = &self.leg.stack.config.codecs;
        let remote = match self.leg.local.read_answer(response.body(), codecs) {
            Ok(remote) => remote,
            Err(error) => {
                tracing::info!(%error, "a re-INVITE was answered without a usable description");
                return asked.failed(Cause::from_sip(488));
            }
        };
        // discard, below: who asked has gone.
        match asked {
            Asked::HandOn(told) => {
                self.leg.described = Described::of(&remote).map(Box::new);
                let _ = told.send(Ok(self.leg.described.clone()));
            }
            Asked::Refresh => {
                let now = Described::of(&remote);
                let moved = now.as_ref().map(|now| now.media)
                    != self.leg.described.as_ref().map(|known| known.media);
                if self.direct.is_some() && moved {
                    self.direct = None;
                } else if self.direct.is_none() {
                    self.leg.agree(remote).await;
                }
            }
            Asked::Hold(on, told) => {
                self.holding = on;
                self.leg.agree(remote).await;
                let _ = told.send(Ok(()));
            }
            Asked::Return(told) => {
                self.leg.agree(remote).await;
                let _ = told.send(Ok(None));
            }
        }
    }
}

/// What we offer to whom we hold, or not.
fn direction(holds: bool) -> sipx_sdp::Direction {
    match holds {
        true => sipx_sdp::Direction::SendOnly,
        false => sipx_sdp::Direction::SendRecv,
    }
}

/// A re-INVITE of ours that has its 2xx, which comes again until our ACK arrives.
#[derive(Debug)]
pub(super) struct Copies {
    exchange: Exchange,
    sequence: u32,
}

impl Copies {
    /// Waits for the next of them, and gives the number of its ACK; for ever when none can come any more.
    pub(super) async fn next(copies: &mut Option<Self>) -> u32 {
        while let Some(Self { exchange, sequence }) = copies {
            match exchange.next().await {
                Some(TuEvent::Response(response)) if response.status.is_success() => {
                    return *sequence;
                }
                Some(_) => {}
                None => *copies = None,
            }
        }
        std::future::pending().await
    }
}

/// Whether a refusal of a re-INVITE ends the dialog (RFC 3261, section 12.2.1.2).
fn is_the_end(refusal: Cause) -> bool {
    matches!(refusal.sip_code, Some(481 | 408))
}

/// Whether a transaction goes on after this.
fn is_on_the_way(event: Option<&TuEvent>) -> bool {
    match event {
        Some(TuEvent::Response(response)) => response.status.is_provisional(),
        Some(TuEvent::Request(_) | TuEvent::Ack(_)) => true,
        _ => false,
    }
}

/// What comes of our re-INVITE, which is cancelled when it is on its way for too long; waits for ever
/// without one.
pub(super) async fn answer(offering: &mut Option<Offering>) -> Option<TuEvent> {
    let Some(Offering::InInvite {
        exchange, until, ..
    }) = offering
    else {
        return std::future::pending().await;
    };
    // Boxed, because every leg would have room for it as long as it lives.
    match Box::pin(timeout_at(*until, exchange.next())).await {
        Ok(event) => event,
        Err(_) => {
            exchange.cancel(None);
            Some(TuEvent::Timeout)
        }
    }
}
