//! Calls that meet: in a room, at a parking slot, by a transfer from one to the other.

use callroute_schema::{CallId, Prompt};

use super::{Hub, HubMessage, tell};
use crate::shared::HubReply;
use crate::shared::rooms::{Others, Slot};

impl Hub {
    pub(super) fn park(&mut self, call: &CallId, slot: Option<String>) -> Vec<HubMessage> {
        match self.rooms.park(call, slot) {
            Slot::Parked(slot) => tell(call, HubReply::Parked { slot }),
            Slot::Meets { other, room } => [call, &other]
                .into_iter()
                .flat_map(|call| tell(call, HubReply::Meet { room: room.clone() }))
                .collect(),
            Slot::None => tell(call, HubReply::NotFound),
        }
    }

    pub(super) fn enter(
        &mut self,
        call: &CallId,
        room: &str,
        legs: u32,
        consent: Option<Prompt>,
    ) -> Vec<HubMessage> {
        let mut told = told_others(self.rooms.enter(call, room, legs, consent));
        if let Some(asker) = self.rooms.taken(call, room) {
            let room = room.to_owned();
            told.extend(tell(&asker, HubReply::Meet { room }));
        }
        told
    }

    /// The call of the dialog is asked first: whoever asks for it gives up nothing before the
    /// other one comes.
    pub(super) fn replace(&mut self, call: &CallId, dialog: &str) -> Vec<HubMessage> {
        match self.rooms.who(dialog) {
            Some((other, leg)) if other != *call => {
                let room = self.rooms.ask(call, &other);
                tell(&other, HubReply::Take { leg, room })
            }
            _ => tell(call, HubReply::NotFound),
        }
    }

    pub(super) fn decline(&mut self, call: &CallId, room: &str) -> Vec<HubMessage> {
        let asker = self.rooms.taken(call, room);
        asker.map_or_else(Vec::new, |asker| tell(&asker, HubReply::NotFound))
    }

    /// A call is over: nobody of it comes to any room.
    pub(super) fn left_rooms(&mut self, call: &CallId) -> Vec<HubMessage> {
        let askers = self.rooms.in_vain(call);
        let mut told = told_others(self.rooms.ended(call));
        told.extend(
            askers
                .iter()
                .flat_map(|asker| tell(asker, HubReply::NotFound)),
        );
        told
    }
}

pub(super) fn told_others(others: Vec<Others>) -> Vec<HubMessage> {
    let told = |others: Others| HubMessage {
        call_id: others.call,
        shared: HubReply::Others {
            legs: others.legs,
            recorded: others.recorded,
        },
    };
    others.into_iter().map(told).collect()
}
