//! The caller's leg: answer, ring, cancel, refuse, hang up.

use std::time::Duration;

use callroute_media::{Command, EndCause, Line, PlayId, Sound};
use callroute_schema::{Caller, Cause, Disposition, RejectCause};
use callroute_sip::phone::AnswerMode;
use callroute_sip::{BindError, SipAdapter};

use crate::raw::{Raw, SDP, header, to_tag};
use crate::support::{
    CALLER, LONG, adapter, answer, config, empty, ended, friendly, next_call, notice, phone, uri,
};

#[tokio::test]
async fn a_call_is_answered_and_ended_by_either_side() {
    let mut adapter = adapter("127.20.1.1").await;
    let phone = phone("127.20.1.2", AnswerMode::Ring).await;
    for transport in ["", ";transport=tcp"] {
        for caller_ends in [true, false] {
            let uri = format!("{}{transport}", uri(adapter.local_addr()));
            let call = phone.call(&uri, "+14155550123").await.unwrap();
            let mut incoming = next_call(&mut adapter).await;
            assert_eq!(incoming.offer.from.as_str(), "+14155550123");
            assert_eq!(incoming.offer.to.as_str(), "+13146523057");
            let line = &mut incoming.line;
            line.perform(Command::Ring { leg: CALLER });
            line.perform(Command::Ring { leg: CALLER });
            assert!(call.wait_ringing(LONG).await);
            assert!(!call.record().answered);
            answer(line).await;
            call.wait_answered(LONG).await.unwrap();
            if caller_ends {
                call.hangup();
            } else {
                line.perform(Command::Hangup {
                    leg: CALLER,
                    cause: EndCause::Normal,
                });
            }
            assert_eq!(ended(line, CALLER).await, Cause::normal());
            assert_eq!(call.wait_ended(LONG).await, Some(Cause::normal()));
            assert_eq!(notice(line).await, None);
        }
    }
    empty(|| adapter.handle().stats()).await;
    empty(|| phone.handle().stats()).await;
}

#[tokio::test]
async fn a_caller_who_gives_up_is_cancelled() {
    let mut adapter = adapter("127.20.2.1").await;
    let phone = phone("127.20.2.2", AnswerMode::Ring).await;
    let call = phone
        .call(&uri(adapter.local_addr()), "anonymous")
        .await
        .unwrap();
    let mut incoming = next_call(&mut adapter).await;
    assert_eq!(incoming.offer.from, Caller::Withheld);
    incoming.line.perform(Command::Ring { leg: CALLER });
    assert!(call.wait_ringing(LONG).await);
    call.hangup();
    assert_eq!(
        ended(&mut incoming.line, CALLER).await,
        Cause::from_sip(487)
    );
    assert_eq!(notice(&mut incoming.line).await, None);
    empty(|| adapter.handle().stats()).await;
    empty(|| phone.handle().stats()).await;
}

#[tokio::test]
async fn a_refusal_carries_its_status_and_cause() {
    let mut adapter = adapter("127.20.3.1").await;
    let phone = phone("127.20.3.2", AnswerMode::Ring).await;
    for (cause, status, disposition) in [
        (
            EndCause::Rejected(RejectCause::UserBusy),
            486,
            Disposition::Busy,
        ),
        (
            EndCause::Rejected(RejectCause::UnallocatedNumber),
            404,
            Disposition::InvalidNumber,
        ),
        (
            EndCause::Rejected(RejectCause::Congestion),
            503,
            Disposition::Congestion,
        ),
        (EndCause::Normal, 603, Disposition::Declined),
        (EndCause::NoAnswer, 480, Disposition::NoAnswer),
        (EndCause::Shutdown, 503, Disposition::Congestion),
    ] {
        let call = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
        let mut incoming = next_call(&mut adapter).await;
        incoming
            .line
            .perform(Command::Hangup { leg: CALLER, cause });
        let found = call.wait_ended(LONG).await.unwrap();
        assert_eq!(
            (found.sip_code, found.disposition),
            (Some(status), disposition),
            "{cause:?}"
        );
        assert_eq!(
            ended(&mut incoming.line, CALLER).await.sip_code,
            Some(status)
        );
    }
}

#[tokio::test]
async fn a_dropped_line_ends_its_legs() {
    let mut adapter = adapter("127.20.4.1").await;
    let phone = phone("127.20.4.2", AnswerMode::Ring).await;
    let call = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    drop(next_call(&mut adapter).await);
    assert_eq!(call.wait_ended(LONG).await.unwrap().sip_code, Some(480));

    let call = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let mut incoming = next_call(&mut adapter).await;
    answer(&mut incoming.line).await;
    drop(incoming);
    assert_eq!(call.wait_ended(LONG).await, Some(Cause::normal()));
    empty(|| adapter.handle().stats()).await;
}

#[tokio::test]
async fn a_stopped_adapter_refuses_new_calls_and_keeps_the_old() {
    let mut adapter = adapter("127.20.5.1").await;
    let phone = phone("127.20.5.2", AnswerMode::Ring).await;
    let old = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let mut incoming = next_call(&mut adapter).await;
    adapter.handle().stop();
    let new = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    assert_eq!(new.wait_ended(LONG).await.unwrap().sip_code, Some(503));
    // Who asks first is told the same (RFC 3261, section 11.2).
    let mut raw = Raw::new("127.20.5.3", adapter.local_addr()).await;
    raw.send(&raw.request("OPTIONS", "o", 1, "", "", "")).await;
    let refused = raw.until("SIP/2.0 503").await;
    assert_eq!(header(&refused, "Retry-After"), Some("5"));
    answer(&mut incoming.line).await;
    old.wait_answered(LONG).await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_a_clear_error() {
    let first = adapter("127.20.6.1").await;
    let addr = first.local_addr();
    let error = SipAdapter::bind(callroute_sip::Config {
        listen: addr,
        ..config("127.20.6.1")
    })
    .await
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on {addr} (udp): address already in use; another SIP server runs \
             there? choose another address to listen on"
        )
    );
    drop(first);
    let free = async {
        while SipAdapter::bind(callroute_sip::Config {
            listen: addr,
            ..config("127.20.6.1")
        })
        .await
        .is_err()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LONG, free)
        .await
        .expect("a dropped adapter gives its port back");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let mut wrong = config("127.20.7.1");
    wrong.trunk = Some("127.0.0.1:5070".to_owned());
    assert!(matches!(
        SipAdapter::bind(wrong).await,
        Err(BindError::Uri { .. })
    ));
    let mut wrong = config("127.20.7.1");
    wrong.rtp_ports = 5..=5;
    assert!(matches!(
        SipAdapter::bind(wrong).await,
        Err(BindError::RtpPorts { .. })
    ));
    for nowhere in ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1"] {
        let mut wrong = config("127.20.7.1");
        wrong.advertised = Some(nowhere.parse().unwrap());
        let error = SipAdapter::bind(wrong).await.unwrap_err().to_string();
        assert!(error.starts_with(nowhere), "{error}");
    }
}

#[tokio::test]
async fn bound_to_every_address_it_names_the_one_that_leads_to_the_peer() {
    let mut adapter = SipAdapter::bind(config("0.0.0.0")).await.unwrap();
    let port = adapter.local_addr().port();
    let phone = phone("127.20.8.2", AnswerMode::Ring).await;
    let call = phone
        .call(&format!("sip:a@127.20.8.1:{port}"), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    answer(&mut line).await;
    line.perform(Command::Play {
        leg: CALLER,
        play: PlayId(1),
        sound: Sound::Beep,
    });
    assert!(call.wait_heard(Duration::from_millis(300), LONG).await);
    drop(line);
    assert_eq!(call.wait_ended(LONG).await, Some(Cause::normal()));
}

#[tokio::test]
async fn a_dropped_adapter_still_says_goodbye() {
    let mut adapter = adapter("127.20.9.1").await;
    let phone = phone("127.20.9.2", AnswerMode::Ring).await;
    for _ in 0..2 {
        let call = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
        let mut line = next_call(&mut adapter).await.line;
        answer(&mut line).await;
        call.wait_answered(LONG).await.unwrap();
        drop(adapter);
        drop(line);
        assert_eq!(call.wait_ended(LONG).await, Some(Cause::normal()));
        adapter = crate::support::adapter("127.20.9.1").await;
    }
}

/// A caller who waits only so long is told that it was too long (RFC 3261, section 13.3.1), and is sent
/// his timestamp at once (section 8.2.6.1).
#[tokio::test]
async fn an_invitation_expires() {
    let mut adapter = adapter("127.20.42.1").await;
    let mut raw = Raw::new("127.20.42.2", adapter.local_addr()).await;
    let extra = "Expires: 2\r\nTimestamp: 54.2\r\n";
    raw.send(&raw.request("INVITE", "a", 1, "", extra, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let trying = raw.until("SIP/2.0 100").await;
    assert_eq!(header(&trying, "Timestamp"), Some("54.2"));
    let ringing = raw.until("SIP/2.0 180").await;
    assert_eq!(header(&ringing, "Timestamp"), None);
    let refused = raw.until("SIP/2.0 487").await;
    assert_eq!(to_tag(&refused), to_tag(&ringing));
    assert_eq!(ended(&mut line, CALLER).await, Cause::from_sip(487));
}

/// However much waits for a leg, what ends its call reaches it.
#[tokio::test]
async fn a_hangup_is_heard_in_a_flood() {
    let mut adapter = friendly("127.20.41.1", "127.20.41.2").await;
    let mut raw = Raw::new("127.20.41.2", adapter.local_addr()).await;
    for answered in [true, false] {
        let branch = format!("inv{answered}");
        raw.call_id = branch.clone();
        raw.send(&raw.request("INVITE", &branch, 1, "", "", SDP))
            .await;
        let mut line = next_call(&mut adapter).await.line;
        let tag = if answered {
            line.perform(Command::Answer { leg: CALLER });
            let ok = raw.until("SIP/2.0 200").await;
            raw.send(&raw.request("ACK", "ack", 1, &to_tag(&ok), "", ""))
                .await;
            assert!(notice(&mut line).await.is_some());
            to_tag(&ok)
        } else {
            line.perform(Command::Ring { leg: CALLER });
            to_tag(&raw.until("SIP/2.0 180").await)
        };
        for number in 2..152 {
            let branch = format!("i{answered}{number}");
            raw.send(&raw.request("INFO", &branch, number, &tag, "", ""))
                .await;
        }
        if answered {
            raw.send(&raw.request("BYE", "bye", 152, &tag, "", ""))
                .await;
        } else {
            raw.send(&raw.request("CANCEL", &branch, 1, "", "", ""))
                .await;
        }
        let ended = ended(&mut line, CALLER).await;
        assert_eq!(ended.sip_code, (!answered).then_some(487));
        if answered {
            let mut response = raw.until("SIP/2.0").await;
            while header(&response, "CSeq") != Some("152 BYE") {
                response = raw.until("SIP/2.0").await;
            }
            assert!(response.starts_with("SIP/2.0 200"), "{response}");
        }
    }
}
