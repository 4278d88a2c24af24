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
    numbered: u64,
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
                Slot::Parked(slot)
            }
        }
    }

    pub(super) fn unpark(&mut self, call: &CallId) {
        self.parked.retain(|_, parked| parked != call);
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
        let calls = self.rooms.entry(room.to_owned()).or_default();
        calls.insert(call.clone(), Within { legs, consent });
        others(calls)
    }

    /// A call leaves whatever room it is in.
    pub(super) fn leave(&mut self, call: &CallId) -> Vec<Others> {
        let mut told = Vec::new();
        self.rooms.retain(|_, calls| {
            if calls.remove(call).is_some() {
                told.extend(others(calls));
            }
            !calls.is_empty()
        });
        told
    }

    pub(super) fn dialog(&mut self, call: &CallId, leg: LegId, dialog: String) {
        self.dialogs.insert(dialog, (call.clone(), leg));
    }

    pub(super) fn who(&self, dialog: &str) -> Option<(CallId, LegId)> {
        self.dialogs.get(dialog).cloned()
    }

    pub(super) fn ended(&mut self, call: &CallId) -> Vec<Others> {
        self.unpark(call);
        self.dialogs.retain(|_, (of, _)| of != call);
        self.leave(call)
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
