//! One menu of the walk: what its keys may become.

use callroute_schema::{
    Action, Actions, Branch, Destination, Digit, DigitPattern, Digits, Extensions, Fit, Forward,
    Menu, Number, NumberDestination, Pin, Prompt,
};

/// How long a first key is waited for when nothing is said, in seconds.
const TIMEOUT_S: u32 = 5;
/// How long a further key is waited for when nothing is said, in seconds.
const DIGIT_TIMEOUT_S: u32 = 3;
/// How often a menu without branches of its own is heard again.
const REPEATS: u32 = 1;
/// How often a menu is heard at most when it does not say.
const ROUNDS: u32 = 20;
/// How often a PIN may be entered when the menu does not say.
const TRIES: u32 = 3;
/// The prompt that asks for a PIN when the menu has none of its own.
const ASK_PIN: &str = "agent-pass";
/// Ends a PIN, whatever the menu's own terminator is.
const PIN_END: char = '#';

/// One menu that the caller is in, or came through.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) menu: Menu,
    pub(super) pressed: String,
    /// How often it was heard; being asked for the PIN is not counted.
    round: u32,
    silences: u32,
    invalids: u32,
    wrong_pins: u32,
    /// Whether the PIN was right, or none is asked for.
    open: bool,
}

/// What pressed keys come to.
#[derive(Debug)]
pub(super) enum Meaning {
    /// A further key may come.
    More,
    /// An option, or what fits a pattern.
    Chosen(Actions),
    /// An extension that may be dialed.
    Extension(Actions),
    Back,
    Again,
    /// The PIN was right.
    PinRight,
    /// The PIN was wrong; whether it may be tried again.
    PinWrong {
        again: bool,
    },
    Nothing,
}

/// What comes after silence or a wrong key.
#[derive(Debug)]
pub(super) enum Missed {
    /// The menu is heard again.
    Again,
    /// Its branch says so.
    Do(Actions),
    /// Nothing is said.
    Nothing,
}

impl Level {
    pub(super) fn new(menu: Menu) -> Self {
        Self {
            open: menu.pin.is_none(),
            menu,
            pressed: String::new(),
            round: 0,
            silences: 0,
            invalids: 0,
            wrong_pins: 0,
        }
    }

    /// What is heard now.
    pub(super) fn prompt(&self) -> Option<Prompt> {
        match &self.menu.pin {
            Some(pin) if !self.open => {
                let asks = || Prompt::Play(ASK_PIN.to_owned());
                Some(pin.prompt.clone().unwrap_or_else(asks))
            }
            _ if self.round > 1 && self.menu.short_prompt.is_some() => {
                self.menu.short_prompt.clone()
            }
            _ => self.menu.prompt.clone(),
        }
    }

    pub(super) fn first_wait_s(&self) -> u32 {
        self.menu.timeout_s.unwrap_or(TIMEOUT_S)
    }

    pub(super) fn further_wait_s(&self) -> u32 {
        self.menu.digit_timeout_s.unwrap_or(DIGIT_TIMEOUT_S)
    }

    /// Whether it may be heard once more; a PIN has tries of its own.
    pub(super) fn may_be_heard(&self) -> bool {
        !self.open || self.round < self.menu.rounds.unwrap_or(ROUNDS)
    }

    /// It is heard once more, or asked for the PIN.
    pub(super) fn hear(&mut self) {
        if self.open {
            self.round += 1;
        }
    }

    /// How often it was heard, or the PIN was asked for.
    pub(super) fn attempt(&self) -> u32 {
        match self.open {
            true => self.round,
            false => self.wrong_pins.saturating_add(1),
        }
    }

    pub(super) fn press(&mut self, digit: Digit) -> Meaning {
        let key = digit.as_char();
        if let Some(pin) = self.menu.pin.clone()
            && !self.open
        {
            return self.press_pin(&pin, key);
        }
        let ends = self.menu.terminator == Some(digit) && !self.pressed.is_empty();
        if ends && !self.is_key_or_begins_one(key) {
            return self.settle();
        }
        self.pressed.push(key);
        if self.may_grow() {
            return Meaning::More;
        }
        self.settle()
    }

    /// What was pressed stands as it is.
    pub(super) fn settle(&mut self) -> Meaning {
        if let Some(pin) = self.menu.pin.clone()
            && !self.open
        {
            return self.settle_pin(&pin);
        }
        let menu = &self.menu;
        let pressed = self.pressed.as_str();
        let is = |key: &Option<Digits>| key.as_ref().is_some_and(|key| key.as_str() == pressed);
        if let Some(actions) = menu.options.get(pressed) {
            return Meaning::Chosen(actions.clone());
        }
        if is(&menu.back) {
            return Meaning::Back;
        }
        if is(&menu.repeat) {
            return Meaning::Again;
        }
        let nearest = DigitPattern::nearest(menu.patterns.keys(), pressed);
        if let Some(actions) = nearest.and_then(|pattern| menu.patterns.get(pattern)) {
            return Meaning::Chosen(actions.clone());
        }
        match &menu.extensions {
            Some(extensions) if may_dial(extensions, pressed) => match dial(extensions, pressed) {
                Some(actions) => Meaning::Extension(actions),
                None => Meaning::Nothing,
            },
            _ => Meaning::Nothing,
        }
    }

    /// Whether the keys with this one are, or begin, something that the menu has.
    fn is_key_or_begins_one(&self, key: char) -> bool {
        let longer = format!("{}{key}", self.pressed);
        self.keys().any(|known| known.as_str().starts_with(&longer))
            || self.menu.patterns.keys().any(|pattern| {
                // A pattern that takes anything leaves the terminator its meaning.
                !pattern.as_str().ends_with('.') && pattern.fit(&longer) != Fit::Never
            })
    }

    fn keys(&self) -> impl Iterator<Item = &Digits> {
        let menu = &self.menu;
        menu.options.keys().chain(&menu.back).chain(&menu.repeat)
    }

    /// Whether a further key could still make a difference.
    fn may_grow(&self) -> bool {
        let pressed = self.pressed.as_str();
        let menu = &self.menu;
        let grows = |pattern: &DigitPattern| {
            matches!(pattern.fit(pressed), Fit::NotYet | Fit::WholeAndMore)
        };
        let extensions = menu.extensions.iter().flat_map(|given| &given.allow);
        pressed.len() < Digits::MAX
            && (self
                .keys()
                .any(|key| key.as_str().len() > pressed.len() && key.as_str().starts_with(pressed))
                || menu.patterns.keys().chain(extensions).any(grows))
    }

    fn press_pin(&mut self, pin: &Pin, key: char) -> Meaning {
        if key == PIN_END && !self.pressed.is_empty() {
            return self.settle_pin(pin);
        }
        self.pressed.push(key);
        let longest = pin.codes.iter().map(|code| code.as_str().len()).max();
        if self.pressed.len() < longest.unwrap_or(0) {
            return Meaning::More;
        }
        self.settle_pin(pin)
    }

    fn settle_pin(&mut self, pin: &Pin) -> Meaning {
        // Every code is compared to its end, so that time does not tell how near a guess was.
        let right = pin.codes.iter().fold(false, |right, code| {
            right | same(code.as_str().as_bytes(), self.pressed.as_bytes())
        });
        if right {
            self.open = true;
            return Meaning::PinRight;
        }
        self.wrong_pins += 1;
        Meaning::PinWrong {
            again: self.wrong_pins < pin.tries.unwrap_or(TRIES),
        }
    }

    /// A further silence, or further keys that the menu does not have.
    pub(super) fn missed(&mut self, silent: bool) -> Missed {
        let (count, written) = match silent {
            true => (&mut self.silences, &self.menu.on.timeout),
            false => (&mut self.invalids, &self.menu.on.invalid),
        };
        *count = count.saturating_add(1);
        let count = *count;
        let (repeats, then) = match written {
            Some(Branch::Repeat(repeat)) => (repeat.repeat, Some(&repeat.then)),
            Some(Branch::Actions(actions)) => (0, Some(actions)),
            _ => (REPEATS, None),
        };
        match (count <= repeats && self.may_be_heard(), then) {
            (true, _) => Missed::Again,
            (false, Some(then)) => Missed::Do(then.clone()),
            (false, None) => Missed::Nothing,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }
}

fn may_dial(extensions: &Extensions, digits: &str) -> bool {
    let any = |list: &[DigitPattern]| list.iter().any(|pattern| pattern.fits(digits));
    any(&extensions.allow) && !any(&extensions.deny)
}

fn dial(extensions: &Extensions, digits: &str) -> Option<Actions> {
    if let Some(then) = &extensions.then {
        return Some(then.clone());
    }
    let number = Number::new(digits).ok()?;
    Some(Actions::one(Action::Forward(Box::new(Forward::to(
        Destination::Number(NumberDestination { number }),
    )))))
}

fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one
        .iter()
        .zip(other)
        .fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}
