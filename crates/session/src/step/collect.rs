//! Waiting for digits that the caller enters.

use std::time::Duration;

use callroute_media::{LegId, Notice, PlayEnd, PlayId};
use callroute_schema::{Branch, Collect, Digit, Digits, Disposition, EventKind, MenuInfo};

use super::Step;
use super::play::{LONGEST, ended};
use super::ring::prompt_sound;
use crate::call::{Call, seconds};
use crate::note::Note;
use crate::program::Flow;

pub(crate) const DEFAULT_TIMEOUT_S: u32 = 5;
pub(crate) const DEFAULT_DIGIT_TIMEOUT_S: u32 = 3;
const DEFAULT_MAX_DIGITS: u32 = 64;
/// How often the entry is asked for again where nothing else is said.
const DEFAULT_REPEATS: u32 = 1;
/// It is asked for at most this often, whatever the branches say.
const MAX_ROUNDS: u32 = 20;

#[derive(Debug)]
pub(crate) struct Collecting {
    collect: Collect,
    prompt: Option<PlayId>,
    entered: String,
    round: u32,
    silences: u32,
    invalids: u32,
    deadline: Duration,
}

impl Collecting {
    pub(crate) fn begin(call: &mut Call, collect: Collect) -> (Step, Flow) {
        let mut step = Self {
            collect,
            prompt: None,
            entered: String::new(),
            round: 0,
            silences: 0,
            invalids: 0,
            deadline: call.now.mono,
        };
        step.ask(call);
        (Step::Collecting(Box::new(step)), Flow::Stay)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match (notice, self.prompt) {
            (Notice::Digit { leg, digit }, _) if *leg == LegId::CALLER => self.press(call, *digit),
            (_, Some(play)) => {
                if let Some(end) = ended(notice, play) {
                    if end == PlayEnd::Failed {
                        call.note(Note::PlayFailed);
                    }
                    self.wait(call);
                }
                Flow::Stay
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        if let Some(play) = self.prompt {
            call.stop_play(play);
            self.wait(call);
            return Flow::Stay;
        }
        self.whole(call)
    }

    fn ask(&mut self, call: &mut Call) {
        self.round += 1;
        self.entered.clear();
        call.note(Note::Collecting {
            into: self.attribute(),
            attempt: self.round,
        });
        match self.collect.prompt.clone() {
            Some(prompt) => {
                self.prompt = Some(call.play(prompt_sound(prompt)));
                self.deadline = call.after(LONGEST);
            }
            None => self.wait(call),
        }
    }

    fn wait(&mut self, call: &Call) {
        self.prompt = None;
        let wait = self.collect.timeout_s.unwrap_or(DEFAULT_TIMEOUT_S);
        self.deadline = call.after(seconds(wait));
    }

    fn press(&mut self, call: &mut Call, digit: Digit) -> Flow {
        if let Some(play) = self.prompt.take() {
            call.stop_play(play);
        }
        let terminator = self.collect.terminator.map_or('#', Digit::as_char);
        if digit.as_char() == terminator {
            return self.whole(call);
        }
        self.entered.push(digit.as_char());
        let most = self.collect.max_digits.unwrap_or(DEFAULT_MAX_DIGITS);
        if self.entered.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
            return self.whole(call);
        }
        let wait = self
            .collect
            .digit_timeout_s
            .unwrap_or(DEFAULT_DIGIT_TIMEOUT_S);
        self.deadline = call.after(seconds(wait));
        Flow::Stay
    }

    /// No more keys come.
    fn whole(&mut self, call: &mut Call) -> Flow {
        if self.entered.is_empty() {
            call.note(Note::Silence);
            self.silences += 1;
            self.tell(call, EventKind::MenuTimeout, None);
            let (branch, count) = (self.collect.on.timeout.clone(), self.silences);
            return self.take(call, branch, count, "nothing was entered");
        }
        let digits = Digits::new(&self.entered).ok();
        let fewest = usize::try_from(self.collect.min_digits.unwrap_or(1)).unwrap_or(1);
        if self.entered.len() < fewest {
            self.invalids += 1;
            self.tell(call, EventKind::MenuInvalid, digits);
            let (branch, count) = (self.collect.on.invalid.clone(), self.invalids);
            return self.take(call, branch, count, "too few digits were entered");
        }
        call.note(Note::Collected {
            into: self.attribute(),
            digits: self.entered.len(),
        });
        call.event
            .attributes
            .insert(self.attribute(), self.entered.clone());
        self.tell(call, EventKind::MenuInput, digits);
        Flow::Next
    }

    fn tell(&self, call: &mut Call, kind: EventKind, digits: Option<Digits>) {
        let mut event = call.event_now(kind);
        event.menu = Some(MenuInfo {
            name: None,
            digits,
            attempt: self.round,
        });
        call.emit(event);
    }

    /// Goes on after silence or too few digits, which has happened `count` times now.
    fn take(&mut self, call: &mut Call, branch: Option<Branch>, count: u32, why: &str) -> Flow {
        let (repeats, then) = match branch {
            Some(Branch::Repeat(repeat)) => (repeat.repeat, Some(repeat.then)),
            Some(Branch::Actions(actions)) => (0, Some(actions)),
            _ => (DEFAULT_REPEATS, None),
        };
        if count <= repeats && self.round < MAX_ROUNDS {
            self.ask(call);
            return Flow::Stay;
        }
        match then {
            Some(actions) => Flow::Become(actions),
            None => Flow::failed(Disposition::Failed, why),
        }
    }

    /// The attribute that takes the digits.
    fn attribute(&self) -> String {
        self.collect
            .into
            .clone()
            .unwrap_or_else(|| "digits".to_owned())
    }
}
