//! Nothing is left behind.

use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice};
use callroute_sip::phone::AnswerMode;

use crate::support::{CALLEE, CALLER, LONG, adapter, dial, empty, next_call, notice, phone, uri};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_at_once_leave_nothing() {
    let mut adapter = adapter("127.25.1.1").await;
    let caller = phone("127.25.1.2", AnswerMode::Ring).await;
    let callee = phone("127.25.1.3", AnswerMode::After(Duration::from_millis(20))).await;
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
