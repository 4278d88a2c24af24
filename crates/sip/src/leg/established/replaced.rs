//! Another telephone takes the far end's place: INVITE with Replaces (RFC 3891).
//!
//! For the router nothing changes but the dialog's name: it is the same leg, with the same sound,
//! that now ends elsewhere.

use std::sync::Arc;

use sipx_sip::{Request, update};

use super::{Established, Unacked};
use crate::endpoint::Incoming;
use crate::leg::closing;
use crate::leg::direct::Peer;
use crate::leg::taking::{Taken, take};
use crate::message::Reply;
use crate::refer::Replaces;
use crate::routes::Entry;
use crate::stack::token;

/// An INVITE that names a dialog whose 2xx waits for its ACK: until then we may send no BYE, so it
/// waits as well (RFC 3261, section 15).
#[derive(Debug)]
pub(super) struct Waiting {
    invite: Incoming,
    replaces: Box<Replaces>,
    /// By which its CANCEL finds it.
    entry: Entry,
}

impl Established {
    /// An INVITE that names this leg's dialog, as its `replaces` says.
    pub(super) async fn replaced(&mut self, incoming: Incoming, replaces: Box<Replaces>) {
        let stack = Arc::clone(&self.leg.stack);
        let refusal = if !self.dialog.is_of(&replaces.from_tag) {
            Some(481)
        } else if self.leg.notices.has_ended() {
            Some(603)
        } else if replaces.early_only {
            Some(486)
        } else if self.unacked.is_some() {
            match self.entered(&incoming) {
                Some(entry) => return self.wait(incoming, replaces, entry),
                None => Some(482),
            }
        } else {
            None
        };
        let tag = token();
        let refused = match refusal {
            Some(status) => Err(Reply::new(status)),
            None => self.take_place(&incoming, &tag).await,
        };
        if let Err(refusal) = refused {
            stack.respond(&incoming, refusal.tag(&tag));
        }
    }

    fn entered(&self, incoming: &Incoming) -> Option<Entry> {
        let requests = self.leg.entry.as_ref()?.leg()?;
        let routes = &self.leg.stack.routes;
        routes.enter_invite(incoming, &token(), requests, Arc::default())
    }

    fn wait(&mut self, invite: Incoming, replaces: Box<Replaces>, entry: Entry) {
        let stack = &self.leg.stack;
        stack.respond(&invite, Reply::new(100));
        let waiting = Waiting {
            invite,
            replaces,
            entry,
        };
        if let Some(other) = self.waiting.replace(waiting) {
            // One after the other; the latest is what is wanted.
            stack.respond(&other.invite, Reply::new(491).tag(&token()));
        }
    }

    /// A CANCEL: of who waits, or it has crossed our 200 (RFC 3261, section 9.2).
    pub(super) fn cancelled(&mut self, cancel: &Request) {
        let stack = &self.leg.stack;
        let key = stack.handle.keys().of_cancelled(cancel);
        let is_it = |waiting: &mut Waiting| Some(waiting.invite.key) == key;
        if let Some(Waiting { invite, .. }) = self.waiting.take_if(is_it) {
            stack.respond(&invite, Reply::new(487).tag(&token()));
        }
    }

    /// The ACK that one waited for has come.
    pub(super) async fn replaced_at_last(&mut self) {
        let Some(waiting) = self.waiting.take() else {
            return;
        };
        // It is entered anew, with the dialog that it begins.
        drop(waiting.entry);
        self.replaced(waiting.invite, waiting.replaces).await;
    }

    async fn take_place(&mut self, incoming: &Incoming, tag: &str) -> Result<(), Reply> {
        let stack = Arc::clone(&self.leg.stack);
        let port = self.leg.local.media.port();
        let requests = self.leg.entry.as_ref().and_then(|entry| entry.leg());
        let requests = requests.ok_or(Reply::new(481))?;
        let Some(Taken {
            dialog,
            entry,
            local,
            offer,
            response,
            timer,
            offering,
        }) = take(&stack, incoming, tag, port, requests)?
        else {
            return Ok(());
        };
        tracing::info!(leg = %self.leg.notices.leg(), "another telephone takes its place");
        let flow = closing::flow(&dialog, &incoming.flow);
        let flow = flow.map(|flow| stack.connections.need(flow));
        self.peer = Peer::caller(incoming, &dialog);
        let old = std::mem::replace(&mut self.dialog, dialog);
        let old_flow = std::mem::replace(&mut self.flow, flow);
        let old_flow = old_flow.as_deref().cloned();
        closing::part(Arc::clone(&stack), old, old_flow, self.credentials.take());
        self.registered = false;
        self.leg.entry = Some(entry);
        self.leg.local = local;
        self.unacked = Some(Unacked::new(&self.leg, incoming, response));
        self.offering = offering;
        if let Some(answers) = self.answers.take() {
            answers.leave();
        }
        self.copies = None;
        (self.refreshing, self.referral) = (None, None);
        if self.referring.take().is_some() {
            self.not_sent("another telephone has taken its place").await;
        }
        self.holding = false;
        (self.direct, self.away) = (None, false);
        self.timer = timer;
        self.updates = update::peer_allows(&incoming.request.headers);
        if let Some(remote) = offer {
            self.leg.agree(remote).await;
        }
        self.tell_dialog().await;
        Ok(())
    }
}

impl Drop for Established {
    /// Whoever still waits finds the dialog ended (section 3), and so do forks that answer later.
    fn drop(&mut self) {
        if let Some(answers) = self.answers.take() {
            answers.leave();
        }
        if let Some(Waiting { invite, .. }) = self.waiting.take() {
            let reply = Reply::new(603).tag(&token());
            self.leg.stack.respond(&invite, reply);
        }
    }
}
