//! A request of ours, as whoever has sent it sees it.

use std::task::{Context, Poll};

use sipx_sip::{Reason, Response, Timer, TuEvent};
use tokio::sync::mpsc;

use crate::endpoint::asked::Asked;
use crate::endpoint::{Endpoint, RESERVED, Role, is_provisional};

/// What takes 2xx to an INVITE of ours when whoever has sent it is gone.
pub(crate) trait Heir: std::fmt::Debug + Send {
    /// One has come. It is told by the endpoint in the midst of its work: it may not wait, nor ask it for
    /// anything before it has come back.
    fn heard(&mut self, response: &Response);
}

/// Who is told what comes of a request of ours.
#[derive(Debug)]
pub(super) enum Owner {
    /// Its exchange.
    Waits(mpsc::Sender<TuEvent>),
    /// What the exchange was left to.
    Left(Box<dyn Heir>),
}

impl Owner {
    /// Tells an event; a provisional response leaves room for final ones.
    pub(super) fn tell(&mut self, event: TuEvent) {
        match self {
            Self::Waits(events) => {
                if !(is_provisional(&event) && events.capacity() <= RESERVED) {
                    // discard: it has gone, or has enough copies of the same to deal with.
                    let _ = events.try_send(event);
                }
            }
            Self::Left(heir) => {
                if let TuEvent::Response(response) = event {
                    heir.heard(&response);
                }
            }
        }
    }
}

/// A client transaction, as its owner sees it. Dropping it leaves the transaction to itself; when it
/// has a 2xx, which nobody waits for any more, that is its end. An INVITE that is not answered yet has no
/// end of its own once anything has come: it gets one (RFC 3261, section 9.1).
#[derive(Debug)]
pub(crate) struct Exchange {
    endpoint: Endpoint,
    number: u64,
    events: mpsc::Receiver<TuEvent>,
}

impl Exchange {
    /// Of the transaction with this number.
    pub(super) fn new(endpoint: Endpoint, number: u64, events: mpsc::Receiver<TuEvent>) -> Self {
        Self {
            endpoint,
            number,
            events,
        }
    }

    /// What comes next; `None` once the transaction is over.
    pub(crate) async fn next(&mut self) -> Option<TuEvent> {
        self.events.recv().await
    }

    /// The same, as a poll.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<TuEvent>> {
        self.events.poll_recv(cx)
    }

    /// Takes what comes until it is answered, which changes nothing, or over.
    pub(crate) async fn settle(mut self) {
        while self
            .next()
            .await
            .is_some_and(|event| is_provisional(&event))
        {}
    }

    /// It is an INVITE that has a 2xx: whatever other 2xx come, and have come already, are left to somebody
    /// who takes less room than who waits for them.
    pub(crate) fn leave(mut self, mut heir: Box<dyn Heir>) {
        let endpoint = self.endpoint.clone();
        let mut state = endpoint.0.state();
        while let Ok(event) = self.events.try_recv() {
            if let TuEvent::Response(response) = event
                && response.status.is_success()
            {
                heir.heard(&response);
            }
        }
        let key = state.numbers.get(&self.number).map(|(_, key)| *key);
        if let Some(asked) = key.and_then(|key| state.asked.get_mut(&key))
            && asked.machine.is_none()
        {
            asked.owner = Owner::Left(heir);
        }
        // Before the exchange, which looks at it.
        drop(state);
    }

    /// Cancels an INVITE: as soon as a provisional response is there, and never after a final
    /// one (RFC 3261, section 9.1). What comes of the INVITE is still told.
    pub(crate) fn cancel(&mut self, reason: Option<Reason>) {
        self.endpoint.cancel(self.number, reason);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let endpoint = &self.endpoint.0;
        let mut state = endpoint.state();
        let Some((Role::Client, key)) = state.numbers.get(&self.number).copied() else {
            return;
        };
        let waits = state.asked.get(&key).is_some_and(Asked::is_open_invite);
        if waits {
            let at = endpoint.now() + endpoint.waits.timeout();
            state.timers.set(self.number, Timer::M, at);
        } else if state.is_accepted(key) && !state.is_left(key) {
            state.finish(Role::Client, key);
        }
        endpoint.release(state);
    }
}
