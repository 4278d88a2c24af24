//! A callee's dialog before its answer: reliable provisional responses and PRACK (RFC 3262).

use std::sync::Arc;

use bytes::Bytes;
use callroute_audio::codec::Codec;
use callroute_media::Notice;
use sipx_sip::rel::{RAck, RSeq};
use sipx_sip::{HeaderName, Method, Request, Response, TuEvent};
use tokio::sync::Mutex;

use crate::admit::access::Credentials;
use crate::dialog::Dialog;
use crate::endpoint::{Exchange, Incoming};
use crate::leg::callee::invite::{FORKS, Invite, Invites};
use crate::leg::closing::Reached;
use crate::leg::offering::offered_within;
use crate::leg::{Leg, closing};
use crate::message::{ALLOW, Reply, call_id, from_tag, tags, to_tag};
use crate::sdp::{self, Local, Remote, SdpFault};
use crate::stack::{Stack, token};

/// What reliable provisional responses have begun.
#[derive(Debug)]
pub(crate) struct Early {
    /// Shared with whoever waits for what comes of a PRACK; `None` once it is more than early.
    dialog: Arc<Mutex<Option<Dialog>>>,
    /// Where its far end is: where the INVITE went to, or whence its latest UPDATE came.
    reached: Reached,
    tag: Vec<u8>,
    /// The number of the latest one that was acknowledged.
    last: u32,
    /// The answer to our offer, if one of them brought it; or what it offered itself since.
    answer: Bytes,
    /// The far end has described itself anew since, which holds whatever its 2xx repeats.
    updated: bool,
}

/// What a callee has described before or with its 2xx.
#[derive(Debug)]
pub(crate) enum Said {
    /// The answer to our offer.
    Answer(Bytes),
    /// An offer of its own since, which we have answered.
    Offer(Bytes),
}

impl Said {
    /// Reads it.
    pub(crate) fn read(&self, local: &Local, ours: &[Codec]) -> Result<Remote, SdpFault> {
        match self {
            Self::Answer(body) => local.read_answer(body, ours),
            Self::Offer(body) => local.checked(sdp::read(body, ours)?),
        }
    }
}

impl Early {
    /// Takes the one whose far end has this tag.
    pub(crate) fn of(early: &mut Vec<Self>, tag: &[u8]) -> Option<Self> {
        let at = early.iter().position(|early| early.tag == tag)?;
        Some(early.swap_remove(at))
    }

    /// Where its far end is.
    pub(crate) fn reached(&self) -> &Reached {
        &self.reached
    }

    /// An UPDATE of the far end's was accepted, and may have moved it (RFC 3311, section 5.2).
    async fn refreshed_by(&mut self, update: &Incoming) {
        if let Some(dialog) = self.dialog.lock().await.as_mut() {
            dialog.refresh(&update.request.headers);
            self.reached.target = update.flow.clone();
        }
    }

    /// A 2xx with this description has come: the number of our latest request within the dialog, and what
    /// the far end has said, which may have come already (RFC 3262, section 5).
    pub(crate) async fn confirmed(self, body: Bytes) -> (u32, Said) {
        let dialog = self.dialog.lock().await.take();
        let sequence = dialog.map_or(0, |dialog| dialog.local_sequence());
        let said = match self.updated {
            true => Said::Offer(self.answer),
            false if body.is_empty() => Said::Answer(self.answer),
            false => Said::Answer(body),
        };
        (sequence, said)
    }

    /// An UPDATE of the far end's, with an offer: what to say to it, and what it describes. Our own offer is
    /// open until its answer has come reliably (RFC 3311, section 5.2).
    async fn updated(
        &mut self,
        stack: &Stack,
        local: &mut Local,
        update: &Incoming,
    ) -> (Reply, Option<Remote>) {
        if self.answer.is_empty() {
            return (Reply::new(491), None);
        }
        let dialog = self.dialog.lock().await;
        let contact = dialog.as_ref().map(|dialog| dialog.contact().to_owned());
        drop(dialog);
        let Some(contact) = contact else {
            return (Reply::new(481), None);
        };
        match offered_within(stack, local, update) {
            Ok(Some(remote)) => {
                self.refreshed_by(update).await;
                (self.answer, self.updated) = (update.request.body().clone(), true);
                local.version += 1;
                let ok = Reply::new(200)
                    .header(HeaderName::Contact, contact)
                    .sdp(sdp::answer(local, &remote));
                (ok, Some(remote))
            }
            Ok(None) => (Reply::new(488), None),
            Err(refusal) => (refusal, None),
        }
    }
}

impl Invite {
    /// An UPDATE of the far end's without an offer: it may name another target (RFC 3311, section 5.2).
    async fn refreshed_by(&mut self, update: &Incoming) -> Reply {
        let tag = from_tag(&update.request.headers).unwrap_or_default();
        if let Some(early) = self.early.iter_mut().find(|early| early.tag == tag) {
            early.refreshed_by(update).await;
        }
        Reply::new(200).header(HeaderName::Contact, self.contact.clone())
    }
}

/// A provisional response; a reliable one is acknowledged, each once and in its order.
pub(crate) async fn heard(stack: &Arc<Stack>, invite: &mut Invite, response: &Response) {
    let number = response.headers.typed::<RSeq>().and_then(Result::ok);
    let reliable = tags(&response.headers, &HeaderName::Require).any(|tag| tag == "100rel");
    let (true, Some(RSeq(number)), true) = (reliable, number, response.status.code() > 100) else {
        return;
    };
    let tag = to_tag(&response.headers).unwrap_or_default();
    // Each fork has numbers of its own.
    let mut early = match Early::of(&mut invite.early, &tag) {
        Some(early) => early,
        None if invite.early.len() >= FORKS => return,
        None => {
            let Ok(dialog) = Dialog::from_answer(&invite.opening(), response) else {
                return;
            };
            Early {
                reached: invite.reached.clone(),
                dialog: Arc::new(Mutex::new(Some(dialog))),
                tag,
                last: number.wrapping_sub(1),
                answer: Bytes::new(),
                updated: false,
            }
        }
    };
    if number != early.last.wrapping_add(1) {
        // A copy, or one whose predecessor is missing: that one comes again, and this one too.
        return invite.early.push(early);
    }
    early.last = number;
    if early.answer.is_empty() {
        early.answer = response.body().clone();
    }
    let ack = RAck {
        rseq: number,
        cseq: crate::message::sequence(&invite.request.headers).unwrap_or(1),
        method: b"INVITE".to_vec(),
    };
    let prack = Prack {
        stack: Arc::clone(stack),
        dialog: Arc::clone(&early.dialog),
        reached: early.reached.clone(),
        credentials: invite.route.credentials.clone(),
    };
    invite.early.push(early);
    prack.send(&ack).await;
}

/// A PRACK, and what it needs to be sent again.
struct Prack {
    stack: Arc<Stack>,
    dialog: Arc<Mutex<Option<Dialog>>>,
    reached: Reached,
    credentials: Option<Credentials>,
}

impl Prack {
    async fn send(self, ack: &RAck) {
        let sent = match &mut *self.dialog.lock().await {
            Some(dialog) => {
                let flow = self.reached.flow(dialog);
                closing::send(&self.stack, dialog, flow.as_ref(), |dialog| {
                    let request = dialog.request(&Method::Prack)?;
                    Ok(request.header(HeaderName::RAck, ack.to_string())?.build())
                })
                .await
            }
            None => return,
        };
        match sent {
            Ok((prack, exchange)) => {
                tokio::spawn(self.taken(prack, exchange));
            }
            Err(error) => tracing::info!(%error, "a PRACK was not sent"),
        }
    }

    /// Takes what comes of it; it is sent once more when a password is asked for.
    async fn taken(self, mut prack: Request, mut exchange: Exchange) {
        while let Some(TuEvent::Response(response)) = exchange.next().await {
            if response.status.is_provisional() {
                continue;
            }
            let mut dialog = self.dialog.lock().await;
            let Some(dialog) = dialog.as_mut() else {
                return;
            };
            let (flow, credentials) = (self.reached.flow(dialog), self.credentials.as_ref());
            let asked = (&prack, response.as_ref());
            let again =
                closing::again(&self.stack, dialog, flow.as_ref(), asked, credentials).await;
            match again {
                Some(again) => (prack, exchange) = again,
                None => return,
            }
        }
    }
}

/// The sound that a callee sends before its answer.
#[derive(Debug, Default)]
pub(crate) struct Sound {
    body: Bytes,
    told: bool,
}

impl Sound {
    /// A provisional response: when it brings a description, sound may flow already.
    /// `local` is our end as it was offered.
    pub(crate) async fn of(&mut self, leg: &mut Leg, local: &Local, response: &Response) {
        let body = response.body();
        if response.status.code() == 100 || body.is_empty() || *body == self.body {
            return;
        }
        self.body = body.clone();
        match local.read_answer(body, &leg.stack.config.codecs) {
            Ok(remote) => leg.agree(remote).await,
            Err(error) => {
                return tracing::info!(%error, "a provisional response without a usable description");
            }
        }
        if !std::mem::replace(&mut self.told, true) {
            let id = leg.notices.leg();
            leg.notices.tell(Notice::EarlyMedia { leg: id }).await;
        }
    }
}

/// A dialog that is not answered is replaced by nobody unless it was us who began it (RFC 3891,
/// section 3).
pub(crate) fn not_replaced(stack: &Stack, invite: &Incoming) {
    stack.respond(invite, Reply::new(481).tag(&token()));
}

/// A request of a callee that has not answered yet.
pub(crate) async fn asked(leg: &mut Leg, invites: &mut Invites, request: &Incoming) {
    let mut described = None;
    let reply = match request.request.method {
        Method::Ack => return,
        Method::Update if !request.request.body().is_empty() => {
            let tag = from_tag(&request.request.headers).unwrap_or_default();
            match invites.of(&call_id(&request.request.headers)) {
                Some(invite) => match invite.early.iter_mut().find(|early| early.tag == tag) {
                    Some(early) => {
                        let local = &mut invite.local;
                        let reply = early.updated(&leg.stack, local, request);
                        let (reply, remote) = reply.await;
                        described = remote;
                        reply
                    }
                    None => Reply::new(491),
                },
                None => Reply::new(491),
            }
        }
        Method::Update => match invites.of(&call_id(&request.request.headers)) {
            Some(invite) => invite.refreshed_by(request).await,
            None => Reply::new(481),
        },
        Method::Options | Method::Info => Reply::new(200),
        _ => Reply::new(481),
    };
    if let Some(remote) = described {
        leg.agree(remote).await;
    }
    leg.stack
        .respond(request, reply.header(HeaderName::Allow, ALLOW));
}
