//! What may still come of an INVITE of ours that is cancelled or answered: copies of its 2xx, and those of
//! other forks.

use std::sync::Weak;
use std::time::Duration;

use bytes::Bytes;
use sipx_sip::{Reason, Response, TuEvent};
use sipx_transport::Target;
use tokio::time::timeout;

use crate::admit::access::Credentials;
use crate::dialog::{Dialog, Opening};
use crate::endpoint::{Exchange, Heir};
use crate::leg::callee::invite::FORKS;
use crate::leg::closing::{self, Reached};
use crate::leg::early::Early;
use crate::message::to_tag;
use crate::stack::Stack;

/// An INVITE of ours: each 2xx to it is acknowledged, and those that nobody wants are ended, until 64·T1
/// after the first (RFC 3261, section 13.2.2.4).
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) exchange: Exchange,
    pub(crate) left: Left,
}

/// What that takes. It is kept when nothing else of the call is.
#[derive(Debug)]
pub(crate) struct Left {
    /// Weakly, as it is kept by what the stack is made of.
    pub(crate) stack: Weak<Stack>,
    pub(crate) opening: Opening,
    pub(crate) reached: Reached,
    /// What is proven when it asks for a password.
    pub(crate) credentials: Option<Credentials>,
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
        stack: &Stack,
        dialog: &Dialog,
        flow: Option<&Target>,
        response: &Response,
    ) {
        if dialog.is_answer_of_peer(response) {
            return closing::ack(stack, dialog, flow, self.left.opening.sequence()).await;
        }
        self.left.heard(response);
    }

    /// Whoever has had a dialog of them does so no longer: they are dealt with until none can come any
    /// more.
    pub(crate) fn leave(self) {
        self.exchange.leave(Box::new(self.left));
    }

    /// Cancels the INVITE, and waits until it is refused, or a 2xx that has crossed the CANCEL is dealt
    /// with; what comes after that is as well.
    pub(crate) async fn cancel(mut self, reason: Option<Reason>, patience: Duration) {
        self.exchange.cancel(reason);
        if let Ok(Some(response)) = timeout(patience, self.another()).await {
            self.left.heard(&response);
            self.leave();
        }
    }
}

impl Heir for Left {
    /// Acknowledges a 2xx whose dialog nobody wants, and ends that once.
    fn heard(&mut self, response: &Response) {
        let Some(stack) = self.stack.upgrade() else {
            return;
        };
        let tag = to_tag(&response.headers).unwrap_or_default();
        let first = !self.known.contains(&tag);
        if first && self.known.len() > FORKS {
            return;
        }
        // Without a Contact there is nowhere to send ACK or BYE to; its own timer ends it.
        let Ok(mut dialog) = Dialog::from_answer(&self.opening, response) else {
            return;
        };
        let mut early = None;
        if first {
            tracing::info!("an answer that nobody wants; its dialog is ended");
            early = Early::of(&mut self.early, &tag);
            self.known.push(tag);
        }
        let reached = early.as_ref().map_or(&self.reached, Early::reached);
        let (flow, sequence) = (reached.flow(&dialog), self.opening.sequence());
        let credentials = self.credentials.clone().filter(|_| first);
        // Its Contact may have to be looked up, for which nobody waits.
        let runtime = stack.runtime.clone();
        runtime.spawn(async move {
            closing::ack(&stack, &dialog, flow.as_ref(), sequence).await;
            if let Some(early) = early {
                dialog.used(early.confirmed(Bytes::new()).await.0);
            }
            if first {
                closing::part(stack, dialog, flow, credentials);
            }
        });
    }
}
