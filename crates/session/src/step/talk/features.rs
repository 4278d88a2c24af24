//! Feature codes: what a party presses during a conversation to do something with it.

use std::time::Duration;

use callroute_media::{Ability, EndCause, LegId, RecordOptions, Sound};
use callroute_schema::{Action, Actions, Digit, Digits, Disposition, On, Park, Record};

use super::transfer::{Kind, Transfer};
use super::{Talk, all_three};
use crate::call::Call;
use crate::note::Note;
use crate::program::{Flow, branch};
use crate::settings::FeatureCodes;
use crate::step::voicemail::file_name;

/// How long a code's next key may take.
pub(crate) const NEXT_KEY: Duration = Duration::from_secs(2);

/// The keys of a code that is being pressed.
#[derive(Debug)]
pub(super) struct Keys {
    leg: LegId,
    pressed: String,
    until: Duration,
}

impl Keys {
    pub(super) fn deadline(&self) -> Duration {
        self.until
    }
}

/// What a code does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    Blind,
    Attended,
    Cancel,
    Conference,
    Park,
    Record,
}

impl Feature {
    /// Its word in notes.
    fn as_str(self) -> &'static str {
        match self {
            Self::Blind => "blind",
            Self::Attended => "attended",
            Self::Cancel => "cancel",
            Self::Conference => "conference",
            Self::Park => "park",
            Self::Record => "record",
        }
    }
}

fn codes(features: &FeatureCodes) -> [(Option<&Digits>, Feature); 6] {
    [
        (features.blind.as_ref(), Feature::Blind),
        (features.attended.as_ref(), Feature::Attended),
        (features.cancel.as_ref(), Feature::Cancel),
        (features.conference.as_ref(), Feature::Conference),
        (features.park.as_ref(), Feature::Park),
        (features.record.as_ref(), Feature::Record),
    ]
}

impl Talk {
    /// Takes a key; gives the feature whose code is whole now.
    pub(super) fn feature(&mut self, call: &Call, leg: LegId, digit: Digit) -> Option<Feature> {
        let settings = call.settings.clone();
        let features = settings.features.as_ref()?;
        if leg == LegId::CALLER && !settings.caller_transfers {
            return None;
        }
        let mut pressed = match self.keys.take() {
            Some(keys) if keys.leg == leg => keys.pressed,
            _ => String::new(),
        };
        pressed.push(digit.as_char());
        // A key that does not go on with a code may begin another.
        while !pressed.is_empty() {
            let known = codes(features);
            let mut matching = known.iter().filter_map(|(code, feature)| {
                let code = code.as_ref()?.as_str();
                code.starts_with(&pressed).then_some((code, *feature))
            });
            if let Some((code, feature)) = matching.next() {
                if code == pressed {
                    return Some(feature);
                }
                self.keys = Some(Keys {
                    leg,
                    pressed,
                    until: call.after(NEXT_KEY),
                });
                return None;
            }
            pressed.remove(0);
        }
        None
    }

    pub(super) fn pressed(&mut self, call: &mut Call, leg: LegId, digit: Digit) -> Flow {
        let Some(feature) = self.feature(call, leg, digit) else {
            return Flow::Stay;
        };
        call.note(Note::Feature {
            leg,
            feature: feature.as_str().to_owned(),
        });
        match feature {
            Feature::Blind => {
                self.transfer = Some(Transfer::number(call, leg, self.other(leg), Kind::Blind));
                Flow::Stay
            }
            Feature::Attended => {
                self.transfer = Some(Transfer::number(call, leg, self.other(leg), Kind::Attended));
                Flow::Stay
            }
            Feature::Record => {
                if call.running.is_some() {
                    stop_recording(call);
                } else {
                    let features = call.settings.features.as_ref();
                    let record = Record {
                        consent: features.and_then(|codes| codes.consent.clone()),
                        ..Record::default()
                    };
                    self.record(call, record);
                }
                Flow::Stay
            }
            Feature::Park => self.park(call, leg),
            Feature::Cancel | Feature::Conference => Flow::Stay,
        }
    }

    /// The other one is parked; whoever pressed hears where, when the slot is known.
    fn park(&mut self, call: &mut Call, leg: LegId) -> Flow {
        if call.cannot(Ability::Rooms, "parking") || self.other(leg) != LegId::CALLER {
            // Only the caller's leg outlives its conversation.
            return Flow::Stay;
        }
        self.settle(call);
        call.parked_by = Some(leg);
        let park = Park {
            slot: None,
            timeout_s: None,
            on: On::new(),
        };
        Flow::Become(Actions::one(Action::Park(park)))
    }

    /// All three of an attended transfer together.
    pub(super) fn three(&mut self, call: &mut Call, third: LegId) -> Flow {
        if call.cannot(Ability::Rooms, "three together") {
            return Flow::Stay;
        }
        self.settle(call);
        let legs = vec![self.a, self.b, third];
        all_three(call, legs)
    }
}

/// Records both sides of the caller's conversation from here on, unless that is done already.
pub(crate) fn start_recording(call: &mut Call, record: &Record) {
    if call.running.is_some()
        || !call.is_live(LegId::CALLER)
        || call.cannot(Ability::Record, "recording")
    {
        return;
    }
    // A name in the table is the same for all calls.
    let call_id = file_name(call.event.call_id.as_str());
    let name = match &record.name {
        Some(name) => format!("calls/{}-{call_id}", file_name(name)),
        None => format!("calls/{call_id}"),
    };
    let options = RecordOptions {
        both: true,
        ..RecordOptions::default()
    };
    let (recording, name) = call.record(name, options);
    call.note(Note::RecordingCall { name });
    call.running = Some(Box::new(crate::call::Running {
        recording,
        consent: record.consent.clone(),
        told: vec![LegId::CALLER],
        failed: branch(&record.on, Disposition::Failed).cloned(),
    }));
}

/// Stops recording, and keeps what was recorded.
pub(crate) fn stop_recording(call: &mut Call) {
    if let Some(running) = call.running.take()
        && call.is_live(LegId::CALLER)
    {
        call.stopping = Some(running.recording);
        call.command(callroute_media::Command::StopRecord {
            leg: LegId::CALLER,
            recording: running.recording,
        });
    }
}

/// What whoever parked a call is told, before it is hung up.
pub(crate) fn told_slot(call: &mut Call, leg: LegId, slot: Option<&str>) {
    let text = match slot {
        Some(slot) => {
            let digits: Vec<String> = slot.chars().map(String::from).collect();
            format!("The call is parked at {}.", digits.join(" "))
        }
        None => return call.hangup(leg, EndCause::Normal),
    };
    call.farewell(
        leg,
        Sound::Speech {
            text,
            language: None,
            voice: None,
        },
    );
}
