//! Proving who we are to those who ask: digest answers to 401 and 407 (RFC 3261, section 22).

use sipx_sip::auth::{Challenge, respond, strongest};
use sipx_sip::{BuildError, Header, HeaderName, Headers, Request, Response};

use crate::admit::access::Credentials;
use crate::message::next_sequence;
use crate::stack::token;

/// Most times that one request is answered for: what proxies and the far end ask, and stale nonces.
/// Who asks for ever would have us send for ever.
const ANSWERS: u32 = 4;

/// The same request once more, with the answer to what was asked; `None` when it cannot be
/// answered, was answered already with this nonce and found wrong, or was answered for too often.
pub(crate) fn again(
    request: &Request,
    response: &Response,
    credentials: Option<&Credentials>,
) -> Option<Request> {
    let credentials = credentials?;
    let asked = challenges(&response.headers);
    let challenge = strongest(asked)?;
    let header = challenge.response_header();
    if request.headers.get(&header).is_some() && !challenge.stale {
        return None;
    }
    let answered = answered(&request.headers);
    if answered >= ANSWERS {
        tracing::info!("a request is asked for a password again and again");
        return None;
    }
    match with_answer(request, &challenge, header, credentials, answered + 1) {
        Ok(request) => Some(request),
        Err(error) => {
            tracing::warn!(%error, "an answer to a challenge could not be written");
            None
        }
    }
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
    let of = |name: HeaderName| {
        let value = headers.value(&name)?;
        let text = std::str::from_utf8(&value).ok()?;
        let (_, rest) = text.split_once("cnonce=\"")?;
        rest.split('"').next()?.rsplit('.').next()?.parse().ok()
    };
    let answers = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
    answers.into_iter().filter_map(of).max().unwrap_or(0)
}

fn with_answer(
    request: &Request,
    challenge: &Challenge,
    header: HeaderName,
    credentials: &Credentials,
    times: u32,
) -> Result<Request, BuildError> {
    let method = String::from_utf8_lossy(request.method.as_bytes()).into_owned();
    let answer = respond(
        challenge,
        &sipx_sip::auth::Credentials::new(credentials.user.clone(), credentials.password.expose()),
        &method,
        &String::from_utf8_lossy(&request.uri.to_bytes()),
        1,
        &format!("{}.{times}", token()),
    );
    let mut request = request.clone();
    // A transaction of its own: its Via is made anew, and its number is the next.
    request.headers.remove_first(&HeaderName::Via);
    request.headers.remove_all(&header);
    next_sequence(&mut request)?;
    request.headers.push(Header::build(header, answer)?);
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
        let odd = asked("Proxy-Authenticate: NTLM x");
        assert!(again(&request(""), &odd, Some(&credentials)).is_none());
    }
}
