//! Messages as they are on the wire: retransmissions, refusals, and peers that do not behave.

use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice};
use callroute_schema::{Cause, Disposition};
use callroute_sip::phone::AnswerMode;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::support::{
    CALLEE, CALLER, adapter, dial, empty, ended, expect, friendly, local, next_call, notice, phone,
    uri,
};

#[tokio::test]
async fn a_repeated_invite_is_one_call_and_a_merged_one_is_refused() {
    let mut adapter = adapter("127.26.1.1").await;
    let mut raw = Raw::new("127.26.1.2", adapter.local_addr()).await;
    let invite = raw.request("INVITE", "a", 1, "", "", SDP);
    raw.send(&invite).await;
    raw.until("SIP/2.0 100").await;
    raw.send(&invite).await;
    raw.until("SIP/2.0 100").await;
    raw.send(&raw.request("INVITE", "b", 1, "", "", SDP)).await;
    raw.until("SIP/2.0 482").await;
    let mut line = next_call(&mut adapter).await.line;
    assert_eq!(adapter.handle().stats().calls, 1);
    raw.send(&raw.request("CANCEL", "a", 1, "", "Reason: SIP;cause=200\r\n", ""))
        .await;
    raw.until("SIP/2.0 200").await;
    raw.until("SIP/2.0 487").await;
    assert_eq!(
        ended(&mut line, CALLER).await.disposition,
        Disposition::AnsweredElsewhere
    );
}

/// RFC 3261, sections 17.1.1.2 and 17.2.2; RFC 6026, section 7.1.
#[tokio::test]
async fn a_transaction_that_is_over_still_meets_its_copies() {
    let mut adapter = adapter("127.26.12.1").await;
    let mut raw = Raw::new("127.26.12.2", adapter.local_addr()).await;
    let invite = raw.request("INVITE", "a", 1, "", "", SDP);
    raw.send(&invite).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    let ack = raw.request("ACK", "c", 1, &to_tag(&ok), "", "");
    raw.send(&ack).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    for copy in [&invite, &ack] {
        raw.send(copy).await;
        assert!(raw.quiet("SIP/2.0", Duration::from_millis(50)).await);
    }
    assert_eq!(adapter.handle().stats().calls, 1);

    dial(&mut line, CALLEE, &uri(raw.addr));
    let dialed = raw.until("INVITE").await;
    let busy = raw.response(&dialed, "486 Busy Here", ";tag=one", "", "");
    raw.send(&busy).await;
    let acknowledged = raw.until("ACK").await;
    assert_eq!(ended(&mut line, CALLEE).await.sip_code, Some(486));
    raw.send(&busy).await;
    assert_eq!(raw.until("ACK").await, acknowledged);

    let bye = raw.request("BYE", "d", 2, &to_tag(&ok), "", "");
    raw.send(&bye).await;
    let answer = raw.until("SIP/2.0 200").await;
    assert_eq!(ended(&mut line, CALLER).await, Cause::normal());
    raw.send(&bye).await;
    assert_eq!(raw.until("SIP/2.0 200").await, answer);
}

#[tokio::test]
async fn an_answer_without_ack_is_repeated_then_given_up() {
    let mut adapter = friendly("127.26.2.1", "127.26.2.2").await;
    let mut raw = Raw::new("127.26.2.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "a", 1, "", "", SDP)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    for _ in 0..4 {
        let ok = raw.until("SIP/2.0 200").await;
        assert!(header(&ok, "Contact").is_some() && ok.contains("m=audio"));
    }
    let bye = raw.until("BYE").await;
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    let cause = ended(&mut line, CALLER).await;
    assert_eq!(
        (cause.disposition, cause.q850),
        (Disposition::Failed, Some(102))
    );
    assert_eq!(notice(&mut line).await, None);
    empty(|| adapter.handle().stats()).await;
}

#[tokio::test]
async fn a_hangup_before_the_ack_waits_for_it() {
    let mut adapter = adapter("127.26.3.1").await;
    let mut raw = Raw::new("127.26.3.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "a", 1, "", "", SDP)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    line.perform(Command::Hangup {
        leg: CALLER,
        cause: EndCause::Normal,
    });
    assert_eq!(ended(&mut line, CALLER).await, Cause::normal());
    let ok = raw.until("SIP/2.0 200").await;
    assert!(
        raw.quiet("BYE", Duration::from_millis(200)).await,
        "no BYE before the ACK"
    );
    raw.send(&raw.request("ACK", "c", 1, &to_tag(&ok), "", ""))
        .await;
    raw.until("BYE").await;
}

#[tokio::test]
async fn a_late_offer_is_ours_and_the_ack_answers_it() {
    let mut adapter = adapter("127.26.4.1").await;
    let mut raw = Raw::new("127.26.4.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "a", 1, "", "", "")).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    assert!(ok.contains("RTP/AVP 0 8 9 101"), "{ok}");
    // A re-INVITE while our offer is open crosses it.
    raw.send(&raw.request("INVITE", "x", 2, &to_tag(&ok), "", SDP))
        .await;
    raw.until("SIP/2.0 491").await;
    raw.send(&raw.request("ACK", "c", 1, &to_tag(&ok), "", SDP))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    raw.send(&raw.request(
        "BYE",
        "d",
        3,
        &to_tag(&ok),
        "Reason: Q.850;cause=31\r\n",
        "",
    ))
    .await;
    raw.until("SIP/2.0 200").await;
    assert_eq!(ended(&mut line, CALLER).await.q850, Some(31));
}

#[tokio::test]
async fn what_is_not_served_is_refused_with_the_right_words() {
    let adapter = adapter("127.26.5.1").await;
    let mut raw = Raw::new("127.26.5.2", adapter.local_addr()).await;
    let odd = SDP.replace("RTP/AVP 0 101", "RTP/AVP 18 101");
    type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, Option<&'a str>);
    let cases: [Case<'_>; 12] = [
        ("BYE", ";tag=nobody", "", "", "481", None),
        ("BYE", "", "", "", "481", None),
        ("CANCEL", "", "", "", "481", None),
        (
            "REGISTER",
            "",
            "",
            "",
            "405",
            Some("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS"),
        ),
        ("FROB", "", "", "", "405", Some("Allow: ")),
        (
            "OPTIONS",
            "",
            "",
            "",
            "200",
            Some("Accept: application/sdp"),
        ),
        ("INVITE", "", "Max-Forwards: 0\r\n", SDP, "483", None),
        (
            "INVITE",
            "",
            "Require: path, 100rel, gruu\r\n",
            SDP,
            "420",
            Some("Unsupported: path, gruu"),
        ),
        (
            "INVITE",
            "",
            "",
            &odd,
            "488",
            Some("Warning: 305 127.26.5.1 \""),
        ),
        ("INVITE", "", "", "nonsense", "400", None),
        ("INVITE", ";tag=nobody", "", SDP, "481", None),
        ("INVITE", "", "CSeq: 7 BYE\r\n", SDP, "400", None),
    ];
    for (at, (method, tag, extra, body, status, wanted)) in cases.into_iter().enumerate() {
        let at = u32::try_from(at).unwrap();
        raw.send(&raw.request(method, &format!("n{at}"), at + 1, tag, extra, body))
            .await;
        let found = raw.until("SIP/2.0").await;
        assert!(
            found.starts_with(&format!("SIP/2.0 {status}")),
            "{method}: {found}"
        );
        assert!(
            wanted.is_none_or(|wanted| found.contains(wanted)),
            "{method}: {found}"
        );
        raw.send(&raw.request(
            "ACK",
            &format!("n{at}"),
            at + 1,
            &to_tag_or_none(&found),
            "",
            "",
        ))
        .await;
    }
    let typed = raw
        .request("INVITE", "t", 90, "", "", SDP)
        .replace("application/sdp", "text/plain");
    raw.send(&typed).await;
    raw.until("SIP/2.0 415").await;
    assert_eq!(adapter.handle().stats(), callroute_sip::Stats::default());
}

fn to_tag_or_none(message: &str) -> String {
    let to = header(message, "To").unwrap();
    to.find(";tag=")
        .map(|at| to[at..].to_owned())
        .unwrap_or_default()
}

#[tokio::test]
async fn garbage_disturbs_nothing() {
    let mut adapter = adapter("127.26.6.1").await;
    let mut raw = Raw::new("127.26.6.2", adapter.local_addr()).await;
    for garbage in [
        "",
        "\r\n\r\n",
        "INVITE",
        "SIP/2.0 200 OK\r\n\r\n",
        "INVITE x SIP/2.0\r\n\r\n",
    ] {
        raw.send(garbage).await;
    }
    raw.socket.send_to(&[0xff; 1400], raw.peer).await.unwrap();
    raw.send(&raw.request("INVITE", "a", 1, "", "", SDP)).await;
    raw.until("SIP/2.0 100").await;
    next_call(&mut adapter).await;
}

#[tokio::test]
async fn the_route_set_of_a_caller_is_honoured() {
    let mut adapter = adapter("127.26.7.1").await;
    let mut raw = Raw::new("127.26.7.2", adapter.local_addr()).await;
    let mut proxy = Raw::new("127.26.7.3", adapter.local_addr()).await;
    let route = format!(
        "Record-Route: <sip:{};lr>\r\nRecord-Route: <sip:far.invalid;lr>\r\n",
        proxy.addr
    );
    raw.send(&raw.request("INVITE", "a", 1, "", &route, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    assert!(
        header(&ok, "Record-Route")
            .unwrap()
            .contains(&proxy.addr.to_string())
    );
    raw.send(&raw.request("ACK", "c", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    line.perform(Command::Hangup {
        leg: CALLER,
        cause: EndCause::Normal,
    });
    let bye = proxy.until(&format!("BYE sip:ann@{}", raw.addr)).await;
    assert!(bye.contains(&format!(
        "Route: <sip:{};lr>\r\nRoute: <sip:far.invalid;lr>",
        proxy.addr
    )));
}

#[tokio::test]
async fn a_callee_that_repeats_or_forks_its_answer_is_acknowledged() {
    let mut adapter = adapter("127.26.8.1").await;
    let caller = phone("127.26.8.2", AnswerMode::Ring).await;
    let mut raw = Raw::new("127.26.8.3", adapter.local_addr()).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    assert!(
        invite.contains("\"Ann\" <sip:+14155550123@127.26.8.1:"),
        "{invite}"
    );
    raw.send(&raw.response(&invite, "180 Ringing", ";tag=one", "", ""))
        .await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    raw.send(&raw.response(&invite, "183 Session Progress", ";tag=one", "", SDP))
        .await;
    let ok = raw.response(&invite, "200 OK", ";tag=one", "", SDP);
    raw.send(&ok).await;
    let ack = raw.until("ACK").await;
    assert_eq!(to_tag(&ack), ";tag=one");
    expect(&mut line, Notice::EarlyMedia { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    raw.send(&ok).await;
    assert_eq!(raw.until("ACK").await, ack, "the same ACK again");
    raw.send(&raw.response(&invite, "200 OK", ";tag=two", "", SDP))
        .await;
    assert_eq!(to_tag(&raw.until("ACK").await), ";tag=two");
    let bye = raw.until("BYE").await;
    assert_eq!(to_tag(&bye), ";tag=two");
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    line.perform(Command::Hangup {
        leg: CALLEE,
        cause: EndCause::Normal,
    });
    assert_eq!(ended(&mut line, CALLEE).await, Cause::normal());
    loop {
        // The fork's BYE may come again before its 200 arrived.
        let bye = raw.until("BYE").await;
        raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
        if to_tag(&bye) == ";tag=one" {
            break;
        }
    }
    empty_but_caller(&adapter).await;
}

async fn empty_but_caller(adapter: &callroute_sip::SipAdapter) {
    let handle = adapter.handle();
    empty(|| {
        let mut stats = handle.stats();
        stats.calls -= 1;
        stats.legs -= 1;
        stats.rtp_sockets -= 1;
        stats
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_ended() {
    let mut adapter = adapter("127.26.9.1").await;
    let caller = phone("127.26.9.2", AnswerMode::Ring).await;
    let mut raw = Raw::new("127.26.9.3", adapter.local_addr()).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    // Given up before anything came: CANCEL must wait for a provisional response.
    line.perform(Command::Hangup {
        leg: CALLEE,
        cause: EndCause::AnsweredElsewhere,
    });
    assert_eq!(
        ended(&mut line, CALLEE).await,
        local(Disposition::AnsweredElsewhere)
    );
    assert!(raw.quiet("CANCEL", Duration::from_millis(200)).await);
    raw.send(&raw.response(&invite, "180 Ringing", ";tag=one", "", ""))
        .await;
    let cancel = raw.until("CANCEL").await;
    assert!(
        header(&cancel, "Reason")
            .unwrap()
            .starts_with("SIP;cause=200")
    );
    raw.send(&raw.response(&invite, "200 OK", ";tag=one", "", SDP))
        .await;
    raw.until("ACK").await;
    let bye = raw.until("BYE").await;
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    empty_but_caller(&adapter).await;
}

#[tokio::test]
async fn a_reason_outranks_the_status_and_bad_answers_are_ended() {
    let mut adapter = adapter("127.26.10.1").await;
    let caller = phone("127.26.10.2", AnswerMode::Ring).await;
    let mut raw = Raw::new("127.26.10.3", adapter.local_addr()).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    let reason = "Reason: Q.850;cause=17;text=\"busy\"\r\n";
    raw.send(&raw.response(&invite, "503 No", ";tag=one", reason, ""))
        .await;
    let cause = ended(&mut line, CALLEE).await;
    assert_eq!((cause.sip_code, cause.q850), (Some(503), Some(17)));
    assert_eq!(cause.disposition, Disposition::Busy);

    let leg = callroute_media::LegId(2);
    dial(&mut line, leg, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    raw.send(&raw.response(&invite, "200 OK", ";tag=one", "", ""))
        .await;
    raw.until("ACK").await;
    raw.until("BYE").await;
    assert_eq!(ended(&mut line, leg).await.sip_code, Some(488));
}

#[tokio::test]
async fn a_flood_of_answers_holds_up_nobody() {
    let mut adapter = adapter("127.26.11.1").await;
    let caller = phone("127.26.11.2", AnswerMode::Ring).await;
    let mut raw = Raw::new("127.26.11.3", adapter.local_addr()).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    let ringing = raw.response(&invite, "180 Ringing", ";tag=one", "", "");
    let ok = raw.response(&invite, "200 OK", ";tag=one", "", SDP);
    for message in [&ringing, &ok] {
        for _ in 0..1000 {
            raw.send(message).await;
        }
    }
    // Another peer is served while the flood is dealt with.
    let mut other = Raw::new("127.26.11.4", adapter.local_addr()).await;
    other
        .send(&other.request("OPTIONS", "o", 1, "", "", ""))
        .await;
    other.until("SIP/2.0 200").await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
}
