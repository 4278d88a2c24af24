//! Session timers of an established leg: asking the far end, and giving it up (RFC 4028).

use std::sync::Arc;

use callroute_schema::{Cause, Disposition};
use sipx_sip::{HeaderName, Method, Request, TuEvent};
use tokio::time::Instant;

use super::Established;
use crate::endpoint::Exchange;
use crate::leg::closing;
use crate::leg::session_timer::Due;
use crate::message::SUPPORTED;

/// An UPDATE of ours that waits for its answer.
#[derive(Debug)]
pub(super) struct Refreshing {
    exchange: Exchange,
    request: Request,
}

impl Refreshing {
    /// What comes of it; waits for ever without one.
    pub(super) async fn next(refreshing: &mut Option<Self>) -> Option<TuEvent> {
        match refreshing {
            Some(refreshing) => refreshing.exchange.next().await,
            None => std::future::pending().await,
        }
    }
}

impl Established {
    /// When the session timer fires.
    pub(super) fn due(&self) -> Option<Instant> {
        let timer = self.timer.filter(|_| self.answered)?;
        Some(timer.at)
    }

    /// The time has come; `true` when the leg is over.
    pub(super) async fn timer_fired(&mut self) -> bool {
        let Some(timer) = &mut self.timer else {
            return false;
        };
        if timer.due() == Due::Over {
            return self.gone().await;
        }
        // Once more after as long again, should this one come to nothing.
        timer.refreshed();
        let (name, value) = timer.header();
        if self.refreshing.is_some() || self.offering.is_some() || self.unacked.is_some() {
            return false;
        }
        if !self.updates {
            self.reinvite_to_refresh().await;
            return false;
        }
        let mut update = None;
        let stack = Arc::clone(&self.leg.stack);
        let sent = closing::send(&stack, &mut self.dialog, self.flow.as_ref(), |dialog| {
            let request = dialog
                .request(&Method::Update)?
                .header(name, value)?
                .header(HeaderName::Supported, SUPPORTED)?
                .build();
            update = Some(request.clone());
            Ok(request)
        });
        match (sent.await, update) {
            (Ok(exchange), Some(request)) => {
                self.refreshing = Some(Refreshing { exchange, request });
            }
            (Err(error), _) => tracing::info!(%error, "a refresh was not sent"),
            (Ok(_), None) => {}
        }
        false
    }

    /// What came of our UPDATE; `true` when the leg is over.
    pub(super) async fn refresh_answered(&mut self, event: Option<TuEvent>) -> bool {
        if self.refreshing.is_none() {
            return false;
        }
        let response = match event {
            Some(TuEvent::Response(response)) if response.status.is_provisional() => return false,
            Some(TuEvent::Response(response)) => Some(response),
            Some(TuEvent::Request(_) | TuEvent::Ack(_)) => return false,
            _ => None,
        };
        if let (Some(response), Some(refreshing)) = (&response, self.refreshing.take())
            && let Some((request, exchange)) = self.again(&refreshing.request, response).await
        {
            self.refreshing = Some(Refreshing { exchange, request });
            return false;
        }
        self.refreshing = None;
        match response.map(|response| response.status.code()) {
            // It has gone, or does not know the call any more (RFC 4028, section 10).
            None | Some(408 | 481) => self.gone().await,
            Some(405 | 501) => {
                self.updates = false;
                false
            }
            Some(_) => false,
        }
    }

    async fn gone(&mut self) -> bool {
        tracing::info!(leg = %self.leg.notices.leg(), "the far end has gone without a word");
        // Recovery on timer expiry (Q.850).
        let cause = Cause {
            q850: Some(102),
            ..Cause::local(Disposition::Failed)
        };
        self.leg.end(cause).await;
        self.bye().await;
        true
    }
}
