//! What holds for every call of a router and does not stand in its routing file.

use std::collections::BTreeSet;

use callroute_media::Ability;
use callroute_schema::{Digits, Prompt};
use serde::{Deserialize, Serialize};

/// What holds for every call of a router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How often a call may have been forwarded by routers like this one (1 to 70): the header
    /// `X-Callroute-Hops` counts. Beyond, it is not forwarded again, and the default is taken.
    pub max_hops: u32,
    /// Longest conversation where the action says nothing, in seconds.
    pub max_talk_s: u32,
    /// The caller, too, may transfer the call. Off: an outside caller must not call at our cost.
    pub caller_transfers: bool,
    /// How often a caller that asked a queue to be called back is tried (1 to 10).
    pub callback_tries: u32,
    /// How long after a try that failed the next one begins, in seconds.
    pub callback_again_s: u32,
    /// How long a caller waits at most for a member who calls it back, in seconds.
    pub callback_wait_s: u32,
    /// What the adapter cannot do. Whatever needs it takes its branch for failure at once, or goes
    /// without, and the call's trace says why. A router adds what its adapter lacks.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub cannot: BTreeSet<Ability>,
    /// Callers who want to be called back are so by somebody else than this router's adapter; see
    /// [`Hub::take_callbacks`](crate::shared::Hub::take_callbacks). Else, where the adapter makes
    /// no calls, they are told that they cannot be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub callbacks_elsewhere: bool,
    /// What the called party may press during a conversation; `None`: keys are only passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<FeatureCodes>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_hops: 10,
            max_talk_s: 12 * 3_600,
            caller_transfers: false,
            callback_tries: 3,
            callback_again_s: 300,
            callback_wait_s: 4 * 3_600,
            cannot: BTreeSet::new(),
            callbacks_elsewhere: false,
            features: None,
        }
    }
}

/// What is pressed during a conversation to do something with it; `None`: that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureCodes {
    /// Send the other one elsewhere: the code, a number, `#`.
    pub blind: Option<Digits>,
    /// The same, after talking with whoever answers there; hang up to connect the two.
    pub attended: Option<Digits>,
    /// During an attended transfer: take the first party back.
    pub cancel: Option<Digits>,
    /// During an attended transfer: all three together.
    pub conference: Option<Digits>,
    /// Park the other one; the slot is spoken.
    pub park: Option<Digits>,
    /// Record, or stop recording.
    pub record: Option<Digits>,
    /// What both hear before they are recorded by that code; without, it begins at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Prompt>,
}

impl Default for FeatureCodes {
    fn default() -> Self {
        let code = |text| Digits::new(text).ok();
        Self {
            blind: code("#1"),
            attended: code("*2"),
            cancel: code("*0"),
            conference: code("*3"),
            park: code("#72"),
            record: code("*1"),
            consent: None,
        }
    }
}
