//! Transports, and requests within a call.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use callroute_media::{Command, DialTarget, EndCause, LegId, Line, Notice};
use callroute_schema::{Caller, Digit, Disposition, SipUri, Transport};
use callroute_sip::{Config, SipAdapter, SipLine, Tls};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message as Frame;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::support::{
    CALLEE, CALLER, LONG, adapter, answer, config, dial, empty, ended, expect, friendly, next_call,
};

pub(crate) async fn bind(config: Config) -> SipAdapter {
    SipAdapter::bind(config).await.unwrap()
}

/// A call of somebody, so that somebody else can be dialed in it.
pub(crate) async fn called(adapter: &mut SipAdapter, raw: &mut Raw) -> SipLine {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let invite = raw.request("INVITE", &format!("c{number}"), 1, "", "", SDP);
    raw.send(&invite.replace("Call-ID: ", &format!("Call-ID: {number}")))
        .await;
    next_call(adapter).await.line
}

/// A call that is answered; its line, and the tag of our end.
pub(crate) async fn answered(adapter: &mut SipAdapter, raw: &mut Raw) -> (SipLine, String) {
    raw.send(&raw.request("INVITE", "i", 1, "", "", SDP)).await;
    let mut line = next_call(adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let tag = to_tag(&raw.until("SIP/2.0 200").await);
    raw.send(&raw.request("ACK", "a", 1, &tag, "", "")).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    (line, tag)
}

#[tokio::test]
async fn a_call_over_tls_is_answered_and_ended() {
    let made = rcgen::generate_simple_self_signed(vec!["127.29.1.1".to_owned()]).unwrap();
    let pem = made.cert.pem();
    let mut server = bind(Config {
        tls: Some(Tls {
            listen: "127.29.1.1:0".parse().unwrap(),
            certificate: pem.clone().into_bytes(),
            key: made.signing_key.serialize_pem().into(),
        }),
        // Long enough that what waits for an answer to its BYE is seen.
        t1: Duration::from_secs(2),
        ..config("127.29.1.1")
    })
    .await;
    let to = format!("sip:+1314@{};transport=tls", server.tls_addr().unwrap());
    for (net, roots, reaches) in [(2, vec![pem.into_bytes()], true), (3, Vec::new(), false)] {
        let mut client = bind(Config {
            roots,
            contacts: [("+1".to_owned(), to.clone())].into(),
            ..config(&format!("127.29.1.{net}"))
        })
        .await;
        let mut raw = Raw::new(&format!("127.29.1.{}", net + 10), client.local_addr()).await;
        let mut near = called(&mut client, &mut raw).await;
        dial(&mut near, CALLEE, &to);
        if !reaches {
            // A certificate that nobody vouches for.
            let cause = ended(&mut near, CALLEE).await;
            assert_eq!(cause.disposition, Disposition::Unreachable);
            continue;
        }
        let far = next_call(&mut server).await;
        assert_eq!(far.offer.source.transport, Some(Transport::Tls));
        let mut far = far.line;
        answer(&mut far).await;
        expect(&mut near, Notice::LegAnswered { leg: CALLEE }).await;
        far.perform(Command::Hangup {
            leg: CALLER,
            cause: EndCause::Normal,
        });
        assert_eq!(
            ended(&mut near, CALLEE).await.disposition,
            Disposition::Answered
        );
        ended(&mut far, CALLER).await;
        drop(far);
        // The BYE came over the client's connection, and so did its answer.
        empty(|| server.handle().stats()).await;
    }
}

async fn until(socket: &mut WebSocketStream<TcpStream>, start: &str) -> String {
    let found = async {
        loop {
            let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
            if text.starts_with(start) {
                return text.to_string();
            }
        }
    };
    timeout(LONG, found).await.unwrap()
}

#[tokio::test]
async fn a_browser_calls_and_is_hung_up_on() {
    let mut adapter = bind(Config {
        ws: Some("127.29.2.1:0".parse().unwrap()),
        ..config("127.29.2.1")
    })
    .await;
    let url = format!("ws://{}/", adapter.ws_addr().unwrap());
    let stream = async || {
        TcpStream::connect(adapter.ws_addr().unwrap())
            .await
            .unwrap()
    };
    let plain = tokio_tungstenite::client_async(url.as_str(), stream().await).await;
    assert!(plain.is_err(), "without the subprotocol it is no SIP");
    let mut request = url.as_str().into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "sip".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream().await)
        .await
        .unwrap();
    let raw = Raw::new("127.29.2.2", adapter.local_addr()).await;
    let over = |text: String| text.replace("SIP/2.0/UDP", "SIP/2.0/WS");
    let invite = over(raw.request("INVITE", "w", 1, "", "", SDP));
    socket.send(Frame::text(invite)).await.unwrap();
    let incoming = next_call(&mut adapter).await;
    assert_eq!(incoming.offer.source.transport, Some(Transport::Ws));
    let mut line = incoming.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = until(&mut socket, "SIP/2.0 200").await;
    assert!(
        header(&ok, "Contact").unwrap().contains("transport=ws"),
        "{ok}"
    );
    let ack = over(raw.request("ACK", "a", 1, &to_tag(&ok), "", ""));
    socket.send(Frame::text(ack)).await.unwrap();
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    line.perform(Command::Hangup {
        leg: CALLER,
        cause: EndCause::Normal,
    });
    // A browser has no address of its own: what is for it comes by the connection that it made.
    let bye = until(&mut socket, "BYE").await;
    socket
        .send(Frame::text(raw.response(&bye, "200 OK", "", "", "")))
        .await
        .unwrap();
    ended(&mut line, CALLER).await;
}

#[tokio::test]
async fn provisional_responses_are_reliable_where_wanted() {
    let mut adapter = friendly("127.29.7.1", "127.29.7.2").await;
    let mut raw = Raw::new("127.29.7.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "p", 1, "", "Require: 100rel\r\n", SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let ringing = raw.until("SIP/2.0 180").await;
    let number = header(&ringing, "RSeq").unwrap().to_owned();
    assert_eq!(header(&ringing, "Require"), Some("100rel"));
    raw.until("SIP/2.0 180").await;
    let wrong = raw.request(
        "PRACK",
        "k1",
        2,
        &to_tag(&ringing),
        "RAck: 1 7 INVITE\r\n",
        "",
    );
    raw.send(&wrong).await;
    raw.until("SIP/2.0 481").await;
    let ack = format!("RAck: {number} 1 INVITE\r\n");
    raw.send(&raw.request("PRACK", "k2", 3, &to_tag(&ringing), &ack, ""))
        .await;
    raw.until("SIP/2.0 200").await;
    while !raw.quiet("SIP/2.0 180", Duration::from_millis(300)).await {}
    // The other way round: a callee whose answer comes in its reliable 183.
    dial(&mut line, CALLEE, &format!("sip:bob@{}", raw.addr));
    let invite = raw.until("INVITE").await;
    assert!(header(&invite, "Supported").unwrap().contains("100rel"));
    let reliable = "Require: 100rel\r\nRSeq: 88\r\n";
    let early = raw.response(&invite, "183 Progress", ";tag=e", reliable, SDP);
    raw.send(&early).await;
    let prack = raw.until("PRACK").await;
    assert_eq!(header(&prack, "RAck"), Some("88 1 INVITE"));
    raw.send(&raw.response(&prack, "200 OK", "", "", "")).await;
    raw.send(&early).await;
    assert!(
        raw.quiet("PRACK", Duration::from_millis(200)).await,
        "each once"
    );
    raw.send(&raw.response(&invite, "200 OK", ";tag=e", "", ""))
        .await;
    raw.until("ACK").await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::EarlyMedia { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
}

#[tokio::test]
async fn a_call_is_updated_asked_and_told_keys_in_its_dialog() {
    let mut adapter = adapter("127.29.8.1").await;
    let mut raw = Raw::new("127.29.8.2", adapter.local_addr()).await;
    let short = "Session-Expires: 60\r\nSupported: timer\r\n";
    raw.send(&raw.request("INVITE", "s", 1, "", short, SDP))
        .await;
    // Before anybody rings.
    let refused = raw.until("SIP/2.0 422").await;
    assert_eq!(header(&refused, "Min-SE"), Some("90"));
    raw.send(&raw.request("ACK", "s", 1, &to_tag(&refused), "", ""))
        .await;
    assert_eq!(adapter.handle().stats().calls, 0);
    let long = short.replace("60", "90;refresher=uac");
    let invite = raw.request("INVITE", "t", 2, "", &long, SDP);
    raw.send(&invite.replace("Call-ID: ", "Call-ID: 2")).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    assert_eq!(header(&ok, "Session-Expires"), Some("90;refresher=uac"));
    assert_eq!(header(&ok, "Require"), Some("timer"));
    let within = |raw: &Raw, method: &str, number, extra: &str, body: &str| {
        let branch = format!("w{number}{method}");
        raw.request(method, &branch, number, &to_tag(&ok), extra, body)
            .replace("Call-ID: ", "Call-ID: 2")
    };
    raw.send(&within(&raw, "ACK", 2, "", "")).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    raw.send(&within(&raw, "UPDATE", 3, &long, "")).await;
    // Copies of the 200 to the INVITE may still come.
    let mut updated = raw.until("SIP/2.0 200").await;
    while header(&updated, "CSeq") != Some("3 UPDATE") {
        updated = raw.until("SIP/2.0 200").await;
    }
    assert_eq!(
        header(&updated, "Session-Expires"),
        Some("90;refresher=uac")
    );
    let held = format!("{SDP}a=sendonly\r\n");
    raw.send(&within(&raw, "UPDATE", 4, "", &held)).await;
    let updated = raw.until("SIP/2.0 200").await;
    assert!(updated.contains("a=recvonly"), "{updated}");
    expect(
        &mut line,
        Notice::Held {
            leg: CALLER,
            held: true,
        },
    )
    .await;
    for (number, kind, body, wanted) in [
        (5, "dtmf-relay", "Signal=7\r\nDuration=160\r\n", '7'),
        (6, "dtmf-relay", "Signal= 11\r\n", '#'),
        (7, "dtmf", "*", '*'),
    ] {
        let info = within(&raw, "INFO", number, "", body);
        raw.send(&info.replace("application/sdp", &format!("application/{kind}")))
            .await;
        raw.until("SIP/2.0 200").await;
        let digit = Digit::new(wanted).unwrap();
        expect(&mut line, Notice::Digit { leg: CALLER, digit }).await;
    }
    // Another codec, then none that we have: 488 says why, and the call goes on.
    let law = SDP.replace("AVP 0", "AVP 8");
    raw.send(&within(&raw, "INVITE", 8, "", &law)).await;
    let other = raw.until("SIP/2.0 200").await;
    assert!(other.contains("RTP/AVP 8"), "{other}");
    raw.send(&within(&raw, "ACK", 8, "", "")).await;
    expect(
        &mut line,
        Notice::Held {
            leg: CALLER,
            held: false,
        },
    )
    .await;
    raw.send(&within(
        &raw,
        "INVITE",
        9,
        "",
        &SDP.replace("AVP 0", "AVP 3"),
    ))
    .await;
    let refused = raw.until("SIP/2.0 488").await;
    assert!(
        header(&refused, "Warning")
            .unwrap()
            .starts_with("305 127.29.8.1"),
        "{refused}"
    );
    raw.send(&within(&raw, "BYE", 10, "", "")).await;
    raw.until("SIP/2.0 200").await;
    ended(&mut line, CALLER).await;
}

#[tokio::test]
async fn a_call_that_goes_in_circles_is_refused() {
    let adapter = adapter("127.29.9.1").await;
    let mut raw = Raw::new("127.29.9.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "l", 1, "", "X-Callroute-Hops: 71\r\n", SDP))
        .await;
    raw.until("SIP/2.0 482").await;
    // Our own address dialed from within: each round is counted, and the one beyond 70 is refused.
    drop(adapter);
    let ours = std::net::SocketAddr::new("127.29.9.3".parse().unwrap(), 5060);
    let mut adapter = bind(Config {
        listen: ours,
        ..config("127.29.9.3")
    })
    .await;
    raw.peer = ours;
    raw.send(&raw.request("INVITE", "m", 1, "", "X-Callroute-Hops: 67\r\n", SDP))
        .await;
    let mut lines = vec![next_call(&mut adapter).await.line];
    let mut rounds = 1;
    loop {
        dial(
            lines.last_mut().unwrap(),
            CALLEE,
            &format!("sip:round@{ours}"),
        );
        let last = lines.last_mut().unwrap();
        let ended = ended(last, CALLEE);
        tokio::select! {
            cause = ended => {
                assert_eq!(cause.sip_code, Some(482));
                break;
            }
            incoming = next_call(&mut adapter) => {
                rounds += 1;
                lines.push(incoming.line);
            }
        }
    }
    assert_eq!(rounds, 4);
}

/// RFC 3261, section 18.1.1: a long INVITE goes by UDP after all where there is no TCP, and only there.
#[tokio::test]
async fn a_long_invite_is_not_sent_twice() {
    let mut adapter = adapter("127.29.30.1").await;
    let mut caller = Raw::new("127.29.30.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.29.30.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let long = |leg| Command::Dial {
        leg,
        to: DialTarget::Sip(SipUri::new(format!("sip:bob@{}", raw.addr)).unwrap()),
        from: Caller::Withheld,
        from_name: None,
        headers: (0..8)
            .map(|at| (format!("X-Long-{at}"), "y".repeat(180)))
            .collect(),
    };
    let (first, second) = (long(CALLEE), long(LegId(2)));
    line.perform(first);
    let invite = raw.until("INVITE").await;
    assert!(invite.len() > 1300, "{invite}");
    raw.send(&raw.response(&invite, "486 Busy", ";tag=a", "", ""))
        .await;
    assert_eq!(ended(&mut line, CALLEE).await.sip_code, Some(486));

    let listener = tokio::net::TcpListener::bind(raw.addr).await.unwrap();
    line.perform(second);
    let (mut stream, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
    let mut invite = Vec::new();
    while !invite.ends_with(b"telephone-event/8000\r\n") && !invite.ends_with(b"sendrecv\r\n") {
        let read = timeout(LONG, stream.read_buf(&mut invite)).await;
        assert_ne!(read.unwrap().unwrap(), 0);
    }
    let invite = String::from_utf8(invite).unwrap();
    let ringing = raw.response(&invite, "180 Ringing", ";tag=a", "", "");
    stream.write_all(ringing.as_bytes()).await.unwrap();
    let leg = LegId(2);
    expect(&mut line, Notice::LegRinging { leg }).await;
    drop((stream, listener));
    assert_eq!(
        ended(&mut line, leg).await.disposition,
        Disposition::Unreachable
    );
    assert!(raw.quiet("INVITE", Duration::from_millis(300)).await);
}
