//! Far ends that are reached by another way than their Contact names, and those who ask for a password.

use callroute_media::{Command, DialTarget, EndCause, LegId, Line, Notice};
use callroute_schema::{Address, Caller, Number};
use callroute_sip::{Config, Credentials, SipAdapter, SipLine, Trunk};

use crate::raw::{Raw, SDP, header, to_tag};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, CALLER, config, ended, expect, next_call};

/// A response of somebody whose Contact names an address behind his NAT.
fn hidden(raw: &Raw, request: &str, status: &str, tag: &str, extra: &str, body: &str) -> String {
    raw.response(request, status, tag, extra, body).replace(
        &format!("Contact: <sip:bob@{}>", raw.addr),
        "Contact: <sip:bob@10.9.9.9:5080>",
    )
}

/// An adapter whose trunk is this peer, and wants a password.
async fn with_trunk(ip: &str, raw: &Raw) -> SipAdapter {
    bind(Config {
        trunks: vec![Trunk {
            credentials: Some(Credentials {
                user: "us".to_owned(),
                password: "pw".into(),
            }),
            ..Trunk::new("carrier", &format!("sip:{}", raw.addr))
        }],
        ..config(ip)
    })
    .await
}

fn dial_trunk(line: &mut SipLine, leg: LegId) {
    line.perform(Command::Dial {
        leg,
        to: DialTarget::Number(Number::new("+13145550100").unwrap()),
        from: Caller::Known(Address::new("+14155550123").unwrap()),
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    });
}

const ASK: &str = "Proxy-Authenticate: Digest realm=\"c\",nonce=\"n1\",qop=\"auth\"\r\n";

/// RFC 3262, section 4; RFC 3261, sections 9.1, 13.2.2.4 and 22.
#[tokio::test]
async fn all_requests_take_the_way_back_and_answer_challenges() {
    let mut raw = Raw::new("127.67.1.2", "127.67.1.1:1".parse().unwrap()).await;
    let mut adapter = with_trunk("127.67.1.1", &raw).await;
    let mut caller = Raw::new("127.67.1.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial_trunk(&mut line, CALLEE);
    let invite = raw.until("INVITE").await;
    let reliable = "Require: 100rel\r\nRSeq: 7\r\n";
    raw.send(&hidden(&raw, &invite, "183 P", ";tag=a", reliable, SDP))
        .await;
    let prack = raw.until("PRACK").await;
    assert_eq!(header(&prack, "CSeq"), Some("2 PRACK"));
    raw.send(&hidden(&raw, &prack, "407 Proxy", "", ASK, ""))
        .await;
    // The first may come again before its answer arrives.
    let mut again = raw.until("PRACK").await;
    while header(&again, "Proxy-Authorization").is_none() {
        again = raw.until("PRACK").await;
    }
    assert_eq!(header(&again, "CSeq"), Some("3 PRACK"));
    assert_eq!(header(&again, "RAck"), Some("7 1 INVITE"));
    raw.send(&hidden(&raw, &again, "200 OK", "", "", "")).await;
    raw.send(&hidden(&raw, &invite, "200 OK", ";tag=a", "", ""))
        .await;
    raw.until("ACK").await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::EarlyMedia { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;

    // A REFER that is challenged; its number is the next after those of the PRACKs.
    line.perform(Command::Redirect {
        leg: CALLEE,
        contacts: vec![DialTarget::Number(Number::new("+13145550101").unwrap())],
    });
    let refer = raw.until("REFER").await;
    assert_eq!(header(&refer, "CSeq"), Some("4 REFER"));
    raw.send(&hidden(&raw, &refer, "407 Proxy", "", ASK, ""))
        .await;
    let again = raw.until("REFER").await;
    assert_eq!(header(&again, "CSeq"), Some("5 REFER"));
    raw.send(&hidden(&raw, &again, "202 Accepted", "", "", ""))
        .await;
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let bye = raw.until("BYE").await;
    raw.send(&hidden(&raw, &bye, "200 OK", "", "", "")).await;
    ended(&mut line, CALLEE).await;
}

/// A 2xx that crosses our CANCEL, and the 2xx of another fork.
#[tokio::test]
async fn an_unwanted_answer_from_behind_a_nat_is_acknowledged_and_ended() {
    let mut raw = Raw::new("127.67.2.2", "127.67.2.1:1".parse().unwrap()).await;
    let mut adapter = with_trunk("127.67.2.1", &raw).await;
    let mut caller = Raw::new("127.67.2.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial_trunk(&mut line, CALLEE);
    let invite = raw.until("INVITE").await;
    raw.send(&hidden(&raw, &invite, "180 R", ";tag=a", "", ""))
        .await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let cancel = raw.until("CANCEL").await;
    raw.send(&hidden(&raw, &cancel, "200 OK", ";tag=a", "", ""))
        .await;
    raw.send(&hidden(&raw, &invite, "200 OK", ";tag=a", "", SDP))
        .await;
    raw.until("ACK sip:bob@10.9.9.9:5080 ").await;
    let bye = raw.until("BYE sip:bob@10.9.9.9:5080 ").await;
    raw.send(&hidden(&raw, &bye, "200 OK", "", "", "")).await;
    ended(&mut line, CALLEE).await;

    let leg = LegId(2);
    dial_trunk(&mut line, leg);
    let invite = raw.until("INVITE").await;
    for tag in [";tag=b", ";tag=c"] {
        raw.send(&hidden(&raw, &invite, "200 OK", tag, "", SDP))
            .await;
        let ack = raw.until("ACK").await;
        assert_eq!(to_tag(&ack), tag);
    }
    let bye = raw.until("BYE").await;
    assert_eq!(to_tag(&bye), ";tag=c");
}

/// RFC 3261, sections 12.2.2 and 14.2: who asks from elsewhere is there from then on.
#[tokio::test]
async fn who_moves_is_followed() {
    for (at, (offer, behind_nat)) in [(SDP, false), ("", false), (SDP, true), ("", true)]
        .into_iter()
        .enumerate()
    {
        let net = format!("127.67.{}", 10 + at);
        let mut adapter = bind(config(&format!("{net}.1"))).await;
        let mut old = Raw::new(&format!("{net}.2"), adapter.local_addr()).await;
        let mut new = Raw::new(&format!("{net}.2"), adapter.local_addr()).await;
        new.call_id.clone_from(&old.call_id);
        let contact = |raw: &Raw, text: String| match behind_nat {
            true => text.replace(
                &format!("Contact: <sip:ann@{}>", raw.addr),
                "Contact: <sip:ann@10.9.9.9:5080>",
            ),
            false => text,
        };
        let invite = old.request("INVITE", "i", 1, "", "", SDP);
        old.send(&contact(&old, invite)).await;
        let mut line = next_call(&mut adapter).await.line;
        line.perform(Command::Answer { leg: CALLER });
        let ok = old.until("SIP/2.0 200").await;
        old.send(&old.request("ACK", "a", 1, &to_tag(&ok), "", ""))
            .await;
        expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
        let again = new.request("INVITE", "r", 2, &to_tag(&ok), "", offer);
        let from = format!("From: <sip:ann@{}>", old.addr);
        let again = again.replace(&format!("From: <sip:ann@{}>", new.addr), &from);
        new.send(&contact(&new, again)).await;
        new.until("SIP/2.0 200").await;
        let answer = if offer.is_empty() { SDP } else { "" };
        new.send(&new.request("ACK", "ra", 2, &to_tag(&ok), "", answer))
            .await;
        let (leg, cause) = (CALLER, EndCause::Normal);
        line.perform(Command::Hangup { leg, cause });
        let bye = new.until("BYE").await;
        new.send(&new.response(&bye, "200 OK", "", "", "")).await;
        ended(&mut line, CALLER).await;
    }
}

/// The BYE to this tag, which is asked for a password and answers that.
async fn bye_is_proven(raw: &mut Raw, tag: &str) {
    let mut asked = false;
    loop {
        let bye = raw.until("BYE").await;
        if to_tag(&bye) != tag {
            continue;
        }
        if header(&bye, "Proxy-Authorization").is_some() {
            assert!(asked, "{bye}");
            raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
            return;
        }
        asked = true;
        raw.send(&raw.response(&bye, "407 Proxy", "", ASK, ""))
            .await;
    }
}

/// A dialog that nobody wants is ended in earnest: of a fork, of a 2xx that cannot be used, and of who is
/// replaced.
#[tokio::test]
async fn a_bye_that_is_challenged_is_proven_whatever_it_ends() {
    let mut raw = Raw::new("127.67.3.2", "127.67.3.1:1".parse().unwrap()).await;
    let mut adapter = with_trunk("127.67.3.1", &raw).await;
    let mut caller = Raw::new("127.67.3.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let unusable = SDP.replace("AVP 0 101", "AVP 18 101");
    for (leg, body) in [(1, ""), (2, unusable.as_str())] {
        let leg = LegId(leg);
        dial_trunk(&mut line, leg);
        let invite = raw.until("INVITE").await;
        raw.send(&raw.response(&invite, "200 OK", ";tag=a", "", body))
            .await;
        raw.until("ACK").await;
        bye_is_proven(&mut raw, ";tag=a").await;
        assert_eq!(ended(&mut line, leg).await.sip_code, Some(488));
    }

    let leg = LegId(3);
    dial_trunk(&mut line, leg);
    let invite = raw.until("INVITE").await;
    for tag in [";tag=b", ";tag=c"] {
        raw.send(&raw.response(&invite, "200 OK", tag, "", SDP))
            .await;
    }
    expect(&mut line, Notice::LegAnswered { leg }).await;
    bye_is_proven(&mut raw, ";tag=c").await;

    let mut new = Raw::new("127.67.3.4", adapter.local_addr()).await;
    let ours = header(&invite, "From").unwrap().split(";tag=").nth(1);
    let named = format!(
        "Replaces: {};to-tag={};from-tag=b\r\n",
        header(&invite, "Call-ID").unwrap(),
        ours.unwrap()
    );
    new.send(&new.request("INVITE", "n", 1, "", &named, SDP))
        .await;
    new.until("SIP/2.0 200").await;
    bye_is_proven(&mut raw, ";tag=b").await;
}

/// RFC 3261, section 22.1: a proxy asks on the way, and the far end after it.
#[tokio::test]
async fn a_bye_answers_the_proxy_and_then_the_far_end() {
    let mut raw = Raw::new("127.67.4.2", "127.67.4.1:1".parse().unwrap()).await;
    let mut adapter = with_trunk("127.67.4.1", &raw).await;
    let mut caller = Raw::new("127.67.4.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial_trunk(&mut line, CALLEE);
    let invite = raw.until("INVITE").await;
    raw.send(&raw.response(&invite, "200 OK", ";tag=a", "", SDP))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let bye = raw.until("BYE").await;
    raw.send(&raw.response(&bye, "407 Proxy", "", ASK, ""))
        .await;
    let mut proven = raw.until("BYE").await;
    while header(&proven, "Proxy-Authorization").is_none() {
        proven = raw.until("BYE").await;
    }
    let ask = "WWW-Authenticate: Digest realm=\"d\",nonce=\"n2\",qop=\"auth\"\r\n";
    raw.send(&raw.response(&proven, "401 No", "", ask, ""))
        .await;
    let mut proven = raw.until("BYE").await;
    while header(&proven, "Authorization").is_none() {
        proven = raw.until("BYE").await;
    }
    raw.send(&raw.response(&proven, "200 OK", "", "", "")).await;
    ended(&mut line, CALLEE).await;
}
