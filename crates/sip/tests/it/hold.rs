//! Hold and resume, by either party.

use std::time::Duration;

use callroute_media::{Command, Line, Notice, PlayId, Sound};
use callroute_sip::phone::AnswerMode;

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
