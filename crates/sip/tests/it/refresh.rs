//! What a re-INVITE describes that only asks for a sign of life: what the far end has (RFC 3264, section 8; RFC
//! 4028, section 7.4).

use callroute_media::{Command, Line, Notice};
use callroute_sip::{Config, Headroom};

use crate::raw::{Raw, SDP, to_tag};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, CALLER, config, dial, expect, next_call, uri};
use crate::timers::later;

/// The description, and its version apart from it.
fn described(message: &str) -> (String, u64) {
    let (_, body) = message.split_once("\r\n\r\n").unwrap();
    let origin = body.lines().find(|line| line.starts_with("o=")).unwrap();
    let version = origin.split(' ').nth(2).unwrap();
    let rest = origin.replacen(&format!(" {version} "), " ", 1);
    (body.replace(origin, &rest), version.parse().unwrap())
}

fn streams(body: &str) -> Vec<String> {
    let lines = body.lines().filter(|line| line.starts_with("m="));
    // Without our port.
    let lines = lines.map(|line| match line.split_once(" RTP/AVP ") {
        Some((_, formats)) if line.starts_with("m=audio") => format!("m=audio {formats}"),
        _ => line.to_owned(),
    });
    lines.collect()
}

#[tokio::test]
async fn a_caller_is_asked_by_what_it_has_agreed_to() {
    let mut adapter = bind(Config {
        headroom: Headroom::unlimited(),
        ..config("127.79.1.1")
    })
    .await;
    let mut raw = Raw::new("127.79.1.2", adapter.local_addr()).await;
    let sdp = SDP.replace(
        "m=audio 40000 RTP/AVP 0 101",
        "m=audio 40000 RTP/AVP 8 0 101",
    );
    let video = "t=0 0\r\nm=video 40002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n";
    let sdp = sdp.replace("t=0 0\r\n", video);
    let agreed = "Allow: INVITE\r\nSupported: timer\r\nSession-Expires: 90;refresher=uas\r\n";
    raw.send(&raw.request("INVITE", "i", 1, "", agreed, &sdp))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    let (answer, mut version) = described(&ok);
    assert_eq!(streams(&answer), ["m=video 0 RTP/AVP 99", "m=audio 8 101"]);
    raw.send(&raw.request("ACK", "a", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    let mut last = answer;
    // We go on asking.
    let ours = agreed.replace("uas", "uac");
    for _ in 0..3 {
        later(46).await;
        let refresh = raw.until("INVITE").await;
        let (body, raised) = described(&refresh);
        let wanted = ["m=video 0 RTP/AVP 99", "m=audio 8 0 101"];
        assert_eq!(streams(&body), wanted);
        assert_eq!(raised, version + u64::from(body != last), "{body}{last}");
        (last, version) = (body, raised);
        raw.send(&raw.response(&refresh, "200 OK", "", &ours, &sdp))
            .await;
        raw.until("ACK").await;
    }
}

#[tokio::test]
async fn a_callee_is_asked_by_what_it_has_answered() {
    let mut adapter = bind(Config {
        headroom: Headroom::unlimited(),
        ..config("127.79.2.1")
    })
    .await;
    let mut caller = Raw::new("127.79.2.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.79.2.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    let (mut last, mut version) = described(&invite);
    let answer = SDP.replace("AVP 0 101", "AVP 9 101");
    let agreed = "Allow: INVITE\r\nSession-Expires: 90;refresher=uac\r\nRequire: timer\r\n";
    raw.send(&raw.response(&invite, "200 OK", ";tag=b", agreed, &answer))
        .await;
    raw.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    for _ in 0..2 {
        later(46).await;
        let refresh = raw.until("INVITE").await;
        let (body, raised) = described(&refresh);
        assert_eq!(streams(&body), ["m=audio 9 101"]);
        assert_eq!(raised, version + u64::from(body != last), "{body}{last}");
        (last, version) = (body, raised);
        raw.send(&raw.response(&refresh, "200 OK", "", agreed, &answer))
            .await;
        raw.until("ACK").await;
    }
}
