//! What goes on between us and a trunk beside calls: registration, and asking whether it is there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sipx_sip::headers::Contact;
use sipx_sip::headers::misc::Expires;
use sipx_sip::{HeaderName, Method, Request, RequestBuilder, Response, TuEvent, Uri};
use sipx_transport::Target;
use tokio::time::{Instant, timeout};

use crate::admit::access::{Registration, Trunk};
use crate::convert::{self, bracketed, with_user};
use crate::message::{SDP_TYPE, set_sequence};
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
    let (mut ours, mut flow) = (String::new(), None);
    while !stack.is_over() {
        let answer = asked(&stack, &trunk, |uri, at, _| {
            number += 1;
            let dialog = (id.as_str(), tag.as_str());
            let user = &registration.user;
            let aor = with_user(&trunk.uri, user).unwrap_or_default();
            let aor = aor.split(';').next().unwrap_or_default();
            let builder = request(&stack, &Method::Register, uri, aor, aor, at, dialog)?;
            ours = contact(&stack, &trunk, at, user);
            flow = Some(at.clone());
            let mut built = builder
                .header(HeaderName::Contact, ours.clone())?
                .header(HeaderName::Expires, expires.as_secs().to_string())?
                .build();
            set_sequence(&mut built, number)?;
            Ok(built)
        })
        .await;
        // A challenge was answered under the next number.
        number += u32::try_from(QUESTIONS).unwrap_or(0);
        let status = answer.as_ref().map(|answer| answer.status.code());
        let granted = answer
            .as_ref()
            .filter(|a| a.status.is_success())
            .map(|answer| granted(answer, &ours, expires));
        if let Some(state) = stack.trunks.get(&trunk.name) {
            state.registered.store(granted.is_some(), Ordering::Relaxed);
        }
        match (granted, &answer) {
            (Some(granted), _) => {
                failures = 0;
                tracing::info!(trunk = trunk.name, ?granted, "registered at the trunk");
                keep(&stack, flow.take(), before(granted)).await;
            }
            // Once, not for ever: a registrar may ask for more each time.
            (None, Some(answer)) if failures == 0 && lengthened(answer, &mut expires) => {
                failures += 1;
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

/// Waits until a registration is to be renewed. The connection that it was made by is kept open meanwhile, as
/// calls come by it (RFC 5626, section 4.4.1); when it is gone, that is at once. A trunk that closes it soon
/// after each answer has another way to us.
async fn keep(stack: &Stack, flow: Option<Target>, lasts: Duration) {
    let until = Instant::now() + lasts;
    let left = || until.saturating_duration_since(Instant::now());
    let (handle, every) = (&stack.handle, stack.config.keepalive);
    let found = flow.and_then(|flow| Some((handle.connection(&flow)?, flow)));
    let Some((number, flow)) = found else {
        return handle.pause(lasts).await;
    };
    let mut kept = false;
    while !stack.is_over() && !left().is_zero() {
        handle.pause(left().min(every)).await;
        match handle.pings(&flow, number) {
            true => kept = true,
            false if kept => return tracing::info!("the connection of a registration is gone"),
            false => return handle.pause(left()).await,
        }
    }
}

/// The longest registration that a trunk may ask for.
const DAY: Duration = Duration::from_secs(86_400);

/// Asks for longer from now on where a registrar wants that (RFC 3261, section 10.2.8); `false`
/// where it does not say how long, or asks for no more than it was given.
fn lengthened(answer: &Response, expires: &mut Duration) -> bool {
    if answer.status.code() != 423 {
        return false;
    }
    let min = answer.headers.value(&HeaderName::MinExpires);
    let min = min.and_then(|min| std::str::from_utf8(&min).ok()?.trim().parse().ok());
    let wanted = min.map_or(Duration::ZERO, Duration::from_secs).min(DAY);
    let longer = wanted > *expires;
    *expires = wanted.max(*expires);
    longer
}

/// When to renew what lasts so long.
fn before(granted: Duration) -> Duration {
    let early = (granted / 2).max(granted.saturating_sub(Duration::from_secs(30)));
    early.max(Duration::from_secs(1))
}

/// How long we are registered: by our own Contact among all that are registered there, by the one
/// that goes first where a proxy has rewritten ours, or by the header.
fn granted(answer: &Response, ours: &str, asked: Duration) -> Duration {
    let ours = convert::uri(ours.trim_matches(['<', '>']));
    let header = answer.headers.typed::<Expires>().and_then(Result::ok);
    let header = header.map(|expires| u64::from(expires.0));
    let contacts = answer.headers.typed_all::<Contact>();
    let lasting: Vec<(bool, u64)> = contacts
        .filter_map(Result::ok)
        .filter_map(|Contact(contact)| {
            let is_ours = ours
                .as_ref()
                .is_some_and(|ours| ours.equivalent(&contact.uri));
            let said = contact.param("expires");
            let said = said.and_then(|said| std::str::from_utf8(said).ok()?.parse().ok());
            Some((is_ours, said.or(header)?))
        })
        .collect();
    let of_ours = lasting.iter().find(|(is_ours, _)| *is_ours);
    let least = of_ours.or(lasting.iter().min_by_key(|(_, seconds)| *seconds));
    let seconds = least.map(|(_, seconds)| *seconds).or(header);
    seconds.map_or(asked, Duration::from_secs).min(DAY)
}

/// Sends a request to a trunk, to each address that its URI leads to until one answers, and
/// proves who we are when asked.
async fn asked(
    stack: &Stack,
    trunk: &Trunk,
    mut build: impl FnMut(Uri, &Target, (&str, &str)) -> Result<Request, SendError>,
) -> Option<Response> {
    let uri = convert::uri(&trunk.uri)?;
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

fn contact(stack: &Stack, trunk: &Trunk, target: &Target, user: &str) -> String {
    let secure = convert::uri(&trunk.uri).is_some_and(|uri| uri.scheme().is_secure());
    let contact = stack.contact(target.addr.ip(), target.transport, secure);
    contact.replacen(':', &format!(":{}@", convert::escaped(user)), 1)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use sipx_sip::{Limits, Message, Response, parse_datagram};

    use super::{DAY, granted, lengthened};

    const OURS: &str = "<sip:pbx@192.0.2.1:5060>";

    fn answer(status: u16, lines: &str) -> Response {
        let text = format!(
            "SIP/2.0 {status} X\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>;tag=2\r\nCall-ID: c\r\n\
             CSeq: 1 REGISTER\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n{lines}\
             Content-Length: 0\r\n\r\n"
        );
        match parse_datagram(Bytes::from(text), &Limits::datagram()).unwrap() {
            Message::Response(response) => response,
            Message::Request(_) => unreachable!(),
        }
    }

    /// RFC 3261, section 10.3, step 8: the answer lists all bindings, also those of others.
    #[test]
    fn a_registration_lasts_as_long_as_our_own_contact() {
        for (lines, seconds) in [
            (
                "Contact: <sip:x@192.0.2.9>;expires=7200\r\n\
                 Contact: <sip:pbx@192.0.2.1:5060>;expires=60\r\n",
                60,
            ),
            (
                "Contact: <sip:x@192.0.2.9>;expires=20, <sip:%70bx@192.0.2.1:5060>;expires=90\r\n",
                90,
            ),
            (
                "Contact: <sip:pbx@192.0.2.1:5060>\r\nContact: <sip:x@h>;expires=9\r\nExpires: 120\r\n",
                120,
            ),
            (
                "Contact: <sip:pbx@198.51.100.1:1>;expires=300\r\nContact: <sip:x@h>;expires=900\r\n",
                300,
            ),
            ("Expires: 40\r\n", 40),
            ("", 3600),
        ] {
            let granted = granted(&answer(200, lines), OURS, Duration::from_secs(3600));
            assert_eq!(granted, Duration::from_secs(seconds), "{lines}");
        }
    }

    #[test]
    fn a_423_is_followed_only_to_a_longer_time_that_it_names() {
        let hour = Duration::from_secs(3600);
        for (asked, line, longer, then) in [
            (hour, "Min-Expires: 7200\r\n", true, 2 * hour),
            (hour, "Min-Expires: 3600\r\n", false, hour),
            (hour, "Min-Expires: 60\r\n", false, hour),
            (hour, "Min-Expires: x\r\n", false, hour),
            (hour, "", false, hour),
            (hour, "Min-Expires: 999999999\r\n", true, DAY),
            (2 * DAY, "Min-Expires: 999999999\r\n", false, 2 * DAY),
        ] {
            let mut expires = asked;
            assert_eq!(
                lengthened(&answer(423, line), &mut expires),
                longer,
                "{line}"
            );
            assert_eq!(expires, then, "{line}");
        }
        let mut expires = hour;
        assert!(!lengthened(
            &answer(503, "Min-Expires: 7200\r\n"),
            &mut expires
        ));
    }
}
