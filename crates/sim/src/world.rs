//! What is to happen, and when: phones, servers and sounds answering a session's effects.

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_media::{Command, LegId, Notice, PlayEnd, PlayId, RecordingId, Sound};
use callroute_schema::{Cause, Disposition};
use callroute_session::{AskFailure, AskTarget, Effect, Input};

use crate::script::{PhoneEnd, Script, Server};

/// How long a message on the wire takes.
const WIRE: Duration = Duration::from_millis(10);
/// How long a prompt is.
const PROMPT: Duration = Duration::from_secs(2);
/// How long a character of speech is.
const CHARACTER: Duration = Duration::from_millis(60);

/// What is to happen, in order of time and, at one instant, of arrival.
#[derive(Debug)]
pub(crate) struct World {
    script: Script,
    agenda: BTreeMap<(Duration, u64), Input>,
    arrivals: u64,
    playing: BTreeMap<LegId, PlayId>,
    recording: BTreeMap<LegId, (RecordingId, String, Duration)>,
}

impl World {
    pub(crate) fn new(script: Script) -> Self {
        let mut world = Self {
            agenda: BTreeMap::new(),
            arrivals: 0,
            playing: BTreeMap::new(),
            recording: BTreeMap::new(),
            script,
        };
        for (at, digit) in world.script.digits.clone() {
            let leg = LegId::CALLER;
            world.plan(at, Input::Media(Notice::Digit { leg, digit }));
        }
        if let Some(at) = world.script.hangs_up {
            world.end_leg(at, LegId::CALLER, Cause::normal());
        }
        world
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// The next thing that happens.
    pub(crate) fn pop(&mut self) -> Option<Input> {
        let (at, _) = self.agenda.keys().next().copied()?;
        let (_, input) = self.agenda.pop_first()?;
        if let Input::Media(Notice::LegEnded { leg, .. }) = input {
            self.agenda.retain(|_, later| !concerns(later, leg));
            // A leg's sounds and recordings end before it does.
            let last = self.close(at, leg);
            if !last.is_empty() {
                for earlier in last {
                    self.plan(at, earlier);
                }
                self.plan(at, input);
                return self.pop();
            }
        }
        if let Input::Media(Notice::PlayEnded { leg, play, .. }) = input
            && self.playing.get(&leg) == Some(&play)
        {
            self.playing.remove(&leg);
        }
        Some(input)
    }

    /// Lets everybody react to what the session wants.
    pub(crate) fn react(&mut self, at: Duration, effect: &Effect) {
        match effect {
            Effect::Media(command) => self.obey(at, command),
            Effect::Ask { ask, target, .. } => {
                let name = match target {
                    AskTarget::Named(name) => name.as_str(),
                    AskTarget::Url(url) => url.as_str(),
                };
                let (after, input) = match self.script.servers.get(name).cloned() {
                    Some(Server::Answers { after, actions }) => {
                        (after, Input::Answered { ask: *ask, actions })
                    }
                    Some(Server::Fails { after, failure }) => {
                        (after, Input::AskFailed { ask: *ask, failure })
                    }
                    Some(Server::Silent) => return,
                    None => {
                        let failure = AskFailure {
                            class: "connect".to_owned(),
                            detail: "no such server in the script".to_owned(),
                        };
                        (WIRE, Input::AskFailed { ask: *ask, failure })
                    }
                };
                self.plan(at + after, input);
            }
            _ => {}
        }
    }

    fn obey(&mut self, at: Duration, command: &Command) {
        match command {
            Command::Answer { leg } => {
                self.plan(at + WIRE, Input::Media(Notice::LegAnswered { leg: *leg }));
            }
            Command::Dial { leg, to, .. } => self.dial(at, *leg, to.as_str()),
            Command::Hangup { leg, .. } => {
                let leg = *leg;
                self.agenda.retain(|_, later| !concerns(later, leg));
                let cause = Cause::local(Disposition::Canceled);
                self.end_leg(at + WIRE, leg, cause);
            }
            Command::Play { leg, play, sound } => {
                self.stop(at, *leg);
                self.playing.insert(*leg, *play);
                if let Some(length) = length(sound) {
                    self.plan(at + length, play_ended(*leg, *play, PlayEnd::Finished));
                }
            }
            Command::StopPlay { leg, play } if self.playing.get(leg) == Some(play) => {
                self.stop(at, *leg);
            }
            Command::Record {
                leg,
                recording,
                name,
            } => {
                self.recording.insert(*leg, (*recording, name.clone(), at));
            }
            Command::StopRecord { leg, .. } => {
                for input in self.close_recording(at, *leg) {
                    self.plan(at, input);
                }
            }
            Command::Bridge { a, b } => {
                self.stop(at, *a);
                self.stop(at, *b);
            }
            _ => {}
        }
    }

    fn dial(&mut self, at: Duration, leg: LegId, to: &str) {
        let Some(phone) = self.script.phones.get(to).copied() else {
            let cause = Cause::local(Disposition::Unreachable);
            return self.end_leg(at + WIRE, leg, cause);
        };
        if let Some(rings) = phone.rings {
            self.plan(at + rings, Input::Media(Notice::LegRinging { leg }));
        }
        match phone.end {
            PhoneEnd::Answers { after, talks } => {
                self.plan(at + after, Input::Media(Notice::LegAnswered { leg }));
                self.end_leg(at + after + talks, leg, Cause::normal());
            }
            PhoneEnd::Fails { after, cause } => self.end_leg(at + after, leg, cause),
            PhoneEnd::Silent => {}
        }
    }

    fn plan(&mut self, at: Duration, input: Input) {
        self.agenda.insert((at, self.arrivals), input);
        self.arrivals += 1;
    }

    fn end_leg(&mut self, at: Duration, leg: LegId, cause: Cause) {
        self.plan(at, Input::Media(Notice::LegEnded { leg, cause }));
    }

    fn stop(&mut self, at: Duration, leg: LegId) {
        let Some(play) = self.playing.remove(&leg) else {
            return;
        };
        self.agenda.retain(|_, later| !ends_play(later, play));
        self.plan(at, play_ended(leg, play, PlayEnd::Stopped));
    }

    fn close(&mut self, at: Duration, leg: LegId) -> Vec<Input> {
        let mut last = self.close_recording(at, leg);
        if let Some(play) = self.playing.remove(&leg) {
            last.push(play_ended(leg, play, PlayEnd::Stopped));
        }
        last
    }

    fn close_recording(&mut self, at: Duration, leg: LegId) -> Vec<Input> {
        let Some((recording, name, since)) = self.recording.remove(&leg) else {
            return Vec::new();
        };
        let duration = at.saturating_sub(since).as_millis();
        vec![Input::Media(Notice::RecordEnded {
            leg,
            recording,
            url: Some(format!("{name}.wav")),
            duration_ms: u64::try_from(duration).unwrap_or(u64::MAX),
            error: None,
        })]
    }
}

fn length(sound: &Sound) -> Option<Duration> {
    match sound {
        Sound::Speech { text, .. } => {
            let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            Some(CHARACTER.saturating_mul(characters))
        }
        Sound::Ringback => None,
        _ => Some(PROMPT),
    }
}

fn play_ended(leg: LegId, play: PlayId, end: PlayEnd) -> Input {
    Input::Media(Notice::PlayEnded { leg, play, end })
}

fn ends_play(input: &Input, wanted: PlayId) -> bool {
    matches!(input, Input::Media(Notice::PlayEnded { play, .. }) if *play == wanted)
}

fn concerns(input: &Input, leg: LegId) -> bool {
    matches!(input, Input::Media(notice) if notice.leg() == leg)
}
