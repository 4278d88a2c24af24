//! Where calls meet: parking slots, rooms, and dialogs that others speak of.

use std::collections::BTreeMap;

use callroute_media::LegId;
use callroute_schema::CallId;

/// The first slot that is given out, and how many there are.
const FIRST_SLOT: u32 = 701;
const SLOTS: u32 = 99;

#[derive(Debug, Default)]
pub(super) struct Rooms {
    parked: BTreeMap<String, CallId>,
    /// How many legs of which call are in each room.
    rooms: BTreeMap<String, BTreeMap<CallId, u32>>,
    dialogs: BTreeMap<String, (CallId, LegId)>,
    numbered: u64,
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

    /// Legs of a call are in a room; gives how many others each call there sees.
    pub(super) fn enter(&mut self, call: &CallId, room: &str, legs: u32) -> Vec<(CallId, u32)> {
        let calls = self.rooms.entry(room.to_owned()).or_default();
        calls.insert(call.clone(), legs);
        others(calls)
    }

    /// A call leaves whatever room it is in.
    pub(super) fn leave(&mut self, call: &CallId) -> Vec<(CallId, u32)> {
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

    pub(super) fn ended(&mut self, call: &CallId) -> Vec<(CallId, u32)> {
        self.unpark(call);
        self.dialogs.retain(|_, (of, _)| of != call);
        self.leave(call)
    }
}

fn others(calls: &BTreeMap<CallId, u32>) -> Vec<(CallId, u32)> {
    let all: u32 = calls.values().sum();
    calls
        .iter()
        .map(|(call, own)| (call.clone(), all.saturating_sub(*own)))
        .collect()
}
