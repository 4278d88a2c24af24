//! Who a queue's members are while a caller waits: rotas and shifts go on meanwhile.

use std::time::Duration;

use callroute_schema::Member;

use super::ring::takers;
use crate::call::Call;
use crate::shared::HubRequest;

/// How often it is looked who works: at each full minute, as schedules change then.
const MINUTE_MS: i64 = 60_000;

/// Who a queue's members were when that was last looked at.
#[derive(Debug)]
pub(super) struct Duty {
    who: Vec<Option<String>>,
    /// When it is looked at again; `None`: it never changes.
    next: Option<Duration>,
}

impl Duty {
    /// As the queue was told when the caller joined, just now.
    pub(super) fn begin(call: &Call, members: &[Member]) -> Self {
        let turns = |member: &Member| call.engine.takes_turns(&member.to);
        Self {
            who: takers(call, members),
            next: members.iter().any(turns).then(|| full_minute(call)),
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.next
    }

    /// Tells the queue who works now, where that has changed.
    pub(super) fn on_wake(&mut self, call: &mut Call, members: &[Member]) {
        if !self.next.is_some_and(|at| call.is_due(at)) {
            return;
        }
        self.next = Some(full_minute(call));
        let who = takers(call, members);
        if who != self.who {
            self.who.clone_from(&who);
            call.share(HubRequest::Takers { who });
        }
    }
}

fn full_minute(call: &Call) -> Duration {
    let into = call.now.utc.timestamp_millis().rem_euclid(MINUTE_MS);
    call.after(Duration::from_millis(
        u64::try_from(MINUTE_MS - into).unwrap_or(0),
    ))
}
