//! Who takes calls, and whether they may be sent there now.

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_rules::waves::{MemberFacts, MemberState};
use callroute_schema::CallId;
use serde::{Deserialize, Serialize};

use crate::input::Now;

/// What an agent says of itself, or is said of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AgentState {
    /// Takes calls.
    #[default]
    Available,
    /// Is on a call that did not come through us.
    Busy,
    /// Has to finish something after a call.
    WrapUp,
    /// Takes no calls for a while.
    Paused,
    /// Is in a meeting.
    InMeeting,
    /// Is not at work.
    Offline,
}

impl AgentState {
    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Busy => "busy",
            Self::WrapUp => "wrap_up",
            Self::Paused => "paused",
            Self::InMeeting => "in_meeting",
            Self::Offline => "offline",
        }
    }
}

/// What is known of a member of a ring group or of a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// What it says of itself; in a call of ours it is `busy`, and after one perhaps in
    /// `wrap_up`.
    pub state: AgentState,
    /// When its last call ended, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<i64>,
    /// How many calls it took.
    #[serde(default)]
    pub calls: u64,
    /// For how long it has talked, in seconds.
    #[serde(default)]
    pub talk_s: u64,
}

impl MemberInfo {
    /// The same for planning a ring group.
    #[must_use]
    pub fn facts(&self) -> MemberFacts {
        MemberFacts {
            state: match self.state {
                AgentState::Available => MemberState::Free,
                AgentState::Busy => MemberState::Busy,
                _ => MemberState::Away,
            },
            last_call: self.last_call,
            calls: self.calls,
            talk_s: self.talk_s,
        }
    }
}

/// A member, and what it is doing.
#[derive(Debug, Default)]
struct Entry {
    set: AgentState,
    /// In how many calls of ours it is.
    in_calls: u32,
    /// A queue keeps it for this call.
    kept: Option<CallId>,
    last_call: Option<i64>,
    calls: u64,
    talk_ms: u64,
}

impl Entry {
    fn state(&self, wraps_up: bool) -> AgentState {
        match self.set {
            AgentState::Available if self.in_calls > 0 => AgentState::Busy,
            AgentState::Available if wraps_up => AgentState::WrapUp,
            other => other,
        }
    }

    /// Nothing is to be remembered of it.
    fn is_new(&self) -> bool {
        self.set == AgentState::Available
            && self.in_calls == 0
            && self.kept.is_none()
            && self.calls == 0
    }

    /// Only what it did is remembered of it.
    fn is_idle(&self) -> bool {
        self.set == AgentState::Available && self.in_calls == 0 && self.kept.is_none()
    }
}

/// Everybody who takes calls; whoever is not known is available.
#[derive(Debug, Default)]
pub(super) struct Agents {
    entries: BTreeMap<String, Entry>,
    /// Who has to itself, and until when.
    wrap_ups: BTreeMap<String, Duration>,
}

/// Most members whose calls are remembered; servers may name others without end.
const MOST: usize = 100_000;

impl Agents {
    fn entry(&mut self, name: &str) -> &mut Entry {
        if !self.entries.contains_key(name) {
            if self.entries.len() >= MOST {
                self.entries.retain(|_, entry| !entry.is_idle());
            }
            self.entries.insert(name.to_owned(), Entry::default());
        }
        self.entries.entry(name.to_owned()).or_default()
    }

    fn wraps_up(&self, name: &str, now: Duration) -> bool {
        self.wrap_ups.get(name).is_some_and(|until| *until > now)
    }

    pub(super) fn info(&self, name: &str, now: Duration) -> MemberInfo {
        let Some(entry) = self.entries.get(name) else {
            return MemberInfo {
                state: Entry::default().state(self.wraps_up(name, now)),
                ..MemberInfo::default()
            };
        };
        MemberInfo {
            state: entry.state(self.wraps_up(name, now)),
            last_call: entry.last_call,
            calls: entry.calls,
            talk_s: entry.talk_ms / 1_000,
        }
    }

    /// The same; nobody who works is not at work.
    pub(super) fn info_of(&self, name: Option<&str>, now: Duration) -> MemberInfo {
        match name {
            Some(name) => self.info(name, now),
            None => MemberInfo {
                state: AgentState::Offline,
                ..MemberInfo::default()
            },
        }
    }

    /// In how many calls of ours it is.
    pub(super) fn in_calls(&self, name: &str) -> u32 {
        self.entries.get(name).map_or(0, |entry| entry.in_calls)
    }

    /// Everybody who is known, by name.
    pub(super) fn all(&self, now: Duration) -> impl Iterator<Item = (&str, AgentState)> {
        self.entries
            .iter()
            .map(move |(name, entry)| (name.as_str(), entry.state(self.wraps_up(name, now))))
    }

    pub(super) fn set(&mut self, name: &str, state: AgentState) {
        self.entry(name).set = state;
        if state == AgentState::Available {
            self.wrap_ups.remove(name);
        }
        self.forget(name);
    }

    /// Whether a queue may send it a call.
    pub(super) fn is_free(&self, name: &str, now: Duration) -> bool {
        let wraps_up = self.wraps_up(name, now);
        match self.entries.get(name) {
            Some(entry) => entry.kept.is_none() && entry.state(wraps_up) == AgentState::Available,
            None => !wraps_up,
        }
    }

    pub(super) fn is_at_work(&self, name: &str) -> bool {
        self.entries
            .get(name)
            .is_none_or(|entry| entry.set != AgentState::Offline)
    }

    pub(super) fn keep(&mut self, name: &str, call: &CallId) {
        self.entry(name).kept = Some(call.clone());
    }

    /// It is not kept for this call any more; `rest` is how long it is left alone.
    pub(super) fn release(&mut self, name: &str, call: &CallId, rest: Option<Duration>) {
        let entry = self.entry(name);
        if entry.kept.as_ref() == Some(call) {
            entry.kept = None;
            if let Some(until) = rest {
                let known = self.wrap_ups.entry(name.to_owned()).or_default();
                *known = until.max(*known);
            }
        }
        self.forget(name);
    }

    pub(super) fn talks(&mut self, name: &str) {
        let entry = self.entry(name);
        entry.in_calls = entry.in_calls.saturating_add(1);
    }

    pub(super) fn talked(&mut self, name: &str, now: Now, talk_ms: u64, wrap_up: Duration) {
        let entry = self.entry(name);
        entry.in_calls = entry.in_calls.saturating_sub(1);
        entry.calls = entry.calls.saturating_add(1);
        entry.talk_ms = entry.talk_ms.saturating_add(talk_ms);
        entry.last_call = Some(now.utc.timestamp());
        if wrap_up > Duration::ZERO {
            let until = now.mono.saturating_add(wrap_up);
            self.wrap_ups.insert(name.to_owned(), until);
        }
    }

    /// A call ended without saying that this member does not talk any more.
    pub(super) fn hung_up(&mut self, name: &str) {
        let entry = self.entry(name);
        entry.in_calls = entry.in_calls.saturating_sub(1);
        self.forget(name);
    }

    fn forget(&mut self, name: &str) {
        if self.entries.get(name).is_some_and(Entry::is_new) {
            self.entries.remove(name);
        }
    }

    /// When the next one has finished wrapping up.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.wrap_ups.values().copied().min()
    }

    /// Ends every wrap-up whose time has come.
    pub(super) fn wake(&mut self, now: Duration) {
        self.wrap_ups.retain(|_, until| *until > now);
    }
}
