//! What people write: a test file with its cases.

use std::collections::BTreeMap;

use callroute_schema::{Actions, Party};
use callroute_session::Settings;
use callroute_session::shared::AgentState;
use serde::Deserialize;

use super::expect::Expect;
use super::words::{LookupWords, PhoneWords, ServerWords};

/// A test file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestFile {
    /// The routing file, beside this one.
    pub(crate) routes: Option<String>,
    /// What holds for every call of the router: limits, feature codes.
    #[serde(default)]
    pub(crate) settings: Settings,
    /// Who calls, where and when, in each case that does not say so itself.
    #[serde(default)]
    pub(crate) call: CallWords,
    /// How phones behave in each case that does not say so itself.
    #[serde(default)]
    pub(crate) phones: BTreeMap<String, PhoneWords>,
    /// The cases.
    pub(crate) tests: Vec<Case>,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What it shows.
    pub(crate) name: String,
    /// Who calls, where and when.
    #[serde(default)]
    pub(crate) call: CallWords,
    /// What the caller does.
    #[serde(default)]
    pub(crate) caller: CallerWords,
    /// How phones behave when they are called, by number, URI or name.
    #[serde(default)]
    pub(crate) phones: BTreeMap<String, PhoneWords>,
    /// How servers behave when they are asked, by the webhook's name or URL.
    #[serde(default)]
    pub(crate) webhooks: BTreeMap<String, ServerWords>,
    /// What lookups find, by their names; of others nothing can be had.
    #[serde(default)]
    pub(crate) lookups: BTreeMap<String, LookupWords>,
    /// Which of the routing file's `overrides` somebody has turned, and how.
    #[serde(default)]
    pub(crate) overrides: BTreeMap<String, bool>,
    /// What agents are doing from the start; whoever is not named is available.
    #[serde(default)]
    pub(crate) agents: BTreeMap<String, AgentState>,
    /// What agents do later.
    #[serde(default)]
    pub(crate) later: Vec<Later>,
    /// What is pushed into the call while it goes on.
    #[serde(default)]
    pub(crate) pushes: Vec<Push>,
    /// Other calls that go on at the same time; each is played, and this one is judged.
    #[serde(default)]
    pub(crate) others: Vec<Other>,
    /// What should come of it.
    pub(crate) expect: Expect,
}

/// Who calls, where and when.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallWords {
    /// Who: a number, or `anonymous`.
    pub(crate) from: Option<String>,
    /// The number that is dialed.
    pub(crate) to: Option<String>,
    /// When, as in `2026-04-21T10:32:00-04:00`.
    pub(crate) at: Option<String>,
    /// Headers of the call, as in `X-Callroute-Hops`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// What is known of the call already.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
}

/// What the caller does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallerWords {
    /// What it presses each time it is asked to; an empty text is silence.
    #[serde(default)]
    pub(crate) answers: Vec<String>,
    /// What it presses at other times.
    #[serde(default)]
    pub(crate) presses: Vec<Press>,
    /// How long it speaks into a message; otherwise until it hangs up.
    pub(crate) speaks_s: Option<f64>,
    /// When it hangs up after the call's start; otherwise it waits.
    pub(crate) hangs_up_after_s: Option<f64>,
}

/// Keys at a certain time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Press {
    /// When.
    pub(crate) after_s: f64,
    /// Which.
    pub(crate) keys: String,
}

/// A phone that is answered, and what its user does then.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answers {
    /// When it is answered; default 3 seconds after it is called.
    pub(crate) answers_after_s: Option<f64>,
    /// How long the conversation lasts; default a minute.
    pub(crate) talks_s: Option<f64>,
    /// What is pressed, counted from the answer.
    #[serde(default)]
    pub(crate) presses: Vec<Press>,
    /// When the call is put on hold, and when it is taken back, counted from the answer.
    #[serde(default)]
    pub(crate) holds: Vec<(f64, f64)>,
    /// Sends the other one elsewhere.
    pub(crate) transfers: Option<Transfers>,
}

/// A transfer by the phone's own key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transfers {
    /// When, counted from the answer.
    pub(crate) after_s: f64,
    /// Where to.
    pub(crate) to: Party,
    /// The other call in which the two talk already, by its name under `others`.
    pub(crate) in_call: Option<String>,
}

/// What an agent does later.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Later {
    /// When.
    pub(crate) after_s: f64,
    /// Who.
    pub(crate) agent: String,
    /// What it is doing then.
    pub(crate) is: AgentState,
}

/// What is pushed into a call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Push {
    /// When.
    pub(crate) after_s: f64,
    /// What.
    #[serde(rename = "do")]
    pub(crate) actions: Actions,
}

/// Another call that goes on at the same time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Other {
    /// Names it for transfers; default `other1`, `other2`, …
    pub(crate) name: Option<String>,
    /// When it comes in; negative: before the call that is judged.
    #[serde(default)]
    pub(crate) after_s: f64,
    /// Who calls, where.
    #[serde(default)]
    pub(crate) call: CallWords,
    /// What its caller does.
    #[serde(default)]
    pub(crate) caller: CallerWords,
}

impl Other {
    /// Its name; `index` is its place in the list, from 1.
    pub(crate) fn name(&self, index: usize) -> String {
        let name = self.name.clone();
        name.unwrap_or_else(|| format!("other{index}"))
    }
}
