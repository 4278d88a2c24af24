//! Requests within a dialog, and the last of them: BYE.

use std::net::IpAddr;
use std::sync::Arc;

use callroute_schema::is_private;
use sipx_sip::{
    BuildError, Header, HeaderName, Host, Method, Request, Response, TuEvent, UriTransport,
};
use sipx_transport::{Target, TransportKind, new_branch};
use tokio::time::timeout;

use crate::admit::access::Credentials;
use crate::convert::{self, q850_reason};
use crate::dialog::Dialog;
use crate::endpoint::Exchange;
use crate::leg::Leg;
use crate::message::Reply;
use crate::reach::prove;
use crate::routes::LegRequest;
use crate::sdp::has_keys;
use crate::stack::{SendError, Stack};

/// The way back to a peer that is not reached by its Contact: the connection that it came by
/// (RFC 5923; behind a NAT, and for browsers, there is no other), or the port of the NAT that its
/// datagrams come from while its Contact names a private address (RFC 1918, RFC 6598). Of proxies on the way
/// the nearest, where it names its address for TLS: a certificate is of a name, so that another connection
/// would most likely come to nothing.
pub(crate) fn flow(dialog: &Dialog, peer: &Target) -> Option<Target> {
    if dialog.is_routed() {
        return is_at(dialog, peer).then(|| peer.clone());
    }
    if peer.transport != TransportKind::Udp {
        return Some(peer.clone());
    }
    let behind_nat = match dialog.next_hop().host() {
        Some(Host::Ip(ip @ IpAddr::V4(_))) => is_private(*ip) && *ip != peer.addr.ip(),
        _ => false,
    };
    behind_nat.then(|| peer.clone())
}

/// Whether the next hop is the address of whom we have a TLS connection to: at the port that we have called;
/// who has called us has come from any. One that says neither transport nor port, and any within a dialog that
/// goes by TLS alone, is meant as well.
fn is_at(dialog: &Dialog, peer: &Target) -> bool {
    let hop = dialog.next_hop();
    let port = hop.port().unwrap_or(TransportKind::Tls.default_port());
    let fits = match hop.selected_transport() {
        Ok(UriTransport::Tls) => peer.verify_as.is_none() || port == peer.addr.port(),
        _ => dialog.is_secure() || hop.transport().is_none() && hop.port().is_none(),
    };
    peer.transport == TransportKind::Tls
        && fits
        && matches!(hop.host(), Some(Host::Ip(ip)) if *ip == peer.addr.ip())
}

/// Whom an INVITE of ours went to, as he is reached.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) target: Target,
    /// By the way that his registration has opened: behind a NAT, and for who has connected to us, there
    /// is no other.
    pub(crate) registered: bool,
}

impl Reached {
    /// The way back within a dialog that the INVITE has begun, if it is not the far end's Contact.
    pub(crate) fn flow(&self, dialog: &Dialog) -> Option<Target> {
        match self.registered {
            true => Some(self.target.clone()),
            false => flow(dialog, &self.target),
        }
    }
}

/// Sends a request of this dialog, which may have to be sent once more with what its answer asks for.
pub(crate) async fn send(
    stack: &Stack,
    dialog: &mut Dialog,
    flow: Option<&Target>,
    build: impl FnOnce(&mut Dialog) -> Result<Request, BuildError>,
) -> Result<(Request, Exchange), SendError> {
    let target = target(stack, dialog, flow).await?;
    let request = build(dialog)?;
    let exchange = begun(stack, request.clone(), target)?;
    Ok((request, exchange))
}

/// Sends it in a transaction. Keys go only where we would take them from.
fn begun(stack: &Stack, request: Request, target: Target) -> Result<Exchange, SendError> {
    if has_keys(request.body()) && !stack.config.srtp.takes(target.transport.is_secure()) {
        return Err(SendError::Keys(target.addr));
    }
    Ok(stack.handle.send(request, target)?)
}

/// Sends a request of this dialog once more with what its answer asks for; `None` when that is nothing
/// that we have.
pub(crate) async fn again(
    stack: &Stack,
    dialog: &mut Dialog,
    flow: Option<&Target>,
    (request, response): (&Request, &Response),
    credentials: Option<&Credentials>,
) -> Option<(Request, Exchange)> {
    let mut request = prove::again(request, response, credentials)?;
    let sent = async {
        let target = target(stack, dialog, flow).await?;
        dialog.renumber(&mut request)?;
        begun(stack, request.clone(), target)
    };
    match sent.await {
        Ok(exchange) => Some((request, exchange)),
        Err(error) => {
            tracing::info!(%error, "a request was not sent once more");
            None
        }
    }
}

/// Acknowledges a 2xx to the INVITE with this sequence number.
pub(crate) async fn ack(stack: &Stack, dialog: &Dialog, flow: Option<&Target>, sequence: u32) {
    let sent = async {
        let target = target(stack, dialog, flow).await?;
        let branch = dialog.ack_branch(sequence);
        let via = stack.handle.via(target.transport, &branch);
        let ack = dialog.ack(sequence, via)?;
        Ok::<_, SendError>(stack.handle.send_directly(ack, &target)?)
    };
    if let Err(error) = sent.await {
        tracing::info!(%error, "an ACK was not sent");
    }
}

async fn target(
    stack: &Stack,
    dialog: &Dialog,
    flow: Option<&Target>,
) -> Result<Target, SendError> {
    let secure = dialog.is_secure();
    let fits = |flow: &&Target| !secure || flow.transport.is_secure();
    if let Some(flow) = flow.filter(|flow| fits(flow) && stack.handle.holds(flow)) {
        return Ok(flow.clone());
    }
    // A proxy on its way is asked by TLS as well, however it names itself.
    let hop = dialog.next_hop();
    match secure.then(|| convert::secured(hop)).flatten() {
        Some(hop) => stack.resolve(&hop).await,
        None => stack.resolve(hop).await,
    }
}

/// Ends a dialog that nobody wants any more, beside everything else.
pub(crate) fn part(
    stack: Arc<Stack>,
    mut dialog: Dialog,
    flow: Option<Target>,
    credentials: Option<Credentials>,
) {
    tokio::spawn(async move {
        let sent = send(&stack, &mut dialog, flow.as_ref(), |dialog| {
            Ok(dialog.request(&Method::Bye)?.build())
        });
        let Ok((mut bye, mut exchange)) = sent.await else {
            return;
        };
        while let Some(TuEvent::Response(response)) = exchange.next().await {
            if response.status.is_provisional() {
                continue;
            }
            let (flow, asked) = (flow.as_ref(), (&bye, response.as_ref()));
            let again = again(&stack, &mut dialog, flow, asked, credentials.as_ref());
            match again.await {
                Some(again) => (bye, exchange) = again,
                None => return,
            }
        }
    });
}

/// Ends a dialog whose far end may not know of it, because its INVITE may be forged: BYE once, and
/// what comes of it is not waited for. `false` where there is no such doubt, and nothing was sent.
pub(crate) async fn bye_once(stack: &Stack, dialog: &mut Dialog, flow: Option<&Target>) -> bool {
    let sent = async {
        let target = target(stack, dialog, flow).await?;
        if !stack.handle.doubts(&target) {
            return Ok(false);
        }
        let mut bye = dialog.request(&Method::Bye)?.build();
        let via = stack.handle.via(target.transport, &new_branch());
        bye.headers.push_front(Header::build(HeaderName::Via, via)?);
        stack.handle.send_directly(bye, &target)?;
        Ok::<_, SendError>(true)
    };
    sent.await.unwrap_or_else(|error| {
        tracing::info!(%error, "a BYE was not sent");
        true
    })
}

/// Sends BYE and waits for its answer; a BYE of the far end that crosses it is answered too. The
/// leg must have ended for the router before.
pub(crate) async fn bye(
    leg: &mut Leg,
    dialog: &mut Dialog,
    flow: Option<&Target>,
    credentials: Option<&Credentials>,
) {
    let stack = Arc::clone(&leg.stack);
    let parting = leg.parting;
    let sent = send(&stack, dialog, flow, |dialog| {
        let mut request = dialog.request(&Method::Bye)?;
        if let Some(q850) = parting {
            request = request.header(HeaderName::Reason, q850_reason(q850))?;
        }
        Ok(request.build())
    });
    let (mut bye, mut exchange) = match sent.await {
        Ok(sent) => sent,
        Err(error) => {
            tracing::info!(%error, "a BYE was not sent");
            return;
        }
    };
    let answered = async {
        loop {
            tokio::select! {
                event = exchange.next() => match event {
                    Some(TuEvent::Response(response)) if response.status.is_provisional() => {}
                    Some(TuEvent::Response(response)) => {
                        let asked = (&bye, response.as_ref());
                        match again(&stack, dialog, flow, asked, credentials).await {
                            Some(again) => (bye, exchange) = again,
                            None => return,
                        }
                    }
                    _ => return,
                },
                Some(request) = leg.requests.recv() => crossed(&stack, request),
            }
        }
    };
    if timeout(stack.timeout(), answered).await.is_err() {
        tracing::debug!("a BYE was not answered");
    }
    while let Ok(request) = leg.requests.try_recv() {
        crossed(&stack, request);
    }
}

/// A request that has crossed our BYE.
fn crossed(stack: &Stack, request: LegRequest) {
    match request {
        LegRequest::Within(bye) if bye.request.method == Method::Bye => {
            stack.respond(&bye, Reply::new(200));
        }
        other => stack.not_brought(other, 481),
    }
}
