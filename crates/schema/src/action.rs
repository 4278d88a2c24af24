//! What to do with a call: the actions of the contract.

use crate::answer::Actions;
use crate::disposition::Disposition;
use crate::menu::Menu;
use crate::name::TargetName;
use crate::tagged::tagged;

mod end;
mod forward;
mod hold;
mod media;
mod state;

use std::collections::BTreeMap;

pub use self::end::{Busy, Hangup, Redirect, Reject, RejectCause};
pub use self::forward::Forward;
pub use self::hold::{Announce, Conference, Escalate, Park, Queue};
pub use self::media::{Collect, Play, Record, Say, Voicemail};
pub use self::state::{Continue, Set, Webhook};

/// What to do when an action ends otherwise than it should: by disposition; `failed` covers what
/// is not named.
pub type On = BTreeMap<Disposition, Actions>;

/// What to do with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Connect the caller to somebody.
    Forward(Box<Forward>),
    /// Take a message.
    Voicemail(Voicemail),
    /// Speak a text.
    Say(Say),
    /// Play a prompt.
    Play(Play),
    /// Let the caller choose by keys.
    Menu(Box<Menu>),
    /// Let the caller enter digits.
    Collect(Box<Collect>),
    /// Let the caller wait for an agent.
    Queue(Box<Queue>),
    /// Ask a server what to do next.
    Webhook(Webhook),
    /// Record the call from here on.
    Record(Record),
    /// Note something about the call.
    Set(Set),
    /// Refuse the call with a cause.
    Reject(Reject),
    /// Refuse the call as busy.
    Busy(Busy),
    /// Send the caller's switch elsewhere.
    Redirect(Redirect),
    /// End the call.
    Hangup(Hangup),
    /// Go on with the next rule of the table.
    Continue(Continue),
    /// Put the caller where somebody else can take the call.
    Park(Park),
    /// Let the caller join a conference.
    Conference(Conference),
    /// Do what the routing file's target of this name says; a plain string on the wire.
    Target(TargetName),
}

tagged! {
    enum Action, kind ActionKind, tag "action",
    expecting "an action, as in {\"action\":\"voicemail\",\"message\":\"general\"}, or a target's name",
    text Target(TargetName),
    {
        /// Connect the caller to somebody.
        Forward(Box<Forward>) = "forward",
        /// Take a message.
        Voicemail(Voicemail) = "voicemail",
        /// Speak a text.
        Say(Say) = "say",
        /// Play a prompt.
        Play(Play) = "play",
        /// Let the caller choose by keys.
        Menu(Box<Menu>) = "menu",
        /// Let the caller enter digits.
        Collect(Box<Collect>) = "collect",
        /// Let the caller wait for an agent.
        Queue(Box<Queue>) = "queue",
        /// Ask a server what to do next.
        Webhook(Webhook) = "webhook",
        /// Record the call from here on.
        Record(Record) = "record",
        /// Note something about the call.
        Set(Set) = "set",
        /// Refuse the call with a cause.
        Reject(Reject) = "reject",
        /// Refuse the call as busy.
        Busy(Busy) = "busy",
        /// Send the caller's switch elsewhere.
        Redirect(Redirect) = "redirect",
        /// End the call.
        Hangup(Hangup) = "hangup",
        /// Go on with the next rule of the table.
        Continue(Continue) = "continue",
        /// Put the caller where somebody else can take the call.
        Park(Park) = "park",
        /// Let the caller join a conference.
        Conference(Conference) = "conference",
    }
}

impl Action {
    /// What the action does when it ends otherwise than it should. Menus and
    /// `collect` have branches of their own kind, and a target's are those of its actions.
    #[must_use]
    pub fn on(&self) -> Option<&On> {
        match self {
            Self::Forward(action) => Some(&action.on),
            Self::Voicemail(action) => Some(&action.on),
            Self::Say(action) => Some(&action.on),
            Self::Play(action) => Some(&action.on),
            Self::Queue(action) => Some(&action.on),
            Self::Webhook(action) => Some(&action.on),
            Self::Record(action) => Some(&action.on),
            Self::Set(action) => Some(&action.on),
            Self::Reject(action) => Some(&action.on),
            Self::Busy(action) => Some(&action.on),
            Self::Redirect(action) => Some(&action.on),
            Self::Hangup(action) => Some(&action.on),
            Self::Continue(action) => Some(&action.on),
            Self::Park(action) => Some(&action.on),
            Self::Conference(action) => Some(&action.on),
            Self::Menu(_) | Self::Collect(_) | Self::Target(_) => None,
        }
    }
}
