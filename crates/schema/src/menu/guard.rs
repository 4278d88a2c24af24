//! Who may go further: a PIN before a menu, and extensions that may be dialed in it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Prompt;
use crate::answer::Actions;
use crate::digit::Digits;
use crate::digit_pattern::DigitPattern;

/// Extensions that may be dialed in a menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Extensions {
    /// Which, by patterns as in `1XX`; 1 to 100.
    #[cfg_attr(feature = "json-schema", schemars(length(min = 1, max = 100)))]
    pub allow: Vec<DigitPattern>,
    /// Which of them not, at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "json-schema", schemars(length(max = 100)))]
    pub deny: Vec<DigitPattern>,
    /// What is done with one; default it is called as a number. `{digits}` stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Actions>,
}

/// What a caller enters before a menu is heard.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Any of these, 1 to 100; quoted, so that leading zeros stay. `#` ends the input, so that it may
    /// only be a code's first key.
    #[cfg_attr(feature = "json-schema", schemars(length(min = 1, max = 100)))]
    pub codes: Vec<Digits>,
    /// What the caller hears; default the prompt `agent-pass`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// How often it may be entered (1 to 10); default 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    /// What is done when none of them was right; default the call ends as failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Actions>,
}

/// Never shows the codes.
impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pin")
            .field("codes", &self.codes.len())
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}
