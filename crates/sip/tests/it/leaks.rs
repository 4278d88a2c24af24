//! Nothing is left behind.

use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice};
use callroute_sip::phone::AnswerMode;
use callroute_sip::{Config, SipAdapter};
use tokio::time::timeout;

use crate::raw::Raw;
use crate::signalling::{bind, called};
use crate::support::{
    CALLEE, CALLER, LONG, config, dial, empty, ended, expect, next_call, notice, phone, uri,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_at_once_leave_nothing() {
    leave_nothing("127.25.1", Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_does_not_sleep_takes_fifty_calls_likewise() {
    leave_nothing("127.25.2", LONG).await;
}

/// On one thread, too: while it looks for datagrams everything else goes on.
#[tokio::test]
async fn nor_does_one_thread_that_does_not_sleep() {
    leave_nothing("127.25.3", LONG).await;
}

async fn leave_nothing(net: &str, spin: Duration) {
    let config = Config {
        spin,
        ..config(&format!("{net}.1"))
    };
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let caller = phone(&format!("{net}.2"), AnswerMode::Ring).await;
    let answers = AnswerMode::After(Duration::from_millis(20));
    let callee = phone(&format!("{net}.3"), answers).await;
    let to = uri(callee.local_addr());
    let handle = adapter.handle();
    let mut calls = Vec::new();
    for _ in 0..50 {
        calls.push(
            caller
                .call(&uri(adapter.local_addr()), "ann")
                .await
                .unwrap(),
        );
    }
    let mut served = Vec::new();
    for n in 0..50 {
        let mut line = next_call(&mut adapter).await.line;
        let to = to.clone();
        served.push(tokio::spawn(async move {
            line.perform(Command::Ring { leg: CALLER });
            dial(&mut line, CALLEE, &to);
            let mut ends = 0;
            while let Some(notice) = notice(&mut line).await {
                match notice {
                    Notice::LegAnswered { leg: CALLEE } => {
                        line.perform(Command::Answer { leg: CALLER });
                    }
                    Notice::LegAnswered { leg: CALLER } => {
                        line.perform(Command::Bridge {
                            a: CALLER,
                            b: CALLEE,
                        });
                        let leg = if n % 2 == 0 { CALLER } else { CALLEE };
                        line.perform(Command::Hangup {
                            leg,
                            cause: EndCause::Normal,
                        });
                    }
                    Notice::LegEnded { leg, .. } => {
                        ends += 1;
                        let other = if leg == CALLER { CALLEE } else { CALLER };
                        line.perform(Command::Hangup {
                            leg: other,
                            cause: EndCause::Normal,
                        });
                    }
                    _ => {}
                }
            }
            ends
        }));
    }
    for task in served {
        assert_eq!(task.await.unwrap(), 2, "each leg ends once");
    }
    for call in &calls {
        assert!(call.wait_ended(LONG).await.is_some());
    }
    empty(|| handle.stats()).await;
    empty(|| callee.handle().stats()).await;
    empty(|| caller.handle().stats()).await;
}

/// RFC 3261, section 9.1: an INVITE that was cancelled and is never refused is over some time after.
#[tokio::test]
async fn an_invite_that_is_cancelled_and_never_answered_is_forgotten() {
    let mut adapter = bind(Config {
        t1: Duration::from_millis(20),
        ..config("127.25.9.1")
    })
    .await;
    let mut caller = Raw::new("127.25.9.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.25.9.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let before = adapter.handle().load().transactions;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    raw.send(&raw.response(&invite, "180 Ringing", ";tag=a", "", ""))
        .await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let cancel = raw.until("CANCEL").await;
    raw.send(&raw.response(&cancel, "200 OK", ";tag=a", "", ""))
        .await;
    ended(&mut line, CALLEE).await;
    let over = async {
        while adapter.handle().load().transactions > before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(LONG, over).await.is_ok(), "it is kept for ever");
}
