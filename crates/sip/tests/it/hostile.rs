//! Strangers who want to wear us out, or to use us against others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callroute_media::{Command, EndCause, Line};
use callroute_sip::{Access, Config, Headroom, Permit, Protection, SipAdapter, User};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

use crate::raw::{Raw, SDP, to_tag};
use crate::support::{CALLER, LONG, config, empty, next_call};

async fn closed(ip: &str, protection: Protection) -> SipAdapter {
    SipAdapter::bind(Config {
        access: Access::Known,
        users: vec![User {
            name: "ann".to_owned(),
            password: "secret".into(),
        }],
        protection,
        ..config(ip)
    })
    .await
    .unwrap()
}

/// Everything that comes within so long, in bytes and messages.
async fn heard(socket: &UdpSocket, within: Duration) -> (usize, usize) {
    let (mut bytes, mut messages) = (0, 0);
    let mut buffer = vec![0; 65_535];
    while let Ok(Ok(length)) = timeout(within, socket.recv(&mut buffer)).await {
        bytes += length;
        messages += 1;
    }
    (bytes, messages)
}

/// B35: whoever forges a source cannot make us send it more than was sent, whatever is asked.
#[tokio::test]
async fn never_more_bytes_to_strangers_than_from_them() {
    let adapter = closed("127.28.1.1", Protection::default()).await;
    let raw = Raw::new("127.28.1.2", adapter.local_addr()).await;
    let mut sent = 0;
    for (at, method) in [
        "INVITE", "REGISTER", "OPTIONS", "BYE", "CANCEL", "FROB", "INVITE",
    ]
    .iter()
    .cycle()
    .take(70)
    .enumerate()
    {
        let number = u32::try_from(at).unwrap() + 1;
        let body = if at % 2 == 0 { SDP } else { "" };
        let request = raw.request(method, &format!("b{at}"), number, "", "", body);
        sent += request.len();
        raw.send(&request).await;
    }
    // Copies are sent again after T1 (50 ms) where something waits to be acknowledged.
    let (bytes, messages) = heard(&raw.socket, Duration::from_millis(800)).await;
    assert!(messages >= 30, "{messages} answers");
    assert!(bytes <= sent, "{bytes} bytes out for {sent} in");
    assert_eq!(
        adapter.handle().load().transactions,
        0,
        "and nothing is kept of it"
    );
}

/// The same where anybody may call: a call needs one answer of each kind, and whoever has heard
/// none of them gets none again. Who has shown that he hears us gets them until he says so.
#[tokio::test]
async fn an_answer_is_repeated_for_those_who_hear_it() {
    let mut adapter = SipAdapter::bind(config("127.28.12.1")).await.unwrap();
    let mut raw = Raw::new("127.28.12.2", adapter.local_addr()).await;
    let invite = |raw: &Raw, call: &str, extra: &str| {
        let request = raw.request("INVITE", call, 1, "", extra, SDP);
        request.replace("Call-ID: ", &format!("Call-ID: {call}"))
    };
    // What can be refused without a transaction is.
    let lost = invite(&raw, "r", "Replaces: no;to-tag=such;from-tag=x\r\n");
    raw.send(&lost).await;
    let (bytes, messages) = heard(&raw.socket, Duration::from_millis(300)).await;
    assert!(messages == 1 && bytes <= lost.len(), "{bytes}");
    assert_eq!(adapter.handle().load().transactions, 0);
    // T1 is 50 ms, so without a bound there were four in this time.
    let mut lines = Vec::new();
    for (call, refused) in [("a", false), ("b", true), ("c", false)] {
        raw.send(&invite(&raw, call, "")).await;
        let mut line = next_call(&mut adapter).await.line;
        let leg = CALLER;
        line.perform(match refused {
            true => Command::Hangup {
                leg,
                cause: EndCause::NoAnswer,
            },
            false => Command::Answer { leg },
        });
        let last = raw
            .until(if refused { "SIP/2.0 4" } else { "SIP/2.0 200" })
            .await;
        if call == "a" {
            // 64 times T1 without an ACK: one BYE, which nobody has to answer.
            raw.until("BYE").await;
        }
        if call == "c" {
            let known = raw.request("ACK", "ack", 1, &to_tag(&last), "", "");
            raw.send(&known.replace("Call-ID: ", "Call-ID: c")).await;
        } else {
            let again = heard(&raw.socket, Duration::from_millis(700)).await;
            assert_eq!(again, (0, 0), "{call}");
        }
        lines.push(line);
    }
    raw.send(&invite(&raw, "d", "")).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    for _ in 0..3 {
        raw.until("SIP/2.0 200").await;
    }
}

/// An INVITE whose Via names a third party is answered to its sender, not to that party.
#[tokio::test]
async fn nobody_is_hit_by_maddr_or_a_forged_via() {
    let adapter = closed("127.28.2.1", Protection::default()).await;
    let victim = UdpSocket::bind("127.28.2.3:5060").await.unwrap();
    let raw = Raw::new("127.28.2.2", adapter.local_addr()).await;
    let invite = raw.request("INVITE", "a;maddr=127.28.2.3", 1, "", "", SDP);
    raw.send(&invite).await;
    let forged = invite.replace(&format!("UDP {}", raw.addr), "UDP 127.28.2.3:5060");
    raw.send(&forged.replace("z9hG4bKa", "z9hG4bKb")).await;
    assert_eq!(heard(&victim, Duration::from_millis(300)).await, (0, 0));
    assert_eq!(adapter.handle().load().transactions, 0);
}

#[tokio::test]
async fn a_flood_of_invites_costs_nothing_but_its_first_ones() {
    let protection = Protection {
        requests_per_s: 2,
        ..Protection::default()
    };
    let adapter = closed("127.28.3.1", protection).await;
    let flood = Raw::new("127.28.3.2", adapter.local_addr()).await;
    for at in 0..400 {
        flood
            .send(&flood.request("INVITE", &format!("f{at}"), at + 1, "", "", SDP))
            .await;
        if at % 50 == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }
    let (_, answers) = heard(&flood.socket, Duration::from_millis(300)).await;
    assert!(
        (15..40).contains(&answers),
        "{answers} of 400 were answered"
    );
    assert!(adapter.handle().dropped().over_limit > 300);
    assert_eq!(adapter.handle().load().transactions, 0);
    // Somebody else is served meanwhile.
    let mut other = Raw::new("127.28.3.3", adapter.local_addr()).await;
    other
        .send(&other.request("INVITE", "o", 1, "", "", SDP))
        .await;
    other.until("SIP/2.0 401").await;
}

/// A datagram may be forged, so it silences nobody; over TCP, who scans can begin nothing more.
#[tokio::test]
async fn scanners_hear_nothing_at_all_and_silence_nobody_else() {
    let adapter = closed("127.28.4.1", Protection::default()).await;
    let mut raw = Raw::new("127.28.4.2", adapter.local_addr()).await;
    let agent = "User-Agent: friendly-scanner\r\n";
    let scan = raw.request("OPTIONS", "s", 1, "", agent, "");
    raw.send(&scan).await;
    raw.send(&raw.request("CANCEL", "c", 1, "", agent, ""))
        .await;
    raw.send(&raw.request("BYE", "b", 1, ";tag=none", agent, ""))
        .await;
    assert_eq!(heard(&raw.socket, Duration::from_millis(300)).await, (0, 0));
    raw.send(&raw.request("OPTIONS", "t", 2, "", "", "")).await;
    raw.until("SIP/2.0 200").await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.28.4.2:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(adapter.local_addr()).await.unwrap();
    stream.write_all(scan.as_bytes()).await.unwrap();
    let silenced = async {
        while adapter.handle().dropped().scanners < 4 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, silenced).await.expect("it is seen");
    raw.send(&raw.request("OPTIONS", "u", 3, "", "", "")).await;
    raw.send(&raw.request("BYE", "v", 4, ";tag=none", "", ""))
        .await;
    assert_eq!(heard(&raw.socket, Duration::from_millis(300)).await, (0, 0));
    assert_eq!(adapter.handle().dropped().unwanted, 1);
}

/// Somebody behind the same address guesses passwords: calls from there go on, and end.
#[tokio::test]
async fn a_call_outlasts_the_silence_of_its_source() {
    let mut adapter = SipAdapter::bind(Config {
        users: vec![User {
            name: "ann".to_owned(),
            password: "secret".into(),
        }],
        protection: Protection {
            wrong_passwords: 1,
            ..Protection::default()
        },
        ..config("127.28.11.1")
    })
    .await
    .unwrap();
    let mut raw = Raw::new("127.28.11.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "a", 1, "", "", SDP)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let tag = to_tag(&raw.until("SIP/2.0 200").await);
    raw.send(&raw.request("ACK", "b", 1, &tag, "", "")).await;
    let guess = |nonce: &str| {
        format!(
            "Authorization: Digest username=\"ann\",realm=\"callroute\",nonce=\"{nonce}\",\
             uri=\"sip:x\",response=\"0\",qop=auth,nc=00000001,cnonce=\"c\"\r\n"
        )
    };
    // Twice, for nobody is sent more than he has sent.
    for branch in ["r", "r2"] {
        raw.send(&raw.request("REGISTER", branch, 1, "", "", SDP))
            .await;
    }
    let asked = raw.until("SIP/2.0 401").await;
    let nonce = asked.split("nonce=\"").nth(1).unwrap();
    let guess = guess(nonce.split('"').next().unwrap());
    raw.send(&raw.request("REGISTER", "g", 3, "", &guess, ""))
        .await;
    raw.send(&raw.request("OPTIONS", "o", 4, "", "", "")).await;
    let silenced = async {
        while adapter.handle().dropped().unwanted < 1 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, silenced)
        .await
        .expect("it is not listened to");
    raw.send(&raw.request("BYE", "d", 2, &tag, "", "")).await;
    raw.until("SIP/2.0 200").await;
}

#[tokio::test]
async fn guessing_passwords_ends_soon() {
    let protection = Protection {
        wrong_passwords: 4,
        ..Protection::default()
    };
    let adapter = closed("127.28.5.1", protection).await;
    let mut raw = Raw::new("127.28.5.2", adapter.local_addr()).await;
    raw.send(&raw.request("REGISTER", "r", 1, "", "", "")).await;
    raw.send(&raw.request("REGISTER", "r2", 2, "", "", SDP))
        .await;
    let asked = raw.until("SIP/2.0 401").await;
    let nonce = asked
        .split("nonce=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    for at in 0..6 {
        let guess = format!(
            "Authorization: Digest username=\"ann\",realm=\"callroute\",nonce=\"{nonce}\",\
             uri=\"sip:x\",response=\"{at:032x}\",qop=auth,nc=0000000{},cnonce=\"c\"\r\n",
            at + 1
        );
        let guess = raw.request("REGISTER", &format!("g{at}"), at + 3, "", &guess, "");
        raw.send(&guess).await;
    }
    let (_, answers) = heard(&raw.socket, Duration::from_millis(300)).await;
    assert!(answers <= 5, "{answers}");
    assert_eq!(
        adapter.handle().dropped().unwanted,
        2,
        "the last two were not even read"
    );
    assert_eq!(adapter.handle().registered(), 0);
}

/// Idle connections, connections that never end a message, and too many of them.
#[tokio::test]
async fn connections_are_counted_and_bounded() {
    let protection = Protection {
        connections: 4,
        ..Protection::default()
    };
    let adapter = closed("127.28.6.1", protection).await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(adapter.local_addr()).await.unwrap();
        stream
            .write_all(b"INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h")
            .await
            .unwrap();
        streams.push(stream);
    }
    let mut buffer = [0; 64];
    let many = async {
        loop {
            let mut fifth = TcpStream::connect(adapter.local_addr()).await.unwrap();
            if let Ok(Ok(0) | Err(_)) =
                timeout(Duration::from_millis(200), fifth.read(&mut buffer)).await
            {
                break;
            }
        }
    };
    timeout(LONG, many).await.expect("the fifth is refused");
    // What is no SIP ends its connection.
    streams[0].write_all(&[0; 100]).await.unwrap();
    streams[0].write_all(&vec![b'x'; 70_000]).await.ok();
    let ended = async { while !matches!(streams[0].read(&mut buffer).await, Ok(0) | Err(_)) {} };
    timeout(LONG, ended).await.expect("it is closed");
    drop(streams);
    let gone = async {
        while adapter.handle().load().connections > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, gone).await.expect("nothing is left of them");
}

/// More headers, longer headers and larger bodies than any call needs are not read.
#[tokio::test]
async fn there_is_a_most_of_everything() {
    let adapter = SipAdapter::bind(Config {
        max_calls: 2,
        ..config("127.28.7.1")
    })
    .await
    .unwrap();
    let mut raw = Raw::new("127.28.7.2", adapter.local_addr()).await;
    for extra in [
        "X-A: b\r\n".repeat(300),
        format!("X-A: {}\r\n", "b".repeat(9000)),
        format!("X-A: b{}\r\n", "\r\n c".repeat(20)),
    ] {
        raw.send(&raw.request("OPTIONS", "m", 1, "", &extra, ""))
            .await;
        raw.until("SIP/2.0 400").await;
    }
    assert_eq!(adapter.handle().dropped().malformed, 3);
    for at in 1..=3 {
        let request = raw.request("INVITE", &format!("c{at}"), at, "", "", SDP);
        raw.send(&request.replace("Call-ID: ", &format!("Call-ID: {at}")))
            .await;
    }
    let full = raw.until("SIP/2.0 503").await;
    assert!(full.contains("Retry-After: "), "{full}");
    assert_eq!(adapter.handle().stats().calls, 2);
    drop(adapter);
}

/// Where no transaction is free any more, no call begins; one that goes on is acknowledged and ended.
#[tokio::test]
async fn a_call_ends_though_all_transactions_are_taken() {
    let config = Config {
        max_transactions: 1,
        ..config("127.28.10.1")
    };
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let mut raw = Raw::new("127.28.10.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "a", 1, "", "", SDP)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let tag = to_tag(&raw.until("SIP/2.0 200").await);
    raw.send(&raw.request("ACK", "b", 1, &tag, "", "")).await;
    let other = raw.request("INVITE", "c", 1, "", "", SDP);
    raw.send(&other.replace("Call-ID: ", "Call-ID: other"))
        .await;
    raw.until("SIP/2.0 503").await;
    raw.send(&raw.request("BYE", "d", 2, &tag, "", "")).await;
    let ended = raw.until("SIP/2.0 ").await;
    assert!(ended.starts_with("SIP/2.0 200"), "{ended}");
    let handle = adapter.handle();
    drop((line, adapter));
    empty(|| handle.stats()).await;
}

/// A runtime that is really late, because something holds its only thread: new calls are refused,
/// but for those that are spared, what goes on goes on, and when there is time again calls are
/// taken.
#[tokio::test]
async fn without_cpu_left_new_calls_are_refused() {
    let headroom = Headroom {
        late: Some(Duration::from_millis(50)),
        spared: Some(Permit::new(|dialed| dialed == "911")),
        ..Headroom::default()
    };
    let config = Config {
        headroom,
        ..config("127.28.9.1")
    };
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let handle = adapter.handle();
    let mut raw = Raw::new("127.28.9.2", adapter.local_addr()).await;
    let invite = |raw: &Raw, at: u32, to: &str| {
        let request = raw.request("INVITE", &format!("h{at}"), at, "", "", SDP);
        let request = request.replace("Call-ID: ", &format!("Call-ID: {at}"));
        request.replacen("INVITE sip:+1314", &format!("INVITE sip:{to}"), 1)
    };
    raw.send(&invite(&raw, 1, "+1314")).await;
    let mut line = next_call(&mut adapter).await.line;
    let held = Arc::new(AtomicBool::new(true));
    let holds = Arc::clone(&held);
    tokio::spawn(async move {
        while holds.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(400));
            tokio::task::yield_now().await;
        }
    });
    let becomes = async |spent: bool| {
        let changed = async {
            while handle.is_overloaded() != spent {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LONG, changed).await.expect("it is seen");
    };
    becomes(true).await;
    raw.send(&invite(&raw, 2, "+1314")).await;
    let full = raw.until("SIP/2.0 503").await;
    assert!(full.contains("Retry-After: "), "{full}");
    raw.send(&invite(&raw, 3, "911")).await;
    raw.until("SIP/2.0 100").await;
    next_call(&mut adapter).await;
    line.perform(Command::Answer { leg: CALLER });
    raw.until("SIP/2.0 200").await;
    held.store(false, Ordering::Relaxed);
    becomes(false).await;
    raw.send(&invite(&raw, 4, "+1314")).await;
    next_call(&mut adapter).await;
}

#[tokio::test]
async fn who_is_denied_is_not_read() {
    let protection = Protection {
        deny: vec!["127.28.8.2".parse().unwrap()],
        ..Protection::default()
    };
    let adapter = closed("127.28.8.1", protection).await;
    let denied = Raw::new("127.28.8.2", adapter.local_addr()).await;
    denied
        .send(&denied.request("OPTIONS", "d", 1, "", "", SDP))
        .await;
    assert_eq!(
        heard(&denied.socket, Duration::from_millis(200)).await,
        (0, 0)
    );
    assert_eq!(adapter.handle().dropped().unwanted, 1);
    let handle = adapter.handle();
    drop(adapter);
    empty(|| handle.stats()).await;
}
