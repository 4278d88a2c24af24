//! Queues: letting callers in, serving them, and letting them go.

use std::time::Duration;

use callroute_schema::{CallId, Disposition, Event, Queue};

use super::{Hub, HubMessage, tell};
use crate::input::Now;
use crate::shared::callbacks::Callback;
use crate::shared::queues::at_work;
use crate::shared::{HubReply, Joining};

/// How long a member that was offered a caller and did not answer is left alone.
const REST: Duration = Duration::from_secs(5);

impl Hub {
    pub(super) fn join(&mut self, now: Now, call: &CallId, join: Joining) -> Vec<HubMessage> {
        let refused = |disposition| tell(call, HubReply::Refused { disposition });
        let most = usize::try_from(join.max_size).unwrap_or(usize::MAX);
        if self.queues.size(&join.queue) >= most {
            return refused(Disposition::Congestion);
        }
        if !join.wait_when_empty && at_work(&join, &self.agents) == 0 {
            return refused(Disposition::Unreachable);
        }
        self.queues.join(call, join, now.mono);
        let place = self.queues.position(call, &self.agents, now.mono);
        let (position, size, _) = place.unwrap_or_default();
        let mut told = tell(call, HubReply::Queued { position, size });
        told.extend(self.serve(now));
        told
    }

    /// Who takes the calls of the caller's queue from now on.
    pub(super) fn takers(
        &mut self,
        now: Now,
        call: &CallId,
        who: Vec<Option<String>>,
    ) -> Vec<HubMessage> {
        if let Some(waiter) = self.queues.get(call) {
            waiter.join.who = who;
        }
        self.serve(now)
    }

    /// Where the caller stands.
    pub(super) fn place(&self, now: Now, call: &CallId) -> Vec<HubMessage> {
        let place = self.queues.position(call, &self.agents, now.mono);
        place.map_or_else(Vec::new, |(position, size, estimate_s)| {
            let place = HubReply::Position {
                position,
                size,
                estimate_s,
            };
            tell(call, place)
        })
    }

    pub(super) fn offered(
        &mut self,
        now: Now,
        call: &CallId,
        member: usize,
        answered: bool,
    ) -> Vec<HubMessage> {
        let Some(waiter) = self.queues.get(call) else {
            return Vec::new();
        };
        if answered {
            let queue = waiter.join.queue.clone();
            self.known(call).served = Some(queue);
            return self.quit(now, call);
        }
        let gone: Vec<_> = waiter
            .offered
            .extract_if(.., |(kept, _)| *kept == member)
            .collect();
        let rest = now.mono.saturating_add(REST);
        for (_, name) in gone {
            self.agents.release(&name, call, Some(rest));
        }
        self.serve(now)
    }

    pub(super) fn quit(&mut self, now: Now, call: &CallId) -> Vec<HubMessage> {
        match self.leave_queue(call) {
            true => self.serve(now),
            false => Vec::new(),
        }
    }

    /// Whether a member is free by that: only then somebody else may be served.
    pub(super) fn leave_queue(&mut self, call: &CallId) -> bool {
        let Some(waiter) = self.queues.leave(call) else {
            return false;
        };
        for (_, name) in &waiter.offered {
            self.agents.release(name, call, None);
        }
        !waiter.offered.is_empty()
    }

    pub(super) fn call_back(&mut self, call: &CallId, queue: Box<Queue>, event: Box<Event>) {
        if let Some(place) = self.queues.place(call) {
            self.callbacks.add(Callback {
                queue,
                event,
                place,
                tries: 0,
            });
        }
    }

    /// Serves whoever can be served now, and sends away whom nobody will serve.
    pub(super) fn serve(&mut self, now: Now) -> Vec<HubMessage> {
        let mut told = Vec::new();
        for call_id in self.queues.deserted(&self.agents) {
            self.queues.leave(&call_id);
            told.push(HubMessage {
                call_id,
                shared: HubReply::Refused {
                    disposition: Disposition::Unreachable,
                },
            });
        }
        let matches = self.queues.matches(&mut self.agents, now.mono);
        told.extend(matches.into_iter().map(|found| HubMessage {
            call_id: found.call,
            shared: HubReply::Offer {
                members: found.members,
                passed: found.passed,
            },
        }));
        told
    }
}
