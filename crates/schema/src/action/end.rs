//! Ways to end a call, or to send it away.

use serde::{Deserialize, Serialize};

use super::On;
use crate::map::unique;
use crate::party::Party;

/// Refuse the call with a cause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// Why; the caller's phone shows it.
    #[serde(default)]
    pub cause: RejectCause,
    /// Accepted as for every action; refusing does not fail.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// Refuse the call as busy: the same as `reject` with `user_busy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Busy {
    /// Accepted as for every action; refusing does not fail.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// Send the caller's switch elsewhere: 302 with these contacts (RFC 3261, section 21.3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// Where to, the preferred first.
    pub contacts: Vec<Party>,
    /// `failed`: what to do where the call was answered already and cannot be sent away.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// End the call: BYE once it is answered, 603 Decline before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hangup {
    /// Accepted as for every action; hanging up does not fail.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// Why a call is refused; each is a SIP status (RFC 3398, section 7.2.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectCause {
    /// 403 Forbidden, Q.850 21.
    #[default]
    CallRejected,
    /// 486 Busy Here, Q.850 17.
    UserBusy,
    /// 480 Temporarily Unavailable, Q.850 18.
    NoAnswer,
    /// 404 Not Found, Q.850 1.
    UnallocatedNumber,
    /// 484 Address Incomplete, Q.850 28.
    InvalidNumber,
    /// 503 Service Unavailable, Q.850 34.
    Congestion,
    /// 603 Decline, Q.850 21.
    Declined,
}

impl RejectCause {
    /// The SIP status and the Q.850 cause.
    #[must_use]
    pub fn codes(self) -> (u16, u8) {
        match self {
            Self::CallRejected => (403, 21),
            Self::UserBusy => (486, 17),
            Self::NoAnswer => (480, 18),
            Self::UnallocatedNumber => (404, 1),
            Self::InvalidNumber => (484, 28),
            Self::Congestion => (503, 34),
            Self::Declined => (603, 21),
        }
    }
}
