//! A callee's dialog before its answer: reliable provisional responses and PRACK (RFC 3262).

use bytes::Bytes;
use callroute_media::Notice;
use sipx_sip::rel::{RAck, RSeq};
use sipx_sip::{HeaderName, Method, Response};

use crate::dialog::Dialog;
use crate::endpoint::{Incoming, is_provisional};
use crate::leg::callee::invite::Invite;
use crate::leg::{Leg, closing};
use crate::message::{ALLOW, Reply, tags, to_tag};
use crate::sdp;
use crate::stack::{Stack, token};

/// What reliable provisional responses have begun.
#[derive(Debug)]
pub(crate) struct Early {
    dialog: Dialog,
    tag: Option<Vec<u8>>,
    /// The number of the latest one that was acknowledged.
    last: u32,
    /// The number of our latest request within it.
    pub(crate) sequence: u32,
    /// The answer to our offer, if one of them brought it.
    pub(crate) answer: Bytes,
}

/// A provisional response; a reliable one is acknowledged, each once and in its order.
pub(crate) async fn heard(stack: &Stack, invite: &mut Invite, response: &Response) {
    let number = response.headers.typed::<RSeq>().and_then(Result::ok);
    let reliable = tags(&response.headers, &HeaderName::Require).any(|tag| tag == "100rel");
    let (true, Some(RSeq(number)), true) = (reliable, number, response.status.code() > 100) else {
        return;
    };
    let tag = to_tag(&response.headers);
    // Another fork has numbers of its own; the latest one is followed.
    let known = invite.early.take().filter(|early| early.tag == tag);
    let mut early = match known {
        Some(early) => early,
        None => {
            let contact = invite.contact.clone();
            let Ok(dialog) = Dialog::from_answer(&invite.request, response, contact) else {
                return;
            };
            Early {
                sequence: dialog.local_sequence(),
                dialog,
                tag,
                last: number.wrapping_sub(1),
                answer: Bytes::new(),
            }
        }
    };
    if number != early.last.wrapping_add(1) {
        // A copy, or one whose predecessor is missing: that one comes again, and this one too.
        invite.early = Some(early);
        return;
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
    let sent = closing::send(stack, &mut early.dialog, None, |dialog| {
        let request = dialog.request(&Method::Prack)?;
        Ok(request.header(HeaderName::RAck, ack.to_string())?.build())
    })
    .await;
    early.sequence = early.dialog.local_sequence();
    invite.early = Some(early);
    match sent {
        Ok(mut exchange) => {
            // What comes of it is nobody's business, but must be taken.
            tokio::spawn(async move {
                while exchange
                    .next()
                    .await
                    .is_some_and(|event| is_provisional(&event))
                {}
            });
        }
        Err(error) => tracing::info!(%error, "a PRACK was not sent"),
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
    pub(crate) async fn of(&mut self, leg: &mut Leg, response: &Response) {
        let body = response.body();
        if response.status.code() == 100 || body.is_empty() || *body == self.body {
            return;
        }
        self.body = body.clone();
        match sdp::read(body, &leg.stack.config.codecs) {
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
pub(crate) fn asked(stack: &Stack, request: &Incoming) {
    let status = match request.request.method {
        Method::Ack => return,
        Method::Options | Method::Info => 200,
        // Our offer is still open (RFC 3311, section 5.2).
        Method::Update if !request.request.body().is_empty() => 491,
        Method::Update => 200,
        _ => 481,
    };
    stack.respond(request, Reply::new(status).header(HeaderName::Allow, ALLOW));
}
