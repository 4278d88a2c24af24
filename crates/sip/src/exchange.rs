//! A request of ours and what comes back.
//!
//! The endpoint waits for whoever takes its events, and who takes them may be waiting for the
//! endpoint. So each transaction has a task that does nothing but take them: a peer that floods
//! us with responses loses the surplus and holds up nobody.

use std::time::Duration;

use sipx_sip::{Reason, TuEvent};
use sipx_transport::{Handle, Responses};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Events that may wait for a leg.
const EVENTS: usize = 32;
/// Room that provisional responses leave for final ones.
const RESERVED: usize = 8;
/// How long the endpoint may take to send a CANCEL.
const CANCEL: Duration = Duration::from_secs(1);

/// A client transaction, as a leg sees it.
#[derive(Debug)]
pub(crate) struct Exchange {
    events: mpsc::Receiver<TuEvent>,
    cancel: Option<oneshot::Sender<Option<Reason>>>,
}

impl Exchange {
    /// Takes over a transaction that has begun. Must run within a runtime.
    pub(crate) fn begin(handle: Handle, responses: Responses) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let (cancel, cancelled) = oneshot::channel();
        tokio::spawn(pump(handle, responses, sender, cancelled));
        Self {
            events,
            cancel: Some(cancel),
        }
    }

    /// What comes next; `None` once the transaction is over.
    pub(crate) async fn next(&mut self) -> Option<TuEvent> {
        self.events.recv().await
    }

    /// Cancels an INVITE: as soon as a provisional response is there, and never after a final
    /// one (RFC 3261, section 9.1). What comes of the INVITE is still told.
    pub(crate) fn cancel(&mut self, reason: Option<Reason>) {
        if let Some(cancel) = self.cancel.take() {
            // discard: the transaction is over.
            let _ = cancel.send(reason);
        }
    }
}

async fn pump(
    handle: Handle,
    mut responses: Responses,
    events: mpsc::Sender<TuEvent>,
    mut cancelled: oneshot::Receiver<Option<Reason>>,
) {
    // `listening` for the wish to cancel, which is kept in `wish` until it may be done.
    let (mut listening, mut ringing) = (true, false);
    let mut wish = None;
    loop {
        tokio::select! {
            event = responses.next() => {
                let Some(event) = event else {
                    return;
                };
                let provisional = is_provisional(&event);
                ringing = provisional;
                if !(provisional && events.capacity() <= RESERVED) {
                    // discard: the leg is gone, or has enough copies of the same to deal with.
                    let _ = events.try_send(event);
                }
            }
            reason = &mut cancelled, if listening => {
                listening = false;
                wish = reason.ok();
            }
            () = events.closed() => return,
        }
        if ringing && let Some(reason) = wish.take() {
            let sent = timeout(CANCEL, handle.cancel_invite(&mut responses, reason)).await;
            if !matches!(sent, Ok(Ok(_))) {
                tracing::debug!(?sent, "an INVITE was not cancelled");
            }
        }
    }
}

/// Whether an event is a provisional response.
pub(crate) fn is_provisional(event: &TuEvent) -> bool {
    matches!(event, TuEvent::Response(response) if response.status.is_provisional())
}
