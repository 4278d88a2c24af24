//! Notices: what happened on a leg.

use callroute_schema::{Cause, Digit};
use serde::{Deserialize, Serialize};

use crate::leg::{LegId, PlayId, RecordingId};

/// What happened on a leg.
///
/// Every leg that exists ends with exactly one `LegEnded`, and nothing comes from it after that.
/// Every `Play` gives one `PlayEnded` and every `Record` one `RecordEnded`, before `LegEnded`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// The far end rings (SIP 18x).
    LegRinging {
        /// The leg.
        leg: LegId,
    },
    /// The leg is answered and can carry sound. For the caller: its ACK has come.
    LegAnswered {
        /// The leg.
        leg: LegId,
    },
    /// The leg is over.
    LegEnded {
        /// The leg.
        leg: LegId,
        /// How it ended. `Answered` means normal clearing of an answered leg.
        cause: Cause,
    },
    /// The party pressed a key.
    Digit {
        /// The leg.
        leg: LegId,
        /// The key.
        digit: Digit,
    },
    /// A sound is over.
    PlayEnded {
        /// The leg.
        leg: LegId,
        /// Which playing.
        play: PlayId,
        /// How it ended.
        end: PlayEnd,
    },
    /// What was asked for could not be played, and a stand-in plays in its place.
    PlaySubstituted {
        /// The leg.
        leg: LegId,
        /// Which playing.
        play: PlayId,
        /// What should have been heard: the text, or the prompt's name.
        wanted: String,
        /// Why it could not be.
        reason: String,
    },
    /// A recording is over and kept.
    RecordEnded {
        /// The leg.
        leg: LegId,
        /// Which recording.
        recording: RecordingId,
        /// Where it is; `None` when it could not be written.
        url: Option<String>,
        /// How long it is, in milliseconds.
        duration_ms: u64,
        /// Why it could not be written.
        error: Option<String>,
    },
    /// The party put the call on hold (`true`), or took it back.
    Held {
        /// The leg.
        leg: LegId,
        /// Whether it is on hold now.
        held: bool,
    },
}

impl Notice {
    /// The leg that it is about.
    #[must_use]
    pub fn leg(&self) -> LegId {
        match self {
            Self::LegRinging { leg }
            | Self::LegAnswered { leg }
            | Self::LegEnded { leg, .. }
            | Self::Digit { leg, .. }
            | Self::PlayEnded { leg, .. }
            | Self::PlaySubstituted { leg, .. }
            | Self::RecordEnded { leg, .. }
            | Self::Held { leg, .. } => *leg,
        }
    }
}

/// How a playing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlayEnd {
    /// It was heard to its end.
    Finished,
    /// It was stopped, replaced, or the leg ended.
    Stopped,
    /// It could not be played, nor could a stand-in.
    Failed,
}
