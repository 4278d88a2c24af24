//! What a case expects. No behaviour.

use std::collections::BTreeMap;

use callroute_schema::{Disposition, EndedBy, RejectCause};
use serde::Deserialize;

/// What should come of a call; what is not said is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// The name of the rule that decides, or `default`.
    pub(crate) rule: Option<String>,
    /// The webhooks that are asked, in this order and no others.
    pub(crate) asks: Option<Vec<String>>,
    /// Whose phones ring, in this order and no others; an empty list: nobody's.
    pub(crate) rings: Option<Vec<String>>,
    /// With whom the caller is connected in the end, or `nobody`.
    pub(crate) connected_with: Option<String>,
    /// What the caller hears, in this order: parts of texts, or prompts' names; other things may
    /// come in between.
    #[serde(default)]
    pub(crate) hears: Vec<String>,
    /// What the caller must not hear.
    #[serde(default)]
    pub(crate) does_not_hear: Vec<String>,
    /// The box in which a message is left.
    pub(crate) message_in: Option<String>,
    /// Whether a message is left at all.
    pub(crate) message: Option<bool>,
    /// Whether the caller is answered.
    pub(crate) answered: Option<bool>,
    /// What the caller's phone shows when it is refused.
    pub(crate) refused: Option<RejectCause>,
    /// Where the caller is sent.
    pub(crate) sent_to: Option<Vec<String>>,
    /// What became of the call, as its record has it.
    pub(crate) outcome: Option<Disposition>,
    /// How each attempt to reach somebody ended, in order.
    pub(crate) attempts: Option<Vec<Disposition>>,
    /// Who ended the call.
    pub(crate) ended_by: Option<EndedBy>,
    /// A part of why it ended.
    pub(crate) because: Option<String>,
    /// What is noted about the call.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
    /// What whoever is called sees as the caller.
    pub(crate) shown: Option<String>,
    /// Headers that whoever is called gets.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// How long the call lasts, from and to, in seconds.
    pub(crate) lasts_s: Option<(f64, f64)>,
    /// Parts of the trace's lines, in this order.
    #[serde(default)]
    pub(crate) trace: Vec<String>,
}
