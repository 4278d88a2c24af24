//! Where calls meet: parking slots, rooms, and dialogs that others speak of.

use std::collections::BTreeMap;

use callroute_media::LegId;
use callroute_schema::{CallId, Prompt};

/// The first slot that is given out, and how many there are.
const FIRST_SLOT: u32 = 701;
const SLOTS: u32 = 99;

#[derive(Debug, Default)]
pub(super) struct Rooms {
    parked: BTreeMap<String, CallId>,
    /// Whose legs are in each room.
    rooms: BTreeMap<String, BTreeMap<CallId, Within>>,
    dialogs: BTreeMap<String, (CallId, LegId)>,
    /// Where each call is to be looked for when it ends: most are nowhere.
    calls: BTreeMap<CallId, Traces>,
    /// Rooms to which a call is asked to send somebody.
    asked: BTreeMap<String, Asked>,
    numbered: u64,
}

/// Somebody of a call is to come to a room.
#[derive(Debug)]
struct Asked {
    by: CallId,
    of: CallId,
}

/// What a call may have left behind; some of it may be gone or another call's by now.
#[derive(Debug, Default)]
struct Traces {
    slots: Vec<String>,
    rooms: Vec<String>,
    dialogs: Vec<String>,
}

/// A call's legs in a room.
#[derive(Debug)]
struct Within {
    legs: u32,
    /// What the others hear first, since the call is recorded.
    consent: Option<Prompt>,
}

/// What a call knows of the others in its room.
pub(super) struct Others {
    pub(super) call: CallId,
    pub(super) legs: u32,
    pub(super) recorded: Vec<Prompt>,
}

/// What becomes of a call that comes to a slot.
pub(super) enum Slot {
    Parked(String),
    Meets { other: CallId, room: String },
    None,
}

impl Rooms {
    pub(super) fn park(&mut self, call: &CallId, slot: Option<String>) -> Slot {
        self.give_up(call);
        let slot = match slot {
            Some(slot) => slot,
            None => {
                let free = (FIRST_SLOT..FIRST_SLOT + SLOTS)
                    .map(|slot| slot.to_string())
                    .find(|slot| !self.parked.contains_key(slot));
                match free {
                    Some(slot) => slot,
                    None => return Slot::None,
                }
            }
        };
        match self.parked.remove(&slot) {
            Some(other) if other != *call => {
                let room = self.new_room("park");
                Slot::Meets { other, room }
            }
            _ => {
                self.parked.insert(slot.clone(), call.clone());
                leaves(&mut self.traces(call).slots, &slot);
                Slot::Parked(slot)
            }
        }
    }

    pub(super) fn unpark(&mut self, call: &CallId) {
        let Some(traces) = self.calls.get_mut(call) else {
            return;
        };
        for slot in std::mem::take(&mut traces.slots) {
            if self.parked.get(&slot) == Some(call) {
                self.parked.remove(&slot);
            }
        }
    }

    fn traces(&mut self, call: &CallId) -> &mut Traces {
        self.calls.entry(call.clone()).or_default()
    }

    pub(super) fn parked(&self) -> impl Iterator<Item = (&str, &CallId)> {
        self.parked.iter().map(|(slot, call)| (slot.as_str(), call))
    }

    pub(super) fn new_room(&mut self, kind: &str) -> String {
        self.numbered += 1;
        format!("{kind}-{}", self.numbered)
    }

    /// Legs of a call are in a room; gives which others each call there sees.
    pub(super) fn enter(
        &mut self,
        call: &CallId,
        room: &str,
        legs: u32,
        consent: Option<Prompt>,
    ) -> Vec<Others> {
        self.give_up(call);
        leaves(&mut self.traces(call).rooms, room);
        let calls = self.rooms.entry(room.to_owned()).or_default();
        calls.insert(call.clone(), Within { legs, consent });
        others(calls)
    }

    /// A call leaves whatever room it is in.
    pub(super) fn leave(&mut self, call: &CallId) -> Vec<Others> {
        let mut told = Vec::new();
        let Some(traces) = self.calls.get_mut(call) else {
            return told;
        };
        let mut left = std::mem::take(&mut traces.rooms);
        left.sort_unstable();
        for room in left {
            let Some(calls) = self.rooms.get_mut(&room) else {
                continue;
            };
            if calls.remove(call).is_some() {
                told.extend(others(calls));
            }
            if calls.is_empty() {
                self.rooms.remove(&room);
            }
        }
        told
    }

    pub(super) fn dialog(&mut self, call: &CallId, leg: LegId, dialog: String) {
        leaves(&mut self.traces(call).dialogs, &dialog);
        self.dialogs.insert(dialog, (call.clone(), leg));
    }

    pub(super) fn who(&self, dialog: &str) -> Option<(CallId, LegId)> {
        self.dialogs.get(dialog).cloned()
    }

    /// A new room, to which a call is asked to send somebody. Who asks again has given up what it
    /// asked for before.
    pub(super) fn ask(&mut self, by: &CallId, of: &CallId) -> String {
        let room = self.new_room("transfer");
        self.give_up(by);
        let (by, of) = (by.clone(), of.clone());
        self.asked.insert(room.clone(), Asked { by, of });
        room
    }

    /// A call does something else than to wait for whom it asked for: an answer to that would be
    /// taken for one to what it does now.
    fn give_up(&mut self, by: &CallId) {
        self.asked.retain(|_, asked| asked.by != *by);
    }

    /// A call has come to this room, or will not: who asked for that, and still waits for it.
    pub(super) fn taken(&mut self, call: &CallId, room: &str) -> Option<CallId> {
        self.asked.get(room).filter(|asked| asked.of == *call)?;
        self.asked.remove(room).map(|asked| asked.by)
    }

    /// Who waits for somebody of this call in vain: it is over.
    pub(super) fn in_vain(&mut self, call: &CallId) -> Vec<CallId> {
        let of_it = self.asked.iter().filter(|(_, asked)| asked.of == *call);
        let rooms: Vec<String> = of_it.map(|(room, _)| room.clone()).collect();
        let left = rooms.iter().filter_map(|room| self.asked.remove(room));
        left.map(|asked| asked.by).collect()
    }

    pub(super) fn ended(&mut self, call: &CallId) -> Vec<Others> {
        self.give_up(call);
        self.unpark(call);
        let told = self.leave(call);
        for dialog in self.calls.remove(call).unwrap_or_default().dialogs {
            if self.dialogs.get(&dialog).is_some_and(|(of, _)| of == call) {
                self.dialogs.remove(&dialog);
            }
        }
        told
    }
}

fn leaves(traces: &mut Vec<String>, name: &str) {
    if !traces.iter().any(|known| known == name) {
        traces.push(name.to_owned());
    }
}

fn others(calls: &BTreeMap<CallId, Within>) -> Vec<Others> {
    let all: u32 = calls.values().map(|within| within.legs).sum();
    let seen = |(call, own): (&CallId, &Within)| {
        let mut recorded = Vec::new();
        let prompts = calls.iter().filter(|(other, _)| *other != call);
        for prompt in prompts.filter_map(|(_, within)| within.consent.as_ref()) {
            if !recorded.contains(prompt) {
                recorded.push(prompt.clone());
            }
        }
        Others {
            call: call.clone(),
            legs: all.saturating_sub(own.legs),
            recorded,
        }
    };
    calls.iter().map(seen).collect()
}

#[cfg(test)]
mod tests {
    use super::{Rooms, Slot};
    use callroute_media::LegId;
    use callroute_schema::CallId;

    #[test]
    fn a_call_that_ends_takes_along_what_is_its_own() {
        let [a, b] = ["a", "b"].map(|id| CallId::new(id).unwrap());
        let mut rooms = Rooms::default();
        for (call, slot) in [(&a, "1"), (&b, "2")] {
            assert!(matches!(
                rooms.park(call, Some(slot.to_owned())),
                Slot::Parked(_)
            ));
            rooms.dialog(call, LegId::CALLER, format!("dialog of {call}"));
            rooms.enter(call, "room", 1, None);
        }
        // A dialog that another call has by now.
        rooms.dialog(&a, LegId::CALLER, "moved".to_owned());
        rooms.dialog(&b, LegId::CALLER, "moved".to_owned());
        // Each asks for somebody of the other.
        let room = rooms.ask(&a, &b);
        assert_eq!(rooms.taken(&a, &room), None);
        rooms.ask(&b, &a);
        assert_eq!(rooms.in_vain(&a), std::slice::from_ref(&b));
        let told = rooms.ended(&a);
        let told: Vec<_> = told.iter().map(|o| (o.call.as_str(), o.legs)).collect();
        assert_eq!(told, [("b", 0)]);
        assert_eq!(rooms.parked().collect::<Vec<_>>(), [("2", &b)]);
        assert!(rooms.who("dialog of a").is_none());
        assert_eq!(rooms.who("moved"), Some((b.clone(), LegId::CALLER)));
        assert!(rooms.ended(&a).is_empty());
        assert!(rooms.ended(&b).is_empty());
        assert!(rooms.asked.is_empty());
        assert!(rooms.rooms.is_empty() && rooms.dialogs.is_empty() && rooms.calls.is_empty());
    }

    /// What it asked for before would be taken for an answer to what it does now.
    #[test]
    fn who_parks_or_meets_somebody_waits_for_nobody_any_more() {
        let [a, b] = ["a", "b"].map(|id| CallId::new(id).unwrap());
        let mut rooms = Rooms::default();
        rooms.ask(&a, &b);
        assert!(matches!(rooms.park(&a, None), Slot::Parked(_)));
        assert!(rooms.in_vain(&b).is_empty());
        rooms.ask(&a, &b);
        rooms.enter(&a, "room", 1, None);
        assert!(rooms.in_vain(&b).is_empty());
        let room = rooms.ask(&a, &b);
        assert_eq!(rooms.taken(&b, &room), Some(a));
    }
}
