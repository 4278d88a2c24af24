//! Waiting in a parking slot until another call takes this one, or taking the one that waits.

use std::time::Duration;

use callroute_media::{LegId, PlayId, Sound};
use callroute_schema::{Disposition, On, Park};

use super::talk::told_slot;
use super::{Meeting, Step};
use crate::call::{Call, seconds};
use crate::note::Note;
use crate::program::Flow;
use crate::shared::{HubReply, HubRequest};

/// How long a call stays where nothing else is said.
pub(crate) const PARKED_S: u32 = 120;
/// How long a slot may take to be found.
pub(crate) const FOUND: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Parked {
    on: On,
    music: Option<PlayId>,
    timeout: Duration,
    deadline: Duration,
    /// Whoever parked the call, and hears where.
    by: Option<LegId>,
}

impl Parked {
    pub(crate) fn begin(call: &mut Call, park: Park) -> (Step, Flow) {
        call.share(HubRequest::Park { slot: park.slot });
        let step = Self {
            on: park.on,
            music: None,
            timeout: seconds(park.timeout_s.unwrap_or(PARKED_S)),
            deadline: call.after(FOUND),
            by: call.parked_by.take(),
        };
        (Step::Parked(step), Flow::Stay)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        match shared {
            HubReply::Parked { slot } => {
                call.note(Note::Parked { slot: slot.clone() });
                if let Some(by) = self.by.take() {
                    told_slot(call, by, Some(slot));
                }
                self.music = Some(call.play(Sound::Music));
                self.deadline = call.after(self.timeout);
                Flow::Stay
            }
            HubReply::Meet { room } => {
                self.nobody_told(call);
                Meeting::enter(call, vec![LegId::CALLER], room.clone())
            }
            // Of a call that has its slot it is about something else, which it asked for before.
            HubReply::NotFound if self.music.is_none() => {
                self.nobody_told(call);
                Flow::failed_on(&self.on, Disposition::Congestion, "no parking slot is free")
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        self.abandon(call);
        if let Some(music) = self.music.take() {
            call.stop_play(music);
        }
        Flow::failed_on(
            &self.on,
            Disposition::NoAnswer,
            "nobody took the parked call",
        )
    }

    pub(crate) fn abandon(&mut self, call: &mut Call) {
        self.nobody_told(call);
        call.share(HubRequest::Unpark);
    }

    fn nobody_told(&mut self, call: &mut Call) {
        if let Some(by) = self.by.take() {
            told_slot(call, by, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use callroute_media::{Command, Notice};
    use callroute_rules::{ChronoTz, load};
    use callroute_schema::{Address, CallId, Caller, Event};

    use super::*;
    use crate::{Effect, Input, Now, Session};

    /// What a call asked for before it was parked may be answered late.
    #[test]
    fn a_call_that_has_its_slot_keeps_it() {
        let table = "version: 1\ndefault: { action: park }\n";
        let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
        let time: callroute_schema::Timestamp = "2026-04-21T14:32:00Z".parse().unwrap();
        let event = Event::incoming_call(
            CallId::new("c1").unwrap(),
            Caller::Withheld,
            Address::new("+13146523057").unwrap(),
            time,
        );
        let utc = event.timestamp.to_utc();
        let mut session = Session::new(
            engine,
            event,
            Now {
                utc,
                mono: Duration::ZERO,
            },
        );
        let mut input = |input: Input| -> Vec<Effect> {
            let now = Now {
                utc,
                mono: Duration::ZERO,
            };
            session.handle(now, input).collect()
        };
        input(Input::Start);
        input(Input::Media(Notice::LegAnswered { leg: LegId::CALLER }));
        let slot = "701".to_owned();
        let parked = input(Input::HubReply(HubReply::Parked { slot }));
        let music = |effect: &Effect| matches!(effect, Effect::Media(Command::Play { .. }));
        assert!(parked.iter().any(music), "{parked:?}");
        let late = input(Input::HubReply(HubReply::NotFound));
        assert!(late.is_empty(), "{late:?}");
    }
}
