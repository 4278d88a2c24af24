//! What comes into a session.

use std::time::Duration;

use callroute_media::Notice;
use callroute_schema::Actions;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::effect::AskId;
use crate::shared::{Callback, HubReply};

/// The time, twice: the wall clock for rules and events, and one that never jumps for timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall clock.
    pub utc: DateTime<Utc>,
    /// Since a fixed instant of the driver's choice, the same for the whole call.
    pub mono: Duration,
}

/// What comes into a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Input {
    /// The call begins. The first input, once.
    Start,
    /// The call is one of ours: a caller that left a queue is called back. The first input, once,
    /// in the place of `Start`. There is no leg yet; leg 0 will be the caller's, when it is dialed.
    CallBack(Box<Callback>),
    /// Something happened on a leg.
    Media(Notice),
    /// A webhook answered. The session judges what it said
    /// ([`Engine::accept`](callroute_rules::Engine::accept)): an answer with names that the table does
    /// not have, values out of bounds or destinations that are not allowed is a failure of the
    /// webhook, of class `bad_schema`, and the call takes the fallback.
    Answered {
        /// Which ask.
        ask: AskId,
        /// What it said.
        actions: Actions,
        /// Why it did not answer this time: what it said of an earlier call stands in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stood_in: Option<AskFailure>,
    },
    /// A webhook gave no usable answer.
    AskFailed {
        /// Which ask.
        ask: AskId,
        /// Why not.
        failure: AskFailure,
    },
    /// Something from what calls share.
    #[serde(rename = "shared")]
    HubReply(HubReply),
    /// Somebody wants the call to do this from here on. What stands first in the list and leaves
    /// the caller where it is (`set`, `record`) is done beside a conversation that goes on; with
    /// anything else, whatever the call was doing ends. What an answer may not say is not done
    /// here either; the trace tells why.
    Push {
        /// What.
        actions: Actions,
    },
    /// The instant of [`Session::next_wake`](crate::Session::next_wake) has come.
    Wake,
    /// The router stops: the call ends.
    Shutdown,
}

/// Why a webhook gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskFailure {
    /// The failure's class, such as `timeout_total`.
    pub class: String,
    /// What was found.
    pub detail: String,
}
