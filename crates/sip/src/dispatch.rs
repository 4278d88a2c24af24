//! Every request that arrives: looked at, then brought to its leg, or a call begins.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use callroute_media::{Incoming as IncomingCall, LegId};
use callroute_schema::Caller;
use sipx_sip::{HeaderName, Method, Request, Response};
use sipx_transport::{Target, TransportKind};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::admit::access::Access;
use crate::admit::auth::{Authority, Proof};
use crate::convert;
use crate::dialog::Dialog;
use crate::endpoint::{Incoming, Screened, Seen, Upper};
use crate::leg::caller::{EarlyOffer, Invited, Unbegun};
use crate::leg::session_timer::SessionTimer;
use crate::line::SipLine;
use crate::message::{
    ALLOW, Reply, SDP_TYPE, body_is_sdp, contact, has_to_tag, hops, is_encoded, is_plain_address,
};
use crate::refer::Replaces;
use crate::routes::{self, LegRequest};
use crate::screen::refusal_but_via;
use crate::sdp::{self, Local, Remote, SdpFault};
use crate::stack::{Stack, random, token};
use crate::way::Way;

/// Calls that may wait for the router; one more is answered 503.
pub(crate) const CALLS: usize = 1024;

/// How often it is checked whether the last call of a dropped adapter is over.
const LINGER: Duration = Duration::from_millis(200);
/// When to come again after a 503, in seconds (RFC 3261, section 20.33).
const RETRY_AFTER: &str = "5";
/// A call that has been forwarded so often is going round in circles, whatever the router's own limit
/// says: as often as a request may be forwarded (RFC 3261, section 8.1.1.6).
const MAX_HOPS: u32 = 70;

/// Takes what the endpoint receives.
#[derive(Debug)]
pub(crate) struct Front {
    stack: Arc<Stack>,
    calls: mpsc::Sender<IncomingCall<SipLine>>,
    authority: Mutex<Authority>,
    began: Instant,
}

/// Waits until the adapter is dropped and its last call is over; then the sockets are free again.
pub(crate) async fn linger(stack: Arc<Stack>, closed: oneshot::Receiver<()>) {
    // Either way it is dropped.
    let _ = closed.await;
    while !stack.counts.are_zero() {
        sleep(LINGER).await;
    }
    stack.over.store(true, Ordering::Relaxed);
    stack.ports.clear();
    stack.handle.shutdown();
}

impl Front {
    /// For this stack; calls go there.
    pub(crate) fn new(stack: Arc<Stack>, calls: mpsc::Sender<IncomingCall<SipLine>>) -> Self {
        let config = &stack.config;
        let mut key = [0; 32];
        for part in key.chunks_mut(8) {
            part.copy_from_slice(&random().to_be_bytes());
        }
        let authority = Authority::new(&config.realm, &config.digests, &config.users, key);
        Self {
            stack,
            calls,
            authority: Mutex::new(authority),
            began: Instant::now(),
        }
    }

    /// Who it is, or what to answer to somebody who may not.
    fn admit(&self, request: &Request, ip: IpAddr) -> Result<Option<String>, Reply> {
        let config = &self.stack.config;
        let registers = request.method == Method::Register;
        // A trunk's address says which trunk it is, not whose telephone stands behind it.
        let known = !registers && config.trunk_of(ip).is_some();
        let header = HeaderName::Authorization;
        let offers = request.headers.get(&header).is_some();
        let needs = config.access == Access::Known || registers;
        if known || !(needs || offers) || (config.users.is_empty() && !needs) {
            return Ok(None);
        }
        if config.users.is_empty() {
            return Err(Reply::new(403));
        }
        let now = self.began.elapsed();
        let mut authority = self
            .authority
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let method = String::from_utf8_lossy(request.method.as_bytes()).into_owned();
        let values = request
            .headers
            .get_all(&header)
            .map(|header| header.value());
        let stale = match authority.check(now, ip, (&method, &request.uri), values) {
            Proof::User(user) => {
                self.stack.handle.password(ip, &user, true);
                return Ok(Some(user));
            }
            Proof::Ask { stale } => stale,
            Proof::Elsewhere if needs => return Err(Reply::new(400)),
            Proof::Elsewhere => return Ok(None),
            Proof::Wrong(user) => {
                tracing::info!(%ip, %method, "a wrong password");
                self.stack.handle.password(ip, &user, false);
                if !needs {
                    return Ok(None);
                }
                false
            }
        };
        if !needs {
            return Ok(None);
        }
        let mut reply = Reply::new(401);
        for challenge in authority.challenges(now, ip, stale) {
            reply = reply.header(HeaderName::WwwAuthenticate, challenge);
        }
        Err(reply)
    }

    /// Looks at a request that belongs to nothing yet.
    fn begins(
        &self,
        request: &Request,
        source: SocketAddr,
        transport: TransportKind,
    ) -> Result<Seen, Reply> {
        let stack = &self.stack;
        match request.method {
            Method::Invite => {
                if hops(&request.headers) > MAX_HOPS {
                    return Err(Reply::new(482));
                }
                let user = self.admit(request, source.ip())?;
                // What takes a place in a call that goes on is no new call.
                let new = request.headers.get(&HeaderName::Replaces).is_none();
                if new && (self.calls.capacity() == 0 || !stack.has_room(request, source.ip())) {
                    return Err(busy());
                }
                let offer = self.usable(request, source.ip(), transport)?;
                if new {
                    convert::dialed(request).ok_or_else(|| Reply::new(484))?;
                } else {
                    self.replaced(Replaces::of(&request.headers).flatten().as_ref())?;
                }
                Ok(Seen { user, offer })
            }
            Method::Options => {
                // What an INVITE would be told (RFC 3261, section 11.2).
                let full = self.calls.capacity() == 0 || !stack.has_room(request, source.ip());
                let reply = if full { busy() } else { Reply::new(200) };
                Err(reply
                    .header(HeaderName::Allow, ALLOW)
                    .header(HeaderName::Accept, SDP_TYPE))
            }
            // A BYE outside a dialog has no call (RFC 3261, section 15.1.2).
            Method::Bye => Err(Reply::new(481)),
            Method::Register if !stack.config.users.is_empty() => {
                let user = self.admit(request, source.ip())?;
                Ok(Seen { user, offer: None })
            }
            _ => Err(Reply::new(405).header(HeaderName::Allow, ALLOW)),
        }
    }

    /// Whether an INVITE can begin a call at all: what cannot is refused without a transaction,
    /// whose refusal would be sent until somebody acknowledges it. Gives what it offers.
    fn usable(
        &self,
        request: &Request,
        peer: IpAddr,
        transport: TransportKind,
    ) -> Result<Option<Box<Remote>>, Reply> {
        if !body_is_sdp(request) {
            return Err(Reply::new(415).header(HeaderName::Accept, SDP_TYPE));
        }
        let contact_value = request.headers.value(&HeaderName::Contact);
        let plain = contact_value.is_some_and(|value| is_plain_address(&value));
        if !plain && contact(&request.headers).is_none() {
            return Err(Reply::new(400));
        }
        // What is too short is refused before anybody rings (RFC 4028, section 9).
        SessionTimer::of_request(request, !self.stack.config.session_expires.is_zero())?;
        let offer = offered(&self.stack, request, peer, transport)?;
        Ok(offer.map(Box::new))
    }

    /// The leg in whose place somebody wants to come, or why not.
    fn replaced(&self, named: Option<&Replaces>) -> Result<mpsc::Sender<LegRequest>, Reply> {
        let named = named.ok_or_else(|| Reply::new(400))?;
        let routes = &self.stack.routes;
        let gone = || Reply::new(if routes.has_ended(named) { 603 } else { 481 });
        routes.of_name(named).ok_or_else(gone)
    }

    fn invite(&self, incoming: Incoming) {
        let tag = token();
        if let Err((incoming, reply)) = self.try_begin(incoming, &tag) {
            self.stack.respond(&incoming, reply.tag(&tag));
        }
    }

    /// An INVITE that wants to take somebody's place (RFC 3891).
    fn replace(&self, incoming: Incoming, replaces: Option<Replaces>) -> Result<(), Refused> {
        let (leg, replaces) = match (self.replaced(replaces.as_ref()), replaces) {
            (Ok(leg), Some(replaces)) => (leg, replaces),
            (Err(reply), _) => return Err((Box::new(incoming), reply)),
            (Ok(_), None) => return Err((Box::new(incoming), Reply::new(400))),
        };
        let request = LegRequest::Replaces(Box::new(incoming), Box::new(replaces));
        match routes::bring(&leg, request) {
            Err(TrySendError::Full(LegRequest::Replaces(incoming, _))) => Err((incoming, busy())),
            Err(TrySendError::Closed(LegRequest::Replaces(incoming, _))) => {
                Err((incoming, Reply::new(603)))
            }
            _ => Ok(()),
        }
    }

    fn try_begin(&self, mut incoming: Incoming, tag: &str) -> Result<(), Refused> {
        let stack = &self.stack;
        if let Some(replaces) = Replaces::of(&incoming.request.headers) {
            return self.replace(incoming, replaces);
        }
        let Ok(room) = self.calls.try_reserve() else {
            return Err((Box::new(incoming), busy()));
        };
        let offered = incoming.seen.offer.take().map(|offer| *offer);
        let request = &incoming.request;
        let peer = incoming.flow.addr.ip();
        let trunk = stack.config.trunk_of(peer);
        let trusted = stack.trusts(peer);
        let trunk = trunk.map(|trunk| trunk.name.clone());
        let Some(offer) = convert::offer(&incoming, trunk.clone(), trusted) else {
            return Err((Box::new(incoming), Reply::new(484)));
        };
        let ours = stack.contact_for(&incoming);
        let Ok(dialog) = Dialog::from_invite(request, tag, ours) else {
            return Err((Box::new(incoming), Reply::new(400)));
        };
        let codecs = offered
            .as_ref()
            .map_or_else(Vec::new, |offered| offered.codecs.clone());
        let mut way = Way::of(request, trusted);
        let user = incoming.seen.user.as_deref();
        let proven = matches!(&offer.from, Caller::Known(from) if user == Some(from.as_str()));
        if !trusted && !proven {
            way.doubt(&offer.from);
        }
        let mut line = SipLine::new(Arc::clone(stack), codecs, way);
        line.may_hear_early(offered.is_some());
        if !line.count_trunk(trunk.as_deref()) {
            return Err((Box::new(incoming), busy()));
        }
        let mut begun = match line.begin(LegId::CALLER) {
            Ok(begun) => begun,
            Err(error) => {
                tracing::error!(%error, "no RTP socket for a caller");
                return Err((Box::new(incoming), busy()));
            }
        };
        let unbegun = Arc::new(Unbegun::default());
        let Some(entry) =
            stack
                .routes
                .enter_invite(&incoming, tag, begun.requests, Arc::clone(&unbegun))
        else {
            return Err((Box::new(incoming), Reply::new(482)));
        };
        begun.leg.entry = Some(entry);
        let key = begun.leg.local.key.take();
        begun.leg.local = Local {
            vouched: stack.vouches_for(&incoming),
            ..stack.local_sdp(peer, begun.port, key)
        };
        let invited = Box::new(Invited {
            tag: tag.to_owned(),
            source: incoming.flow.clone(),
            dialog,
            offer: offered,
            described: None,
            early: EarlyOffer::None,
            invite: incoming,
        });
        unbegun.put(begun.leg, invited);
        line.called_by(unbegun);
        room.send(IncomingCall { offer, line });
        Ok(())
    }
}

type Refused = (Box<Incoming>, Reply);

impl Upper for Front {
    fn screen(&self, request: &Request, source: SocketAddr, transport: TransportKind) -> Screened {
        let routes = &self.stack.routes;
        if request.method == Method::Ack {
            // The ACK of a refusal that was sent without a transaction belongs to nothing.
            return match routes.of_dialog(request) {
                Some(_) => Screened::Serve(Seen::default()),
                None => Screened::Drop,
            };
        }
        // Whoever asks has matched it to a transaction by its topmost Via.
        let judged = match refusal_but_via(request) {
            Some(reply) => Err(reply),
            // RFC 3261, section 8.2.3.
            None if is_encoded(request) => {
                Err(Reply::new(415).header(HeaderName::AcceptEncoding, "identity"))
            }
            None if request.method == Method::Cancel => {
                let key = self.stack.handle.keys().of_cancelled(request);
                key.and_then(|key| routes.of_invite(key))
                    .map(|_| Seen::default())
                    .ok_or(Reply::new(481))
            }
            None if has_to_tag(&request.headers) => match routes.of_dialog(request) {
                Some(_) => Ok(Seen::default()),
                None => Err(Reply::new(481)),
            },
            None => self.begins(request, source, transport),
        };
        match judged {
            Ok(seen) => Screened::Serve(seen),
            Err(reply) => match reply.tag(&token()).to(request) {
                Ok(response) => Screened::Answer(Box::new(response)),
                Err(error) => {
                    tracing::debug!(%error, %source, "a request that cannot even be refused");
                    Screened::Drop
                }
            },
        }
    }

    fn request(&self, incoming: Incoming) {
        let _within = self.stack.runtime.enter();
        let stack = &self.stack;
        match incoming.request.method {
            Method::Ack => {
                if let Some(leg) = stack.routes.of_dialog(&incoming.request) {
                    stack.bring(leg, LegRequest::Within(Box::new(incoming)));
                }
            }
            Method::Cancel => cancel(stack, &incoming),
            _ if has_to_tag(&incoming.request.headers) => within(stack, incoming),
            Method::Invite => self.invite(incoming),
            Method::Register => stack.register(&incoming),
            _ => {
                stack.respond(&incoming, Reply::new(405).header(HeaderName::Allow, ALLOW));
            }
        }
    }

    fn keeps(&self, flow: &Target) -> bool {
        let stack = &self.stack;
        stack.connections.are_needed(flow) || stack.registrar.stands_on(stack.began.elapsed(), flow)
    }

    fn lost(&self, flow: &Target) {
        self.stack.unregister(flow);
    }

    fn full(&self, request: &Request) -> Option<Response> {
        busy().tag(&token()).to(request).ok()
    }
}

fn busy() -> Reply {
    Reply::new(503).header(HeaderName::RetryAfter, RETRY_AFTER)
}

fn cancel(stack: &Arc<Stack>, incoming: &Incoming) {
    let invite = stack.handle.keys().of_cancelled(&incoming.request);
    let leg = invite.and_then(|key| stack.routes.of_invite(key));
    let Some((leg, unbegun)) = leg else {
        stack.respond(incoming, Reply::new(481).tag(&token()));
        return;
    };
    unbegun.begin();
    let request = Box::new(incoming.request.clone());
    stack.respond(incoming, Reply::new(200).tag(&token()));
    stack.bring(leg, LegRequest::Cancelled(request));
}

fn within(stack: &Arc<Stack>, incoming: Incoming) {
    let Some(leg) = stack.routes.of_dialog(&incoming.request) else {
        stack.respond(&incoming, Reply::new(481));
        return;
    };
    stack.bring(leg, LegRequest::Within(Box::new(incoming)));
}

/// What an INVITE offers, as far as we take it; `None` when it leaves the offer to us.
pub(crate) fn offered(
    stack: &Stack,
    request: &Request,
    peer: IpAddr,
    transport: TransportKind,
) -> Result<Option<Remote>, Reply> {
    if request.body().is_empty() {
        return Ok(None);
    }
    let read = match sdp::read(request.body(), &stack.config.codecs) {
        Ok(remote) if remote.key.is_some() && !stack.config.srtp.takes(transport.is_secure()) => {
            Err(SdpFault::Unsafe)
        }
        read => read,
    };
    let read = read.map_err(|fault| unacceptable(stack, peer, &fault));
    read.map(Some)
}

/// The refusal of a description that we cannot use, and why.
pub(crate) fn unacceptable(stack: &Stack, peer: IpAddr, fault: &SdpFault) -> Reply {
    tracing::info!(%fault, %peer, "an offer that cannot be answered");
    match fault {
        SdpFault::Malformed(_) => Reply::new(400),
        // Warnings of session descriptions (RFC 3261, section 20.43).
        SdpFault::NoAudio
        | SdpFault::Unsafe
        | SdpFault::Clear
        | SdpFault::NoCodec { .. }
        | SdpFault::Group => {
            // 304: the media type is not available; 305: the format is not; 330: multicast is not.
            let code = match fault {
                SdpFault::NoCodec { .. } => 305,
                SdpFault::Group => 330,
                _ => 304,
            };
            let host = convert::bracketed(stack.named_ip(peer));
            Reply::new(488).header(HeaderName::Warning, format!("{code} {host} \"{fault}\""))
        }
    }
}

impl Stack {
    /// Whether another call may begin.
    fn has_room(&self, invite: &Request, ip: IpAddr) -> bool {
        if self.is_stopping() || self.counts.calls.get() >= self.config.max_calls {
            return false;
        }
        if self.spent.load(Ordering::Relaxed) {
            let dialed = convert::address(&invite.uri);
            if !dialed.is_some_and(|dialed| self.config.headroom.spares(dialed.as_str())) {
                return false;
            }
        }
        let trunk = self.config.trunk_of(ip);
        trunk.is_none_or(|trunk| !self.is_full(&trunk.name))
    }
}
