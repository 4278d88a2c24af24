//! The trace of a call: one note a step, for people.

use std::fmt;

use callroute_media::{LegId, Sound};
use callroute_rules::RuleRef;
use callroute_schema::{ActionKind, Caller, Cause, Digits, mask};
use serde::Serialize;

/// One step of a call, for people. Numbers of callers are masked when shown.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Note {
    /// The call came in.
    Incoming {
        /// Who calls.
        from: Caller,
        /// What was dialed.
        to: String,
    },
    /// A rule asks for something that could not be had.
    Missing {
        /// What, as in `available ann`.
        fact: String,
    },
    /// The table decided.
    Decided {
        /// The rule that held.
        rule: RuleRef,
        /// What it says, by the kind of each action.
        actions: Vec<ActionKind>,
    },
    /// The caller is being answered.
    Answering,
    /// The caller hears something.
    Playing {
        /// What.
        sound: Sound,
    },
    /// Something else was played than what was asked for.
    Substituted {
        /// What should have been heard.
        wanted: String,
        /// Why it could not be.
        reason: String,
    },
    /// A sound could not be played at all.
    PlayFailed,
    /// A menu waits for a key.
    Menu {
        /// The menu's name, or `menu`.
        menu: String,
        /// Which round, from 1.
        attempt: u32,
    },
    /// The caller chose.
    Pressed {
        /// What was pressed.
        digits: Digits,
    },
    /// The caller pressed what the menu does not have.
    InvalidKey {
        /// What was pressed.
        digits: Digits,
    },
    /// The caller pressed nothing in time.
    Silence,
    /// A server is asked.
    Asking {
        /// Which.
        webhook: String,
        /// How long it has, in milliseconds.
        deadline_ms: u64,
    },
    /// A server answered.
    WebhookAnswered {
        /// Which.
        webhook: String,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
        /// What it said, by the kind of each action.
        actions: Vec<ActionKind>,
    },
    /// A server gave no usable answer.
    WebhookFailed {
        /// Which.
        webhook: String,
        /// How long that took, in milliseconds.
        elapsed_ms: u64,
        /// The failure's class.
        class: String,
        /// What was found.
        detail: String,
    },
    /// A webhook's own fallback is taken.
    Fallback {
        /// Whose.
        webhook: String,
    },
    /// Somebody is being called.
    Dialing {
        /// The new leg.
        leg: LegId,
        /// Whom.
        member: String,
    },
    /// Somebody's phone rings.
    Ringing {
        /// Whose.
        member: String,
    },
    /// Somebody answered.
    MemberAnswered {
        /// Who.
        member: String,
        /// How long it rang, in milliseconds.
        ring_ms: u64,
    },
    /// Somebody did not answer.
    MemberFailed {
        /// Who.
        member: String,
        /// Why.
        cause: Cause,
    },
    /// Somebody's phone stops ringing, because another answered.
    MemberCancelled {
        /// Whose.
        member: String,
    },
    /// The two hear each other.
    Bridged {
        /// The other one.
        member: String,
    },
    /// A message is being recorded.
    Recording {
        /// Into which box.
        message: String,
    },
    /// A message was recorded.
    Recorded {
        /// Where it is.
        url: String,
        /// How long it is, in milliseconds.
        duration_ms: u64,
    },
    /// A message could not be kept.
    RecordFailed {
        /// Why.
        reason: String,
    },
    /// The file's default is taken.
    Default {
        /// Why.
        why: String,
    },
    /// The caller hung up.
    CallerGone,
    /// The call is being ended.
    Ending {
        /// Why.
        why: String,
    },
    /// The call is over.
    Ended {
        /// How long it lasted, in milliseconds.
        duration_ms: u64,
    },
}

struct Kinds<'a>(&'a [ActionKind]);

impl fmt::Display for Kinds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kind) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", kind.as_str())?;
        }
        Ok(())
    }
}

fn sound_text(sound: &Sound) -> String {
    match sound {
        Sound::Prompt(name) => format!("prompt {name}"),
        Sound::Speech { text, .. } => format!("text {text:?}"),
        Sound::PromptOr { prompt, .. } => format!("greeting {prompt}"),
        Sound::Beep => "beep".to_owned(),
        Sound::Ringback => "ringback".to_owned(),
        _ => "sound".to_owned(),
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incoming { from, to } => {
                write!(f, "incoming call from {} to {to}", mask(from.as_str()))
            }
            Self::Missing { fact } => write!(f, "not known: {fact}"),
            Self::Decided { rule, actions } => write!(f, "decided by {rule}: {}", Kinds(actions)),
            Self::Answering => f.write_str("answering"),
            Self::Playing { sound } => write!(f, "playing {}", sound_text(sound)),
            Self::Substituted { wanted, reason } => {
                write!(
                    f,
                    "could not play {wanted:?} ({reason}); a stand-in plays instead"
                )
            }
            Self::PlayFailed => f.write_str("the sound could not be played"),
            Self::Menu { menu, attempt } => write!(f, "menu {menu}, round {attempt}"),
            Self::Pressed { digits } => write!(f, "pressed {digits}"),
            Self::InvalidKey { digits } => write!(f, "pressed {digits}, which the menu lacks"),
            Self::Silence => f.write_str("nothing was pressed"),
            Self::Asking {
                webhook,
                deadline_ms,
            } => write!(f, "asking webhook {webhook} (at most {deadline_ms} ms)"),
            Self::WebhookAnswered {
                webhook,
                elapsed_ms,
                actions,
            } => write!(
                f,
                "webhook {webhook} answered in {elapsed_ms} ms: {}",
                Kinds(actions)
            ),
            Self::WebhookFailed {
                webhook,
                elapsed_ms,
                class,
                detail,
            } => write!(
                f,
                "webhook {webhook} failed after {elapsed_ms} ms: {class}: {detail}"
            ),
            Self::Fallback { webhook } => write!(f, "taking the fallback of webhook {webhook}"),
            Self::Dialing { leg, member } => write!(f, "calling {} ({leg})", mask(member)),
            Self::Ringing { member } => write!(f, "{} rings", mask(member)),
            Self::MemberAnswered { member, ring_ms } => {
                write!(f, "{} answered after {ring_ms} ms", mask(member))
            }
            Self::MemberFailed { member, cause } => {
                write!(f, "{} did not answer: {}", mask(member), cause.disposition)?;
                match cause.sip_code {
                    Some(code) => write!(f, " (SIP {code})"),
                    None => Ok(()),
                }
            }
            Self::MemberCancelled { member } => {
                write!(f, "{} was cancelled: answered elsewhere", mask(member))
            }
            Self::Bridged { member } => write!(f, "connected with {}", mask(member)),
            Self::Recording { message } => write!(f, "recording a message for {message}"),
            Self::Recorded { url, duration_ms } => {
                write!(f, "message of {duration_ms} ms recorded: {url}")
            }
            Self::RecordFailed { reason } => write!(f, "the message could not be kept: {reason}"),
            Self::Default { why } => write!(f, "taking the default: {why}"),
            Self::CallerGone => f.write_str("the caller hung up"),
            Self::Ending { why } => write!(f, "ending the call: {why}"),
            Self::Ended { duration_ms } => write!(f, "call over after {duration_ms} ms"),
        }
    }
}

/// As it is shown to people: with numbers masked.
impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({self})")
    }
}
