//! A far end that wants its partner to be connected elsewhere: REFER, and what it is told of it by
//! NOTIFY (RFC 3515).

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Deed, Notice, Referral};
use sipx_sip::{HeaderName, Method};
use tokio::time::Instant;

use super::Established;
use crate::endpoint::Incoming;
use crate::leg::closing;
use crate::message::{ALLOW, Reply, sequence};
use crate::refer::{self, FRAGMENT_TYPE, NoTarget, Target};

/// How long a transfer may take; the session has timers of its own, this is the last.
const LONGEST: Duration = Duration::from_secs(180);

/// A REFER that was accepted, until its outcome was told.
#[derive(Debug)]
pub(super) struct Referred {
    /// Its number, which tells it from others in the same dialog (section 2.4.6).
    id: u32,
    /// The far end wants to hear of it.
    told: bool,
    until: Instant,
}

impl Referred {
    /// When it must have come to something.
    pub(super) fn until(referred: &Option<Self>) -> Option<Instant> {
        referred.as_ref().map(|referred| referred.until)
    }
}

impl Established {
    /// REFER.
    pub(super) async fn referred(&mut self, incoming: &Incoming) {
        let stack = Arc::clone(&self.leg.stack);
        let headers = &incoming.request.headers;
        let target = refer::target(headers, |uri| stack.is_ours(uri));
        let refusal = match &target {
            Err(NoTarget::Unclear) => Some(400),
            Err(NoTarget::NoCall) => Some(501),
            // One after the other.
            Ok(_) if self.referral.is_some() => Some(491),
            Ok(_) if !self.answered || self.leg.notices.has_ended() => Some(603),
            Ok(_) => None,
        };
        if let Some(status) = refusal {
            let reply = Reply::new(status).header(HeaderName::Allow, ALLOW);
            stack.respond(incoming, reply);
            return;
        }
        let Ok(Target { to, replaces }) = target else {
            return;
        };
        let told = !refer::is_silent(headers);
        let mut reply =
            Reply::new(202).header(HeaderName::Contact, self.dialog.contact().to_owned());
        if !told {
            reply = reply.header(HeaderName::ReferSub, "false");
        }
        stack.respond(incoming, reply);
        self.referral = Some(Referred {
            id: sequence(headers).unwrap_or_default(),
            told,
            until: Instant::now() + LONGEST,
        });
        // At once, whatever becomes of it (section 2.4.4).
        self.notify(Referral::Trying).await;
        let leg = self.leg.notices.leg();
        let notice = Notice::Refer { leg, to, replaces };
        self.leg.notices.tell(notice).await;
    }

    /// What became of it.
    pub(super) async fn tell_outcome(&mut self, outcome: Referral) {
        if self.referral.is_none() {
            let notice = Notice::NotDone {
                leg: self.leg.notices.leg(),
                deed: Deed::Referred,
                reason: "the party has asked for no transfer, or was told already".to_owned(),
            };
            return self.leg.notices.tell(notice).await;
        }
        // Trying was told with the 202.
        if outcome != Referral::Trying {
            self.notify(outcome).await;
            self.referral = None;
        }
    }

    /// Nobody told what became of it in time.
    pub(super) async fn referral_late(&mut self) {
        tracing::warn!(leg = %self.leg.notices.leg(), "a transfer came to nothing in time");
        self.tell_outcome(Referral::Failed).await;
    }

    async fn notify(&mut self, outcome: Referral) {
        let Some(referred) = self.referral.as_ref().filter(|referred| referred.told) else {
            return;
        };
        let event = format!("refer;id={}", referred.id);
        let state = match outcome {
            Referral::Trying => format!("active;expires={}", LONGEST.as_secs()),
            _ => "terminated;reason=noresource".to_owned(),
        };
        let stack = Arc::clone(&self.leg.stack);
        let contact = self.dialog.contact().to_owned();
        let sent = closing::send(&stack, &mut self.dialog, self.flow.as_deref(), |dialog| {
            Ok(dialog
                .request(&Method::Notify)?
                .header(HeaderName::Contact, contact)?
                .header(HeaderName::Event, event)?
                .header(HeaderName::SubscriptionState, state)?
                .header(HeaderName::ContentType, FRAGMENT_TYPE)?
                .body(refer::fragment(outcome))
                .build())
        });
        match sent.await {
            // What comes of it changes nothing, but must be taken.
            Ok((_, exchange)) => {
                tokio::spawn(exchange.settle());
            }
            Err(error) => tracing::info!(%error, "a NOTIFY was not sent"),
        }
    }
}
