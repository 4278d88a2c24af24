//! The steps of a call, a file each: what it waits for, and what it does then.

mod answer;
mod ask;
mod bridge;
mod dial;
mod ending;
mod menu;
mod play;
mod record;

use std::time::Duration;

use callroute_media::{LegId, Notice};
use callroute_schema::{Action, RejectCause};

pub(crate) use self::answer::Answering;
pub(crate) use self::ask::{Asking, Reply};
pub(crate) use self::bridge::Bridged;
pub(crate) use self::dial::Dialing;
pub(crate) use self::ending::Ending;
pub(crate) use self::menu::InMenu;
pub(crate) use self::play::Playing;
pub(crate) use self::record::Recording;
use crate::call::Call;
use crate::effect::AskId;
use crate::program::Flow;

/// What the call waits for.
#[derive(Debug)]
pub(crate) enum Step {
    /// The first input.
    New,
    /// The caller's ACK, before an action that needs sound.
    Answering(Answering),
    /// A sound's end.
    Playing(Playing),
    /// A key.
    InMenu(InMenu),
    /// A server's answer.
    Asking(Asking),
    /// Somebody's answer.
    Dialing(Dialing),
    /// A conversation's end.
    Bridged(Bridged),
    /// A message's end.
    Recording(Recording),
    /// The legs' ends.
    Ending(Ending),
    /// Nothing any more.
    Done,
}

impl Step {
    /// Begins an action. The caller is answered first where the action needs sound.
    pub(crate) fn begin(call: &mut Call, action: Action) -> (Self, Flow) {
        let needs_sound = matches!(
            action,
            Action::Say(_) | Action::Play(_) | Action::Menu(_) | Action::Voicemail(_)
        );
        if needs_sound && !call.caller_answered() {
            return (Self::Answering(Answering::begin(call, action)), Flow::Stay);
        }
        match action {
            Action::Say(say) => (Self::Playing(Playing::say(call, say)), Flow::Stay),
            Action::Play(play) => (Self::Playing(Playing::prompt(call, play)), Flow::Stay),
            Action::Menu(menu) => InMenu::begin(call, *menu),
            Action::Voicemail(voicemail) => (
                Self::Recording(Recording::begin(call, voicemail)),
                Flow::Stay,
            ),
            Action::Forward(forward) => Dialing::begin(call, *forward),
            Action::Webhook(webhook) => Asking::begin(call, webhook),
            Action::Reject(reject) => (Self::New, Ending::reject(reject.cause)),
            Action::Busy(_) => (Self::New, Ending::reject(RejectCause::UserBusy)),
            Action::Hangup(_) => (Self::New, Ending::hangup()),
            // A target's name where no table resolved it, or an action of a later contract.
            other => (
                Self::New,
                Flow::failed(
                    callroute_schema::Disposition::Failed,
                    format!("this action cannot be carried out: {other:?}"),
                ),
            ),
        }
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match self {
            Self::Answering(step) => step.on_notice(call, notice),
            Self::Playing(step) => step.on_notice(call, notice),
            Self::InMenu(step) => step.on_notice(call, notice),
            Self::Dialing(step) => step.on_notice(call, notice),
            Self::Bridged(step) => step.on_notice(notice),
            Self::Recording(step) => step.on_notice(call, notice),
            Self::New | Self::Asking(_) | Self::Ending(_) | Self::Done => Flow::Stay,
        }
    }

    pub(crate) fn on_reply(&mut self, call: &mut Call, ask: AskId, reply: Reply) -> Flow {
        match self {
            Self::Asking(step) => step.on_reply(call, ask, reply),
            // The answer to an ask that was given up; the call has moved on.
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        match self {
            Self::Answering(step) => step.on_wake(call),
            Self::Playing(step) => step.on_wake(call),
            Self::InMenu(step) => step.on_wake(call),
            Self::Asking(step) => step.on_wake(call),
            Self::Dialing(step) => step.on_wake(call),
            Self::Bridged(step) => step.on_wake(call),
            Self::Recording(step) => step.on_wake(call),
            Self::New | Self::Ending(_) | Self::Done => Flow::Stay,
        }
    }

    /// When this step gives up waiting.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Answering(step) => Some(step.deadline()),
            Self::Playing(step) => Some(step.deadline()),
            Self::InMenu(step) => Some(step.deadline()),
            Self::Asking(step) => Some(step.deadline()),
            Self::Dialing(step) => Some(step.deadline()),
            Self::Bridged(step) => Some(step.deadline()),
            Self::Recording(step) => Some(step.deadline()),
            Self::Ending(step) => Some(step.deadline()),
            Self::New | Self::Done => None,
        }
    }

    /// Gives up what this step began outside of legs, because the caller is gone.
    pub(crate) fn abandon(&mut self, call: &mut Call) {
        if let Self::Asking(step) = self {
            step.abandon(call);
        }
    }
}

/// Whether a notice is the end of this leg.
fn ends(notice: &Notice, leg: LegId) -> bool {
    matches!(notice, Notice::LegEnded { leg: ended, .. } if *ended == leg)
}
