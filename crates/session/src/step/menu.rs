//! Waiting for a key: the walk through a menu is `callroute_rules::menu`'s; sounds, timers and
//! events are ours.

use std::time::Duration;

use callroute_media::{LegId, Notice, PlayEnd, PlayId};
use callroute_rules::menu::{Choice, Next, Walk};
use callroute_schema::{Actions, Digit, Digits, Disposition, EventKind, Menu, MenuInfo, Prompt};

use super::Step;
use super::play::{LONGEST, ended};
use super::ring::prompt_sound;
use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;

#[derive(Debug)]
pub(crate) struct InMenu {
    walk: Walk,
    /// What the caller hears, and how long a key is waited for after it.
    prompt: Option<(PlayId, Duration)>,
    deadline: Duration,
}

/// Where the caller was before a key or the lack of one.
struct Before {
    info: MenuInfo,
    again: Option<Digits>,
    pressed: Option<Digits>,
    secret: bool,
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
        let (walk, next) = Walk::begin(menu);
        let mut step = Self {
            walk,
            prompt: None,
            deadline: call.now.mono,
        };
        match step.follow(call, next) {
            Flow::Stay => (Step::InMenu(Box::new(step)), Flow::Stay),
            other => (Step::New, other),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        if let Notice::Digit { leg, digit } = notice
            && *leg == LegId::CALLER
        {
            return self.press(call, *digit);
        }
        let Some((play, wait)) = self.prompt else {
            return Flow::Stay;
        };
        if let Some(end) = ended(notice, play) {
            if end == PlayEnd::Failed {
                call.note(Note::PlayFailed);
            }
            self.prompt = None;
            self.deadline = call.after(wait);
        }
        Flow::Stay
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        if let Some((play, wait)) = self.prompt.take() {
            call.stop_play(play);
            self.deadline = call.after(wait);
            return Flow::Stay;
        }
        let before = self.before();
        let engine = call.engine.clone();
        let next = self.walk.time_over(&engine);
        if before.pressed.is_none() {
            if !matches!(
                next,
                Next::Do {
                    choice: Choice::Option | Choice::Extension,
                    ..
                }
            ) {
                call.note(Note::Silence);
                let mut event = call.event_now(EventKind::MenuTimeout);
                event.menu = Some(before.info);
                call.emit(event);
            }
        } else {
            self.tell_invalid(call, before, &next);
        }
        self.follow(call, next)
    }

    fn press(&mut self, call: &mut Call, digit: Digit) -> Flow {
        if let Some((play, _)) = self.prompt.take() {
            call.stop_play(play);
        }
        let mut before = self.before();
        let mut keys = before.pressed.map_or_else(String::new, |p| p.to_string());
        keys.push(digit.as_char());
        before.pressed = Digits::new(&keys).ok();
        let engine = call.engine.clone();
        let next = self.walk.press(&engine, digit);
        self.tell_invalid(call, before, &next);
        self.follow(call, next)
    }

    fn before(&self) -> Before {
        Before {
            info: MenuInfo {
                name: self.walk.name().cloned(),
                digits: None,
                attempt: self.walk.attempt(),
            },
            again: self.walk.menu().repeat.clone(),
            pressed: self.walk.pressed(),
            secret: self.walk.asks_pin(),
        }
    }

    /// Tells of keys that the menu does not have.
    fn tell_invalid(&self, call: &mut Call, before: Before, next: &Next) {
        let same_menu = self.walk.name() == before.info.name.as_ref();
        let invalid = match next {
            Next::Hear { attempt, .. } => {
                same_menu && *attempt == before.info.attempt + 1 && before.pressed != before.again
            }
            Next::Do { choice, .. } => matches!(choice, Choice::Invalid | Choice::WrongPin),
            Next::Stop(_) => true,
            _ => false,
        };
        // A right PIN, too, is followed by the menu itself.
        if !invalid || (before.secret && !self.walk.asks_pin()) {
            return;
        }
        let mut info = before.info;
        if !before.secret {
            if let Some(digits) = before.pressed.clone() {
                call.note(Note::InvalidKey { digits });
            }
            info.digits = before.pressed;
        }
        let mut event = call.event_now(EventKind::MenuInvalid);
        event.menu = Some(info);
        call.emit(event);
    }

    fn follow(&mut self, call: &mut Call, next: Next) -> Flow {
        match next {
            Next::Hear {
                prompt,
                attempt,
                wait,
            } => {
                self.hear(call, prompt, attempt, wait);
                Flow::Stay
            }
            Next::Wait(wait) => {
                self.deadline = call.after(wait);
                Flow::Stay
            }
            Next::Do {
                actions,
                choice,
                digits,
            } => self.chosen(call, actions, choice, digits),
            Next::Stop(stopped) => Flow::failed(Disposition::Failed, stopped.to_string()),
            _ => Flow::failed(Disposition::Failed, "the menu leads to something unknown"),
        }
    }

    fn hear(&mut self, call: &mut Call, prompt: Option<Prompt>, attempt: u32, wait: Duration) {
        call.note(Note::Menu {
            menu: self
                .walk
                .name()
                .map_or_else(|| "menu".to_owned(), ToString::to_string),
            attempt,
        });
        match prompt {
            Some(prompt) => {
                let prompt = call.filled(prompt);
                self.prompt = Some((call.play(prompt_sound(prompt)), wait));
                self.deadline = call.after(LONGEST);
            }
            None => self.deadline = call.after(wait),
        }
    }

    fn chosen(
        &self,
        call: &mut Call,
        actions: Actions,
        choice: Choice,
        digits: Option<Digits>,
    ) -> Flow {
        if matches!(choice, Choice::Option | Choice::Extension) {
            if let Some(digits) = digits {
                call.note(Note::Pressed {
                    digits: digits.clone(),
                });
                // Known to the call from here on: webhooks are told of it.
                call.event.menu = Some(MenuInfo {
                    name: self.walk.name().cloned(),
                    digits: Some(digits),
                    attempt: self.walk.attempt(),
                });
            }
            let event = call.event_now(EventKind::MenuInput);
            call.emit(event);
        }
        Flow::Become(actions)
    }
}
