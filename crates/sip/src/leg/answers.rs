//! What may still come of an INVITE of ours that is cancelled or answered: copies of its 2xx, and those of
//! other forks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sipx_sip::{Reason, Response, TuEvent};
use sipx_transport::Target;
use tokio::time::timeout;

use crate::dialog::{Dialog, Opening};
use crate::endpoint::Exchange;
use crate::leg::callee::invite::FORKS;
use crate::leg::closing::{self, Reached};
use crate::leg::early::Early;
use crate::message::to_tag;
use crate::stack::Stack;

/// An INVITE of ours: each 2xx to it is acknowledged, and those that nobody wants are ended, until 64·T1
/// after the first (RFC 3261, section 13.2.2.4).
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) opening: Opening,
    pub(crate) reached: Reached,
    pub(crate) exchange: Exchange,
    /// Early dialogs of which no 2xx has come.
    pub(crate) early: Vec<Early>,
    /// The tags of those of which one has: their dialogs are ended, or somebody's.
    pub(crate) known: Vec<Vec<u8>>,
}

impl Answers {
    /// The next of them; waits for ever when nothing can come any more.
    pub(crate) async fn next(answers: &mut Option<Self>) -> Box<Response> {
        if let Some(some) = answers {
            match some.another().await {
                Some(response) => return response,
                None => *answers = None,
            }
        }
        std::future::pending().await
    }

    /// The next 2xx; `None` when none can come any more.
    async fn another(&mut self) -> Option<Box<Response>> {
        while let Some(event) = self.exchange.next().await {
            match event {
                TuEvent::Response(response) if response.status.is_success() => {
                    return Some(response);
                }
                TuEvent::Response(response) if response.status.is_provisional() => {}
                _ => return None,
            }
        }
        None
    }

    /// Acknowledges a copy of the 2xx that began this dialog; acknowledges and ends another fork.
    pub(crate) async fn heard(
        &mut self,
        stack: &Arc<Stack>,
        dialog: &Dialog,
        flow: Option<&Target>,
        response: &Response,
    ) {
        if dialog.is_answer_of_peer(response) {
            return closing::ack(stack, dialog, flow, self.opening.sequence()).await;
        }
        self.unwanted(stack, response).await;
    }

    /// Acknowledges a 2xx whose dialog nobody wants, and ends that once.
    async fn unwanted(&mut self, stack: &Arc<Stack>, response: &Response) {
        let tag = to_tag(&response.headers).unwrap_or_default();
        let first = !self.known.contains(&tag);
        if first && self.known.len() > FORKS {
            return;
        }
        // Without a Contact there is nowhere to send ACK or BYE to; its own timer ends it.
        let Ok(mut dialog) = Dialog::from_answer(&self.opening, response) else {
            return;
        };
        if first {
            tracing::info!("an answer that nobody wants; its dialog is ended");
            if let Some(early) = Early::of(&mut self.early, &tag) {
                dialog.used(early.confirmed(Bytes::new()).await.0);
            }
            self.known.push(tag);
        }
        let (flow, sequence) = (self.reached.flow(&dialog), self.opening.sequence());
        let stack = Arc::clone(stack);
        // Its Contact may have to be looked up, for which nobody waits.
        tokio::spawn(async move {
            closing::ack(&stack, &dialog, flow.as_ref(), sequence).await;
            if first {
                closing::part(stack, dialog, flow);
            }
        });
    }

    /// Deals with them until none can come any more, beside everything else; whoever has had a dialog of
    /// them does so no longer.
    pub(crate) fn linger(mut self, stack: Arc<Stack>) {
        if self.exchange.is_over() {
            return;
        }
        let runtime = stack.runtime.clone();
        runtime.spawn(Box::pin(async move {
            while let Some(response) = self.another().await {
                Box::pin(self.unwanted(&stack, &response)).await;
            }
        }));
    }

    /// Cancels the INVITE, and waits until it is refused, or a 2xx that has crossed the CANCEL is dealt
    /// with; what comes after that is as well.
    pub(crate) async fn cancel(
        mut self,
        stack: Arc<Stack>,
        reason: Option<Reason>,
        patience: Duration,
    ) {
        self.exchange.cancel(reason);
        if let Ok(Some(response)) = timeout(patience, self.another()).await {
            self.unwanted(&stack, &response).await;
            self.linger(stack);
        }
    }
}
