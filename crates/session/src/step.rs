//! The steps of a call, a file each: what it waits for, and what it does then.

mod answer;
mod ask;
mod callback;
mod collect;
mod decide;
mod dial;
mod duty;
mod ending;
mod meet;
mod menu;
mod park;
pub(crate) mod play;
mod queue;
mod recording;
mod redirect;
pub(crate) mod ring;
pub(crate) mod talk;
pub(crate) mod voicemail;

use std::time::Duration;

use callroute_media::{EndCause, LegId, Notice};
use callroute_schema::{Action, ActionKind, Cause, Disposition, RejectCause, Set};

pub(crate) use self::answer::Answering;
pub(crate) use self::ask::{Asking, Reply};
pub(crate) use self::callback::CallingBack;
pub(crate) use self::collect::Collecting;
pub(crate) use self::decide::Deciding;
pub(crate) use self::dial::Dialing;
pub(crate) use self::ending::Ending;
pub(crate) use self::meet::Meeting;
pub(crate) use self::menu::InMenu;
pub(crate) use self::park::Parked;
pub(crate) use self::play::Playing;
pub(crate) use self::queue::Waiting;
pub(crate) use self::recording::Consent;
pub(crate) use self::redirect::Redirecting;
pub(crate) use self::talk::Talk;
pub(crate) use self::voicemail::Recording;
use crate::call::Call;
use crate::effect::AskId;
use crate::needs::needs;
use crate::note::Note;
use crate::program::{Flow, branch};
use crate::shared::{HubReply, HubRequest};

/// What the call waits for.
#[derive(Debug)]
pub(crate) enum Step {
    /// The first input.
    New,
    /// A fact that a rule asks for.
    Deciding(Deciding),
    /// The caller's ACK, before an action that needs sound.
    Answering(Answering),
    /// A sound's end.
    Playing(Playing),
    /// A key.
    InMenu(Box<InMenu>),
    /// Digits.
    Collecting(Box<Collecting>),
    /// A server's answer.
    Asking(Asking),
    /// Somebody's answer.
    Dialing(Box<Dialing>),
    /// A conversation's end.
    Talk(Box<Talk>),
    /// A member of a queue.
    Waiting(Box<Waiting>),
    /// A member for a caller that left its queue, and that caller's answer.
    CallingBack(Box<CallingBack>),
    /// Another call that takes this one.
    Parked(Parked),
    /// The others of a room.
    Meeting(Box<Meeting>),
    /// The end of a consent prompt.
    Consent(Consent),
    /// A message's end.
    Recording(Box<Recording>),
    /// The caller's leaving.
    Redirecting(Redirecting),
    /// The legs' ends.
    Ending(Ending),
    /// Nothing any more.
    Done,
}

impl Step {
    /// Begins an action. The caller is answered first where the action needs sound.
    pub(crate) fn begin(call: &mut Call, action: Action) -> (Self, Flow) {
        if let Some(flow) = impossible(call, &action) {
            return (Self::New, flow);
        }
        let needs_sound = match &action {
            Action::Say(_)
            | Action::Play(_)
            | Action::Menu(_)
            | Action::Collect(_)
            | Action::Voicemail(_)
            | Action::Queue(_)
            | Action::Park(_)
            | Action::Conference(_) => true,
            Action::Record(record) => record.consent.is_some() && !record.stop,
            _ => false,
        };
        if needs_sound && !call.caller_answered() {
            return (Self::Answering(Answering::begin(call, action)), Flow::Stay);
        }
        Self::go_on(call, action)
    }

    /// Begins an action that the caller may hear.
    fn go_on(call: &mut Call, action: Action) -> (Self, Flow) {
        match action {
            Action::Say(say) => (Self::Playing(Playing::say(call, say)), Flow::Stay),
            Action::Play(play) => (Self::Playing(Playing::prompt(call, play)), Flow::Stay),
            Action::Menu(menu) => InMenu::begin(call, *menu),
            Action::Collect(collect) => Collecting::begin(call, *collect),
            Action::Voicemail(voicemail) => (
                Self::Recording(Box::new(Recording::begin(call, voicemail))),
                Flow::Stay,
            ),
            Action::Forward(forward) => Dialing::begin(call, *forward),
            Action::Queue(queue) => Waiting::begin(call, *queue),
            Action::Park(park) => Parked::begin(call, park),
            Action::Conference(to) => Meeting::conference(call, to),
            Action::Webhook(webhook) => Asking::begin(call, webhook),
            Action::Record(record) => Consent::begin(call, record),
            Action::Set(set) => (Self::New, note(call, set)),
            Action::Continue(_) => {
                call.note(Note::Continued);
                let rule = call.rule;
                Deciding::begin(call, rule)
            }
            Action::Redirect(redirect) => Redirecting::begin(call, redirect),
            Action::Reject(reject) => (Self::New, Ending::reject(reject.cause)),
            Action::Busy(_) => (Self::New, Ending::reject(RejectCause::UserBusy)),
            Action::Hangup(_) => (Self::New, Ending::hangup()),
            // A target's name where no table resolved it, or an action of a later contract.
            other => (
                Self::New,
                Flow::failed(
                    Disposition::Failed,
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
            Self::Collecting(step) => step.on_notice(call, notice),
            Self::Dialing(step) => step.on_notice(call, notice),
            Self::Talk(step) => step.on_notice(call, notice),
            Self::Waiting(step) => step.on_notice(call, notice),
            Self::CallingBack(step) => step.on_notice(call, notice),
            Self::Meeting(step) => step.on_notice(call, notice),
            Self::Consent(step) => step.on_notice(call, notice),
            Self::Recording(step) => step.on_notice(call, notice),
            Self::Redirecting(step) => step.on_notice(notice),
            Self::New
            | Self::Deciding(_)
            | Self::Asking(_)
            | Self::Parked(_)
            | Self::Ending(_)
            | Self::Done => Flow::Stay,
        }
    }

    pub(crate) fn on_reply(&mut self, call: &mut Call, ask: AskId, reply: Reply) -> Flow {
        match self {
            Self::Asking(step) => step.on_reply(call, ask, reply),
            // The answer to an ask that was given up; the call has moved on.
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        // Only a conversation has somebody to send. Whoever asks keeps its own until it hears.
        if let HubReply::Take { leg, room } = shared
            && !matches!(self, Self::Talk(talk) if talk.gives_up(call, *leg))
        {
            if !matches!(self, Self::Done) {
                let room = room.clone();
                call.share(HubRequest::Decline { room });
            }
            return Flow::Stay;
        }
        match self {
            Self::Deciding(step) => step.on_shared(call, shared),
            Self::Dialing(step) => step.on_shared(call, shared),
            Self::Talk(step) => step.on_shared(call, shared),
            Self::Waiting(step) => step.on_shared(call, shared),
            Self::CallingBack(step) => step.on_shared(call, shared),
            Self::Parked(step) => step.on_shared(call, shared),
            Self::Meeting(step) => step.on_shared(call, shared),
            // News for a step that is over.
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        match self {
            Self::Deciding(step) => step.on_wake(call),
            Self::Answering(step) => step.on_wake(call),
            Self::Playing(step) => step.on_wake(call),
            Self::InMenu(step) => step.on_wake(call),
            Self::Collecting(step) => step.on_wake(call),
            Self::Asking(step) => step.on_wake(call),
            Self::Dialing(step) => step.on_wake(call),
            Self::Talk(step) => step.on_wake(call),
            Self::Waiting(step) => step.on_wake(call),
            Self::CallingBack(step) => step.on_wake(call),
            Self::Parked(step) => step.on_wake(call),
            Self::Meeting(step) => step.on_wake(call),
            Self::Consent(step) => step.on_wake(call),
            Self::Recording(step) => step.on_wake(call),
            Self::Redirecting(step) => step.on_wake(call),
            Self::New | Self::Ending(_) | Self::Done => Flow::Stay,
        }
    }

    /// When this step gives up waiting.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Deciding(step) => Some(step.deadline()),
            Self::Answering(step) => Some(step.deadline()),
            Self::Playing(step) => Some(step.deadline()),
            Self::InMenu(step) => Some(step.deadline()),
            Self::Collecting(step) => Some(step.deadline()),
            Self::Asking(step) => Some(step.deadline()),
            Self::Dialing(step) => Some(step.deadline()),
            Self::Talk(step) => Some(step.deadline()),
            Self::Waiting(step) => Some(step.deadline()),
            Self::CallingBack(step) => Some(step.deadline()),
            Self::Parked(step) => Some(step.deadline()),
            Self::Meeting(step) => Some(step.deadline()),
            Self::Consent(step) => Some(step.deadline()),
            Self::Recording(step) => Some(step.deadline()),
            Self::Redirecting(step) => Some(step.deadline()),
            Self::Ending(step) => Some(step.deadline()),
            Self::New | Self::Done => None,
        }
    }

    /// Gives up what this step began, because the call does something else now.
    pub(crate) fn abandon(&mut self, call: &mut Call) {
        match self {
            Self::Asking(step) => step.abandon(call),
            Self::Dialing(step) => step.abandon(call),
            Self::Talk(step) => step.abandon(call),
            Self::Waiting(step) => step.abandon(call),
            Self::CallingBack(step) => step.abandon(call),
            Self::Parked(step) => step.abandon(call),
            Self::Meeting(step) => step.abandon(call),
            Self::Recording(step) => step.abandon(call),
            _ => {}
        }
    }

    /// Whether a transfer that this leg asks for can be tried, now or when the two talk.
    pub(crate) fn takes_refer(&self, leg: LegId) -> bool {
        match self {
            Self::Talk(step) => step.is_free_for(leg),
            Self::Dialing(step) => step.keeps_refer_of(leg),
            _ => false,
        }
    }

    /// Whether the call may go on without its caller, or whether the end of the caller's leg is
    /// this step's own business.
    pub(crate) fn minds_the_caller(&self) -> bool {
        matches!(
            self,
            Self::Talk(_) | Self::Meeting(_) | Self::CallingBack(_)
        )
    }
}

/// What comes of an action that needs what the adapter cannot do. A call that cannot be recorded
/// goes on all the same, unless the action says what then.
fn impossible(call: &mut Call, action: &Action) -> Option<Flow> {
    if call.settings.cannot.is_empty() {
        return None;
    }
    let kind = action.kind().map_or("this", ActionKind::as_str);
    let mut lacks = None;
    for need in needs(action) {
        if call.cannot(need.ability, kind) && need.vital {
            lacks = lacks.or(Some(need.ability));
        }
    }
    let why = format!("{kind}: the adapter cannot {}", lacks?);
    Some(match action {
        Action::Record(record) if branch(&record.on, Disposition::Failed).is_none() => Flow::Next,
        action => match action.on() {
            Some(on) => Flow::failed_on(on, Disposition::Failed, why),
            None => Flow::failed(Disposition::Failed, why),
        },
    })
}

/// Notes something about the call.
pub(crate) fn note(call: &mut Call, set: Set) -> Flow {
    call.note(Note::Set {
        attributes: set.attributes.keys().cloned().collect(),
        headers: set.headers.keys().cloned().collect(),
    });
    let left_out = call.event.add_attributes(set.attributes);
    if !left_out.is_empty() {
        call.note(Note::TooMuch {
            attributes: left_out,
        });
    }
    call.headers.extend(set.headers);
    Flow::Next
}

/// Whether a notice is the end of this leg.
fn ends(notice: &Notice, leg: LegId) -> bool {
    matches!(notice, Notice::LegEnded { leg: ended, .. } if *ended == leg)
}

/// What the other party's leg is told when one has ended.
pub(crate) fn carried_on(notice: &Notice) -> EndCause {
    let Notice::LegEnded { cause, .. } = notice else {
        return EndCause::Normal;
    };
    match (cause.disposition, cause.q850) {
        // Who was called elsewhere too has missed no call.
        (Disposition::AnsweredElsewhere, _) => EndCause::AnsweredElsewhere,
        (Disposition::Answered, Some(q850)) if *cause != Cause::normal() => EndCause::Cleared(q850),
        _ => EndCause::Normal,
    }
}

/// The states that wait for something, by the names of the table in `waits.md`.
#[cfg(test)]
pub(crate) const STATES: [&str; 16] = [
    "Deciding",
    "Answering",
    "Playing",
    "InMenu",
    "Collecting",
    "Asking",
    "Dialing",
    "Talk",
    "Waiting",
    "CallingBack",
    "Parked",
    "Meeting",
    "Consent",
    "Recording",
    "Redirecting",
    "Ending",
];

/// The times that the table in `waits.md` speaks of.
#[cfg(test)]
pub(crate) mod limits {
    pub(crate) use super::answer::PATIENCE as ACK;
    pub(crate) use super::ask::GRACE as WEBHOOK_GRACE;
    pub(crate) use super::callback::{OFFERS as CALLBACK_OFFERS, RING_S as CALLBACK_RING_S};
    pub(crate) use super::collect::{
        DEFAULT_DIGIT_TIMEOUT_S as NEXT_DIGIT_S, DEFAULT_TIMEOUT_S as FIRST_DIGIT_S,
    };
    pub(crate) use super::decide::FACT;
    pub(crate) use super::dial::FACTS as GROUP;
    pub(crate) use super::ending::PATIENCE as ENDING;
    pub(crate) use super::meet::{ALONE, LET_IN as ROOM, LONGEST as MEETING};
    pub(crate) use super::park::{FOUND as SLOT, PARKED_S};
    pub(crate) use super::play::{LONGEST as SOUND, PARTING};
    pub(crate) use super::queue::{
        LAST_WORDS, LET_IN as QUEUE, MAX_WAIT_S as QUEUE_WAIT_S, RING_S as QUEUE_RING_S,
    };
    pub(crate) use super::recording::CONSENT;
    pub(crate) use super::redirect::PATIENCE as REDIRECT;
    pub(crate) use super::ring::{CONFIRM, ROUND, WHISPER};
    pub(crate) use super::talk::limits::{
        CODE_KEY, NUMBER_FIRST, NUMBER_NEXT, OTHER_CALL, THIRD_S,
    };
    pub(crate) use super::voicemail::{KEEPING, MAX_S as MESSAGE_S, REVIEW, SILENCE_S};
    pub(crate) use crate::effect::DEFAULT_DEADLINE_MS as WEBHOOK_MS;
}
