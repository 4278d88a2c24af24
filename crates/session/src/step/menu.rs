//! Waiting for a key.

use std::time::Duration;

use callroute_media::{LegId, Notice, PlayEnd, PlayId, Sound};
use callroute_schema::{
    Actions, Branch, Digit, Digits, Disposition, EventKind, Menu, MenuInfo, Prompt,
};

use super::Step;
use super::play::{LONGEST, ended, speech};
use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;

const DEFAULT_TIMEOUT_S: u32 = 5;
const DEFAULT_DIGIT_TIMEOUT_S: u32 = 3;
/// How often a menu without branches of its own is heard again.
const DEFAULT_REPEATS: u32 = 1;
/// A menu is heard at most this often, whatever its branches say.
const MAX_ROUNDS: u32 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Prompting(PlayId),
    Waiting,
}

#[derive(Debug)]
pub(crate) struct InMenu {
    menu: Menu,
    phase: Phase,
    pressed: String,
    round: u32,
    silences: u32,
    invalids: u32,
    deadline: Duration,
}

impl InMenu {
    pub(crate) fn begin(call: &mut Call, menu: Menu) -> (Step, Flow) {
        let found = match &menu.name {
            Some(name) => call.engine.menu(name.as_str()).cloned().map(|mut found| {
                found.name.clone_from(&menu.name);
                found
            }),
            None => Some(menu),
        };
        let Some(menu) = found else {
            let why = "the menu is not in the routing file";
            return (Step::New, Flow::failed(Disposition::Failed, why));
        };
        let mut step = Self {
            menu,
            phase: Phase::Waiting,
            pressed: String::new(),
            round: 0,
            silences: 0,
            invalids: 0,
            deadline: Duration::ZERO,
        };
        step.next_round(call);
        (Step::InMenu(step), Flow::Stay)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match (notice, self.phase) {
            (Notice::Digit { leg, digit }, _) if *leg == LegId::CALLER => self.press(call, *digit),
            (_, Phase::Prompting(play)) => match ended(notice, play) {
                Some(end) => {
                    if end == PlayEnd::Failed {
                        call.note(Note::PlayFailed);
                    }
                    self.wait(call);
                    Flow::Stay
                }
                None => Flow::Stay,
            },
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        if let Phase::Prompting(play) = self.phase {
            call.stop_play(play);
            self.wait(call);
            return Flow::Stay;
        }
        if self.pressed.is_empty() {
            return self.silence(call);
        }
        // No further key came: what was pressed stands as it is.
        match self.option() {
            Some(actions) => self.choose(call, actions),
            None => self.invalid(call),
        }
    }

    fn press(&mut self, call: &mut Call, digit: Digit) -> Flow {
        if let Phase::Prompting(play) = self.phase {
            call.stop_play(play);
            self.phase = Phase::Waiting;
        }
        self.pressed.push(digit.as_char());
        let longer = self.menu.options.keys().any(|key| {
            key.as_str().len() > self.pressed.len() && key.as_str().starts_with(&self.pressed)
        });
        if longer {
            let wait = self.menu.digit_timeout_s.unwrap_or(DEFAULT_DIGIT_TIMEOUT_S);
            self.deadline = call.after(seconds(wait));
            return Flow::Stay;
        }
        match self.option() {
            Some(actions) => self.choose(call, actions),
            None => self.invalid(call),
        }
    }

    fn option(&self) -> Option<Actions> {
        self.menu.options.get(self.pressed.as_str()).cloned()
    }

    fn choose(&self, call: &mut Call, actions: Actions) -> Flow {
        if let Some(digits) = self.digits() {
            call.note(Note::Pressed {
                digits: digits.clone(),
            });
            // What was pressed belongs to the call from here on: webhooks are told of it.
            call.event.menu = Some(self.info(Some(digits)));
        }
        let event = call.event_now(EventKind::MenuInput);
        call.emit(event);
        Flow::Become(actions)
    }

    fn invalid(&mut self, call: &mut Call) -> Flow {
        if let Some(digits) = self.digits() {
            call.note(Note::InvalidKey { digits });
        }
        let mut event = call.event_now(EventKind::MenuInvalid);
        event.menu = Some(self.info(self.digits()));
        call.emit(event);
        self.invalids += 1;
        let (branch, count) = (self.menu.on.invalid.clone(), self.invalids);
        self.take(call, branch, count, "no key of the menu was pressed")
    }

    fn silence(&mut self, call: &mut Call) -> Flow {
        call.note(Note::Silence);
        let mut event = call.event_now(EventKind::MenuTimeout);
        event.menu = Some(self.info(None));
        call.emit(event);
        self.silences += 1;
        let (branch, count) = (self.menu.on.timeout.clone(), self.silences);
        self.take(call, branch, count, "nothing was pressed")
    }

    /// Goes on after silence or a wrong key, which has happened `count` times now.
    fn take(&mut self, call: &mut Call, branch: Option<Branch>, count: u32, why: &str) -> Flow {
        let (repeats, then) = match branch {
            Some(Branch::Repeat(repeat)) => (repeat.repeat, Some(repeat.then)),
            Some(Branch::Actions(actions)) => (0, Some(actions)),
            _ => (DEFAULT_REPEATS, None),
        };
        if count <= repeats && self.round < MAX_ROUNDS {
            self.next_round(call);
            return Flow::Stay;
        }
        match then {
            Some(actions) => Flow::Become(actions),
            None => Flow::failed(Disposition::Failed, why),
        }
    }

    fn next_round(&mut self, call: &mut Call) {
        self.round += 1;
        self.pressed.clear();
        call.note(Note::Menu {
            menu: self
                .menu
                .name
                .as_ref()
                .map_or_else(|| "menu".to_owned(), ToString::to_string),
            attempt: self.round,
        });
        match self.menu.prompt.clone() {
            Some(prompt) => {
                self.phase = Phase::Prompting(call.play(prompt_sound(prompt)));
                self.deadline = call.after(LONGEST);
            }
            None => self.wait(call),
        }
    }

    fn wait(&mut self, call: &Call) {
        self.phase = Phase::Waiting;
        let wait = self.menu.timeout_s.unwrap_or(DEFAULT_TIMEOUT_S);
        self.deadline = call.after(seconds(wait));
    }

    fn digits(&self) -> Option<Digits> {
        Digits::new(&self.pressed).ok()
    }

    fn info(&self, digits: Option<Digits>) -> MenuInfo {
        MenuInfo {
            name: self.menu.name.clone(),
            digits,
            attempt: self.round,
        }
    }
}

fn prompt_sound(prompt: Prompt) -> Sound {
    match prompt {
        Prompt::Say(say) => speech(say),
        Prompt::Play(prompt) => Sound::Prompt(prompt),
        // A kind of prompt that a later contract adds: heard as the common request for a key.
        _ => Sound::Prompt("menu".to_owned()),
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
