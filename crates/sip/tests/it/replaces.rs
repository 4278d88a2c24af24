//! INVITE with Replaces: what RFC 3891, section 3, asks, sentence by sentence.

use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice};
use callroute_schema::{Cause, Disposition};

use crate::raw::{Raw, SDP, header, to_tag};
use crate::signalling::called;
use crate::support::{
    CALLEE, CALLER, adapter, any_notice, dial, ended, expect, next_call, notice, uri,
};

/// The header that names a dialog of ours: Call-ID, our tag, theirs.
fn names(call_id: &str, ours: &str, theirs: &str, more: &str) -> String {
    format!("Replaces: {call_id};to-tag={ours};from-tag={theirs}{more}\r\n")
}

fn tag(value: &str) -> String {
    value.split(";tag=").nth(1).unwrap().to_owned()
}

/// Sends an INVITE of its own dialog with these headers; it must be refused so.
async fn refused(new: &mut Raw, branch: &str, headers: &str, status: u16) {
    new.call_id = format!("new-{branch}");
    new.send(&new.request("INVITE", branch, 1, "", headers, SDP))
        .await;
    let refused = new.until(&format!("SIP/2.0 {status}")).await;
    new.send(&new.request("ACK", branch, 1, &to_tag(&refused), "", ""))
        .await;
}

/// "If the Replaces header field matches an early dialog that was initiated by the UA, it accepts
/// the new INVITE by sending a 200-class response, and shuts down the early dialog by sending a
/// CANCEL." And "early-only" is no hindrance there.
#[tokio::test]
async fn an_early_dialog_of_ours_is_replaced() {
    let mut adapter = adapter("127.62.1.1").await;
    let mut caller = Raw::new("127.62.1.2", adapter.local_addr()).await;
    let mut callee = Raw::new("127.62.1.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    for (round, more) in ["", ";early-only"].into_iter().enumerate() {
        let leg = callroute_media::LegId(u32::try_from(round).unwrap() + 1);
        dial(&mut line, leg, &uri(callee.addr));
        let invite = callee.until("INVITE").await;
        let ringing = callee.response(&invite, "180 Ringing", ";tag=early", "", "");
        let (call_id, ours) = (
            header(&invite, "Call-ID").unwrap(),
            tag(header(&invite, "From").unwrap()),
        );
        let mut new = Raw::new("127.62.1.4", adapter.local_addr()).await;
        // Before it rings there is no dialog at all.
        let named = names(call_id, &ours, "early", more);
        refused(&mut new, &format!("a{round}"), &named, 481).await;
        callee.send(&ringing).await;
        expect(&mut line, Notice::LegRinging { leg }).await;
        // Both tags must be right; and what cannot be accepted changes nothing.
        for (branch, named, status) in [
            ("b", names(call_id, &ours, "late", more), 481),
            ("c", names(call_id, "early", &ours, more), 481),
        ] {
            refused(&mut new, &format!("{branch}{round}"), &named, status).await;
        }
        let odd = SDP.replace("RTP/AVP 0 101", "RTP/AVP 18 101");
        new.call_id = format!("odd{round}");
        let request = new.request("INVITE", &format!("d{round}"), 1, "", &named, &odd);
        new.send(&request).await;
        new.until("SIP/2.0 488").await;
        assert!(callee.quiet("CANCEL", Duration::from_millis(200)).await);

        new.call_id = format!("right{round}");
        let branch = format!("e{round}");
        new.send(&new.request("INVITE", &branch, 1, "", &named, SDP))
            .await;
        let ok = new.until("SIP/2.0 200").await;
        assert!(ok.contains("m=audio ") && header(&ok, "Contact").is_some());
        let cancel = callee.until("CANCEL").await;
        callee
            .send(&callee.response(&cancel, "200 OK", ";tag=early", "", ""))
            .await;
        callee
            .send(&callee.response(&invite, "487 Request Terminated", ";tag=early", "", ""))
            .await;
        callee.until("ACK").await;
        new.send(&new.request("ACK", &format!("f{round}"), 1, &to_tag(&ok), "", ""))
            .await;
        // For the router the callee has answered.
        expect(&mut line, Notice::LegAnswered { leg }).await;
        match any_notice(&mut line).await {
            Some(Notice::Dialog { leg: found, dialog }) if found == leg => {
                assert!(dialog.starts_with(&format!("right{round};")), "{dialog}");
            }
            other => panic!("{other:?}"),
        }
        // And it is a dialog like any other: both ends can end it.
        if round == 0 {
            new.send(&new.request("BYE", "g", 2, &to_tag(&ok), "", ""))
                .await;
            new.until("SIP/2.0 200").await;
            assert_eq!(
                ended(&mut line, leg).await.disposition,
                Disposition::Answered
            );
        } else {
            let cause = EndCause::Normal;
            line.perform(Command::Hangup { leg, cause });
            let bye = new.until("BYE").await;
            new.send(&new.response(&bye, "200 OK", "", "", "")).await;
            assert_eq!(ended(&mut line, leg).await, Cause::normal());
        }
    }
}

/// A 2xx of the callee that crosses our CANCEL is acknowledged and ended.
#[tokio::test]
async fn an_answer_that_crosses_the_replacement_is_ended() {
    let mut adapter = adapter("127.62.2.1").await;
    let mut caller = Raw::new("127.62.2.2", adapter.local_addr()).await;
    let mut callee = Raw::new("127.62.2.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &uri(callee.addr));
    let invite = callee.until("INVITE").await;
    callee
        .send(&callee.response(&invite, "180 Ringing", ";tag=early", "", ""))
        .await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    let mut new = Raw::new("127.62.2.4", adapter.local_addr()).await;
    let ours = tag(header(&invite, "From").unwrap());
    let named = names(header(&invite, "Call-ID").unwrap(), &ours, "early", "");
    new.call_id = "crossing".to_owned();
    new.send(&new.request("INVITE", "a", 1, "", &named, SDP))
        .await;
    new.until("SIP/2.0 200").await;
    callee.until("CANCEL").await;
    callee
        .send(&callee.response(&invite, "200 OK", ";tag=early", "", SDP))
        .await;
    callee.until("ACK").await;
    let bye = callee.until("BYE").await;
    callee
        .send(&callee.response(&bye, "200 OK", "", "", ""))
        .await;
}

/// The rest of the section: what matches nothing, what is ambiguous, an early dialog that is not
/// ours, a confirmed one, one that waits for its ACK, and one that has ended.
#[tokio::test]
async fn the_other_sentences() {
    let mut adapter = adapter("127.62.3.1").await;
    let mut caller = Raw::new("127.62.3.2", adapter.local_addr()).await;
    let mut new = Raw::new("127.62.3.4", adapter.local_addr()).await;

    // "If more than one Replaces header field is present in an INVITE, or if a Replaces header
    // field is present in a request other than INVITE, the UAS MUST reject the request with a 400".
    let one = names("x", "y", "z", "");
    refused(&mut new, "a", &format!("{one}{one}"), 400).await;
    refused(&mut new, "b", "Replaces: nonsense\r\n", 400).await;
    new.send(&new.request("OPTIONS", "c", 1, "", &one, ""))
        .await;
    new.until("SIP/2.0 400").await;
    // "If no match is found, the UAS rejects the INVITE and returns a 481".
    refused(&mut new, "d", &one, 481).await;

    // "an early dialog that was not initiated by this UA": 481.
    let invite = caller.request("INVITE", "early", 1, "", "", SDP);
    caller.send(&invite).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let ringing = caller.until("SIP/2.0 180").await;
    let ours = tag(header(&ringing, "To").unwrap());
    let call_id = caller.call_id.clone();
    let named = |more: &str| names(&call_id, &ours, "raw", more);
    refused(&mut new, "e", &named(""), 481).await;
    refused(&mut new, "f", &named(";early-only"), 481).await;

    // Answered, and not acknowledged yet: it waits, as no BYE may be sent before the ACK.
    line.perform(Command::Answer { leg: CALLER });
    let ok = caller.until("SIP/2.0 200").await;
    // "If the flag is present, the UA rejects the request with a 486 Busy response."
    refused(&mut new, "g", &named(";early-only"), 486).await;
    new.call_id = "new-h".to_owned();
    new.send(&new.request("INVITE", "h", 1, "", &named(""), SDP))
        .await;
    new.until("SIP/2.0 100").await;
    assert!(new.quiet("SIP/2.0 2", Duration::from_millis(200)).await);
    caller
        .send(&caller.request("ACK", "h", 1, &to_tag(&ok), "", ""))
        .await;
    // "Otherwise, the UA accepts the new INVITE by sending a 200-class response, and shuts down the
    // replaced dialog with a BYE."
    let ok = new.until("SIP/2.0 200").await;
    new.send(&new.request("ACK", "i", 1, &to_tag(&ok), "", ""))
        .await;
    let bye = caller.until("BYE").await;
    caller
        .send(&caller.response(&bye, "200 OK", "", "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    // It has a new name, and the old one is that of a dialog that has ended: "the UA SHOULD decline
    // the request with a 603 Declined response".
    let mut third = Raw::new("127.62.3.5", adapter.local_addr()).await;
    refused(&mut third, "j", &named(""), 603).await;
    let ours = tag(&to_tag(&ok));
    let named = names("new-h", &ours, "raw", "");
    refused(
        &mut third,
        "k",
        &named.replace("from-tag=raw", "from-tag=0"),
        481,
    )
    .await;
    new.send(&new.request("BYE", "l", 2, &to_tag(&ok), "", ""))
        .await;
    new.until("SIP/2.0 200").await;
    assert_eq!(ended(&mut line, CALLER).await, Cause::normal());
    assert_eq!(notice(&mut line).await, None);
    refused(&mut third, "m", &named, 603).await;
}

/// A leg that ends while somebody waits to take its place: declined.
#[tokio::test]
async fn who_waits_for_a_dialog_that_ends_is_declined() {
    let mut adapter = adapter("127.62.4.1").await;
    let mut caller = Raw::new("127.62.4.2", adapter.local_addr()).await;
    let mut new = Raw::new("127.62.4.4", adapter.local_addr()).await;
    caller
        .send(&caller.request("INVITE", "a", 1, "", "", SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = caller.until("SIP/2.0 200").await;
    let ours = tag(header(&ok, "To").unwrap());
    new.call_id = "waits".to_owned();
    let named = names(&caller.call_id, &ours, "raw", "");
    new.send(&new.request("INVITE", "b", 1, "", &named, SDP))
        .await;
    new.until("SIP/2.0 100").await;
    // No ACK ever comes.
    let bye = caller.until("BYE").await;
    caller
        .send(&caller.response(&bye, "200 OK", "", "", ""))
        .await;
    new.until("SIP/2.0 603").await;
    assert_eq!(
        ended(&mut line, CALLER).await.disposition,
        Disposition::Failed
    );
}

/// RFC 3261, section 9.2: an attended transfer that is taken back before it has taken place leaves the call.
#[tokio::test]
async fn who_waits_may_give_up() {
    let mut adapter = adapter("127.62.5.1").await;
    let mut caller = Raw::new("127.62.5.2", adapter.local_addr()).await;
    let mut new = Raw::new("127.62.5.4", adapter.local_addr()).await;
    caller
        .send(&caller.request("INVITE", "a", 1, "", "", SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = caller.until("SIP/2.0 200").await;
    let named = names(&caller.call_id, &tag(header(&ok, "To").unwrap()), "raw", "");
    new.call_id = "waits".to_owned();
    new.send(&new.request("INVITE", "b", 1, "", &named, SDP))
        .await;
    new.until("SIP/2.0 100").await;
    new.send(&new.request("CANCEL", "b", 1, "", "", "")).await;
    for _ in 0..2 {
        let answer = new.until("SIP/2.0").await;
        let (status, to) = match header(&answer, "CSeq") {
            Some("1 CANCEL") => ("200", None),
            _ => ("487", Some(to_tag(&answer))),
        };
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{answer}");
        if let Some(to) = to {
            new.send(&new.request("ACK", "b", 1, &to, "", "")).await;
        }
    }
    caller
        .send(&caller.request("ACK", "a", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    assert!(caller.quiet("BYE", Duration::from_millis(200)).await);
    // It may still be taken over.
    new.call_id = "later".to_owned();
    new.send(&new.request("INVITE", "c", 1, "", &named, SDP))
        .await;
    new.until("SIP/2.0 200").await;
    caller.until("BYE").await;
}
