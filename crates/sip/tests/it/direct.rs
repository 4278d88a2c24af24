//! Sound that goes directly from one far end to the other, and comes back: re-INVITEs on the wire.

use std::net::SocketAddr;
use std::time::Duration;

use callroute_media::{Command, EndCause, LegId, Line, Notice, PlayId, Sound};
use callroute_schema::Cause;
use callroute_sip::phone::AnswerMode;
use callroute_sip::{Config, SipAdapter, SipLine};

use crate::raw::{Raw, SDP, header, to_tag};

use crate::support::{
    CALLEE, CALLER, LONG, answer, any_notice, config, dial, ended, expect, next_call, notice,
    phone, share, uri,
};

const QUIET: Duration = Duration::from_millis(700);

/// A description with an address and codecs of its own.
fn sdp(ip: &str, port: u16, formats: &str, version: u32) -> String {
    SDP.replace("o=- 1 1", &format!("o=- 1 {version}"))
        .replace("127.0.0.1", ip)
        .replace("40000", &port.to_string())
        .replace("RTP/AVP 0 101", &format!("RTP/AVP {formats}"))
}

/// Where a description wants its sound, and the payload types.
fn media(message: &str) -> (SocketAddr, String) {
    let line = |start: &str| message.lines().find_map(|line| line.strip_prefix(start));
    let (port, formats) = line("m=audio ").unwrap().split_once(" RTP/AVP ").unwrap();
    let ip = line("c=IN IP4 ").unwrap();
    (format!("{ip}:{port}").parse().unwrap(), formats.to_owned())
}

/// A party made of text, in a call that is answered.
struct Party {
    raw: Raw,
    ip: String,
    tag: String,
    sequence: u32,
}

impl Party {
    /// The next re-INVITE, where it sends the sound, and in what.
    async fn asked(&mut self) -> (String, SocketAddr, String) {
        let invite = self.raw.until("INVITE").await;
        let (to, formats) = media(&invite);
        (invite, to, formats)
    }

    async fn replies(&mut self, invite: &str, status: &str, body: &str) {
        let reply = self.raw.response(invite, status, "", "", body);
        self.raw.send(&reply).await;
        self.raw.until("ACK").await;
    }

    /// Sends a re-INVITE; gives the answer.
    async fn reinvites(&mut self, body: &str) -> String {
        self.sequence += 1;
        let branch = format!("re{}", self.sequence);
        let invite = self
            .raw
            .request("INVITE", &branch, self.sequence, &self.tag, "", body);
        self.raw.send(&invite).await;
        let ok = self.raw.until("SIP/2.0 200").await;
        let ack = self.raw.request(
            "ACK",
            &format!("{branch}a"),
            self.sequence,
            &self.tag,
            "",
            "",
        );
        self.raw.send(&ack).await;
        ok
    }

    fn sound(&self, port: u16) -> SocketAddr {
        format!("{}:{port}", self.ip).parse().unwrap()
    }
}

/// A caller and a callee who have answered, and are connected; what they describe is given.
async fn connected(
    net: &str,
    config: Config,
    bodies: [&str; 2],
) -> (SipAdapter, SipLine, [Party; 2]) {
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let ips = [format!("{net}.2"), format!("{net}.3")];
    let mut caller = Raw::new(&ips[0], adapter.local_addr()).await;
    let mut callee = Raw::new(&ips[1], adapter.local_addr()).await;
    caller
        .send(&caller.request("INVITE", "i", 1, "", "", bodies[0]))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = caller.until("SIP/2.0 200").await;
    let tag = to_tag(&ok);
    caller
        .send(&caller.request("ACK", "a", 1, &tag, "", ""))
        .await;
    while notice(&mut line).await != Some(Notice::LegAnswered { leg: CALLER }) {}
    dial(&mut line, CALLEE, &uri(callee.addr));
    let invite = callee.until("INVITE").await;
    callee
        .send(&callee.response(&invite, "200 OK", ";tag=callee", "", bodies[1]))
        .await;
    callee.until("ACK").await;
    while notice(&mut line).await != Some(Notice::LegAnswered { leg: CALLEE }) {}
    line.perform(Command::Bridge {
        a: CALLER,
        b: CALLEE,
    });
    let [a, b] = ips;
    let from = header(&invite, "From").unwrap();
    let ours = from[from.find(";tag=").unwrap()..].to_owned();
    let party = |raw, ip, tag| Party {
        raw,
        ip,
        tag,
        sequence: 1,
    };
    (
        adapter,
        line,
        [party(caller, a, tag), party(callee, b, ours)],
    )
}

fn direct(ip: &str) -> Config {
    Config {
        direct_media: vec!["127.0.0.0/8".parse().unwrap()],
        recordings: std::env::temp_dir().join("callroute-direct"),
        ..config(ip)
    }
}

/// Lets both re-INVITEs be accepted, and checks what they hand on.
async fn goes_direct([a, b]: &mut [Party; 2], formats: [&str; 2]) {
    let (invite, to, handed) = a.asked().await;
    assert_eq!((to, &*handed), (b.sound(50_000), formats[0]));
    let body = sdp(&a.ip, 40_000, formats[0], 2);
    a.replies(&invite, "200 OK", &body).await;
    let (invite, to, handed) = b.asked().await;
    assert_eq!((to, &*handed), (a.sound(40_000), formats[1]));
    let body = sdp(&b.ip, 50_000, formats[1], 2);
    b.replies(&invite, "200 OK", &body).await;
}

/// Both are given our own address again.
async fn comes_back(parties: &mut [Party], ours: &str) {
    for party in parties {
        let (invite, to, _) = party.asked().await;
        assert_eq!(to.ip().to_string(), ours);
        let body = sdp(&party.ip, 41_000, "0 101", 3);
        party.replies(&invite, "200 OK", &body).await;
    }
}

#[tokio::test]
async fn each_is_given_the_others_address_and_both_come_back_to_hear_us() {
    let net = "127.63.1";
    let bodies = [
        sdp("127.63.1.2", 40_000, "9 0 101", 1),
        sdp("127.63.1.3", 50_000, "0 101", 1),
    ];
    let (_adapter, mut line, mut parties) =
        connected(net, direct("127.63.1.1"), [&bodies[0], &bodies[1]]).await;
    goes_direct(&mut parties, ["0 101", "0 101"]).await;
    // The same description again is only a sign of life.
    let [a, _] = &mut parties;
    let refresh = a.reinvites(&sdp(&a.ip.clone(), 40_000, "0 101", 2)).await;
    assert_eq!(media(&refresh).0.to_string(), "127.63.1.3:50000");
    assert!(parties[1].raw.quiet("INVITE", QUIET).await);
    // A prompt must be heard.
    line.perform(Command::Play {
        leg: CALLER,
        play: PlayId(1),
        sound: Sound::Beep,
    });
    comes_back(&mut parties, "127.63.1.1").await;
    let cause = EndCause::Normal;
    line.perform(Command::Hangup { leg: CALLEE, cause });
    let bye = parties[1].raw.until("BYE").await;
    let ok = parties[1].raw.response(&bye, "200 OK", "", "", "");
    parties[1].raw.send(&ok).await;
}

/// Every other thing that needs the sound here; and a line that is dropped hangs up at once.
#[tokio::test]
async fn what_needs_the_sound_takes_it_back() {
    for (at, deed) in ["unbridge", "record", "join", "hold", "gone"]
        .into_iter()
        .enumerate()
    {
        let net = format!("127.63.{}", 10 + at);
        let ours = format!("{net}.1");
        let bodies = [2, 3].map(|n| sdp(&format!("{net}.{n}"), n * 10_000 + 20_000, "0 101", 1));
        let (_adapter, mut line, mut parties) =
            connected(&net, direct(&ours), [&bodies[0], &bodies[1]]).await;
        goes_direct(&mut parties, ["0 101", "0 101"]).await;
        let (a, b) = (CALLER, CALLEE);
        match deed {
            "unbridge" => line.perform(Command::Unbridge { a, b }),
            "record" => line.perform(Command::Record {
                leg: b,
                recording: callroute_media::RecordingId(1),
                name: "direct".to_owned(),
                options: callroute_media::RecordOptions::default(),
            }),
            "join" => line.perform(Command::Join {
                leg: a,
                room: "r".to_owned(),
                muted: false,
            }),
            "hold" => {
                // One puts the call on hold: it hears so from us, and the other one comes back.
                let [a, b] = &mut parties;
                let body = sdp(&a.ip, 40_000, "0 101", 3) + "a=sendonly\r\n";
                let held = a.reinvites(&body).await;
                assert_eq!(media(&held).0.ip().to_string(), ours);
                assert!(held.contains("a=recvonly"), "{held}");
                comes_back(std::slice::from_mut(b), &ours).await;
                let told = loop {
                    match notice(&mut line).await {
                        Some(Notice::LegRinging { .. }) => {}
                        other => break other,
                    }
                };
                assert_eq!(
                    told,
                    Some(Notice::Held {
                        leg: CALLER,
                        held: true
                    })
                );
                continue;
            }
            _ => {
                drop(line);
                for party in &mut parties {
                    party.raw.until("BYE").await;
                }
                continue;
            }
        }
        comes_back(&mut parties, &ours).await;
    }
}

/// RFC 3261, section 14.1: its own re-INVITE has met ours, which it refuses therefore.
#[tokio::test]
async fn who_is_busy_is_asked_again_to_come_back() {
    let bodies = [2, 3].map(|n| sdp(&format!("127.63.30.{n}"), n * 10_000 + 20_000, "0 101", 1));
    let ours = "127.63.30.1";
    let (_adapter, mut line, mut parties) =
        connected("127.63.30", direct(ours), [&bodies[0], &bodies[1]]).await;
    goes_direct(&mut parties, ["0 101", "0 101"]).await;
    let (a, b) = (CALLER, CALLEE);
    line.perform(Command::Unbridge { a, b });
    let [first, _] = &mut parties;
    let (invite, to, _) = first.asked().await;
    assert_eq!(to.ip().to_string(), ours);
    first.replies(&invite, "491 Request Pending", "").await;
    comes_back(&mut parties, ours).await;
}

#[tokio::test]
async fn who_refuses_stays_with_us() {
    let ours = "127.63.2.1";
    let bodies = [
        sdp("127.63.2.2", 40_000, "0 101", 1),
        sdp("127.63.2.3", 50_000, "0 101", 1),
    ];
    // The first one: the second is not even asked.
    let (adapter, line, mut parties) =
        connected("127.63.2", direct(ours), [&bodies[0], &bodies[1]]).await;
    let [a, b] = &mut parties;
    let (invite, ..) = a.asked().await;
    a.replies(&invite, "488 Not Acceptable Here", "").await;
    assert!(b.raw.quiet("INVITE", QUIET).await && a.raw.quiet("INVITE", QUIET).await);
    drop((adapter, line));
    // The second one: the first comes back.
    let (_adapter, _line, mut parties) = connected(
        "127.63.3",
        direct("127.63.3.1"),
        [
            &bodies[0].replace("127.63.2", "127.63.3"),
            &bodies[1].replace("127.63.2", "127.63.3"),
        ],
    )
    .await;
    let [a, b] = &mut parties;
    let (invite, ..) = a.asked().await;
    let body = sdp(&a.ip, 40_000, "0 101", 2);
    a.replies(&invite, "200 OK", &body).await;
    let (invite, ..) = b.asked().await;
    b.replies(&invite, "488 Not Acceptable Here", "").await;
    comes_back(std::slice::from_mut(a), "127.63.3.1").await;
    assert!(b.raw.quiet("INVITE", QUIET).await);
}

/// Nobody asks for it, no codec in common, another network, encrypted sound, on hold, or a caller
/// whose Via is not where it sends from.
#[tokio::test]
async fn who_cannot_stays_with_us() {
    let cases = [
        ("127.63.4", "127.63.4.2", "0 101", "0 101", ""),
        ("127.63.5", "127.63.5.2", "0 101", "8 101", "asked"),
        ("127.63.6", "203.0.113.7", "0 101", "0 101", "asked"),
        ("127.63.7", "127.63.7.2", "0 101", "0 101", "held"),
    ];
    for (net, ip, one, other, how) in cases {
        let mut config = config(&format!("{net}.1"));
        if !how.is_empty() {
            config.direct_media = vec!["127.0.0.0/8".parse().unwrap()];
        }
        let held = if how == "held" { "a=sendonly\r\n" } else { "" };
        let bodies = [
            sdp(ip, 40_000, one, 1) + held,
            sdp(&format!("{net}.3"), 50_000, other, 1),
        ];
        let (_adapter, _line, mut parties) = connected(net, config, [&bodies[0], &bodies[1]]).await;
        for party in &mut parties {
            assert!(party.raw.quiet("INVITE", QUIET).await, "{net} {how}");
        }
    }
}

/// Behind a NAT a caller's Via names what only it can see.
#[tokio::test]
async fn who_is_behind_a_nat_stays_with_us() {
    let mut adapter = SipAdapter::bind(direct("127.63.8.1")).await.unwrap();
    let callee = phone("127.63.8.3", AnswerMode::After(Duration::ZERO)).await;
    let mut raw = Raw::new("127.63.8.2", adapter.local_addr()).await;
    let body = sdp("127.63.8.2", 40_000, "0 101", 1);
    let via = format!("Via: SIP/2.0/UDP {}", raw.addr);
    let invite = raw.request("INVITE", "i", 1, "", "", &body);
    let mapped = "Via: SIP/2.0/UDP 127.63.8.9:5060;rport";
    raw.send(&invite.replace(&via, mapped)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    raw.send(&raw.request("ACK", "a", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    dial(&mut line, CALLEE, &uri(callee.local_addr()));
    while notice(&mut line).await != Some(Notice::LegAnswered { leg: CALLEE }) {}
    let (a, b) = (CALLER, CALLEE);
    line.perform(Command::Bridge { a, b });
    assert!(raw.quiet("INVITE", QUIET).await);
}

/// Two telephones with real sound: it is heard, and none of it comes by us.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_goes_directly_between_two_telephones() {
    let mut adapter = SipAdapter::bind(direct("127.63.9.1")).await.unwrap();
    let caller = phone("127.63.9.2", AnswerMode::Ring).await;
    let callee = phone("127.63.9.3", AnswerMode::After(Duration::ZERO)).await;
    let call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    answer(&mut line).await;
    dial(&mut line, CALLEE, &uri(callee.local_addr()));
    while notice(&mut line).await != Some(Notice::LegAnswered { leg: CALLEE }) {}
    let (a, b) = (CALLER, CALLEE);
    line.perform(Command::Bridge { a, b });
    let taken = callee.next_call().await.unwrap();
    // Both re-INVITEs are over after this.
    tokio::time::sleep(Duration::from_secs(1)).await;
    call.send_tone(700);
    taken.send_tone(1200);
    for (party, hz) in [(&taken, 700.0), (&call, 1200.0)] {
        party.forget_heard();
        assert!(party.wait_heard(Duration::from_secs(2), LONG).await);
        let heard = party.heard();
        assert!(share(&heard[heard.len() - 8000..], hz) > 0.9, "{hz}");
    }
    call.hangup();
    let mut received = Vec::new();
    loop {
        match any_notice(&mut line).await {
            Some(Notice::Sound { leg, sound }) => received.push((leg, sound.received)),
            Some(Notice::LegEnded { leg: CALLER, cause }) => {
                assert_eq!(cause, Cause::normal());
                break;
            }
            _ => {}
        }
    }
    // Two seconds are a hundred packets; what came before the re-INVITEs are a few.
    assert!(
        received.iter().all(|(_, packets)| *packets < 50),
        "{received:?}"
    );
    let leg = LegId(1);
    let cause = EndCause::Normal;
    line.perform(Command::Hangup { leg, cause });
    assert_eq!(ended(&mut line, leg).await, Cause::normal());
}
