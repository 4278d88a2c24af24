//! What goes on between us and a trunk beside calls: registration, and asking whether it is there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sipx_sip::headers::Contact;
use sipx_sip::headers::misc::Expires;
use sipx_sip::{HeaderName, Method, Request, RequestBuilder, Response, TuEvent, Uri};
use sipx_transport::Target;
use tokio::time::timeout;

use crate::admit::access::{Registration, Trunk};
use crate::convert::{bracketed, with_user};
use crate::message::SDP_TYPE;
use crate::reach::prove;
use crate::stack::{SendError, Stack, token};

/// How long to wait after a registration that failed: longer each time, up to the last.
const AGAIN: [u64; 5] = [2, 5, 15, 60, 300];
/// Times that a password is asked for within one registration: stale nonces.
const QUESTIONS: usize = 3;

/// Begins what a trunk wants done. Must run within a runtime.
pub(crate) fn tend(stack: &Arc<Stack>) {
    for trunk in &stack.config.trunks {
        if let Some(every) = trunk.ping {
            tokio::spawn(ping(Arc::clone(stack), trunk.clone(), every));
        }
        if let Some(registration) = trunk.register.clone() {
            tokio::spawn(register(Arc::clone(stack), trunk.clone(), registration));
        }
    }
}

/// Asks a trunk by OPTIONS whether it is there, until the adapter is over. Any answer will do,
/// but 408 and 503, which are not its own.
async fn ping(stack: Arc<Stack>, trunk: Trunk, every: Duration) {
    while !stack.is_over() {
        let user = &stack.config.realm;
        let answer = asked(&stack, &trunk, |uri, number, dialog| {
            let builder = request(&stack, &Method::Options, uri, user, user, number, dialog)?;
            Ok(builder.header(HeaderName::Accept, SDP_TYPE)?.build())
        })
        .await;
        let there = answer.is_some_and(|answer| !matches!(answer.status.code(), 408 | 503));
        if let Some(state) = stack.trunks.get(&trunk.name)
            && state.healthy.swap(there, Ordering::Relaxed) != there
        {
            tracing::warn!(trunk = trunk.name, there, "the trunk's health has changed");
        }
        stack.handle.pause(every).await;
    }
}

/// Registers at a trunk, and again before that has expired, until the adapter is over.
async fn register(stack: Arc<Stack>, trunk: Trunk, registration: Registration) {
    let (id, tag, mut number, mut failures) = (token(), token(), 0, 0usize);
    let mut expires = registration.expires;
    while !stack.is_over() {
        let answer = asked(&stack, &trunk, |uri, at, _| {
            number += 1;
            let dialog = (id.as_str(), tag.as_str());
            let user = &registration.user;
            let aor = with_user(&trunk.uri, user).unwrap_or_default();
            let aor = aor.split(';').next().unwrap_or_default();
            let builder = request(&stack, &Method::Register, uri, aor, aor, at, dialog)?;
            let mut built = builder
                .header(HeaderName::Contact, contact(&stack, at, user))?
                .header(HeaderName::Expires, expires.as_secs().to_string())?
                .build();
            renumber(&mut built, number)?;
            Ok(built)
        })
        .await;
        // A challenge was answered under the next number.
        number += u32::try_from(QUESTIONS).unwrap_or(0);
        let status = answer.as_ref().map(|answer| answer.status.code());
        let granted = answer
            .as_ref()
            .filter(|a| a.status.is_success())
            .map(|answer| granted(answer, expires));
        if let Some(state) = stack.trunks.get(&trunk.name) {
            state.registered.store(granted.is_some(), Ordering::Relaxed);
        }
        match (granted, &answer) {
            (Some(granted), _) => {
                failures = 0;
                tracing::info!(trunk = trunk.name, ?granted, "registered at the trunk");
                stack.handle.pause(before(granted)).await;
            }
            (None, Some(answer)) if status == Some(423) => {
                let min = answer
                    .headers
                    .value(&HeaderName::MinExpires)
                    .unwrap_or_default();
                let min = std::str::from_utf8(&min)
                    .ok()
                    .and_then(|t| t.trim().parse().ok());
                expires = Duration::from_secs(min.unwrap_or(3600)).clamp(expires, DAY);
                stack.handle.pause(Duration::from_secs(1)).await;
            }
            _ => {
                let wait = AGAIN.get(failures).or(AGAIN.last()).copied().unwrap_or(300);
                failures += 1;
                tracing::warn!(
                    trunk = trunk.name,
                    ?status,
                    wait,
                    "not registered at the trunk"
                );
                stack.handle.pause(Duration::from_secs(wait)).await;
            }
        }
    }
}

/// The longest registration that a trunk may ask for.
const DAY: Duration = Duration::from_secs(86_400);

/// When to renew what lasts so long.
fn before(granted: Duration) -> Duration {
    let early = (granted / 2).max(granted.saturating_sub(Duration::from_secs(30)));
    early.max(Duration::from_secs(1))
}

/// How long we are registered, by our own Contact or by the header.
fn granted(answer: &Response, asked: Duration) -> Duration {
    let contacts = answer.headers.typed_all::<Contact>();
    let ours = contacts
        .filter_map(Result::ok)
        .filter_map(|contact| {
            std::str::from_utf8(contact.0.param("expires")?)
                .ok()?
                .parse()
                .ok()
        })
        .max();
    let header = answer.headers.typed::<Expires>().and_then(Result::ok);
    let seconds = ours.or(header.map(|expires| expires.0.into()));
    seconds.map_or(asked, Duration::from_secs).min(DAY)
}

/// Sends a request to a trunk, to each address that its URI leads to until one answers, and
/// proves who we are when asked.
async fn asked(
    stack: &Stack,
    trunk: &Trunk,
    mut build: impl FnMut(Uri, &Target, (&str, &str)) -> Result<Request, SendError>,
) -> Option<Response> {
    let uri = Uri::parse(bytes::Bytes::copy_from_slice(trunk.uri.as_bytes())).ok()?;
    let targets = match stack.resolve_all(&uri).await {
        Ok(targets) => targets,
        Err(error) => {
            tracing::info!(%error, trunk = trunk.name, "the trunk cannot be found");
            return None;
        }
    };
    let (id, tag) = (token(), token());
    let mut last = None;
    for target in targets {
        let mut request = match build(uri.clone(), &target, (&id, &tag)) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(%error, "a request to a trunk cannot be written");
                return None;
            }
        };
        for _ in 0..QUESTIONS {
            let Some(answer) = answer(stack, request.clone(), target.clone()).await else {
                break;
            };
            let again = prove::again(&request, &answer, trunk.credentials.as_ref());
            let unavailable = answer.status.code() == 503;
            last = Some(answer);
            match again {
                Some(again) => request = again,
                None if unavailable => break,
                None => return last,
            }
        }
    }
    last
}

/// The final response, if there is one.
async fn answer(stack: &Stack, request: Request, target: Target) -> Option<Response> {
    let mut exchange = stack.send(request, target).ok()?;
    let last = async {
        loop {
            match exchange.next().await? {
                TuEvent::Response(response) if response.status.is_final() => {
                    return Some(*response);
                }
                TuEvent::Timeout | TuEvent::TransportError => return None,
                _ => {}
            }
        }
    };
    timeout(stack.timeout(), last).await.ok().flatten()
}

fn contact(stack: &Stack, target: &Target, user: &str) -> String {
    let contact = stack.contact(target.addr.ip(), target.transport);
    contact.replacen(
        "<sip:",
        &format!("<sip:{}@", crate::convert::escaped(user)),
        1,
    )
}

fn request(
    stack: &Stack,
    method: &Method,
    uri: Uri,
    from: &str,
    to: &str,
    target: &Target,
    (id, tag): (&str, &str),
) -> Result<RequestBuilder, SendError> {
    let host = bracketed(stack.named_ip(target.addr.ip()));
    let whole = |name: &str| match name.contains(':') {
        true => format!("<{name}>"),
        false => format!("<sip:{name}@{host}>"),
    };
    let to = if *method == Method::Options {
        format!("<{uri}>")
    } else {
        whole(to)
    };
    Ok(RequestBuilder::new(method.clone(), uri)
        .max_forwards(70)
        .header(HeaderName::From, format!("{};tag={tag}", whole(from)))?
        .header(HeaderName::To, to)?
        .header(HeaderName::CallId, id.to_owned())?
        .cseq(1, method)?)
}

fn renumber(request: &mut Request, number: u32) -> Result<(), SendError> {
    request.headers.remove_all(&HeaderName::CSeq);
    let value = format!(
        "{number} {}",
        String::from_utf8_lossy(request.method.as_bytes())
    );
    request
        .headers
        .push(sipx_sip::Header::build(HeaderName::CSeq, value)?);
    Ok(())
}
