//! Our reliable provisional responses to a caller who requires them (RFC 3262, section 3).

use std::time::Duration;

use sipx_sip::rel::{Numbering, Offered, RAck};
use sipx_sip::{HeaderName, Response};
use tokio::time::{Instant, sleep_until};

use crate::endpoint::Incoming;
use crate::message::{Reply, sequence};
use crate::stack::{Stack, random};

/// What was sent reliably, and how far it was acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Reliable {
    numbers: Option<Numbering>,
    pending: Option<Pending>,
    /// What is sent when that is acknowledged; only the latest is worth it.
    waiting: Option<Reply>,
}

#[derive(Debug)]
struct Pending {
    /// It brings a description.
    describes: bool,
    response: Response,
    interval: Duration,
    at: Instant,
    until: Instant,
}

impl Reliable {
    /// Whether whoever sent this INVITE requires that.
    pub(crate) fn is_wanted(invite: &Incoming) -> bool {
        Offered::in_request(&invite.request).required
    }

    /// Sends a provisional response: reliably when the caller requires that, and none is open.
    pub(crate) fn send(&mut self, stack: &Stack, invite: &Incoming, reply: Reply) {
        if !Self::is_wanted(invite) {
            stack.respond(invite, reply);
            return;
        }
        if self.pending.is_some() {
            self.waiting = Some(reply);
            return;
        }
        let first = u32::try_from(random() & 0xFFFF).unwrap_or(0) + 1;
        let numbers = self
            .numbers
            .get_or_insert_with(|| Numbering::starting_at(first));
        let Some(number) = numbers.allocate() else {
            return;
        };
        let describes = reply.has_body();
        let reply = reply
            .header(HeaderName::Require, "100rel")
            .header(HeaderName::RSeq, number.to_string());
        let Ok(response) = reply.to(&invite.request) else {
            return;
        };
        if let Err(error) = stack.handle.respond(invite.key, response.clone()) {
            tracing::debug!(%error, "a provisional response was not sent");
        }
        let now = Instant::now();
        let interval = stack.config.t1;
        self.pending = Some(Pending {
            describes,
            response,
            interval,
            at: now + interval,
            until: now + stack.timeout(),
        });
    }

    /// What its PRACK is still to be told by; `None` when nothing is open. It is not sent again after
    /// the final response.
    pub(crate) fn open(mut self) -> Option<Box<Self>> {
        self.waiting = None;
        self.pending.is_some().then(|| Box::new(self))
    }

    /// Waits until it is to be sent again; for ever when there is nothing.
    pub(crate) async fn wait(&self) {
        match &self.pending {
            Some(pending) => sleep_until(pending.at).await,
            None => std::future::pending().await,
        }
    }

    /// Sends what waited for an acknowledgement.
    pub(crate) fn next(&mut self, stack: &Stack, invite: &Incoming) {
        if let Some(reply) = self.waiting.take() {
            self.send(stack, invite, reply);
        }
    }

    /// Whether a description is on its way, or waits for it, and was not acknowledged.
    pub(crate) fn describes(&self) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|pending| pending.describes)
            || self.waiting.as_ref().is_some_and(Reply::has_body)
    }

    /// Sends it again, twice as late each time, until 64·T1 have passed; `true` when they have.
    pub(crate) fn again(&mut self, stack: &Stack, invite: &Incoming) -> bool {
        let Some(pending) = &mut self.pending else {
            return false;
        };
        if Instant::now() >= pending.until {
            tracing::info!("no PRACK came");
            self.pending = None;
            return true;
        }
        pending.interval *= 2;
        pending.at = Instant::now() + pending.interval;
        if let Err(error) = stack.handle.respond(invite.key, pending.response.clone()) {
            tracing::debug!(%error, "a provisional response was not sent again");
        }
        false
    }

    /// A PRACK; whether it is of what is open.
    pub(crate) fn acknowledged(&mut self, prack: &Incoming) -> bool {
        let ack = prack.request.headers.typed::<RAck>().and_then(Result::ok);
        let (Some(ack), Some(numbers), Some(pending)) =
            (ack, self.numbers.as_mut(), self.pending.as_ref())
        else {
            return false;
        };
        let invite = sequence(&pending.response.headers).unwrap_or_default();
        let right = numbers.acknowledge(&ack, invite, b"INVITE");
        if right {
            self.pending = None;
        }
        right
    }
}
