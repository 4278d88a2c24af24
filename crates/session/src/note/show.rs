//! How notes are shown to people: with numbers masked.

use std::fmt;

use callroute_schema::{ActionKind, MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES, mask, mask_within};

use super::Note;
use crate::shared::PassedWhy;

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

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incoming { from, to } => {
                write!(f, "incoming call from {} to {to}", mask(from.as_str()))
            }
            Self::Missing { fact, why: None } => write!(f, "not known: {fact}"),
            Self::Missing {
                fact,
                why: Some(why),
            } => write!(f, "not known: {fact}: {why}"),
            Self::Continued => f.write_str("going on with the next rule"),
            Self::Decided { rule, actions } => write!(f, "decided by {rule}: {}", Kinds(actions)),
            Self::Answering => f.write_str("answering"),
            Self::Playing { sound } => write!(f, "playing {sound}"),
            Self::Substituted { wanted, reason } => {
                // What was to be said, where it is no prompt's name.
                let wanted = mask_within(wanted);
                write!(
                    f,
                    "could not play {wanted:?} ({reason}); a stand-in plays instead"
                )
            }
            Self::Unrecorded => f.write_str("not recorded: the prompt that says so was not heard"),
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
            Self::LastGood { webhook, actions } => write!(
                f,
                "the last good answer of webhook {webhook} stands in: {}",
                Kinds(actions)
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
            Self::Confirmed { member } => write!(f, "{} took the call by a key", mask(member)),
            Self::MemberState { member, state } => {
                write!(f, "{} is {}", mask(member), state.as_str())
            }
            Self::Reconnected { a, b } => write!(f, "connected {a} with {b}"),
            Self::Hold { leg, held: true } => write!(f, "{leg} holds the call"),
            Self::Hold { leg, held: false } => write!(f, "{leg} takes the call back"),
            Self::Feature { leg, feature } => write!(f, "{leg} pressed the code for {feature}"),
            Self::Diverted { leg, to } => write!(f, "{leg} is sent on to {}", mask(to)),
            Self::Refer { leg, to } => write!(f, "{leg} asks for a transfer to {}", mask(to)),
            Self::LeftOut { action, why } => write!(f, "{action} is left out: {why}"),
            Self::TooMuch { attributes } => {
                let names = attributes.join(", ");
                write!(
                    f,
                    "not noted, as a call has at most {MAX_ATTRIBUTES} attributes of \
                     {MAX_ATTRIBUTE_BYTES} bytes in all: {names}"
                )
            }
            Self::TransferDenied { leg } => write!(
                f,
                "{leg} may not transfer: callers may not, unless `caller_transfers` is set"
            ),
            Self::NotPermitted { leg, to } => {
                let to = mask(to);
                write!(
                    f,
                    "{leg} may not have {to} called: `destinations` does not allow it"
                )
            }
            Self::NotDone { deed, reason } => write!(f, "{deed:?} was not done: {reason}"),
            Self::Cannot { what, ability } => {
                write!(f, "{what}: the adapter cannot {ability}")
            }
            Self::Meeting { room } => write!(f, "going to room {room}"),
            Self::Parked { slot } => write!(f, "parked at {slot}"),
            Self::Redirecting { contacts } => {
                let contacts: Vec<String> = contacts.iter().map(|to| mask(to)).collect();
                write!(f, "sending the caller to {}", contacts.join(", "))
            }
            Self::Set {
                attributes,
                headers,
            } => {
                let names: Vec<&str> = attributes
                    .iter()
                    .chain(headers)
                    .map(String::as_str)
                    .collect();
                write!(f, "noted {}", names.join(", "))
            }
            Self::Collecting { into, attempt } => {
                write!(f, "waiting for {into} to be entered, round {attempt}")
            }
            Self::Collected { into, digits } => write!(f, "{digits} digits entered as {into}"),
            Self::Queued {
                queue,
                position,
                size,
            } => write!(f, "waiting in queue {queue}: {position} of {size}"),
            Self::Passed { call_id, why } => {
                let why = match why {
                    PassedWhy::Priority => "this one has the higher priority",
                    PassedWhy::BeingOffered => "a phone rings for it already",
                    PassedWhy::OtherMembers => "nobody who is free takes its calls",
                };
                write!(f, "served before {call_id}, which came earlier: {why}")
            }
            Self::QueueLeft {
                queue,
                wait_ms,
                disposition,
            } => write!(f, "left queue {queue} after {wait_ms} ms: {disposition}"),
            Self::CallingBack { queue, call_id, n } => {
                write!(
                    f,
                    "calling back for queue {queue}, as call {call_id} asked: try {n}"
                )
            }
            Self::NoCallback => f.write_str("the caller cannot be called back"),
            Self::CallbackFailed { n, again_s } => {
                write!(f, "the callback's try {n} failed: ")?;
                match again_s {
                    Some(s) => write!(f, "again in {s} s"),
                    None => f.write_str("it was the last"),
                }
            }
            Self::CallbackWanted { queue } => {
                write!(f, "the caller wants to be called back by queue {queue}")
            }
            Self::Pushed { actions } => write!(f, "told from outside to do: {}", Kinds(actions)),
            Self::PushRefused { why } => write!(f, "what was asked from outside is refused: {why}"),
            Self::RecordingCall { name } => write!(f, "recording both sides as {name}"),
            Self::CallRecorded { url, duration_ms } => {
                write!(f, "both sides recorded, {duration_ms} ms: {url}")
            }
            Self::MessageTooShort { duration_ms } => {
                write!(f, "a message of {duration_ms} ms is too short to be kept")
            }
            Self::MessageDiscarded => f.write_str("the caller threw the message away"),
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
