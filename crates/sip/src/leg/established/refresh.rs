//! Session timers of an established leg: asking the far end, and giving it up (RFC 4028).

use std::sync::Arc;
use std::time::Duration;

use callroute_schema::Cause;
use sipx_sip::{HeaderName, Method, Request, Response, TuEvent};
use tokio::time::Instant;

use super::Established;
use crate::dialog::Dialog;
use crate::endpoint::Exchange;
use crate::leg::closing;
use crate::leg::session_timer::Due;
use crate::message::SUPPORTED;
use crate::stack::random;

/// An UPDATE of ours that waits for its answer.
#[derive(Debug)]
pub(super) struct Refreshing {
    exchange: Exchange,
    request: Request,
}

/// How long to wait when a request of ours has met one of theirs (RFC 3261, section 14.1).
fn glare(dialog: &Dialog) -> Duration {
    let (from, steps) = match dialog.is_ours() {
        true => (2_100, 191),
        false => (0, 201),
    };
    Duration::from_millis(from + 10 * (random() % steps))
}

/// The seconds that Retry-After begins with.
fn seconds(value: &[u8]) -> Option<Duration> {
    let value = std::str::from_utf8(value).ok()?;
    let digits = value.trim_start().split(|c: char| !c.is_ascii_digit());
    let seconds: u32 = digits.into_iter().next()?.parse().ok()?;
    Some(Duration::from_secs(seconds.into()))
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
        if self.refreshing.is_some() || self.offering.is_some() || self.unacked.is_some() {
            timer.again(Some(glare(&self.dialog)));
            return false;
        }
        timer.asked();
        let headers = timer.headers();
        let sent = match self.updates {
            true => self.update_to_refresh(headers).await,
            false => self.reinvite_to_refresh().await,
        };
        !sent && self.not_refreshed().await
    }

    /// Sends an UPDATE that says nothing new; `false` when it could not be sent.
    async fn update_to_refresh(
        &mut self,
        headers: impl Iterator<Item = (HeaderName, String)>,
    ) -> bool {
        let stack = Arc::clone(&self.leg.stack);
        let sent = closing::send(&stack, &mut self.dialog, self.flow.as_deref(), |dialog| {
            let mut request = dialog.request(&Method::Update)?;
            for (name, value) in headers {
                request = request.header(name, value)?;
            }
            Ok(request.header(HeaderName::Supported, SUPPORTED)?.build())
        });
        match sent.await {
            Ok((request, exchange)) => {
                self.refreshing = Some(Refreshing { exchange, request });
                true
            }
            Err(error) => {
                tracing::info!(%error, "a refresh was not sent");
                false
            }
        }
    }

    /// A refresh of ours did not come there; `true` when the leg is over. The way may be back in time, and
    /// meanwhile the sound may flow.
    pub(super) async fn not_refreshed(&mut self) -> bool {
        if self.refresh_again(None) {
            return false;
        }
        self.gone().await
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
            Some(TuEvent::Timeout) => return self.gone().await,
            _ => None,
        };
        if let (Some(response), Some(refreshing)) = (&response, self.refreshing.take())
            && let Some((request, exchange)) = self.again(&refreshing.request, response).await
        {
            self.refreshing = Some(Refreshing { exchange, request });
            return false;
        }
        self.refreshing = None;
        let Some(response) = response else {
            return self.not_refreshed().await;
        };
        match response.status.code() {
            // It has gone, or does not know the call any more (RFC 4028, section 10).
            408 | 481 => return self.gone().await,
            200..300 => {
                self.dialog.refresh(&response.headers);
                self.adopt(&response);
            }
            405 | 501 => {
                self.updates = false;
                if let Some(timer) = &mut self.timer {
                    timer.again(Some(Duration::ZERO));
                }
            }
            _ => {
                self.refresh_again(Some(&response));
            }
        }
        false
    }

    /// The far end has accepted a refresh of ours.
    pub(super) fn adopt(&mut self, response: &Response) {
        if let Some(timer) = &mut self.timer {
            timer.adopt(response);
        }
    }

    /// A refresh of ours came to nothing: it is tried again. `false` when that is not in time.
    pub(super) fn refresh_again(&mut self, refusal: Option<&Response>) -> bool {
        let Some(timer) = &mut self.timer else {
            return true;
        };
        if refusal.is_some_and(|refusal| timer.lengthen(refusal)) {
            return true;
        }
        let wait = refusal.and_then(|refusal| {
            let told = refusal.headers.value(&HeaderName::RetryAfter);
            let told = told.and_then(|told| seconds(&told));
            match refusal.status.code() {
                491 => Some(glare(&self.dialog)),
                500 => Some(told.unwrap_or(glare(&self.dialog))),
                _ => told,
            }
        });
        timer.again(wait)
    }

    pub(super) async fn gone(&mut self) -> bool {
        tracing::info!(leg = %self.leg.notices.leg(), "the far end has gone without a word");
        self.leg.end(Cause::recovery()).await;
        self.bye().await;
        true
    }
}
