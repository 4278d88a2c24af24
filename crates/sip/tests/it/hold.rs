//! Hold and resume, by either party.

use std::time::Duration;

use callroute_media::{Command, Line, Notice, PlayId, Sound};
use callroute_sip::phone::AnswerMode;

use crate::raw::{Raw, SDP, header};
use crate::support::{
    CALLEE, CALLER, LONG, adapter, answer, dial, ended, expect, next_call, phone, silence, uri,
};

#[tokio::test]
async fn a_caller_holds_and_resumes() {
    let mut adapter = adapter("127.24.1.1").await;
    let phone = phone("127.24.1.2", AnswerMode::Ring).await;
    for transport in ["", ";transport=tcp"] {
        let to = format!("{}{transport}", uri(adapter.local_addr()));
        let call = phone.call(&to, "ann").await.unwrap();
        let mut line = next_call(&mut adapter).await.line;
        answer(&mut line).await;
        line.perform(Command::Play {
            leg: CALLER,
            play: PlayId(1),
            sound: Sound::Ringback,
        });
        assert!(call.wait_heard(Duration::from_millis(100), LONG).await);
        call.hold(true).await.unwrap();
        expect(
            &mut line,
            Notice::Held {
                leg: CALLER,
                held: true,
            },
        )
        .await;
        // A party on hold is sent nothing, but for what is on the way.
        silence(&call, Duration::from_millis(300)).await;
        call.hold(false).await.unwrap();
        expect(
            &mut line,
            Notice::Held {
                leg: CALLER,
                held: false,
            },
        )
        .await;
        assert!(call.wait_heard(Duration::from_millis(100), LONG).await);
        call.hangup();
        assert!(matches!(
            crate::support::notice(&mut line).await,
            Some(Notice::PlayEnded { .. })
        ));
        ended(&mut line, CALLER).await;
    }
}

#[tokio::test]
async fn a_callee_holds_and_hangs_up_meanwhile() {
    let mut adapter = adapter("127.24.2.1").await;
    let caller = phone("127.24.2.2", AnswerMode::Ring).await;
    let callee = phone("127.24.2.3", AnswerMode::After(Duration::ZERO)).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    answer(&mut line).await;
    dial(&mut line, CALLEE, &uri(callee.local_addr()));
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    let taken = callee.next_call().await.unwrap();
    taken.wait_answered(LONG).await.unwrap();
    taken.hold(true).await.unwrap();
    expect(
        &mut line,
        Notice::Held {
            leg: CALLEE,
            held: true,
        },
    )
    .await;
    taken.hangup();
    ended(&mut line, CALLEE).await;
}

/// What we would offer now, as a re-INVITE without an offer is told.
async fn offered(raw: &mut Raw, invite: &str, sequence: u32) -> String {
    let from = header(invite, "From").unwrap();
    let ours = &from[from.find(";tag=").unwrap()..];
    raw.call_id = header(invite, "Call-ID").unwrap().to_owned();
    let theirs = |raw: &Raw, method: &str, sequence: u32, body: &str| {
        let branch = format!("{method}{sequence}");
        raw.request(method, &branch, sequence, ours, "", body)
            .replace("tag=raw", "tag=b")
    };
    raw.send(&theirs(raw, "INVITE", sequence, "")).await;
    let ok = raw.until("SIP/2.0 200").await;
    raw.send(&theirs(raw, "ACK", sequence, SDP)).await;
    // Once this is answered, the ACK has been heard.
    raw.send(&theirs(raw, "OPTIONS", sequence + 1, "")).await;
    raw.until("SIP/2.0 200").await;
    ok
}

#[tokio::test]
async fn a_hold_counts_once_it_is_agreed_to() {
    let caller = phone("127.24.3.2", AnswerMode::Ring).await;
    let mut raw = Raw::new("127.24.3.3", caller.local_addr()).await;
    let call = caller.call(&uri(raw.addr), "ann").await.unwrap();
    let invite = raw.until("INVITE").await;
    raw.send(&raw.response(&invite, "200 OK", ";tag=b", "", SDP))
        .await;
    raw.until("ACK").await;
    call.wait_answered(LONG).await.unwrap();
    for (sequence, status, direction) in [(1, "488 No", "a=sendrecv"), (3, "200 OK", "a=sendonly")]
    {
        let (held, ()) = tokio::join!(call.hold(true), async {
            let hold = raw.until("INVITE").await;
            assert!(hold.contains("a=sendonly"), "{hold}");
            let body = if sequence == 3 { SDP } else { "" };
            raw.send(&raw.response(&hold, status, "", "", body)).await;
            raw.until("ACK").await;
        });
        assert_eq!(held.is_ok(), sequence == 3);
        let ok = offered(&mut raw, &invite, sequence).await;
        assert!(ok.contains(direction), "{ok}");
    }
}
