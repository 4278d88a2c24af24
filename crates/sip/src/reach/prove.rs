//! Proving who we are to those who ask: digest answers to 401 and 407 (RFC 3261, section 22).

use sipx_sip::auth::{Challenge, respond, strongest};
use sipx_sip::{BuildError, Header, HeaderName, Headers, Request, Response};

use crate::admit::access::Credentials;
use crate::admit::auth::param;
use crate::message::next_sequence;
use crate::stack::token;

/// Most times that one request is answered for: what proxies and the far end ask, and stale nonces.
/// Who asks for ever would have us send for ever.
const ANSWERS: u32 = 4;

/// The same request once more, with an answer to everybody who asks: each proxy on the way, and the far
/// end, has a realm of its own (RFC 3261, section 22.3). `None` when it cannot be answered, was
/// answered already for one of these realms and found wrong, or was answered for too often.
pub(crate) fn again(
    request: &Request,
    response: &Response,
    credentials: Option<&Credentials>,
) -> Option<Request> {
    let credentials = credentials?;
    let asked = strongest_of_each(challenges(&response.headers));
    let is_wrong = |asked: &Challenge| {
        let name = asked.response_header();
        let mut sent = request.headers.get_all(&name);
        !asked.stale && sent.any(|header| is_for(&header.value(), asked))
    };
    if asked.is_empty() || asked.iter().any(is_wrong) {
        return None;
    }
    let answered = answered(&request.headers);
    if answered >= ANSWERS {
        tracing::info!("a request is asked for a password again and again");
        return None;
    }
    match with_answers(request, &asked, credentials, answered + 1) {
        Ok(request) => Some(request),
        Err(error) => {
            tracing::warn!(%error, "an answer to a challenge could not be written");
            None
        }
    }
}

/// Of those who ask, each by what it thinks strongest.
fn strongest_of_each(asked: Vec<Challenge>) -> Vec<Challenge> {
    let mut of_each: Vec<Vec<Challenge>> = Vec::new();
    for challenge in asked {
        let is_same = |known: &Challenge| {
            known.from_proxy == challenge.from_proxy && known.realm == challenge.realm
        };
        match of_each
            .iter_mut()
            .find(|known| known.first().is_some_and(is_same))
        {
            Some(same) => same.push(challenge),
            None => of_each.push(vec![challenge]),
        }
    }
    of_each.into_iter().filter_map(strongest).collect()
}

/// Whether credentials are those for whoever asks.
fn is_for(credentials: &[u8], asked: &Challenge) -> bool {
    let text = std::str::from_utf8(credentials).unwrap_or_default();
    param(text, "realm").is_some_and(|realm| realm == asked.realm)
}

fn challenges(headers: &Headers) -> Vec<Challenge> {
    let of = |name: HeaderName, proxy| {
        let values: Vec<Challenge> = headers
            .get_all(&name)
            .filter_map(|header| Challenge::parse(&header.value(), proxy))
            .collect();
        values
    };
    let mut found = of(HeaderName::WwwAuthenticate, false);
    found.extend(of(HeaderName::ProxyAuthenticate, true));
    found
}

/// How often a request of ours was answered for: the client's nonce is ours to choose, and says it.
fn answered(headers: &Headers) -> u32 {
    let names = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
    let times = |header: &Header| {
        let value = header.value();
        let text = std::str::from_utf8(&value).ok()?;
        param(text, "cnonce")?.rsplit('.').next()?.parse().ok()
    };
    let all = names.iter().flat_map(|name| headers.get_all(name));
    all.filter_map(times).max().unwrap_or(0)
}

fn with_answers(
    request: &Request,
    asked: &[Challenge],
    credentials: &Credentials,
    times: u32,
) -> Result<Request, BuildError> {
    let method = String::from_utf8_lossy(request.method.as_bytes()).into_owned();
    let uri = request.uri.to_bytes();
    let known =
        sipx_sip::auth::Credentials::new(credentials.user.clone(), credentials.password.expose());
    let mut request = request.clone();
    // A transaction of its own: its Via is made anew, and its number is the next.
    request.headers.remove_first(&HeaderName::Via);
    next_sequence(&mut request)?;
    for asked in asked {
        let header = asked.response_header();
        let cnonce = format!("{}.{times}", token());
        let answer = respond(
            asked,
            &known,
            &method,
            &String::from_utf8_lossy(&uri),
            1,
            &cnonce,
        );
        let others = request.headers.get_all(&header);
        let others: Vec<Header> = others
            .filter(|header| !is_for(&header.value(), asked))
            .cloned()
            .collect();
        request.headers.remove_all(&header);
        for other in others {
            request.headers.push(other);
        }
        request.headers.push(Header::build(header, answer)?);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sipx_sip::{HeaderName, Limits, Message, Request, Response, parse_datagram};

    use super::{ANSWERS, again};
    use crate::admit::access::Credentials;

    fn request(extra: &str) -> Request {
        let text = format!(
            "INVITE sip:1@h SIP/2.0\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:1@h>\r\n\
             Call-ID: c\r\nCSeq: 1 INVITE\r\n{extra}Content-Length: 0\r\n\r\n"
        );
        match parse_datagram(Bytes::from(text), &Limits::datagram()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => unreachable!(),
        }
    }

    fn asked(header: &str) -> Response {
        let text = format!(
            "SIP/2.0 407 Proxy\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:1@h>;tag=2\r\nCall-ID: c\r\n\
             CSeq: 1 INVITE\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n{header}\r\nContent-Length: 0\r\n\r\n"
        );
        match parse_datagram(Bytes::from(text), &Limits::datagram()).unwrap() {
            Message::Response(response) => response,
            Message::Request(_) => unreachable!(),
        }
    }

    #[test]
    fn it_is_answered_once_and_again_when_stale() {
        let credentials = Credentials {
            user: "us".to_owned(),
            password: "pw".into(),
        };
        let challenge = asked("Proxy-Authenticate: Digest realm=\"r\",nonce=\"n\",qop=\"auth\"");
        let second = again(&request(""), &challenge, Some(&credentials)).unwrap();
        let header = second
            .headers
            .value(&HeaderName::ProxyAuthorization)
            .unwrap();
        let header = String::from_utf8_lossy(&header).into_owned();
        assert!(
            header.contains("username=\"us\"") && !header.contains("pw"),
            "{header}"
        );
        assert_eq!(
            second.headers.value(&HeaderName::CSeq).unwrap().as_ref(),
            b"2 INVITE"
        );
        assert!(
            again(&second, &challenge, Some(&credentials)).is_none(),
            "it was wrong"
        );
        let stale =
            asked("Proxy-Authenticate: Digest realm=\"r\",nonce=\"m\",qop=\"auth\",stale=true");
        assert!(again(&second, &stale, Some(&credentials)).is_some());
        let mut times = 1;
        let mut last = second;
        while let Some(next) = again(&last, &stale, Some(&credentials)) {
            (last, times) = (next, times + 1);
            assert!(times <= ANSWERS, "it is asked for ever");
        }
        assert_eq!(times, ANSWERS);
        assert!(again(&request(""), &challenge, None).is_none());
        // A second proxy, and the far end: each has its own, and none is asked for anew.
        let others = asked(
            "Proxy-Authenticate: Digest realm=\"r2\",nonce=\"o\",qop=\"auth\",algorithm=MD5\r\n\
             Proxy-Authenticate: Digest realm=\"r2\",nonce=\"o\",qop=\"auth\",algorithm=SHA-256\r\n\
             WWW-Authenticate: Digest realm=\"r\",nonce=\"p\",qop=\"auth\"",
        );
        let first = again(&request(""), &challenge, Some(&credentials)).unwrap();
        let third = again(&first, &others, Some(&credentials)).unwrap();
        let sent = |name: &HeaderName| {
            let all = third.headers.get_all(name);
            let all = all.map(|header| String::from_utf8_lossy(&header.value()).into_owned());
            all.collect::<Vec<_>>()
        };
        let (proxies, own) = (
            sent(&HeaderName::ProxyAuthorization),
            sent(&HeaderName::Authorization),
        );
        assert_eq!((proxies.len(), own.len()), (2, 1), "{proxies:?}, {own:?}");
        assert!(proxies[0].contains("realm=\"r\"") && proxies[0].contains("nonce=\"n\""));
        assert!(proxies[1].contains("realm=\"r2\"") && proxies[1].contains("SHA-256"));
        assert!(again(&third, &others, Some(&credentials)).is_none());
        let odd = asked("Proxy-Authenticate: NTLM x");
        assert!(again(&request(""), &odd, Some(&credentials)).is_none());
    }
}
