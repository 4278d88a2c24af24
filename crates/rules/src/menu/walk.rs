//! The walk itself.

use std::collections::VecDeque;
use std::time::Duration;

use callroute_schema::{Action, Actions, Digit, Digits, Menu, MenuName, Prompt};

use super::level::{Level, Meaning, Missed};
use crate::engine::Engine;

/// How many menus a caller can go back through: of those before, only the way on is left.
const MAX_BACK: usize = 32;
/// How often a caller hears menus in one walk, whatever they say.
const MAX_HEARD: u32 = 100;

/// A caller's way through a menu and its submenus.
#[derive(Debug)]
pub struct Walk {
    /// The menus that the caller came through, the first of them first.
    before: VecDeque<Level>,
    here: Level,
    heard: u32,
}

/// What comes next in a menu.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Next {
    /// Let the caller hear this, or nothing; a key cuts it short. Then wait for a first key.
    Hear {
        /// What is heard.
        prompt: Option<Prompt>,
        /// How often this menu has been heard, this time included; of the PIN's prompt, how often
        /// that was.
        attempt: u32,
        /// How long to wait for a key after it.
        wait: Duration,
    },
    /// Wait so long for a further key.
    Wait(Duration),
    /// Do these; the walk is over.
    Do {
        /// What is done.
        actions: Actions,
        /// Why.
        choice: Choice,
        /// What was pressed; `None`: nothing.
        digits: Option<Digits>,
    },
    /// The menu leads nowhere: the call goes on as after any failure. The walk is over.
    Stop(Stopped),
}

/// Why a menu leads to actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Choice {
    /// An option, or a pattern, was pressed.
    Option,
    /// An extension was dialed.
    Extension,
    /// Nothing was pressed, and the menu's branch for that was reached.
    Silence,
    /// Keys that the menu does not have, and the branch for that was reached.
    Invalid,
    /// The PIN was wrong too often.
    WrongPin,
}

/// Why a menu leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// Nothing was pressed, and the menu has no branch for that.
    #[error("nothing was pressed")]
    Silence,
    /// No key of the menu was pressed, and it has no branch for that.
    #[error("no key of the menu was pressed")]
    Invalid,
    /// The PIN was wrong too often.
    #[error("the PIN was wrong too often")]
    WrongPin,
    /// It was heard as often as it may be.
    #[error("the menu was heard as often as it may be")]
    Rounds,
    /// A key leads to a menu that the routing file does not have.
    #[error("the menu is not in the routing file")]
    Unknown,
}

impl Walk {
    /// Begins at a menu that is written out: see [`Engine::menu`] for one with a name.
    #[must_use]
    pub fn begin(menu: Menu) -> (Self, Next) {
        let mut walk = Self {
            before: VecDeque::new(),
            here: Level::new(menu),
            heard: 0,
        };
        let next = walk.hear();
        (walk, next)
    }

    /// The caller pressed a key.
    pub fn press(&mut self, engine: &Engine, digit: Digit) -> Next {
        let meaning = self.here.press(digit);
        self.follow(engine, meaning)
    }

    /// No key came in the time that was said.
    pub fn time_over(&mut self, engine: &Engine) -> Next {
        if self.here.pressed.is_empty() {
            if !self.here.is_open() {
                let meaning = self.here.settle();
                return self.follow(engine, meaning);
            }
            return self.missed(true);
        }
        let meaning = self.here.settle();
        self.follow(engine, meaning)
    }

    /// The menu that the caller is in.
    #[must_use]
    pub fn menu(&self) -> &Menu {
        &self.here.menu
    }

    /// Its name, when it has one.
    #[must_use]
    pub fn name(&self) -> Option<&MenuName> {
        self.here.menu.name.as_ref()
    }

    /// What has been pressed since it was heard last.
    #[must_use]
    pub fn pressed(&self) -> Option<Digits> {
        Digits::new(&self.here.pressed).ok()
    }

    /// How often it has been heard, this time included; while the PIN is asked for, how often that
    /// was.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.here.attempt()
    }

    /// Whether the caller is entering the PIN: keys that must not be written down.
    #[must_use]
    pub fn asks_pin(&self) -> bool {
        !self.here.is_open()
    }

    fn follow(&mut self, engine: &Engine, meaning: Meaning) -> Next {
        match meaning {
            Meaning::More => Next::Wait(seconds(self.here.further_wait_s())),
            Meaning::Chosen(actions) => self.choose(engine, actions),
            Meaning::Extension(actions) => self.done(actions, Choice::Extension),
            Meaning::Again | Meaning::PinRight => self.hear(),
            Meaning::Back => {
                if let Some(before) = self.before.pop_back() {
                    self.here = before;
                }
                self.hear()
            }
            Meaning::PinWrong { again: true } => self.hear(),
            Meaning::PinWrong { again: false } => {
                self.here.pressed.clear();
                match self
                    .here
                    .menu
                    .pin
                    .as_ref()
                    .and_then(|pin| pin.failed.clone())
                {
                    Some(actions) => self.done(actions, Choice::WrongPin),
                    None => Next::Stop(Stopped::WrongPin),
                }
            }
            Meaning::Nothing => self.missed(false),
        }
    }

    /// An option that is nothing but a menu, or comes to that by targets, is a submenu: the walk
    /// goes into it.
    fn choose(&mut self, engine: &Engine, actions: Actions) -> Next {
        let resolved = match actions.as_slice() {
            [Action::Target(_)] => engine.resolve(&actions).ok(),
            _ => None,
        };
        let [Action::Menu(menu)] = resolved.as_deref().unwrap_or(actions.as_slice()) else {
            return self.done(actions, Choice::Option);
        };
        let found = match &menu.name {
            Some(name) => engine.menu(name.as_str()).cloned().map(|found| Menu {
                name: Some(name.clone()),
                ..found
            }),
            None => Some(menu.as_ref().clone()),
        };
        let Some(menu) = found else {
            return Next::Stop(Stopped::Unknown);
        };
        if self.before.len() >= MAX_BACK {
            self.before.pop_front();
        }
        let before = std::mem::replace(&mut self.here, Level::new(menu));
        self.before.push_back(before);
        self.hear()
    }

    fn missed(&mut self, silent: bool) -> Next {
        let (choice, stopped) = match silent {
            true => (Choice::Silence, Stopped::Silence),
            false => (Choice::Invalid, Stopped::Invalid),
        };
        match self.here.missed(silent) {
            Missed::Again => self.hear(),
            Missed::Do(actions) => self.done(actions, choice),
            Missed::Nothing => Next::Stop(stopped),
        }
    }

    fn done(&self, actions: Actions, choice: Choice) -> Next {
        Next::Do {
            actions,
            choice,
            digits: self.pressed(),
        }
    }

    fn hear(&mut self) -> Next {
        self.here.pressed.clear();
        if !self.here.may_be_heard() || self.heard >= MAX_HEARD {
            return Next::Stop(Stopped::Rounds);
        }
        self.heard += 1;
        self.here.hear();
        Next::Hear {
            prompt: self.here.prompt(),
            attempt: self.here.attempt(),
            wait: seconds(self.here.first_wait_s()),
        }
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
