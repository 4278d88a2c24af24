//! Which leg a request belongs to.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sipx_sip::{Method, Request};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::{SendError, TrySendError};

use crate::endpoint::Incoming;
use crate::leg::caller::Unbegun;
use crate::message::{Reply, call_id, from_tag, sequence, to_tag};
use crate::named::{Hashes, Key};
use crate::refer::Replaces;
use crate::stack::{Stack, token};

/// Requests that may wait for one leg. What comes beyond them is answered 503.
const REQUESTS: usize = 32;
/// Room beyond them that is kept for what a call cannot do without: ACK, BYE and CANCEL.
const SPARE: usize = 8;

/// Dialogs that have ended and are remembered.
const ENDED: usize = 1024;

/// What reaches a leg from the network, beside responses.
#[derive(Debug)]
pub(crate) enum LegRequest {
    /// A request within its dialog.
    Within(Box<Incoming>),
    /// An INVITE from outside that wants to take its far end's place.
    Replaces(Box<Incoming>, Box<Replaces>),
    /// The INVITE that began it was cancelled; the CANCEL is answered already.
    Cancelled(Box<Request>),
}

impl LegRequest {
    /// Whether it ends a call, or an attempt at one.
    pub(crate) fn ends(&self) -> bool {
        match self {
            Self::Within(incoming) => incoming.request.method == Method::Bye,
            Self::Cancelled(_) => true,
            Self::Replaces(..) => false,
        }
    }

    fn is_ack(&self) -> bool {
        matches!(self, Self::Within(incoming) if incoming.request.method == Method::Ack)
    }
}

/// The way to a leg, and its end there.
pub(crate) fn way() -> (mpsc::Sender<LegRequest>, mpsc::Receiver<LegRequest>) {
    mpsc::channel(REQUESTS + SPARE)
}

/// Brings a request to its leg; what finds no room there, or no leg, comes back.
pub(crate) fn bring(
    leg: &mpsc::Sender<LegRequest>,
    request: LegRequest,
) -> Result<(), TrySendError<LegRequest>> {
    let vital = request.ends() || request.is_ack();
    if !vital && leg.capacity() <= SPARE && !leg.is_closed() {
        return Err(TrySendError::Full(request));
    }
    leg.try_send(request)
}

impl Stack {
    /// Brings a request to its leg, or says why not. Must be called within a runtime.
    pub(crate) fn bring(self: &Arc<Self>, leg: mpsc::Sender<LegRequest>, request: LegRequest) {
        match bring(&leg, request) {
            Ok(()) => {}
            // It is the next to come in; there are no more of them than transactions.
            Err(TrySendError::Full(request)) if request.ends() => {
                let stack = Arc::clone(self);
                tokio::spawn(async move {
                    if let Err(SendError(request)) = leg.send(request).await {
                        stack.not_brought(request, 481);
                    }
                });
            }
            Err(TrySendError::Full(request)) => self.not_brought(request, 503),
            Err(TrySendError::Closed(request)) => self.not_brought(request, 481),
        }
    }

    /// Says so, where that can be said: an ACK comes again with the 2xx, and a CANCEL is answered already. Who
    /// would take a place comes too late (RFC 3891, section 3).
    pub(crate) fn not_brought(&self, request: LegRequest, status: u16) {
        match request {
            LegRequest::Within(incoming) if incoming.request.method != Method::Ack => {
                self.respond(&incoming, Reply::new(status));
            }
            LegRequest::Cancelled(_) => tracing::debug!("a CANCEL found its leg gone"),
            LegRequest::Replaces(invite, _) => {
                self.respond(&invite, Reply::new(603).tag(&token()));
            }
            LegRequest::Within(_) => {}
        }
    }
}

/// Which leg a request belongs to.
#[derive(Debug, Default)]
pub(crate) struct DialogTable(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    /// By Call-ID and our tag, which alone is unique.
    dialogs: HashMap<DialogKey, mpsc::Sender<LegRequest>>,
    invites: HashMap<Key, (mpsc::Sender<LegRequest>, Arc<Unbegun>), Hashes>,
    /// Dialogs that have ended, the latest last: whoever wants to take a place in one comes too late.
    ended: VecDeque<DialogKey>,
    /// Call-ID, From tag and CSeq of INVITEs that are being served.
    served: HashSet<Served>,
}

type DialogKey = (Vec<u8>, Vec<u8>);
type Served = (Vec<u8>, Vec<u8>, u32);

/// A leg's entries; they go when it is dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    routes: Arc<DialogTable>,
    dialog: DialogKey,
    invite: Option<(Key, Served)>,
}

impl DialogTable {
    /// Enters a leg that an INVITE from outside begins. `None` when the same INVITE is being
    /// served already: it came twice, over different paths (RFC 3261, section 8.2.2.2).
    pub(crate) fn enter_invite(
        self: &Arc<Self>,
        incoming: &Incoming,
        tag: &str,
        leg: mpsc::Sender<LegRequest>,
        unbegun: Arc<Unbegun>,
    ) -> Option<Entry> {
        let headers = &incoming.request.headers;
        let call = call_id(headers);
        let served = (
            call.clone(),
            from_tag(headers).unwrap_or_default(),
            sequence(headers).unwrap_or_default(),
        );
        let dialog = (call, tag.as_bytes().to_vec());
        let mut tables = self.lock();
        if !tables.served.insert(served.clone()) {
            return None;
        }
        tables.dialogs.insert(dialog.clone(), leg.clone());
        tables.invites.insert(incoming.key, (leg, unbegun));
        let invite = Some((incoming.key, served));
        Some(Entry {
            routes: Arc::clone(self),
            dialog,
            invite,
        })
    }

    /// Enters a leg that an INVITE of ours begins.
    pub(crate) fn enter_dial(
        self: &Arc<Self>,
        call_id: &str,
        tag: &str,
        leg: mpsc::Sender<LegRequest>,
    ) -> Entry {
        let dialog = (call_id.as_bytes().to_vec(), tag.as_bytes().to_vec());
        self.lock().dialogs.insert(dialog.clone(), leg);
        Entry {
            routes: Arc::clone(self),
            dialog,
            invite: None,
        }
    }

    /// The leg whose dialog a request is of.
    pub(crate) fn of_dialog(&self, request: &Request) -> Option<mpsc::Sender<LegRequest>> {
        let key = (call_id(&request.headers), to_tag(&request.headers)?);
        self.lock().dialogs.get(&key).cloned()
    }

    /// The leg of the dialog that somebody names.
    pub(crate) fn of_name(&self, name: &Replaces) -> Option<mpsc::Sender<LegRequest>> {
        let key = (
            name.call_id.clone().into_bytes(),
            name.to_tag.clone().into_bytes(),
        );
        self.lock().dialogs.get(&key).cloned()
    }

    /// Whether the dialog that somebody names has ended a while ago.
    pub(crate) fn has_ended(&self, name: &Replaces) -> bool {
        let (call, tag) = (name.call_id.as_bytes(), name.to_tag.as_bytes());
        let tables = self.lock();
        tables.ended.iter().any(|(c, t)| c == call && t == tag)
    }

    /// The leg that an INVITE's transaction began, and what begins its task.
    pub(crate) fn of_invite(&self, key: Key) -> Option<(mpsc::Sender<LegRequest>, Arc<Unbegun>)> {
        self.lock().invites.get(&key).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// The way to the leg that is entered.
    pub(crate) fn leg(&self) -> Option<mpsc::Sender<LegRequest>> {
        self.routes.lock().dialogs.get(&self.dialog).cloned()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut tables = self.routes.lock();
        tables.dialogs.remove(&self.dialog);
        if tables.ended.len() >= ENDED {
            tables.ended.pop_front();
        }
        tables.ended.push_back(std::mem::take(&mut self.dialog));
        if let Some((key, served)) = &self.invite {
            tables.invites.remove(key);
            tables.served.remove(served);
        }
    }
}
