//! Notices: what happened on a leg.

use callroute_schema::{Cause, Digit, Disposition, MediaStats, Party};
use serde::{Deserialize, Serialize};

use crate::command::Command;
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
    /// What was asked for could not be played, and a stand-in plays in its place: another sound, or
    /// the same text in another voice.
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
    /// The party put the call on hold (`true`: its media became `sendonly` or `inactive`, or its
    /// address 0.0.0.0), or took it back. The adapter has answered the re-INVITE; what the other
    /// one hears meanwhile is the session's business, which plays music to it.
    Held {
        /// The leg.
        leg: LegId,
        /// Whether it is on hold now.
        held: bool,
    },
    /// A callee sends sound before it answers.
    EarlyMedia {
        /// The leg.
        leg: LegId,
    },
    /// The callee is elsewhere, says whoever was called in its name (SIP 300 to 302), and the adapter
    /// calls it there, as the same leg. Adapters whose switch does this by itself leave it out.
    Diverted {
        /// The leg.
        leg: LegId,
        /// Where: a SIP URI.
        to: String,
    },
    /// A leg is in its room, and hears who is there. Once for each `Join` that is done.
    Joined {
        /// The leg.
        leg: LegId,
    },
    /// The party wants the one it talks with to be connected elsewhere (REFER, RFC 3515).
    ///
    /// The adapter has accepted the request itself (202, and a NOTIFY of `100 Trying`);
    /// [`Command::Referred`] says what became of it, whatever the call was doing. What is no
    /// request that can be passed on (no `Refer-To` or two, a method other than INVITE) the
    /// adapter refuses by itself, and so it does a second REFER while one is open (491).
    Refer {
        /// The leg that asks.
        leg: LegId,
        /// With whom.
        to: Party,
        /// The dialog that the new one takes the place of (RFC 3891), as `Dialog` names it: the
        /// party talks with the other one already, on another leg of this adapter, and these two
        /// meet. From the `Replaces` header of `Refer-To`, unescaped, its two tags in the order in
        /// which `Dialog` has them; `early-only` is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
    },
    /// The name of a leg's dialog, by which a `Refer` on any leg may speak of it. Once, when the
    /// leg is answered, and again when another party has taken its place; adapters without transfers leave it out.
    Dialog {
        /// The leg.
        leg: LegId,
        /// As a `Replaces` header would name it to us (RFC 3891, section 3):
        /// `CALL-ID;to-tag=OURS;from-tag=THEIRS`, without blanks. Only compared.
        dialog: String,
    },
    /// How the sound of a leg went: once, before its `LegEnded`. Adapters that cannot tell leave it
    /// out, as they do for a leg that had no sound.
    Sound {
        /// The leg.
        leg: LegId,
        /// How it went; its `leg` is this one's number.
        sound: MediaStats,
    },
    /// A command that has no notice of its own could not be done.
    NotDone {
        /// The leg.
        leg: LegId,
        /// What could not be done.
        deed: Deed,
        /// Why not.
        reason: String,
    },
}

/// A command that has no notice of its own when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deed {
    /// `Early`.
    Early,
    /// `Redirect`.
    Redirect,
    /// `Join`.
    Join,
    /// `Leave`.
    Leave,
    /// `Unbridge`.
    Unbridge,
    /// `Discard`.
    Discard,
    /// `Referred`.
    Referred,
}

impl Deed {
    /// What a command that an adapter does not know would have done, and on which leg: what it
    /// answers by [`Notice::NotDone`]. `None` for commands that every adapter knows.
    #[must_use]
    pub fn of(command: &Command) -> Option<(LegId, Self)> {
        match command {
            Command::Early { leg, .. } => Some((*leg, Self::Early)),
            Command::Redirect { leg, .. } => Some((*leg, Self::Redirect)),
            Command::Join { leg, .. } => Some((*leg, Self::Join)),
            Command::Leave { leg } => Some((*leg, Self::Leave)),
            Command::Unbridge { a, .. } => Some((*a, Self::Unbridge)),
            Command::Discard { leg, .. } => Some((*leg, Self::Discard)),
            Command::Referred { leg, .. } => Some((*leg, Self::Referred)),
            _ => None,
        }
    }
}

impl Notice {
    /// What tells that a command could not be done, and why; `None` where nothing does. For an
    /// adapter, of commands that it does not know: there will be more of them.
    #[must_use]
    pub fn failed(command: &Command, reason: impl Into<String>) -> Option<Self> {
        match command {
            Command::Dial { leg, .. } => Some(Self::LegEnded {
                leg: *leg,
                cause: Cause::local(Disposition::Unreachable),
            }),
            Command::Play { leg, play, .. } => Some(Self::PlayEnded {
                leg: *leg,
                play: *play,
                end: PlayEnd::Failed,
            }),
            Command::Record { leg, recording, .. } => Some(Self::RecordEnded {
                leg: *leg,
                recording: *recording,
                url: None,
                duration_ms: 0,
                error: Some(reason.into()),
            }),
            other => {
                let (leg, deed) = Deed::of(other)?;
                let reason = reason.into();
                Some(Self::NotDone { leg, deed, reason })
            }
        }
    }

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
            | Self::Held { leg, .. }
            | Self::EarlyMedia { leg }
            | Self::Diverted { leg, .. }
            | Self::Joined { leg }
            | Self::Refer { leg, .. }
            | Self::Dialog { leg, .. }
            | Self::Sound { leg, .. }
            | Self::NotDone { leg, .. } => *leg,
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
