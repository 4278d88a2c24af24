//! Commands: one deed on one leg.

use std::collections::BTreeMap;

use callroute_schema::{Caller, Disposition, Number, RejectCause, SipUri, TrunkName, UserName};
use serde::{Deserialize, Serialize};

use crate::leg::{LegId, PlayId, RecordingId};
use crate::sound::Sound;

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
    ///
    /// On a line that [`Adapter::originate`](crate::Adapter::originate) made, this opens leg 0
    /// too: a caller that is called back. From its `LegAnswered` on it is a leg like an answered
    /// caller's; `Ring`, `Answer`, `Early` and `Redirect` never name it.
    Dial {
        /// The new leg's id, never used before in this call.
        leg: LegId,
        /// Whom to call.
        to: DialTarget,
        /// Who calls, as shown to the callee.
        from: Caller,
        /// The caller's display name, if known.
        from_name: Option<String>,
        /// Headers of the routing's choice: `X-…`, and `Alert-Info` for a ring of its own.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
    /// Let a caller that is not answered hear what a callee sends before it answers (SIP 183).
    /// Nothing follows; `NotDone` when it cannot be.
    Early {
        /// The caller's leg.
        leg: LegId,
        /// Who sends the sound.
        from: LegId,
    },
    /// Send a caller elsewhere: by a 302 before it is answered, by a REFER after that. `LegEnded`
    /// follows, or `NotDone`. An answered callee may be sent elsewhere, too.
    Redirect {
        /// The leg.
        leg: LegId,
        /// Where to, the preferred first.
        contacts: Vec<DialTarget>,
    },
    /// End a leg, whatever state it is in: BYE, CANCEL, or a final failure. `LegEnded` follows.
    Hangup {
        /// The leg to end.
        leg: LegId,
        /// Why.
        cause: EndCause,
    },
    /// Play a sound to a leg, in place of what plays there now and of whoever it hears: the other
    /// leg of a bridge, or a room. Those go on hearing it; what it hears of them is back when the
    /// sound has ended, without a further command. `PlayEnded` follows, also when another `Play`,
    /// a `Bridge` or a `Join` takes its place (`Stopped`).
    ///
    /// A caller that is not answered hears it as early media. To a party that holds the call
    /// nothing is sent until it takes it back; the sound's time goes on meanwhile.
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
    /// Record what a leg says. `RecordEnded` follows after `StopRecord` or the leg's end, or
    /// when its options end it.
    Record {
        /// Who is recorded.
        leg: LegId,
        /// Names this recording.
        recording: RecordingId,
        /// The recording's path below the adapter's folder, without extension: `box/call-id`.
        name: String,
        /// What else it shall do.
        #[serde(default)]
        options: RecordOptions,
    },
    /// Stop a recording and keep it.
    StopRecord {
        /// The leg.
        leg: LegId,
        /// Which recording; ignored when it has ended.
        recording: RecordingId,
    },
    /// Throw away a recording that has ended. Nothing follows.
    Discard {
        /// The leg.
        leg: LegId,
        /// Which recording.
        recording: RecordingId,
        /// Where it is, as `RecordEnded` said.
        url: String,
    },
    /// Let two answered legs hear each other. What plays on them stops, and they leave whomever
    /// they heard before, be it a bridge or a room. The codecs may differ. A leg that was left
    /// by the other, because that one went elsewhere or ended, hears silence until told otherwise.
    Bridge {
        /// One leg.
        a: LegId,
        /// The other.
        b: LegId,
    },
    /// Two legs do not hear each other any more, and hear silence, or what is played to them
    /// next. Neither is ended. Ignored when they do not hear each other.
    Unbridge {
        /// One leg.
        a: LegId,
        /// The other.
        b: LegId,
    },
    /// Let an answered leg join a room: everybody in a room of this name, of this call or of any
    /// other of the same adapter, hears everybody else, mixed. What plays on it stops, and it
    /// leaves whomever it heard before, be it a bridge or another room. `Joined` follows, or
    /// `NotDone`.
    ///
    /// This is how a conference, three parties of one call, a parked call that is taken, and an
    /// attended transfer over two calls meet: the two legs of such a transfer are of two lines.
    /// A room of two need not be mixed. Whoever is alone in a room hears silence.
    Join {
        /// The leg.
        leg: LegId,
        /// The room's name: it comes to be with the first who joins, and is gone with the last.
        room: String,
        /// The leg only listens: nobody hears it. Keys that it presses are told all the same.
        muted: bool,
    },
    /// Let a leg leave the room that it is in; it hears silence. Ignored when it is in none. A
    /// leg that ends, or is bridged, leaves by itself.
    Leave {
        /// The leg.
        leg: LegId,
    },
    /// Tell a party that asked for a transfer what became of it: the NOTIFY of RFC 3515, with a
    /// `message/sipfrag` of the outcome's status line, in the subscription that the REFER began.
    /// `Done` and `Failed` end the subscription (`Subscription-State: terminated;reason=noresource`)
    /// and one of them follows for each `Refer` unless its leg ends first; `Trying` leaves it open. A `Hangup` of the same
    /// leg that comes after it must not overtake it.
    Referred {
        /// The leg that asked.
        leg: LegId,
        /// What became of it.
        outcome: Referral,
    },
}

/// What a recording does beside recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordOptions {
    /// Record what the leg hears, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub both: bool,
    /// Cut off silence at both ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trim: bool,
    /// End after so much silence, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_ms: Option<u64>,
    /// End after so long, in milliseconds: what is kept is never longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u64>,
}

/// What became of a transfer (RFC 3515, section 2.4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Referral {
    /// It is being tried (`SIP/2.0 100 Trying`).
    Trying,
    /// The other party is reached (`SIP/2.0 200 OK`).
    Done,
    /// It is not (`SIP/2.0 503 Service Unavailable`).
    Failed,
    /// It is not, for this reason, which the status tells (`SIP/2.0 486 Busy Here`).
    Refused(Disposition),
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
    /// Every phone that this user has registered.
    User(UserName),
    /// A number through one trunk.
    Trunk {
        /// The trunk.
        trunk: TrunkName,
        /// The number.
        number: Number,
    },
    /// A program of the switch.
    Application {
        /// Its name.
        name: String,
        /// What it is given.
        arguments: BTreeMap<String, String>,
    },
}

impl DialTarget {
    /// The number, URI or name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(number) | Self::Trunk { number, .. } => number.as_str(),
            Self::Sip(uri) => uri.as_str(),
            Self::User(name) => name.as_str(),
            Self::Application { name, .. } => name,
        }
    }
}

/// Why a leg is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndCause {
    /// The call is over (Q.850 16); before an answer, 603 Decline to the caller.
    Normal,
    /// Another leg answered first, or the caller was answered elsewhere: CANCEL with Reason
    /// `SIP;cause=200` (RFC 3326).
    AnsweredElsewhere,
    /// The other party's leg was ended with this Q.850 cause, which is carried on (RFC 3326).
    Cleared(u8),
    /// Nobody answered in time.
    NoAnswer,
    /// The caller is refused with this cause.
    Rejected(RejectCause),
    /// The router is shutting down.
    Shutdown,
}
