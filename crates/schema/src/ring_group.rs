//! Ring groups: several parties, of whom one shall answer.

pub(crate) mod member;
mod options;
mod strategy;

use serde::{Deserialize, Serialize};

#[cfg(feature = "json-schema")]
pub(crate) use self::member::Listed;
pub use self::member::Member;
#[cfg(feature = "json-schema")]
pub(crate) use self::options::ConfirmFields;
pub use self::options::{CallerId, Confirm, EarlyMedia, Ringback};
pub use self::strategy::Strategy;
use crate::disposition::Disposition;
use crate::menu::Prompt;

/// Several parties, of whom one shall answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RingGroup {
    /// Who rings; at least one, at most 1,000.
    #[serde(deserialize_with = "member::read", serialize_with = "member::write")]
    #[cfg_attr(
        feature = "json-schema",
        schemars(with = "Vec<Listed>", length(min = 1, max = 1_000))
    )]
    pub members: Vec<Member>,
    /// In which order.
    #[serde(default)]
    pub strategy: Strategy,
    /// How long each member rings, in seconds (1 to 600); default 30 when they ring at once, 20
    /// when one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_s: Option<u32>,
    /// How often the whole group is gone through again (0 to 10); default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// What the caller hears meanwhile; default ringing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringback: Option<Ringback>,
    /// Whoever answers has to press a key, so that a mobile's own voicemail never takes the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// What whoever answers hears before being connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whisper: Option<Prompt>,
    /// Which number the members see; default the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_id: Option<CallerId>,
    /// What becomes of sound that a member sends before it answers; default it is not passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_media: Option<EarlyMedia>,
    /// Which ends of a member go on to the next, not `answered`; default all but those after which
    /// trying elsewhere is pointless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failover: Vec<Disposition>,
}

impl RingGroup {
    /// These members, with no options.
    #[must_use]
    pub fn new(members: Vec<Member>, strategy: Strategy) -> Self {
        Self {
            members,
            strategy,
            ring_s: None,
            repeats: None,
            ringback: None,
            confirm: None,
            whisper: None,
            caller_id: None,
            early_media: None,
            failover: Vec::new(),
        }
    }
}
