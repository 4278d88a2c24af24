//! Inputs and effects of a call in plain words. Numbers are masked.

use std::collections::BTreeMap;

use callroute_media::{Command, EndCause, LegId, Notice, PlayEnd};
use callroute_schema::{Action, ActionKind, Actions, Cause, Disposition, mask, mask_within};
use callroute_session::shared::HubReply;
use callroute_session::{AskFailure, AskId, Effect, Input};

/// Knows by now who is on which leg, and which server was asked.
#[derive(Debug, Default)]
pub(super) struct Words {
    members: BTreeMap<LegId, String>,
    servers: BTreeMap<AskId, String>,
}

impl Words {
    /// Takes in what an effect says about legs and servers.
    pub(super) fn learn(&mut self, effect: &Effect) {
        match effect {
            Effect::Media(Command::Dial { leg, to, .. }) => {
                self.members.insert(*leg, mask(to.as_str()));
            }
            Effect::Ask { ask, target, .. } => {
                self.servers.insert(*ask, target.to_string());
            }
            _ => {}
        }
    }

    /// What came in.
    pub(super) fn input(&self, input: &Input) -> String {
        match input {
            Input::Start => "the call comes in".to_owned(),
            Input::CallBack(callback) => format!(
                "the caller of {} is called back for queue {}",
                callback.event.call_id, callback.queue.name
            ),
            Input::Media(notice) => self.notice(notice),
            Input::Answered {
                ask,
                actions,
                stood_in: None,
            } => format!("{} answers: {}", self.server(*ask), kinds(actions)),
            Input::Answered {
                ask,
                actions,
                stood_in: Some(AskFailure { class, .. }),
            } => format!(
                "{} fails: {class}; its last good answer: {}",
                self.server(*ask),
                kinds(actions)
            ),
            Input::AskFailed { ask, failure } => {
                let (class, detail) = (&failure.class, &failure.detail);
                format!("{} fails: {class}: {detail}", self.server(*ask))
            }
            Input::HubReply(shared) => {
                format!("told of what calls share: {}", shared_words(shared))
            }
            Input::Push { actions } => format!("told from outside: {}", kinds(actions)),
            Input::Wake => "a timer runs out".to_owned(),
            Input::Shutdown => "the router stops".to_owned(),
            _ => "something that this version has no words for".to_owned(),
        }
    }

    /// What came of it; `None` for what a note says already.
    pub(super) fn effect(&self, effect: &Effect) -> Option<String> {
        Some(match effect {
            Effect::Note(note) => note.to_string(),
            Effect::Media(command) => format!("-> {}", self.command(command)),
            Effect::Ask {
                ask, deadline_ms, ..
            } => {
                format!("-> ask {}, at most {deadline_ms} ms", self.server(*ask))
            }
            Effect::CancelAsk { ask } => format!("-> stop asking {}", self.server(*ask)),
            Effect::Emit(event) => format!("-> event {}", event.kind),
            Effect::HubRequest(share) => format!("-> what calls share: {share:?}"),
            Effect::Message(message) => format!("-> keep the message in {}", message.mailbox),
            // The notes have said it all, and so has the call's end.
            Effect::Record(_) | Effect::Done => return None,
            _ => "-> something that this version has no words for".to_owned(),
        })
    }

    fn notice(&self, notice: &Notice) -> String {
        let leg = self.leg(notice.leg());
        match notice {
            Notice::LegRinging { .. } => format!("{leg} rings"),
            Notice::LegAnswered { .. } => format!("{leg} is answered"),
            Notice::LegEnded { cause, .. } => format!("{leg} is over: {}", ended(*cause)),
            Notice::Digit { digit, .. } => format!("{leg} presses {digit}"),
            Notice::PlayEnded { play, end, .. } => format!("{play} to {leg} {}", played(*end)),
            Notice::PlaySubstituted {
                play,
                wanted,
                reason,
                ..
            } => {
                let wanted = mask_within(wanted);
                format!("{play} to {leg} has a stand-in for {wanted:?}: {reason}")
            }
            Notice::RecordEnded {
                recording,
                url,
                duration_ms,
                error,
                ..
            } => match (url, error) {
                (Some(url), _) => format!("{recording} of {leg} is kept, {duration_ms} ms: {url}"),
                (None, Some(error)) => format!("{recording} of {leg} is lost: {error}"),
                (None, None) => format!("{recording} of {leg} is lost"),
            },
            Notice::Held { held: true, .. } => format!("{leg} puts the call on hold"),
            Notice::Held { held: false, .. } => format!("{leg} takes the call back"),
            Notice::EarlyMedia { .. } => format!("{leg} sends sound before it answers"),
            Notice::Diverted { to, .. } => format!("{leg} is sent on to {}", mask(to)),
            Notice::Joined { .. } => format!("{leg} is in its room"),
            Notice::Refer { to, .. } => {
                format!("{leg} asks for a transfer to {}", mask(to.as_str()))
            }
            Notice::Sound { sound, .. } => format!(
                "{leg} had {} packets of sound, {} were lost",
                sound.received, sound.lost
            ),
            Notice::Dialog { .. } => format!("{leg} has a dialog"),
            Notice::NotDone { deed, reason, .. } => {
                format!("{leg}: {deed:?} was not done: {reason}")
            }
            _ => format!("{leg}: something that this version has no words for"),
        }
    }

    fn command(&self, command: &Command) -> String {
        match command {
            Command::Ring { leg } => format!("tell {} that it rings", self.leg(*leg)),
            Command::Answer { leg } => format!("answer {}", self.leg(*leg)),
            Command::Dial { leg, from, .. } => {
                format!("dial {}, shown {}", self.leg(*leg), mask(from.as_str()))
            }
            Command::Hangup { leg, cause } => {
                format!("hang up {}: {}", self.leg(*leg), end_cause(*cause))
            }
            Command::Play { leg, play, sound } => {
                format!("play {sound} to {} ({play})", self.leg(*leg))
            }
            Command::StopPlay { play, .. } => format!("stop {play}"),
            Command::Record {
                leg,
                recording,
                name,
                ..
            } => {
                format!("record {} as {name} ({recording})", self.leg(*leg))
            }
            Command::StopRecord { recording, .. } => format!("stop {recording}"),
            Command::Bridge { a, b } => {
                format!("connect {} with {}", self.leg(*a), self.leg(*b))
            }
            Command::Unbridge { a, b } => {
                format!("part {} from {}", self.leg(*a), self.leg(*b))
            }
            Command::Early { leg, from } => {
                format!("let {} hear {} already", self.leg(*leg), self.leg(*from))
            }
            Command::Redirect { leg, contacts } => {
                let contacts: Vec<String> = contacts.iter().map(|to| mask(to.as_str())).collect();
                format!("send {} to {}", self.leg(*leg), contacts.join(", "))
            }
            Command::Discard { recording, .. } => format!("throw {recording} away"),
            Command::Join { leg, room, .. } => {
                format!("let {} join room {room}", self.leg(*leg))
            }
            Command::Leave { leg } => format!("let {} leave its room", self.leg(*leg)),
            Command::Referred { leg, outcome } => {
                format!("tell {} of its transfer: {outcome:?}", self.leg(*leg))
            }
            _ => "something that this version has no words for".to_owned(),
        }
    }

    fn leg(&self, leg: LegId) -> String {
        match self.members.get(&leg) {
            _ if leg == LegId::CALLER => "the caller".to_owned(),
            Some(member) => format!("{member} ({leg})"),
            None => leg.to_string(),
        }
    }

    fn server(&self, ask: AskId) -> String {
        match self.servers.get(&ask) {
            Some(server) => format!("webhook {server}"),
            None => format!("the webhook of ask {}", ask.0),
        }
    }
}

fn kinds(actions: &Actions) -> String {
    let kind = |action: &Action| match action {
        Action::Target(name) => format!("target {name}"),
        other => other
            .kind()
            .map_or("an action", ActionKind::as_str)
            .to_owned(),
    };
    actions
        .as_slice()
        .iter()
        .map(kind)
        .collect::<Vec<_>>()
        .join(", ")
}

fn shared_words(shared: &HubReply) -> String {
    match shared {
        HubReply::Group { turn, members } => format!("turn {turn} of {} members", members.len()),
        HubReply::Fact { lookup, fact, why } => match why {
            Some(why) => format!("{lookup}: {fact:?}: {why}"),
            None => format!("{lookup}: {fact:?}"),
        },
        HubReply::Queued { position, size } => format!("queued, {position} of {size}"),
        HubReply::Refused { disposition } => format!("refused by the queue: {disposition}"),
        HubReply::Position { position, size, .. } => format!("{position} of {size} in the queue"),
        HubReply::Offer { members, .. } => format!("{} members are free", members.len()),
        HubReply::Parked { slot } => format!("parked at {slot}"),
        HubReply::Meet { room } => format!("meets another call in room {room}"),
        HubReply::Others { legs, recorded } if recorded.is_empty() => {
            format!("{legs} others in the room")
        }
        HubReply::Others { legs, .. } => format!("{legs} others in the room, who are recorded"),
        HubReply::Take { leg, room } => format!("{leg} is replaced, in room {room}"),
        HubReply::NotFound => "nothing was found".to_owned(),
        _ => "something that this version has no words for".to_owned(),
    }
}

fn ended(cause: Cause) -> String {
    let words = match cause.disposition {
        Disposition::Answered => "normal clearing".to_owned(),
        other => other.to_string(),
    };
    match (cause.sip_code, cause.q850) {
        (Some(code), _) => format!("{words} (SIP {code})"),
        (None, Some(code)) => format!("{words} (Q.850 cause {code})"),
        (None, None) => words,
    }
}

fn played(end: PlayEnd) -> &'static str {
    match end {
        PlayEnd::Finished => "was heard to its end",
        PlayEnd::Stopped => "was stopped",
        PlayEnd::Failed => "could not be played",
        _ => "is over",
    }
}

fn end_cause(cause: EndCause) -> String {
    match cause {
        EndCause::Normal => "normal clearing".to_owned(),
        EndCause::AnsweredElsewhere => "answered elsewhere".to_owned(),
        EndCause::NoAnswer => "no answer".to_owned(),
        EndCause::Cleared(q850) => format!("as the other party has ended (Q.850 cause {q850})"),
        EndCause::Rejected(cause) => {
            let (sip, q850) = cause.codes();
            format!("rejected (SIP {sip}, Q.850 cause {q850})")
        }
        EndCause::Shutdown => "the router stops".to_owned(),
        _ => "for another reason".to_owned(),
    }
}
