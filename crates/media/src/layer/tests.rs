//! Layers over a line that answers each dialing by ringing, answer and end.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use callroute_schema::{Caller, Cause, Number};

use super::{Fate, FaultInjector, FaultyLine, LineObserver, SeededFaults, TracedLine};
use crate::adapter::Line;
use crate::command::{Command, DialTarget, EndCause};
use crate::leg::LegId;
use crate::notice::Notice;

#[derive(Debug, Default)]
struct Echo(VecDeque<Notice>);

impl Line for Echo {
    fn perform(&mut self, command: Command) {
        match command {
            Command::Dial { leg, .. } => {
                self.0.push_back(Notice::LegRinging { leg });
                self.0.push_back(Notice::LegAnswered { leg });
            }
            Command::Hangup { leg, .. } => {
                let cause = Cause::normal();
                self.0.push_back(Notice::LegEnded { leg, cause });
            }
            _ => {}
        }
    }

    fn poll_notice(&mut self, _: &mut Context<'_>) -> Poll<Option<Notice>> {
        Poll::Ready(self.0.pop_front())
    }
}

fn dial(leg: LegId) -> Command {
    Command::Dial {
        leg,
        to: DialTarget::Number(Number::new("+16822306467").unwrap()),
        from: Caller::Withheld,
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    }
}

fn hangup(leg: LegId) -> Command {
    Command::Hangup {
        leg,
        cause: EndCause::Normal,
    }
}

fn all(line: &mut impl Line) -> Vec<Notice> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut notices = Vec::new();
    while let Poll::Ready(Some(notice)) = line.poll_notice(&mut cx) {
        notices.push(notice);
    }
    notices
}

#[derive(Debug, Default)]
struct Seen(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl LineObserver for Seen {
    fn command(&mut self, command: &Command) {
        self.0.lock().unwrap().push(format!("{command:?}"));
    }

    fn notice(&mut self, notice: &Notice) {
        self.0.lock().unwrap().push(format!("{notice:?}"));
    }
}

#[test]
fn a_trace_shows_all_and_changes_nothing() {
    let seen = Seen::default();
    let log = seen.0.clone();
    let mut traced = TracedLine::new(Echo::default(), seen);
    let mut plain = Echo::default();
    for command in [dial(LegId(1)), hangup(LegId(1))] {
        traced.perform(command.clone());
        plain.perform(command);
    }
    assert_eq!(all(&mut traced), all(&mut plain));
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 5, "{log:?}");
    assert!(log[0].starts_with("Dial") && log[4].starts_with("LegEnded"));
}

#[derive(Debug)]
struct Everything;

impl FaultInjector for Everything {
    fn command(&mut self, command: &Command) -> Fate {
        match command {
            Command::Dial { leg: LegId(2), .. } => Fate::Drop,
            _ => Fate::Pass,
        }
    }

    fn notice(&mut self, _: &Notice) -> Fate {
        Fate::Drop
    }
}

#[test]
fn faults_lose_all_but_hang_ups_and_ends() {
    let mut line = FaultyLine::new(Echo::default(), Everything);
    line.perform(dial(LegId(1)));
    line.perform(dial(LegId(2)));
    line.perform(hangup(LegId(1)));
    let cause = Cause::normal();
    assert_eq!(
        all(&mut line),
        [Notice::LegEnded {
            leg: LegId(1),
            cause
        }]
    );
}

#[derive(Debug)]
struct Script(Vec<Fate>);

impl FaultInjector for Script {
    fn command(&mut self, _: &Command) -> Fate {
        self.0.remove(0)
    }

    fn notice(&mut self, _: &Notice) -> Fate {
        self.0.remove(0)
    }
}

#[test]
fn a_command_that_fails_is_told_and_a_late_notice_comes_later() {
    let fates = vec![
        Fate::Fail,
        Fate::Pass,
        Fate::Delay(1),
        Fate::Pass,
        Fate::Pass,
    ];
    let mut line = FaultyLine::new(Echo::default(), Script(fates));
    line.perform(dial(LegId(1)));
    line.perform(dial(LegId(2)));
    let cause = Cause::local(callroute_schema::Disposition::Unreachable);
    assert_eq!(
        all(&mut line),
        [
            Notice::LegEnded {
                leg: LegId(1),
                cause
            },
            Notice::LegAnswered { leg: LegId(2) },
            Notice::LegRinging { leg: LegId(2) },
        ]
    );
}

#[test]
fn the_same_seed_has_the_same_faults() {
    let fates = |seed| {
        let mut faults = SeededFaults::new(seed, 100, 100, 100);
        (0..100)
            .map(|_| faults.command(&hangup(LegId(1))))
            .collect::<Vec<_>>()
    };
    assert_eq!(fates(7), fates(7));
    assert_ne!(fates(7), fates(8));
    let lost = fates(7).iter().filter(|fate| **fate == Fate::Drop).count();
    assert!((2..25).contains(&lost), "{lost}");
}
