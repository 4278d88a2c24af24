//! Sending an answered far end elsewhere: a REFER of ours, and its NOTIFY (RFC 3515).

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Deed, Notice};
use callroute_schema::Cause;
use sipx_sip::{HeaderName, Method, Request, TuEvent};
use tokio::time::Instant;

use super::Established;
use crate::endpoint::{Exchange, Incoming};
use crate::leg::closing;
use crate::message::Reply;
use crate::refer::{self, FRAGMENT_TYPE};

/// How long the far end may take to tell what became of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A REFER of ours.
#[derive(Debug)]
pub(super) struct Referring {
    /// Until it is answered.
    exchange: Option<(Exchange, Request)>,
    until: Instant,
}

impl Referring {
    /// What comes of it; waits for ever without one.
    pub(super) async fn next(referring: &mut Option<Self>) -> Option<TuEvent> {
        match referring {
            Some(Self {
                exchange: Some((exchange, _)),
                ..
            }) => exchange.next().await,
            _ => std::future::pending().await,
        }
    }

    /// When it must have come to something.
    pub(super) fn until(referring: &Option<Self>) -> Option<Instant> {
        referring.as_ref().map(|referring| referring.until)
    }
}

impl Established {
    /// Sends the far end to this URI.
    pub(super) async fn refer(&mut self, uri: &str) {
        if self.referring.is_some() {
            return self.not_sent("it is being sent elsewhere already").await;
        }
        let stack = Arc::clone(&self.leg.stack);
        let contact = self.dialog.contact().to_owned();
        let to = format!("<{uri}>");
        let sent = closing::send(&stack, &mut self.dialog, self.flow.as_deref(), |dialog| {
            Ok(dialog
                .request(&Method::Refer)?
                .header(HeaderName::Contact, contact)?
                .header(HeaderName::ReferTo, to)?
                .header(HeaderName::Accept, FRAGMENT_TYPE)?
                .build())
        });
        match sent.await {
            Ok((request, exchange)) => {
                self.referring = Some(Referring {
                    exchange: Some((exchange, request)),
                    until: Instant::now() + PATIENCE,
                });
            }
            Err(error) => self.not_sent(&error.to_string()).await,
        }
    }

    /// What the far end answers to the REFER itself.
    pub(super) async fn refer_answered(&mut self, event: Option<TuEvent>) {
        let Some(referring) = &mut self.referring else {
            return;
        };
        let response = match event {
            Some(TuEvent::Response(response)) if response.status.is_provisional() => return,
            Some(TuEvent::Response(response)) => response,
            Some(TuEvent::Request(_) | TuEvent::Ack(_)) => return,
            _ => {
                self.referring = None;
                return self.not_sent("the REFER was not answered").await;
            }
        };
        let exchange = referring.exchange.take();
        if response.status.is_success() {
            return;
        }
        if let Some((_, request)) = exchange
            && let Some((request, exchange)) = self.again(&request, &response).await
        {
            if let Some(referring) = &mut self.referring {
                referring.exchange = Some((exchange, request));
            }
            return;
        }
        self.referring = None;
        let status = response.status.code();
        self.not_sent(&format!("the REFER was answered {status}"))
            .await;
    }

    /// NOTIFY; `true` when the far end is where it was sent, and the leg is over.
    pub(super) async fn notified(&mut self, incoming: &Incoming) -> bool {
        let headers = &incoming.request.headers;
        let event = headers.value(&HeaderName::Event).unwrap_or_default();
        let is_refer = event.split(|b| *b == b';').next().map(<[u8]>::trim_ascii) == Some(b"refer");
        let reply = match (is_refer, &self.referring) {
            (false, _) => Reply::new(489),
            (true, None) => Reply::new(481),
            (true, Some(_)) => Reply::new(200),
        };
        let taken = reply.is_success();
        self.leg.stack.respond(incoming, reply);
        if !taken {
            return false;
        }
        let over = headers
            .value(&HeaderName::SubscriptionState)
            .is_some_and(|state| state.to_ascii_lowercase().starts_with(b"terminated"));
        match refer::status(incoming.request.body()) {
            Some(status) if status < 200 && !over => return false,
            Some(status) if (200..300).contains(&status) => {
                self.referring = None;
                self.leg.end(Cause::from_sip(302)).await;
                self.leg.parting = Cause::normal().q850;
                self.bye().await;
                return true;
            }
            Some(status) => {
                self.referring = None;
                self.not_sent(&format!("it was answered {status} there"))
                    .await;
            }
            None if over => {
                self.referring = None;
                self.not_sent("the far end does not tell what became of it")
                    .await;
            }
            None => {}
        }
        false
    }

    /// The far end told nothing in time.
    pub(super) async fn refer_late(&mut self) {
        self.referring = None;
        self.not_sent("the far end did not tell what became of it in time")
            .await;
    }

    pub(super) async fn not_sent(&self, reason: &str) {
        let notice = Notice::NotDone {
            leg: self.leg.notices.leg(),
            deed: Deed::Redirect,
            reason: reason.to_owned(),
        };
        self.leg.notices.tell(notice).await;
    }
}
