//! How phones, servers and the caller behave.

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_media::Deed;
use callroute_schema::{Actions, Cause, Digit, Party};
use callroute_session::AskFailure;

/// From one key to the next.
pub(crate) const KEY: Duration = Duration::from_millis(500);

/// How everybody in a call behaves. Whoever is not named cannot be reached.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Phones, by the number or URI that is dialed.
    pub phones: BTreeMap<String, Phone>,
    /// Servers, by the webhook's name or URL.
    pub servers: BTreeMap<String, Server>,
    /// What the caller presses, and when after the call's start.
    pub digits: Vec<(Duration, Digit)>,
    /// What the caller presses each time it is asked to (by a menu, or for digits), a second after
    /// it is asked; an empty text is silence. Beyond the last it says nothing.
    pub answers: Vec<String>,
    /// When the caller hangs up after the call's start; otherwise the caller waits.
    pub hangs_up: Option<Duration>,
    /// How long the caller speaks into a message; otherwise until it hangs up or is stopped.
    pub speaks: Option<Duration>,
    /// What is pushed into the call, and when after its start.
    pub pushes: Vec<(Duration, Actions)>,
    /// What the adapter cannot do.
    pub cannot: Vec<Deed>,
    /// What the table's lookups find, by their names. Of others nothing can be had.
    pub lookups: BTreeMap<String, LookupResult>,
}

/// What a lookup finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupResult {
    /// This row, by column.
    Row(BTreeMap<String, String>),
    /// That there is none.
    Nobody,
    /// Nothing can be had, for this reason.
    Missing(String),
    /// It never answers.
    Silent,
}

/// How a phone behaves when it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// When it rings, if it does.
    pub rings: Option<Duration>,
    /// What happens then.
    pub end: PhoneEnd,
    /// What its user does, and when after the answer.
    pub acts: Vec<(Duration, Act)>,
}

/// Something that the user of a phone does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Presses a key.
    Press(Digit),
    /// Puts the call on hold (`true`), or takes it back.
    Hold(bool),
    /// Sends the other one elsewhere, by REFER.
    Refer {
        /// Where to.
        to: Party,
        /// The dialog of another call in which the user talks with that party already: the call's
        /// id and the leg, as in `c2/leg0`.
        replaces: Option<String>,
    },
}

/// What becomes of a call to a phone; times count from the dialing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneEnd {
    /// Somebody answers, talks, and hangs up.
    Answers {
        /// When it is answered.
        after: Duration,
        /// How long the conversation lasts.
        talks: Duration,
    },
    /// It fails.
    Fails {
        /// When.
        after: Duration,
        /// Why.
        cause: Cause,
    },
    /// Nothing happens.
    Silent,
}

impl Phone {
    /// Rings at once, is answered after this long, and talks for a minute.
    #[must_use]
    pub fn answers(after: Duration) -> Self {
        Self {
            rings: Some(Duration::ZERO),
            end: PhoneEnd::Answers {
                after,
                talks: Duration::from_secs(60),
            },
            acts: Vec::new(),
        }
    }

    /// And its user does this, so long after the answer.
    #[must_use]
    pub fn then(mut self, after: Duration, act: Act) -> Self {
        self.acts.push((after, act));
        self
    }

    /// And its user presses these keys, beginning so long after the answer, half a second apart.
    /// What is no key is left out.
    #[must_use]
    pub fn presses(mut self, after: Duration, keys: &str) -> Self {
        let keys = keys.chars().filter_map(|key| Digit::new(key).ok());
        for (key, later) in keys.zip(0_u32..) {
            self.acts
                .push((after + KEY.saturating_mul(later), Act::Press(key)));
        }
        self
    }

    /// Rings, and nobody answers.
    #[must_use]
    pub fn rings() -> Self {
        Self {
            rings: Some(Duration::ZERO),
            end: PhoneEnd::Silent,
            acts: Vec::new(),
        }
    }

    /// Fails at once with a SIP status.
    #[must_use]
    pub fn fails(status: u16) -> Self {
        Self {
            rings: None,
            end: PhoneEnd::Fails {
                after: Duration::ZERO,
                cause: Cause::from_sip(status),
            },
            acts: Vec::new(),
        }
    }
}

/// How a server behaves when it is asked. Beyond the deadline of the ask nothing is heard of it, and
/// the ask fails at the deadline.
#[derive(Debug, Clone, PartialEq)]
pub enum Server {
    /// It answers.
    Answers {
        /// When after the ask.
        after: Duration,
        /// What.
        actions: Actions,
    },
    /// It fails.
    Fails {
        /// When after the ask.
        after: Duration,
        /// How.
        failure: AskFailure,
    },
    /// It never answers.
    Silent,
}
