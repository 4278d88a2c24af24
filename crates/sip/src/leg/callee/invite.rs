//! An INVITE of ours, as it is written and sent.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use callroute_schema::mask;
use sipx_sip::{Header, HeaderName, Method, Request, RequestBuilder, Response, TuEvent, Uri};
use sipx_transport::Target;

use super::Dialing;
use crate::convert::{self, from_header};
use crate::dialog::{Opening, is_tag};
use crate::endpoint::Exchange;
use crate::leg::answers::{Answers, Left};
use crate::leg::closing::Reached;
use crate::leg::early::Early;
use crate::leg::session_timer::Asks;
use crate::message::{
    ALLOW, HOPS_NAME, SDP_TYPE, SUPPORTED, call_id, from_tag, next_sequence, to_tag,
};
use crate::reach::prove;
use crate::reach::ways::{Diverted, Route};
use crate::refer::Replaces;
use crate::routes::Entry;
use crate::sdp::{self, Local};
use crate::stack::{SendError, Stack, token};
use crate::way::{deflected, privacy};

/// Most early dialogs of one INVITE that are told apart.
pub(crate) const FORKS: usize = 16;

/// An INVITE on its way.
#[derive(Debug)]
pub(crate) struct Invite {
    pub(crate) request: Request,
    pub(crate) contact: String,
    pub(crate) reached: Reached,
    pub(crate) exchange: Exchange,
    /// What reliable provisional responses have begun, one for each fork.
    pub(crate) early: Vec<Early>,
    /// Our end of the sound, as it was offered.
    pub(crate) local: Local,
    /// Keeps requests of its dialog coming.
    pub(crate) entry: Entry,
    /// The way that it went.
    pub(crate) route: Route,
    /// Something has come of it.
    pub(crate) heard: bool,
    /// What it asks for of session timers.
    pub(crate) asks: Asks,
    /// The tags of the early dialogs that it has begun.
    pub(crate) tags: Vec<Vec<u8>>,
}

impl Invite {
    /// Sends it again with what its answer asks for; `false` when it asks for nothing that we have.
    pub(super) fn again(&mut self, stack: &Stack, response: &Response) -> bool {
        let credentials = self.route.credentials.as_ref();
        let proven = prove::again(&self.request, response, credentials);
        let Some(request) = proven.or_else(|| self.lengthened(response)) else {
            return false;
        };
        let Ok(exchange) = stack.send(request.clone(), self.reached.target.clone()) else {
            return false;
        };
        self.heard = true;
        (self.request, self.exchange) = (request, exchange);
        self.early.clear();
        self.tags.clear();
        true
    }

    /// What its dialogs are made of.
    pub(crate) fn opening(&self) -> Opening {
        Opening::of(&self.request, &self.contact)
    }

    /// It is answered, or given up: what may still come of it, our end of its sound, and what keeps
    /// requests of its dialog coming.
    pub(super) fn answers(self: Box<Self>, stack: &Arc<Stack>) -> (Answers, Local, Entry) {
        let left = Left {
            stack: Arc::downgrade(stack),
            opening: self.opening(),
            reached: self.reached,
            credentials: self.route.credentials,
            early: self.early,
            known: Vec::new(),
        };
        let exchange = self.exchange;
        let answers = Answers { exchange, left };
        (answers, self.local, self.entry)
    }

    /// The same with the interval that the answer asks for, once (RFC 4028, section 7.3).
    fn lengthened(&mut self, response: &Response) -> Option<Request> {
        self.asks = self.asks.again(response)?;
        let mut request = self.request.clone();
        request.headers.remove_all(&HeaderName::SessionExpires);
        next_sequence(&mut request).ok()?;
        for (name, value) in self.asks.headers("") {
            request.headers.push(Header::build(name, value).ok()?);
        }
        Some(request)
    }

    /// A provisional response has come: it may begin an early dialog (RFC 3261, section 12.1.2).
    pub(super) fn noted(&mut self, response: &Response) {
        self.heard = true;
        let tag = to_tag(&response.headers).filter(|_| response.status.code() > 100);
        if let Some(tag) = tag
            && self.tags.len() < FORKS
            && !self.tags.contains(&tag)
        {
            self.tags.push(tag);
        }
    }

    /// Whether it has begun the early dialog that somebody names.
    fn began(&self, named: &Replaces) -> bool {
        let headers = &self.request.headers;
        call_id(headers) == named.call_id.as_bytes()
            && from_tag(headers).is_some_and(|tag| tag == named.to_tag.as_bytes())
            && self
                .tags
                .iter()
                .any(|tag| is_tag(Some(tag), &named.from_tag))
    }
}

/// INVITEs that are on their way at the same time.
#[derive(Debug, Default)]
pub(crate) struct Invites(pub(super) Vec<Invite>);

impl Invites {
    /// The one with this Call-ID.
    pub(crate) fn of(&mut self, call: &[u8]) -> Option<&mut Invite> {
        let mut all = self.0.iter_mut();
        all.find(|invite| call_id(&invite.request.headers) == call)
    }

    /// Whether one of them has begun the early dialog that somebody names.
    pub(super) fn began(&self, named: &Replaces) -> bool {
        self.0.iter().any(|invite| invite.began(named))
    }

    /// What comes next, and of which of them.
    pub(super) async fn next(&mut self) -> (usize, Option<TuEvent>) {
        poll_fn(|cx| {
            for (at, invite) in self.0.iter_mut().enumerate() {
                if let Poll::Ready(event) = invite.exchange.poll_next(cx) {
                    return Poll::Ready((at, event));
                }
            }
            Poll::Pending
        })
        .await
    }
}

pub(super) fn parsed(uri: &str) -> Result<Uri, SendError> {
    convert::uri(uri).ok_or_else(|| SendError::NoWay(mask(uri)))
}

/// Sends an INVITE.
pub(super) fn send(
    stack: &Stack,
    dialing: &Dialing,
    route: &Route,
    target: Target,
) -> Result<Invite, SendError> {
    let uri = parsed(&route.uri)?;
    let key = dialing.key.clone();
    let ip = target.addr.ip();
    let mut local = stack.local_sdp(ip, dialing.port, key);
    let tls = target.transport.is_secure();
    local.encrypts = stack.config.srtp.offers(tls);
    let contact = stack.contact(ip, target.transport, uri.scheme().is_secure());
    let (tag, call_id) = (token(), token());
    // Entered before the first packet leaves: a request within the dialog may be the next.
    let requests = dialing.requests.clone();
    let entry = stack.routes.enter_dial(&call_id, &tag, requests);
    let trusted = route.trunk.is_some() || stack.trusts(ip);
    let names = (contact.as_str(), tag.as_str(), call_id.as_str());
    let way = (uri, route.diverted.as_ref());
    let request = build(stack, &local, dialing, way, (ip, trusted), names)?;
    let exchange = stack.send(request.clone(), target.clone())?;
    Ok(Invite {
        request,
        contact,
        reached: Reached {
            target,
            registered: route.flow.is_some(),
        },
        exchange,
        early: Vec::new(),
        local,
        entry,
        route: route.clone(),
        heard: false,
        asks: Asks {
            interval: stack.config.session_expires,
            min: None,
        },
        tags: Vec::new(),
    })
}

fn build(
    stack: &Stack,
    local: &Local,
    dialing: &Dialing,
    (uri, diverted): (Uri, Option<&Diverted>),
    (peer, trusted): (std::net::IpAddr, bool),
    (contact, tag, call_id): (&str, &str, &str),
) -> Result<Request, sipx_sip::BuildError> {
    let called = uri.to_string();
    let host = stack.host(peer);
    let (from, private) = from_header(&dialing.from, dialing.from_name.as_deref(), &host);
    // Whoever was called at first stays in To (RFC 3261, section 8.1.3.4).
    let first = diverted.map(|diverted| parsed(&diverted.first)).transpose();
    let first = first.ok().flatten();
    let to = address_of_record(first.as_ref().unwrap_or(&uri));
    let to = [b"<".as_slice(), &to, b">"].concat();
    let body = sdp::offer(local, &dialing.codecs, sipx_sdp::Direction::SendRecv);
    let mut builder = RequestBuilder::new(Method::Invite, uri)
        .max_forwards(dialing.way.max_forwards)
        .header(HeaderName::From, format!("{from};tag={tag}"))?
        .header(HeaderName::To, to)?
        .header(HeaderName::CallId, call_id.to_owned())?
        .cseq(1, &Method::Invite)?
        .header(HeaderName::Contact, contact.to_owned())?
        .header(HeaderName::Allow, ALLOW)?
        .header(HeaderName::Supported, SUPPORTED)?
        .header(HOPS_NAME.clone(), dialing.way.hops.to_string())?
        .header(HeaderName::ContentType, SDP_TYPE)?;
    let expires = stack.config.session_expires;
    if !expires.is_zero() {
        let expires = expires.as_secs().to_string();
        builder = builder.header(HeaderName::SessionExpires, expires)?;
    }
    let mut lines = dialing.way.history(&called, dialing.after);
    if let Some(diverted) = diverted {
        lines.insert(0, deflected(&diverted.by));
    }
    if trusted {
        let name = dialing.from_name.as_deref();
        lines.extend(dialing.way.asserted(&dialing.from, name, &host));
    }
    lines.extend(private.then(privacy));
    lines.extend(dialing.headers.iter().cloned());
    for (name, value) in lines {
        builder = builder.header(name, value)?;
    }
    Ok(builder.body(body).build())
}

/// To names the callee, not the way to it: without the parameters of the URI.
fn address_of_record(uri: &Uri) -> Vec<u8> {
    let whole = uri.to_bytes();
    let end = whole
        .iter()
        .position(|byte| b";?".contains(byte))
        .unwrap_or(whole.len());
    whole.get(..end).unwrap_or(&whole).to_vec()
}
