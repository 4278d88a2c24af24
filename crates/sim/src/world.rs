//! What is to happen, and when: phones, servers and sounds answering a session's effects.

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_media::{Command, Deed, LegId, Notice, PlayEnd, PlayId, RecordingId, Sound};
use callroute_rules::{Fact, Lookup};
use callroute_schema::{CallId, Cause, Digit, Disposition};
use callroute_session::shared::HubReply;
use callroute_session::{AskFailure, AskId, AskTarget, Effect, Input, Note};

use crate::script::{Act, KEY, LookupResult, PhoneEnd, Script, Server};

/// How long a message on the wire takes.
const WIRE: Duration = Duration::from_millis(10);
/// How long a lookup takes.
const LOOK_UP: Duration = Duration::from_millis(5);
/// How long the caller takes to press what it is asked for.
const ANSWER: Duration = Duration::from_secs(1);
/// How long a prompt is.
const PROMPT: Duration = Duration::from_secs(2);
/// How long a character of speech is.
const CHARACTER: Duration = Duration::from_millis(60);

/// What is to happen, in order of time and, at one instant, of arrival.
#[derive(Debug)]
pub(crate) struct World {
    script: Script,
    call_id: CallId,
    agenda: BTreeMap<(Duration, u64), Input>,
    arrivals: u64,
    playing: BTreeMap<LegId, PlayId>,
    recording: BTreeMap<RecordingId, Tape>,
    asked: usize,
}

/// A recording under way.
#[derive(Debug)]
struct Tape {
    leg: LegId,
    name: String,
    since: Duration,
}

impl World {
    /// The call begins at this instant.
    pub(crate) fn new(script: Script, call_id: CallId, start: Duration) -> Self {
        let mut world = Self {
            agenda: BTreeMap::new(),
            arrivals: 0,
            playing: BTreeMap::new(),
            recording: BTreeMap::new(),
            asked: 0,
            call_id,
            script,
        };
        for (at, digit) in world.script.digits.clone() {
            let leg = LegId::CALLER;
            world.plan(start + at, Input::Media(Notice::Digit { leg, digit }));
        }
        for (at, actions) in world.script.pushes.clone() {
            world.plan(start + at, Input::Push { actions });
        }
        if let Some(at) = world.script.hangs_up {
            world.end_leg(start + at, LegId::CALLER, Cause::normal());
        }
        world
    }

    /// Somebody outside is asked what is known of the caller.
    pub(crate) fn look_up(&mut self, at: Duration, name: &str) {
        let (fact, why) = match self.script.lookups.get(name) {
            Some(LookupResult::Silent) => return,
            Some(LookupResult::Row(row)) => (Fact::Row(row.clone()), None),
            Some(LookupResult::Nobody) => (Fact::No, None),
            Some(LookupResult::Missing(why)) => (Fact::Missing, Some(why.clone())),
            None => (Fact::Missing, Some("the script does not say".to_owned())),
        };
        let lookup = Lookup::Row(name.to_owned());
        let shared = HubReply::Fact { lookup, fact, why };
        self.plan(at + LOOK_UP, Input::HubReply(shared));
    }

    /// How everybody behaves.
    pub(crate) fn script(&self) -> &Script {
        &self.script
    }

    /// Something comes from outside of the call.
    pub(crate) fn tell(&mut self, at: Duration, input: Input) {
        self.plan(at, input);
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
        if let Input::Media(Notice::RecordEnded { recording, .. }) = &input {
            self.recording.remove(recording);
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
            Effect::Ask {
                ask,
                target,
                deadline_ms,
                ..
            } => self.ask(at, *ask, target, *deadline_ms),
            Effect::Note(Note::Menu { .. } | Note::Collecting { .. }) => self.asked(at),
            _ => {}
        }
    }

    /// A server is asked. As in a real call, what it has not said by the deadline is heard no more.
    fn ask(&mut self, at: Duration, ask: AskId, target: &AskTarget, deadline_ms: u64) {
        let deadline = Duration::from_millis(deadline_ms);
        let failed = |class: &str, detail: String| {
            let class = class.to_owned();
            let failure = AskFailure { class, detail };
            Input::AskFailed { ask, failure }
        };
        let name = match target {
            AskTarget::Named(name) => name.as_str(),
            AskTarget::Url(url) => url.as_str(),
        };
        let reply = match self.script.servers.get(name).cloned() {
            Some(Server::Answers { after, actions }) => {
                let stood_in = None;
                let answered = Input::Answered {
                    ask,
                    actions,
                    stood_in,
                };
                Some((after, answered))
            }
            Some(Server::Fails { after, failure }) => {
                Some((after, Input::AskFailed { ask, failure }))
            }
            Some(Server::Silent) => None,
            None => {
                let detail = "no such server in the script".to_owned();
                Some((WIRE, failed("connect", detail)))
            }
        };
        let in_time = reply.filter(|(after, _)| *after <= deadline);
        let (after, input) = in_time.unwrap_or_else(|| {
            let detail = format!("no answer within {deadline_ms} ms");
            (deadline, failed("deadline", detail))
        });
        self.plan(at + after, input);
    }

    /// The caller is asked to press something.
    fn asked(&mut self, at: Duration) {
        let keys = self.script.answers.get(self.asked).cloned();
        self.asked += 1;
        let keys = keys.unwrap_or_default();
        let digits = keys.chars().filter_map(|key| Digit::new(key).ok());
        for (digit, later) in digits.zip(0_u32..) {
            let leg = LegId::CALLER;
            let when = at + ANSWER + KEY.saturating_mul(later);
            self.plan(when, Input::Media(Notice::Digit { leg, digit }));
        }
    }

    fn obey(&mut self, at: Duration, command: &Command) {
        if let Some((leg, deed)) = Deed::of(command)
            && self.script.cannot.contains(&deed)
        {
            let reason = "the script says so".to_owned();
            let refused = Notice::NotDone { leg, deed, reason };
            return self.plan(at + WIRE, Input::Media(refused));
        }
        match command {
            Command::Answer { leg } => {
                self.plan(at + WIRE, Input::Media(Notice::LegAnswered { leg: *leg }));
                self.dialog(at + WIRE, *leg);
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
                options,
            } => {
                let tape = Tape {
                    leg: *leg,
                    name: name.clone(),
                    since: at,
                };
                self.recording.insert(*recording, tape);
                if let (Some(speaks), Some(silence)) = (self.script.speaks, options.silence_ms) {
                    let kept = if options.trim {
                        speaks
                    } else {
                        speaks + Duration::from_millis(silence)
                    };
                    let name = format!("{name}.wav");
                    let input = record_ended(*leg, *recording, name, kept);
                    self.plan(at + speaks + Duration::from_millis(silence), input);
                }
            }
            Command::StopRecord { recording, .. } => {
                if let Some(tape) = self.recording.remove(recording) {
                    let kept = at.saturating_sub(tape.since);
                    let kept = self.script.speaks.map_or(kept, |speaks| speaks.min(kept));
                    self.agenda
                        .retain(|_, later| !ends_recording(later, *recording));
                    let name = format!("{}.wav", tape.name);
                    self.plan(at, record_ended(tape.leg, *recording, name, kept));
                }
            }
            Command::Redirect { leg, .. } => {
                let cause = Cause::from_sip(302);
                self.end_leg(at + WIRE, *leg, cause);
            }
            Command::Join { leg, .. } => {
                self.stop(at, *leg);
                self.plan(at + WIRE, Input::Media(Notice::Joined { leg: *leg }));
            }
            Command::Bridge { a, b } => {
                self.stop(at, *a);
                self.stop(at, *b);
            }
            _ => {}
        }
    }

    fn dial(&mut self, at: Duration, leg: LegId, to: &str) {
        let Some(phone) = self.script.phones.get(to).cloned() else {
            let cause = Cause::local(Disposition::Unreachable);
            return self.end_leg(at + WIRE, leg, cause);
        };
        if let Some(rings) = phone.rings {
            self.plan(at + rings, Input::Media(Notice::LegRinging { leg }));
        }
        match phone.end {
            PhoneEnd::Answers { after, talks } => {
                self.plan(at + after, Input::Media(Notice::LegAnswered { leg }));
                self.dialog(at + after, leg);
                for (later, act) in phone.acts {
                    let notice = match act {
                        Act::Press(digit) => Notice::Digit { leg, digit },
                        Act::Hold(held) => Notice::Held { leg, held },
                        Act::Refer { to, replaces } => Notice::Refer { leg, to, replaces },
                    };
                    self.plan(at + after + later, Input::Media(notice));
                }
                self.end_leg(at + after + talks, leg, Cause::normal());
            }
            PhoneEnd::Fails { after, cause } => self.end_leg(at + after, leg, cause),
            PhoneEnd::Silent => {}
        }
    }

    /// The name by which a transfer may speak of a leg.
    fn dialog(&mut self, at: Duration, leg: LegId) {
        let dialog = format!("{}/{leg}", self.call_id);
        self.plan(at, Input::Media(Notice::Dialog { leg, dialog }));
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
        let tapes = std::mem::take(&mut self.recording);
        let (closed, open): (Vec<_>, Vec<_>) =
            tapes.into_iter().partition(|(_, tape)| tape.leg == leg);
        self.recording = open.into_iter().collect();
        let mut last: Vec<Input> = closed
            .into_iter()
            .map(|(recording, tape)| {
                let kept = at.saturating_sub(tape.since);
                let kept = self.script.speaks.map_or(kept, |speaks| speaks.min(kept));
                record_ended(leg, recording, format!("{}.wav", tape.name), kept)
            })
            .collect();
        if let Some(play) = self.playing.remove(&leg) {
            last.push(play_ended(leg, play, PlayEnd::Stopped));
        }
        last
    }
}

fn record_ended(leg: LegId, recording: RecordingId, url: String, kept: Duration) -> Input {
    Input::Media(Notice::RecordEnded {
        leg,
        recording,
        url: Some(url),
        duration_ms: u64::try_from(kept.as_millis()).unwrap_or(u64::MAX),
        error: None,
    })
}

fn ends_recording(input: &Input, wanted: RecordingId) -> bool {
    matches!(input, Input::Media(Notice::RecordEnded { recording, .. }) if *recording == wanted)
}

fn length(sound: &Sound) -> Option<Duration> {
    match sound {
        Sound::Speech { text, .. } => {
            let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            Some(CHARACTER.saturating_mul(characters))
        }
        Sound::Ringback | Sound::Music | Sound::Loop(_) => None,
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
