//! A request of ours, as whoever has sent it sees it.

use std::task::{Context, Poll};

use sipx_sip::{Reason, TuEvent};
use tokio::sync::mpsc;

use crate::endpoint::{Endpoint, Role};

/// A client transaction, as its owner sees it. Dropping it leaves the transaction to itself; when it
/// has a 2xx, which nobody waits for any more, that is its end.
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

    /// Whether nothing can come of it any more.
    pub(crate) fn is_over(&self) -> bool {
        self.events.is_closed()
    }

    /// Cancels an INVITE: as soon as a provisional response is there, and never after a final
    /// one (RFC 3261, section 9.1). What comes of the INVITE is still told.
    pub(crate) fn cancel(&mut self, reason: Option<Reason>) {
        self.endpoint.cancel(self.number, reason);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut state = self.endpoint.0.state();
        if let Some((Role::Client, key)) = state.numbers.get(&self.number).copied()
            && state.is_accepted(key)
        {
            state.finish(Role::Client, key);
        }
    }
}
