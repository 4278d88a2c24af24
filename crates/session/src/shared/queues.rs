//! Callers that wait, in the order in which they are served.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use callroute_rules::waves::{GroupFacts, plan, seed};
use callroute_schema::{CallId, QueueName, RingGroup, Strategy};
use serde::{Deserialize, Serialize};

use super::Joining;
use super::agents::Agents;
use super::callbacks::Place;
use super::turns::Turns;

/// How long a call takes before any has been seen.
const USUAL_MS: u64 = 180_000;
/// How much of the average the newest call makes: one part in so many.
const NEWEST: u64 = 8;

/// Most queues whose averages are remembered; servers may name others without end.
const NAMES: usize = 10_000;

/// A caller that came earlier and still waits while a later one is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Its call.
    pub call_id: CallId,
    /// Why it was passed.
    pub why: PassedWhy,
}

/// Why a caller that came earlier is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PassedWhy {
    /// The later one has a higher priority by now.
    Priority,
    /// A member's phone rings for the earlier one already.
    BeingOffered,
    /// None of the members that are free takes the earlier one's calls.
    OtherMembers,
}

/// A queue as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueView {
    /// The callers that wait, the next one first.
    pub waiting: Vec<CallId>,
    /// How long the next caller would wait, in seconds.
    pub estimate_s: u32,
}

#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) join: Joining,
    since: Duration,
    arrival: u64,
    /// The members that are kept for it, and by which names.
    pub(super) offered: Vec<(usize, String)>,
    offers: u32,
}

impl Waiter {
    fn priority(&self, now: Duration) -> u32 {
        let grown = self.join.escalate.map_or(0, |grows| {
            let waited = now.saturating_sub(self.since).as_secs();
            let times = waited / u64::from(grows.every_s.max(1));
            let times = u32::try_from(times).unwrap_or(u32::MAX);
            times.saturating_mul(grows.by)
        });
        self.join.priority.saturating_add(grown)
    }

    /// The order in which callers are served: the highest priority, then the first come.
    fn rank(&self, now: Duration) -> (Reverse<u32>, u64) {
        (Reverse(self.priority(now)), self.arrival)
    }
}

/// A member is free, and this is the caller that it shall ring for.
pub(super) struct Match {
    pub(super) call: CallId,
    pub(super) members: Vec<usize>,
    pub(super) passed: Vec<Passed>,
}

#[derive(Debug, Default)]
pub(super) struct Queues {
    waiters: BTreeMap<CallId, Waiter>,
    arrivals: u64,
    turns: Turns,
    handled_ms: BTreeMap<QueueName, u64>,
}

impl Queues {
    pub(super) fn size(&self, queue: &QueueName) -> usize {
        self.waiters
            .values()
            .filter(|waiter| waiter.join.queue == *queue)
            .count()
    }

    pub(super) fn join(&mut self, call: &CallId, join: Joining, now: Duration) {
        let (arrival, since) = match &join.place {
            Some(place) => (place.arrival, Duration::from_millis(place.since_ms)),
            None => {
                self.arrivals += 1;
                (self.arrivals, now)
            }
        };
        let waiter = Waiter {
            join,
            since,
            arrival,
            offered: Vec::new(),
            offers: 0,
        };
        self.waiters.insert(call.clone(), waiter);
    }

    pub(super) fn get(&mut self, call: &CallId) -> Option<&mut Waiter> {
        self.waiters.get_mut(call)
    }

    /// The place of a caller that waits.
    pub(super) fn place(&self, call: &CallId) -> Option<Place> {
        let waiter = self.waiters.get(call)?;
        Some(Place {
            of: call.clone(),
            arrival: waiter.arrival,
            since_ms: u64::try_from(waiter.since.as_millis()).unwrap_or(u64::MAX),
        })
    }

    pub(super) fn leave(&mut self, call: &CallId) -> Option<Waiter> {
        self.waiters.remove(call)
    }

    /// The calls that wait in a queue, the next one first.
    pub(super) fn waiting(&self, queue: &QueueName, now: Duration) -> Vec<CallId> {
        let mut found: Vec<_> = self
            .waiters
            .iter()
            .filter(|(_, waiter)| waiter.join.queue == *queue)
            .collect();
        found.sort_by_key(|(_, waiter)| waiter.rank(now));
        found.into_iter().map(|(call, _)| call.clone()).collect()
    }

    pub(super) fn names(&self) -> Vec<QueueName> {
        let mut names: Vec<QueueName> = self
            .waiters
            .values()
            .map(|waiter| waiter.join.queue.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Place from 1, size, and how long it may still take.
    pub(super) fn position(
        &self,
        call: &CallId,
        agents: &Agents,
        now: Duration,
    ) -> Option<(u32, u32, u32)> {
        let waiter = self.waiters.get(call)?;
        let waiting = self.waiting(&waiter.join.queue, now);
        let place = waiting.iter().position(|other| other == call)? + 1;
        let at_work = at_work(&waiter.join, agents).max(1);
        let estimate = self.estimate_s(&waiter.join.queue, place, at_work);
        let size = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        Some((u32::try_from(place).unwrap_or(u32::MAX), size, estimate))
    }

    /// How long the caller at a place waits: the average call, shared by those who are at work.
    pub(super) fn estimate_s(&self, queue: &QueueName, place: usize, at_work: usize) -> u32 {
        let each = self.handled_ms.get(queue).copied().unwrap_or(USUAL_MS);
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        let at_work = u64::try_from(at_work).unwrap_or(1).max(1);
        u32::try_from(each.saturating_mul(place) / at_work / 1_000).unwrap_or(u32::MAX)
    }

    /// A member has handled a call of this queue.
    pub(super) fn handled(&mut self, queue: &QueueName, talk_ms: u64) {
        if self.handled_ms.len() >= NAMES {
            self.handled_ms.clear();
        }
        let average = self.handled_ms.entry(queue.clone()).or_insert(talk_ms);
        *average = (*average * (NEWEST - 1) + talk_ms) / NEWEST;
    }

    /// The callers whose queue has nobody at work, and who do not wait for that.
    pub(super) fn deserted(&self, agents: &Agents) -> Vec<CallId> {
        self.waiters
            .iter()
            .filter(|(_, waiter)| {
                !waiter.join.wait_when_empty
                    && waiter.offered.is_empty()
                    && at_work(&waiter.join, agents) == 0
            })
            .map(|(call, _)| call.clone())
            .collect()
    }

    /// Who is served next with the members that are free now; the members are kept for it.
    pub(super) fn matches(&mut self, agents: &mut Agents, now: Duration) -> Vec<Match> {
        if self.waiters.is_empty() {
            return Vec::new();
        }
        let mut order: Vec<(CallId, _)> = self
            .waiters
            .iter()
            .filter(|(_, waiter)| waiter.offered.is_empty())
            .map(|(call, waiter)| (call.clone(), waiter.rank(now)))
            .collect();
        order.sort_by_key(|(_, rank)| *rank);
        let mut matches = Vec::new();
        for (call, _) in order {
            let Some(members) = self.choose(&call, agents, now) else {
                continue;
            };
            let passed = self.passed(&call, now);
            let Some(waiter) = self.waiters.get_mut(&call) else {
                continue;
            };
            for member in &members {
                if let Some(Some(name)) = waiter.join.who.get(*member) {
                    agents.keep(name, &call);
                    waiter.offered.push((*member, name.clone()));
                }
            }
            waiter.offers += 1;
            if let Some(first) = members.first() {
                let Joining { queue, members, .. } = &waiter.join;
                self.turns.rings(queue.as_str(), *first, members);
            }
            matches.push(Match {
                call,
                members,
                passed,
            });
        }
        matches
    }

    /// Which of the free members ring for a caller, by the queue's strategy.
    fn choose(&self, call: &CallId, agents: &Agents, now: Duration) -> Option<Vec<usize>> {
        let waiter = self.waiters.get(call)?;
        let Joining { members, who, .. } = &waiter.join;
        let name = |index: &usize| who.get(*index)?.as_deref();
        let free: Vec<usize> = (0..members.len())
            .filter(|index| name(index).is_some_and(|name| agents.is_free(name, now)))
            .collect();
        if free.is_empty() {
            return None;
        }
        let group = RingGroup::new(
            free.iter()
                .filter_map(|index| members.get(*index).cloned())
                .collect(),
            waiter.join.strategy,
        );
        let facts: Vec<_> = free
            .iter()
            .filter_map(name)
            .map(|name| agents.info(name, now).facts())
            .collect();
        let next = self.turns.next(waiter.join.queue.as_str(), members);
        let begin = free.iter().position(|index| *index >= next).unwrap_or(0);
        let known = GroupFacts {
            turn: u64::try_from(begin).unwrap_or(0),
            seed: seed(call.as_str()).wrapping_add(u64::from(waiter.offers)),
            members: &facts,
        };
        // Whoever is left out by the plan is not free; the first wave rings, and under
        // `progressive` one more at each offer.
        let waves = match waiter.join.strategy {
            Strategy::Progressive => usize::try_from(waiter.offers).unwrap_or(0) + 1,
            _ => 1,
        };
        let chosen: Vec<usize> = plan(&group, None, &known)
            .waves
            .iter()
            .take(waves)
            .flat_map(|wave| &wave.rings)
            .filter_map(|ring| free.get(ring.member).copied())
            .collect();
        (!chosen.is_empty()).then_some(chosen)
    }

    /// Who came to the queue before this caller and still waits, and why it is passed.
    fn passed(&self, call: &CallId, now: Duration) -> Vec<Passed> {
        let Some(served) = self.waiters.get(call) else {
            return Vec::new();
        };
        self.waiters
            .iter()
            .filter(|(_, other)| {
                other.join.queue == served.join.queue && other.arrival < served.arrival
            })
            .map(|(call_id, other)| Passed {
                call_id: call_id.clone(),
                why: if !other.offered.is_empty() {
                    PassedWhy::BeingOffered
                } else if other.priority(now) < served.priority(now) {
                    PassedWhy::Priority
                } else {
                    PassedWhy::OtherMembers
                },
            })
            .collect()
    }
}

pub(super) fn at_work(join: &Joining, agents: &Agents) -> usize {
    let who = join.who.iter().flatten();
    who.filter(|name| agents.is_at_work(name)).count()
}
