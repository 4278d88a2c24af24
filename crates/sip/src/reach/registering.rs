//! REGISTER, as it comes from our users' telephones and is answered.

use std::sync::Arc;
use std::time::Duration;

use sipx_sip::headers::misc::Expires;
use sipx_sip::headers::{Contact, ContactValue, To};
use sipx_sip::{HeaderName, Headers, Host};
use sipx_transport::{Target, TransportKind};

use crate::endpoint::Incoming;
use crate::message::{Reply, call_id, qvalue, sequence};
use crate::reach::registrar::{Binding, MIN_EXPIRES, MOST_WANTED, Refusal, Wanted};
use crate::stack::{Stack, takes_sips, token};

impl Stack {
    /// Answers a REGISTER of a user who has proven to be one.
    pub(crate) fn register(&self, incoming: &Incoming) {
        let reply = self.registered(incoming);
        self.respond(incoming, reply.tag(&token()));
    }

    fn registered(&self, incoming: &Incoming) -> Reply {
        let headers = &incoming.request.headers;
        let to = headers.typed::<To>().and_then(Result::ok);
        let named = to
            .and_then(|to| to.0.uri.decoded_user())
            .map(|user| String::from_utf8_lossy(&user).into_owned());
        let Some(user) = incoming
            .seen
            .user
            .clone()
            .filter(|user| Some(user) == named.as_ref())
        else {
            // Nobody registers for somebody else (section 10.3, step 4).
            return Reply::new(403);
        };
        let Some(wanted) = wanted(incoming) else {
            return Reply::new(400);
        };
        let now = self.began.elapsed();
        let id = call_id(headers);
        let number = sequence(headers).unwrap_or_default();
        let done =
            self.registrar
                .register(now, &user, wanted.as_deref(), &incoming.flow, (&id, number));
        match done {
            Ok(bindings) => {
                self.keep(&user, &bindings);
                tracing::info!(source = %incoming.flow.addr, bindings = bindings.len(), "registered");
                let contacts = bindings.iter().map(|binding| contact(binding, now));
                contacts.fold(Reply::new(200), |reply, contact| {
                    reply.header(HeaderName::Contact, contact)
                })
            }
            Err(Refusal::Old) => Reply::new(500),
            Err(Refusal::TooBrief) => {
                Reply::new(423).header(HeaderName::MinExpires, MIN_EXPIRES.as_secs().to_string())
            }
        }
    }
}

fn contact(binding: &Binding, now: Duration) -> String {
    let left = binding.until.saturating_sub(now).as_secs();
    let q = match binding.q {
        MOST_WANTED => String::new(),
        q => format!(";q=0.{q:03}"),
    };
    format!("<{}>;expires={left}{q}", binding.contact)
}

/// What a REGISTER wants: `Some(None)` to be rid of all bindings, `None` when it makes no sense.
fn wanted(incoming: &Incoming) -> Option<Option<Vec<Wanted>>> {
    let headers = &incoming.request.headers;
    let header = headers.typed::<Expires>().and_then(Result::ok);
    let default = header.map(|expires| Duration::from_secs(expires.0.into()));
    if is_star(headers) {
        let alone = headers.count(&HeaderName::Contact) == 1;
        return (alone && default.is_some_and(|expires| expires.is_zero())).then_some(None);
    }
    let mut wanted = Vec::new();
    for contact in headers.typed_all::<Contact>() {
        let address = contact.ok()?.0;
        let expires = match address.param("expires") {
            // Nonsense counts as an hour (section 20.10).
            Some(text) => {
                let seconds = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
                Some(Duration::from_secs(seconds.unwrap_or(3600)))
            }
            None => default,
        };
        // It could not be called by the way that it has come (RFC 3261, section 26.2.2); but it may leave.
        let stays = expires.is_none_or(|expires| !expires.is_zero());
        let safe = takes_sips(incoming.flow.transport);
        if stays && address.uri.scheme().is_secure() && !safe {
            tracing::info!(source = %incoming.flow.addr, "a sips Contact that has not come by TLS");
            return None;
        }
        let direct =
            matches!(address.uri.host(), Some(Host::Ip(ip)) if *ip == incoming.flow.addr.ip());
        wanted.push(Wanted {
            contact: String::from_utf8_lossy(&address.uri.to_bytes()).into_owned(),
            expires,
            behind_nat: incoming.flow.transport == TransportKind::Udp && !direct,
            // Nonsense states none.
            q: address.param("q").and_then(qvalue).unwrap_or(MOST_WANTED),
        });
    }
    Some(Some(wanted))
}

fn is_star(headers: &Headers) -> bool {
    headers
        .typed_all::<ContactValue>()
        .any(|value| matches!(value, Ok(ContactValue::Wildcard)))
}

impl Stack {
    /// A connection is gone: who was registered by it cannot be reached any more.
    pub(crate) fn unregister(&self, flow: &Target) {
        for (user, left) in self.registrar.lost(flow) {
            tracing::info!(%flow.addr, bindings = left.len(), "a telephone's connection is gone");
            self.keep(&user, &left);
        }
    }
}

/// Keeps the mappings of NATs open until the adapter is over.
pub(crate) async fn keep_open(stack: Arc<Stack>) {
    while !stack.is_over() {
        stack.handle.pause(stack.config.keepalive).await;
        for flow in stack.registrar.tend(stack.began.elapsed()) {
            stack.handle.keepalive(&flow);
        }
    }
}
