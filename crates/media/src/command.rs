//! Commands: one deed on one leg.

use callroute_schema::{Caller, Number, RejectCause, SipUri};
use serde::{Deserialize, Serialize};

use crate::leg::{LegId, PlayId, RecordingId};

/// One deed on one leg.
///
/// A command is never refused on the spot: what came of it is a [`Notice`](crate::Notice). A
/// command for a leg that has ended is ignored, because the two may cross.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// Tell the caller that it rings (SIP 180). Once is enough; repeats are ignored.
    Ring {
        /// The caller's leg.
        leg: LegId,
    },
    /// Answer the caller (SIP 200). `LegAnswered` follows when the caller has confirmed.
    Answer {
        /// The caller's leg.
        leg: LegId,
    },
    /// Call somebody on a new leg. `LegRinging`, `LegAnswered`, `LegEnded` follow.
    Dial {
        /// The new leg's id.
        leg: LegId,
        /// Whom to call.
        to: DialTarget,
        /// Who calls, as shown to the callee.
        from: Caller,
        /// The caller's display name, if known.
        from_name: Option<String>,
    },
    /// End a leg, whatever state it is in: BYE, CANCEL, or a final failure. `LegEnded` follows.
    Hangup {
        /// The leg to end.
        leg: LegId,
        /// Why.
        cause: EndCause,
    },
    /// Play a sound to a leg, in place of what plays there now. `PlayEnded` follows.
    Play {
        /// Who hears it.
        leg: LegId,
        /// Names this playing.
        play: PlayId,
        /// What is heard.
        sound: Sound,
    },
    /// Stop what plays. `PlayEnded` follows.
    StopPlay {
        /// The leg.
        leg: LegId,
        /// Which playing; ignored when it has ended.
        play: PlayId,
    },
    /// Record what a leg says. `RecordEnded` follows after `StopRecord` or the leg's end.
    Record {
        /// Who is recorded.
        leg: LegId,
        /// Names this recording.
        recording: RecordingId,
        /// The recording's path below the adapter's folder, without extension: `box/call-id`.
        name: String,
    },
    /// Stop a recording and keep it.
    StopRecord {
        /// The leg.
        leg: LegId,
        /// Which recording; ignored when it has ended.
        recording: RecordingId,
    },
    /// Let two answered legs hear each other. What plays on them stops.
    Bridge {
        /// One leg.
        a: LegId,
        /// The other.
        b: LegId,
    },
}

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DialTarget {
    /// A telephone number, through a trunk of the adapter.
    Number(Number),
    /// A SIP URI as it stands.
    Sip(SipUri),
}

impl DialTarget {
    /// The number or URI as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Sip(uri) => uri.as_str(),
        }
    }
}

/// What a leg hears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sound {
    /// A prompt by its name, once.
    Prompt(String),
    /// A text, spoken once.
    Speech {
        /// What is said.
        text: String,
        /// BCP 47 tag; English without.
        language: Option<String>,
        /// The voice's name.
        voice: Option<String>,
    },
    /// The prompt of this name if there is one, else a text that stands for it.
    PromptOr {
        /// The prompt's name.
        prompt: String,
        /// What is said when there is no such prompt.
        text: String,
    },
    /// The tone that says "leave a message now", once.
    Beep,
    /// Ringback, until stopped (for a caller that is answered already).
    Ringback,
}

/// Why a leg is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndCause {
    /// The call is over (Q.850 16); before an answer, 603 Decline to the caller.
    Normal,
    /// Another leg answered first: CANCEL with Reason `SIP;cause=200` (RFC 3326).
    AnsweredElsewhere,
    /// Nobody answered in time.
    NoAnswer,
    /// The caller is refused with this cause.
    Rejected(RejectCause),
    /// The router is shutting down.
    Shutdown,
}
