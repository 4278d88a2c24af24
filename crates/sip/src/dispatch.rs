//! Every request that arrives: checked, then brought to its leg, or a call begins.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Incoming as IncomingCall, LegId};
use sipx_sip::{HeaderName, Method, TransactionKey, validate_request};
use sipx_transport::Incoming;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::convert;
use crate::dialog::Dialog;
use crate::leg::caller::{self, Invited};
use crate::line::SipLine;
use crate::message::{ALLOW, Reply, SDP_TYPE, body_is_sdp, required, to_tag};
use crate::routes::LegRequest;
use crate::sdp::{self, SdpFault};
use crate::stack::{Stack, token};

/// Calls that may wait for the router; one more is answered 503.
pub(crate) const CALLS: usize = 1024;

/// How often it is looked whether the last call of a dropped adapter is over.
const LINGER: Duration = Duration::from_millis(200);

/// Serves the endpoint until the adapter is dropped and its last call is over; then the sockets
/// are free again.
pub(crate) async fn serve(
    stack: Arc<Stack>,
    mut requests: mpsc::Receiver<Incoming>,
    calls: mpsc::Sender<IncomingCall<SipLine>>,
    mut closed: oneshot::Receiver<()>,
) {
    let mut dropped = false;
    loop {
        tokio::select! {
            incoming = requests.recv() => match incoming {
                Some(incoming) => route(&stack, incoming, &calls),
                None => break,
            },
            _ = &mut closed, if !dropped => dropped = true,
            () = sleep(LINGER), if dropped => {}
        }
        if dropped && stack.counts.are_zero() {
            break;
        }
    }
    stack.handle.shutdown().await;
}

fn route(stack: &Arc<Stack>, incoming: Incoming, calls: &mpsc::Sender<IncomingCall<SipLine>>) {
    let request = &incoming.request;
    if request.method == Method::Ack {
        if let Some(leg) = stack.routes.of_dialog(request) {
            // discard: an ACK that finds no room comes again with the 2xx.
            let _ = leg.try_send(LegRequest::Within(Box::new(incoming)));
        }
        return;
    }
    if let Some(reply) = refusal(&incoming) {
        return stack.respond_later(incoming, reply);
    }
    match request.method {
        Method::Cancel => cancel(stack, incoming),
        _ if to_tag(&request.headers).is_some() => within(stack, incoming),
        Method::Invite => begin(stack, incoming, calls),
        Method::Options => {
            let reply = Reply::new(if stack.is_stopping() { 503 } else { 200 })
                .tag(&token())
                .header(HeaderName::Allow, ALLOW)
                .header(HeaderName::Accept, SDP_TYPE);
            stack.respond_later(incoming, reply);
        }
        // A BYE outside a dialog has no call (RFC 3261, section 15.1.2).
        Method::Bye => stack.respond_later(incoming, Reply::new(481).tag(&token())),
        _ => {
            let reply = Reply::new(405)
                .tag(&token())
                .header(HeaderName::Allow, ALLOW);
            stack.respond_later(incoming, reply);
        }
    }
}

/// What is wrong with any request, whatever it wants (RFC 3261, section 8.2).
fn refusal(incoming: &Incoming) -> Option<Reply> {
    let request = &incoming.request;
    let finding = validate_request(request)
        .into_iter()
        .find(|found| !found.is_repairable());
    if let Some(finding) = finding {
        tracing::debug!(?finding, source = %incoming.source, "a request that is no request");
        return Some(Reply::new(finding.status()));
    }
    let hops = request.headers.typed::<sipx_sip::headers::MaxForwards>();
    if request.method == Method::Invite && hops.is_some_and(|hops| hops.is_ok_and(|h| h.0 == 0)) {
        return Some(Reply::new(483).tag(&token()));
    }
    if !matches!(request.method, Method::Cancel) && !request.uri.scheme().is_sip() {
        return Some(Reply::new(416).tag(&token()));
    }
    let extensions = required(request)?;
    Some(
        Reply::new(420)
            .tag(&token())
            .header(HeaderName::Unsupported, extensions),
    )
}

fn cancel(stack: &Arc<Stack>, incoming: Incoming) {
    let invite = TransactionKey::for_cancelled_invite(&incoming.request);
    let leg = invite.and_then(|key| stack.routes.of_invite(&key));
    let Some(leg) = leg else {
        return stack.respond_later(incoming, Reply::new(481).tag(&token()));
    };
    let request = Box::new(incoming.request.clone());
    stack.respond_later(incoming, Reply::new(200).tag(&token()));
    if leg.try_send(LegRequest::Cancelled(request)).is_err() {
        tracing::warn!("a CANCEL found its leg gone or stuck");
    }
}

fn within(stack: &Arc<Stack>, incoming: Incoming) {
    let Some(leg) = stack.routes.of_dialog(&incoming.request) else {
        return stack.respond_later(incoming, Reply::new(481));
    };
    let refused = match leg.try_send(LegRequest::Within(Box::new(incoming))) {
        Ok(()) => return,
        Err(mpsc::error::TrySendError::Full(refused)) => (refused, 503),
        Err(mpsc::error::TrySendError::Closed(refused)) => (refused, 481),
    };
    if let (LegRequest::Within(incoming), status) = refused {
        stack.respond_later(*incoming, Reply::new(status));
    }
}

fn begin(stack: &Arc<Stack>, incoming: Incoming, calls: &mpsc::Sender<IncomingCall<SipLine>>) {
    let tag = token();
    if let Err((incoming, reply)) = try_begin(stack, incoming, &tag, calls) {
        stack.respond_later(*incoming, reply.tag(&tag));
    }
}

type Refused = (Box<Incoming>, Reply);

fn try_begin(
    stack: &Arc<Stack>,
    incoming: Incoming,
    tag: &str,
    calls: &mpsc::Sender<IncomingCall<SipLine>>,
) -> Result<(), Refused> {
    let busy = || Reply::new(503).header(HeaderName::RetryAfter, "5");
    let room = if stack.is_stopping() {
        None
    } else {
        calls.try_reserve().ok()
    };
    let Some(room) = room else {
        return Err((Box::new(incoming), busy()));
    };
    let request = &incoming.request;
    if !body_is_sdp(request) {
        let reply = Reply::new(415).header(HeaderName::Accept, SDP_TYPE);
        return Err((Box::new(incoming), reply));
    }
    let peer = incoming.source.ip();
    let offered = if request.body().is_empty() {
        None
    } else {
        match sdp::read(request.body(), &stack.config.codecs) {
            Ok(remote) => Some(remote),
            Err(fault) => {
                let reply = unacceptable(stack, peer, &fault);
                return Err((Box::new(incoming), reply));
            }
        }
    };
    let trusted = stack.config.trusted.contains(&peer);
    let Some(offer) = convert::offer(request, incoming.source, incoming.transport, trusted) else {
        return Err((Box::new(incoming), Reply::new(484)));
    };
    let contact = stack.contact(peer, incoming.transport);
    let Ok(dialog) = Dialog::from_invite(request, tag, contact) else {
        return Err((Box::new(incoming), Reply::new(400)));
    };
    let codecs = offered
        .as_ref()
        .map_or_else(Vec::new, |offered| offered.codecs.clone());
    let mut line = SipLine::new(Arc::clone(stack), codecs);
    let mut begun = match line.begin(LegId::CALLER) {
        Ok(begun) => begun,
        Err(error) => {
            tracing::error!(%error, "no RTP socket for a caller");
            return Err((Box::new(incoming), busy()));
        }
    };
    let Some(entry) = stack.routes.enter_invite(&incoming, tag, begun.requests) else {
        return Err((Box::new(incoming), Reply::new(482)));
    };
    begun.leg.entry = Some(entry);
    begun.leg.local = stack.local_sdp(peer, begun.port);
    let invited = Invited {
        invite: incoming,
        tag: tag.to_owned(),
        dialog,
        offer: offered,
    };
    stack.runtime.spawn(caller::serve(begun.leg, invited));
    room.send(IncomingCall { offer, line });
    Ok(())
}

fn unacceptable(stack: &Stack, peer: std::net::IpAddr, fault: &SdpFault) -> Reply {
    tracing::info!(%fault, %peer, "an offer that cannot be answered");
    match fault {
        SdpFault::Malformed(_) => Reply::new(400),
        // Media type not available (RFC 3261, section 20.43).
        SdpFault::NoAudio | SdpFault::NoCodec => {
            let host = convert::bracketed(stack.named_ip(peer));
            Reply::new(488).header(HeaderName::Warning, format!("304 {host} \"{fault}\""))
        }
    }
}
