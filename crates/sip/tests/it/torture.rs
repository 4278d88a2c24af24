//! The torture messages of RFC 4475 and RFC 5118, sent to a running adapter: what the RFCs ask for
//! comes of each, and none disturbs it.

use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::time::Duration;

use callroute_media::Adapter;
use callroute_sip::{Config, SipAdapter, User};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::raw::{Raw, header};
use crate::support::{LONG, config};

/// What must come of each message of RFC 4475. 0 is no answer. We are an endpoint without users,
/// so a REGISTER that is well formed is refused with 405, as any method that is not served.
const RFC_4475: [(&str, u16, &str); 49] = [
    (
        "wsinv",
        481,
        "3.1.1.1: well formed, of a dialog that is not ours",
    ),
    (
        "intmeth",
        405,
        "3.1.1.2: an unknown method with NUL in a name",
    ),
    ("esc01", 100, "3.1.1.3: a call"),
    ("escnull", 405, "3.1.1.4"),
    (
        "esc02",
        405,
        "3.1.1.5: no escaping in methods, so an unknown one",
    ),
    ("lwsdisp", 200, "3.1.1.6"),
    ("longreq", 100, "3.1.1.7: a call"),
    (
        "dblreq",
        405,
        "3.1.1.8: the rest of the datagram is ignored",
    ),
    ("semiuri", 200, "3.1.1.9"),
    ("transports", 200, "3.1.1.10"),
    ("mpart01", 405, "3.1.1.11"),
    ("unreason", 0, "3.1.1.12: a response"),
    ("noreason", 0, "3.1.1.13: a response"),
    ("badinv01", 400, "3.1.2.1: extraneous separators"),
    ("clerr", 400, "3.1.2.2: Content-Length beyond the datagram"),
    ("ncl", 400, "3.1.2.3: negative Content-Length"),
    ("scalar02", 400, "3.1.2.4: scalars out of range"),
    (
        "scalarlg",
        0,
        "3.1.2.5: a response with scalars out of range",
    ),
    ("quotbal", 400, "3.1.2.6: unterminated quote"),
    ("ltgtruri", 400, "3.1.2.7: <> around the Request-URI"),
    ("lwsruri", 400, "3.1.2.8: space within the Request-URI"),
    ("lwsstart", 400, "3.1.2.9: several spaces in the start line"),
    ("trws", 400, "3.1.2.10: space at the end of the start line"),
    ("escruri", 400, "3.1.2.11: headers in the Request-URI"),
    ("baddate", 400, "3.1.2.12: a zone that is not GMT"),
    (
        "regbadct",
        400,
        "3.1.2.13: a Contact that can be read in two ways",
    ),
    ("badaspec", 400, "3.1.2.14: space within an addr-spec"),
    (
        "baddn",
        400,
        "3.1.2.15: a name that is no token and not quoted",
    ),
    ("badvers", 505, "3.1.2.16: another version"),
    ("mismatch01", 400, "3.1.2.17: CSeq of another method"),
    (
        "mismatch02",
        400,
        "3.1.2.18: the same, of an unknown method",
    ),
    (
        "bigcode",
        0,
        "3.1.2.19: a response with an impossible status",
    ),
    ("badbranch", 200, "3.2.1: the branch is not used as one"),
    (
        "insuf",
        0,
        "3.3.1: it does not say what an answer must repeat",
    ),
    ("unkscm", 416, "3.3.2: unknown scheme"),
    ("novelsc", 416, "3.3.3: a known scheme that is not SIP's"),
    ("unksm2", 405, "3.3.4: unknown schemes elsewhere"),
    ("bext01", 420, "3.3.5: an extension that is not known"),
    ("invut", 415, "3.3.6: an unknown media type"),
    ("regaut01", 405, "3.3.7: an unknown authorization scheme"),
    ("multi01", 400, "3.3.8: several values where one may be"),
    ("mcl01", 400, "3.3.9: several Content-Length"),
    ("bcast", 0, "3.3.10: a response with a Via that is not ours"),
    (
        "zeromf",
        200,
        "3.3.11: Max-Forwards 0 is no hindrance at the end of the way",
    ),
    ("cparam01", 405, "3.3.12"),
    ("cparam02", 405, "3.3.13"),
    ("regescrt", 405, "3.3.14"),
    (
        "sdp01",
        406,
        "3.3.15: it does not take session descriptions",
    ),
    (
        "inv2543",
        400,
        "3.4.1: without Contact; RFC 2543 is not supported",
    ),
];

/// The same of RFC 5118. They come from an IPv4 address all the same: only what is in them
/// is IPv6.
const RFC_5118: [(&str, u16, &str); 12] = [
    ("ipv6-good", 405, "4.1"),
    ("ipv6-bad", 400, "4.2: no brackets in the Request-URI"),
    ("port-ambiguous", 405, "4.3"),
    ("port-unambiguous", 405, "4.4"),
    ("via-received-param-with-delim", 481, "4.5: BYE"),
    ("via-received-param-no-delim", 200, "4.5: OPTIONS"),
    ("ipv6-in-sdp", 488, "4.6: well formed, with G.726 alone"),
    ("mult-ip-in-header", 481, "4.7: BYE"),
    ("mult-ip-in-sdp", 100, "4.8: a call"),
    (
        "ipv4-mapped-ipv6",
        488,
        "4.9: well formed, with G.726 alone",
    ),
    ("ipv6-bug-abnf-3-colons", 200, "4.10"),
    ("ipv6-correct-abnf-2-colons", 200, "4.10"),
];

fn message(folder: &str, name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/torture")
        .join(folder);
    let paths = [folder.join(name), folder.join(format!("{name}.dat"))];
    let found: &PathBuf = paths.iter().find(|path| path.exists()).unwrap();
    let bytes = std::fs::read(found).unwrap();
    if folder.ends_with("rfc5118") {
        wire(&bytes)
    } else {
        bytes
    }
}

/// RFC 5118's archive has lines without CR, heads without an end, and three lengths that are
/// wrong; none of it is what its messages are about.
fn wire(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace('\n', "\r\n");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.trim_end(), ""));
    let kept = head
        .lines()
        .filter(|line| !line.starts_with("Content-Length"));
    let head: String = kept.map(|line| format!("{line}\r\n")).collect();
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// What is answered first to a message, as a status; 0 when nothing is. What must be said with it is.
async fn status(ip: &str, adapter: &SipAdapter, message: &[u8], wanted: u16) -> u16 {
    // Answers go to the port that the first Via names, 5060 where it names none, or back.
    let text = String::from_utf8_lossy(message).into_owned();
    let ports = [5060, 5061, 5070, 9022, 5050, 6050, 19_823];
    let named = ports
        .into_iter()
        .filter(|port| text.contains(&format!(":{port}")));
    let mut ports: Vec<u16> = std::iter::once(5060).chain(named).collect();
    ports.sort_unstable();
    ports.dedup();
    let mut sockets = Vec::new();
    for port in ports {
        sockets.push(UdpSocket::bind((ip, port)).await.unwrap());
    }
    sockets[0]
        .send_to(message, adapter.local_addr())
        .await
        .unwrap();
    let patience = if wanted == 0 {
        Duration::from_millis(200)
    } else {
        LONG
    };
    let answered = async {
        for round in 0u32.. {
            // Sent again as peers do: what is very short has not paid for its answer at once.
            if round % 250 == 0 {
                sockets[0]
                    .send_to(message, adapter.local_addr())
                    .await
                    .unwrap();
            }
            for socket in &sockets {
                let mut buffer = vec![0; 65_535];
                if let Ok((length, _)) = socket.try_recv_from(&mut buffer) {
                    let found = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    if found.starts_with("SIP/2.0 405") {
                        // RFC 3261, section 21.4.6.
                        assert!(header(&found, "Allow").is_some(), "{found}");
                    }
                    return found.split(' ').nth(1).unwrap().parse().unwrap();
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        0
    };
    timeout(patience, answered).await.unwrap_or(0)
}

async fn suite(net: u8, folder: &str, cases: &[(&str, u16, &str)], users: Vec<User>) {
    let config = Config {
        users,
        ..config(&format!("127.30.{net}.1"))
    };
    let adapter = SipAdapter::bind(config).await.unwrap();
    let mut wrong = Vec::new();
    for (at, (name, wanted, why)) in cases.iter().enumerate() {
        let ip = format!("127.30.{net}.{}", at + 2);
        let found = status(&ip, &adapter, &message(folder, name), *wanted).await;
        if found != *wanted {
            wrong.push(format!("{name}: {found}, not {wanted} ({why})"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut raw = Raw::new(&format!("127.30.{net}.250"), adapter.local_addr()).await;
    raw.send(&raw.request("OPTIONS", "o", 1, "", "", "")).await;
    raw.until("SIP/2.0 200").await;
}

#[tokio::test]
async fn rfc_4475() {
    suite(1, "rfc4475", &RFC_4475, Vec::new()).await;
}

#[tokio::test]
async fn rfc_5118() {
    suite(2, "rfc5118", &RFC_5118, Vec::new()).await;
}

/// Where there are users, a REGISTER that is well formed is asked for a password.
#[tokio::test]
async fn registrations_of_rfc_4475() {
    let user = User {
        name: "user".to_owned(),
        password: "secret".into(),
    };
    let asked = [
        "escnull", "unksm2", "regaut01", "cparam01", "cparam02", "regescrt",
    ];
    let mut cases: Vec<_> = asked
        .into_iter()
        .map(|name| (name, 401, "REGISTER"))
        .collect();
    cases.push(("regbadct", 400, "a Contact that can be read in two ways"));
    suite(4, "rfc4475", &cases, vec![user]).await;
}

/// What comes there, whatever it is.
async fn heard(socket: &UdpSocket) -> String {
    let mut buffer = vec![0; 65_536];
    let received = timeout(LONG, socket.recv(&mut buffer)).await;
    let length = received.expect("an answer").unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

/// Every message of both RFCs, cut off at every place, and with every byte another one, with and without
/// its eighth bit: whatever comes of it, the adapter goes on.
#[tokio::test]
async fn pieces_and_damage_do_no_harm() {
    let mut config = config("127.30.3.1");
    // All of it is read, not only as much as a stranger may send.
    config.protection.exempt = vec!["127.30.3.2".parse().unwrap()];
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let raw = Raw::new("127.30.3.2", adapter.local_addr()).await;
    let (mut sent, mut calls, mut asked) = (0, 0, 0);
    let (rfc_4475, rfc_5118) = (RFC_4475.iter(), RFC_5118.iter());
    let all = rfc_4475.map(|case| ("rfc4475", case.0));
    for (folder, name) in all.chain(rfc_5118.map(|case| ("rfc5118", case.0))) {
        let whole = message(folder, name);
        for at in 0..whole.len() {
            let other = |mask: u8| {
                let mut damaged = whole.clone();
                damaged[at] ^= mask;
                damaged
            };
            let ascii = 1 + u8::try_from(at % 127).unwrap();
            for bytes in [whole[..at].to_vec(), other(ascii), other(ascii | 0x80)] {
                raw.socket.send_to(&bytes, raw.peer).await.unwrap();
                sent += 1;
            }
            if at % 4 > 0 {
                continue;
            }
            // Nothing is lost that waits to be read; and who is called refuses.
            asked += 1;
            let branch = format!("o{asked}");
            raw.send(&raw.request("OPTIONS", &branch, asked, "", "", ""))
                .await;
            let number = format!("\r\nCSeq: {asked} OPTIONS\r\n");
            while !heard(&raw.socket).await.contains(&number) {}
            while let Ok(call) = timeout(Duration::ZERO, poll_fn(|cx| adapter.poll_call(cx))).await
            {
                drop(call);
                calls += 1;
            }
        }
    }
    let dropped = adapter.handle().dropped();
    assert_eq!(dropped.over_limit, 0, "{dropped:?}");
    // About half of it is no SIP at all; some of the rest are calls.
    let bounds = sent * 2 / 5..sent * 4 / 5;
    assert!(bounds.contains(&dropped.malformed), "{sent}: {dropped:?}");
    assert!(calls > 100, "{calls}");
}
