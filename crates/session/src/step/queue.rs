//! Waiting in a queue until a member has time.

use std::time::Duration;

use callroute_media::{Ability, LegId, Notice, PlayEnd, PlayId, Sound};
use callroute_schema::{
    Action, Digit, Disposition, EventKind, On, Queue, QueueInfo, QueueRecord, RingGroup, Strategy,
    has_variables,
};

use super::dial::connect;
use super::duty::Duty;
use super::play::ended;
use super::ring::{Ringing, Rung, Spec, takers};
use super::{Step, callback};
use crate::call::{Call, LegState, millis, seconds};
use crate::note::Note;
use crate::program::Flow;
use crate::shared::{HubReply, HubRequest, Joining};

/// How long a caller waits at most where nothing else is said.
pub(crate) const MAX_WAIT_S: u32 = 1_800;
/// How long a member rings.
pub(crate) const RING_S: u32 = 20;
/// Most callers that wait.
const MAX_SIZE: u32 = 1_000;
/// How long the queue may take to let the caller in.
pub(crate) const LET_IN: Duration = Duration::from_secs(2);
/// How long the last words may take.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(10);
/// What is announced where nothing else is said.
const ANNOUNCEMENT: &str =
    "You are number [position] in the queue. The estimated wait is [minutes] minutes.";

#[derive(Debug)]
pub(crate) struct Waiting {
    queue: Queue,
    duty: Duty,
    since: Duration,
    /// The caller is in the queue.
    queued: bool,
    position: u32,
    size: u32,
    /// What the caller hears: music, or the announcement.
    hears: Option<PlayId>,
    announcing: bool,
    next_announcement: Option<Duration>,
    /// A member rings for the caller; who, as positions among those that were offered.
    ringing: Option<(Box<Ringing>, Vec<usize>)>,
    /// The caller will be called back, hears so, and hangs up.
    last_words: Option<PlayId>,
    until: Duration,
}

/// How a caller waits in a queue.
pub(super) fn joining(call: &Call, queue: &Queue) -> Joining {
    Joining {
        queue: queue.name.clone(),
        members: queue.members.clone(),
        who: takers(call, &queue.members),
        strategy: queue.strategy.unwrap_or(Strategy::LeastRecent),
        priority: queue.priority.unwrap_or(0),
        escalate: queue.escalate,
        max_size: queue.max_size.unwrap_or(MAX_SIZE),
        wait_when_empty: queue.wait_when_empty,
        place: None,
    }
}

impl Waiting {
    pub(crate) fn begin(call: &mut Call, queue: Queue) -> (Step, Flow) {
        let on = queue.on.clone();
        let Some(queue) = whole(call, queue) else {
            let why = "the queue has no members, and there is no target of its name that has";
            return (Step::New, Flow::failed_on(&on, Disposition::Failed, why));
        };
        call.share(HubRequest::Join(Box::new(joining(call, &queue))));
        let step = Self {
            since: call.now.mono,
            queued: false,
            position: 0,
            size: 0,
            hears: None,
            announcing: false,
            next_announcement: None,
            ringing: None,
            last_words: None,
            until: call.after(LET_IN),
            duty: Duty::begin(call, &queue.members),
            queue,
        };
        (Step::Waiting(Box::new(step)), Flow::Stay)
    }

    pub(crate) fn deadline(&self) -> Duration {
        let ringing = self.ringing.as_ref().map(|(ringing, _)| ringing.deadline());
        let duty = self.duty.deadline().filter(|_| self.queued);
        [ringing, self.next_announcement, duty]
            .into_iter()
            .flatten()
            .fold(self.until, Duration::min)
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        if let Some(words) = self.last_words {
            return match ended(notice, words) {
                // Nobody stopped it: the caller's end is told next.
                None | Some(PlayEnd::Stopped) => Flow::Stay,
                Some(_) => self.called_back(),
            };
        }
        if let Notice::Digit { leg, digit } = notice
            && *leg == LegId::CALLER
        {
            return self.pressed(call, *digit);
        }
        if let Some(play) = self.hears
            && let Some(end) = ended(notice, play)
        {
            self.hears = None;
            // After an announcement the music goes on; music that ended by itself, or could not
            // be played, is not begun again and again. What nobody stopped ends with its leg.
            if std::mem::take(&mut self.announcing) && end != PlayEnd::Stopped {
                self.music(call);
            }
        }
        match &mut self.ringing {
            Some((ringing, _)) => {
                let rung = ringing.on_notice(call, notice);
                self.follow(call, rung)
            }
            None => Flow::Stay,
        }
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        match shared {
            HubReply::Queued { position, size } if !self.queued => {
                self.queued = true;
                (self.position, self.size) = (*position, *size);
                self.until = call.after(seconds(self.queue.max_wait_s.unwrap_or(MAX_WAIT_S)));
                call.note(Note::Queued {
                    queue: self.queue.name.to_string(),
                    position: *position,
                    size: *size,
                });
                self.tell(call, EventKind::QueueJoined);
                self.music(call);
                self.next_announcement = self.announce_at(call);
                Flow::Stay
            }
            HubReply::Refused { disposition } => {
                self.queued = false;
                self.leave(call, *disposition, "the queue does not take the caller")
            }
            HubReply::Position {
                position,
                size,
                estimate_s,
            } if self.queued => {
                (self.position, self.size) = (*position, *size);
                self.announce(call, *estimate_s);
                Flow::Stay
            }
            HubReply::Offer { members, passed } if self.queued => {
                for passed in passed {
                    call.note(Note::Passed {
                        call_id: passed.call_id.clone(),
                        why: passed.why,
                    });
                }
                self.offered(call, members.clone())
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if self.last_words.is_some() {
            return if call.is_due(self.until) {
                self.called_back()
            } else {
                Flow::Stay
            };
        }
        if call.is_due(self.until) {
            let why = if self.queued {
                "the caller has waited as long as the queue allows"
            } else {
                "the queue did not answer"
            };
            return self.leave(call, Disposition::NoAnswer, why);
        }
        self.duty.on_wake(call, &self.queue.members);
        if self.next_announcement.is_some_and(|at| call.is_due(at)) {
            self.next_announcement = self.announce_at(call);
            call.share(HubRequest::Where);
        }
        match &mut self.ringing {
            Some((ringing, _)) if call.is_due(ringing.deadline()) => {
                let rung = ringing.on_wake(call);
                self.follow(call, rung)
            }
            _ => Flow::Stay,
        }
    }

    /// The caller is gone, or does something else.
    pub(crate) fn abandon(&mut self, call: &mut Call) {
        if let Some((mut ringing, _)) = self.ringing.take() {
            ringing.abandon(call);
        }
        if std::mem::take(&mut self.queued) {
            call.share(HubRequest::Quit);
            self.left(call, Disposition::Canceled);
        }
    }

    /// These members are free.
    fn offered(&mut self, call: &mut Call, members: Vec<usize>) -> Flow {
        let (ringing, rung) = offer(call, &self.queue, &members);
        self.ringing = Some((Box::new(ringing), members));
        self.follow(call, rung)
    }

    fn follow(&mut self, call: &mut Call, rung: Rung) -> Flow {
        let Some((ringing, members)) = &mut self.ringing else {
            return Flow::Stay;
        };
        let gone = ringing.take_gone();
        let of = |index: usize, members: &[usize]| members.get(index).copied();
        match rung {
            Rung::Won(winner) => {
                let wrap_up_ms = ringing.wrap_up_ms();
                let member = of(winner.index, members);
                let answered = call.leg(winner.leg) == LegState::Answered;
                self.ringing = None;
                self.queued = false;
                if let Some(play) = self.hears.take() {
                    call.stop_play(play);
                }
                self.left(call, Disposition::Answered);
                let flow = connect(call, winner, wrap_up_ms, None);
                // Only now: the member talks already, and is not free for the next caller.
                // Whoever rang beside it is, by this caller's leaving.
                if let Some(member) = member {
                    call.share(HubRequest::Offered { member, answered });
                }
                if !answered {
                    call.share(HubRequest::Quit);
                }
                flow
            }
            Rung::On | Rung::Lost => {
                for index in gone {
                    if let Some(member) = of(index, members) {
                        call.share(HubRequest::Offered {
                            member,
                            answered: false,
                        });
                    }
                }
                if rung == Rung::Lost {
                    // The caller keeps its place, and waits for the next offer.
                    self.ringing = None;
                }
                Flow::Stay
            }
        }
    }

    fn pressed(&mut self, call: &mut Call, digit: Digit) -> Flow {
        if !self.queued {
            return Flow::Stay;
        }
        if self.queue.exit == Some(digit) {
            return self.leave(call, Disposition::Canceled, "the caller left the queue");
        }
        if self.queue.callback == Some(digit) {
            let made = call.settings.callbacks_elsewhere
                || !call.cannot(Ability::Originate, "calling back");
            if !made || callback::number(call).is_none() {
                return self.no_callback(call);
            }
            call.event
                .attributes
                .insert("callback".to_owned(), self.queue.name.to_string());
            call.share(HubRequest::CallBack {
                queue: Box::new(self.queue.clone()),
                event: Box::new(call.event.clone()),
            });
            if let Some((mut ringing, _)) = self.ringing.take() {
                ringing.abandon(call);
            }
            self.queued = false;
            self.left(call, Disposition::Canceled);
            call.note(Note::CallbackWanted {
                queue: self.queue.name.to_string(),
            });
            self.last_words = Some(call.play(Sound::PromptOr {
                prompt: "callback".to_owned(),
                text: "Thank you. We will call you back.".to_owned(),
            }));
            self.next_announcement = None;
            self.until = call.after(LAST_WORDS);
        }
        Flow::Stay
    }

    /// The caller hears that it cannot be called back, and waits on.
    fn no_callback(&mut self, call: &mut Call) -> Flow {
        call.note(Note::NoCallback);
        self.announcing = true;
        self.hears = Some(call.play(Sound::PromptOr {
            prompt: "no_callback".to_owned(),
            text: "We cannot call your number back. Please stay on the line.".to_owned(),
        }));
        Flow::Stay
    }

    fn called_back(&self) -> Flow {
        Flow::End {
            cause: callroute_media::EndCause::Normal,
            why: "the caller will be called back".to_owned(),
        }
    }

    /// The caller leaves without a member.
    fn leave(&mut self, call: &mut Call, disposition: Disposition, why: &str) -> Flow {
        if let Some((mut ringing, _)) = self.ringing.take() {
            ringing.abandon(call);
        }
        if std::mem::take(&mut self.queued) {
            call.share(HubRequest::Quit);
        }
        if let Some(play) = self.hears.take() {
            call.stop_play(play);
        }
        self.left(call, disposition);
        Flow::failed_on(&self.queue.on, disposition, why)
    }

    fn left(&mut self, call: &mut Call, disposition: Disposition) {
        let wait_ms = call.elapsed_ms(self.since);
        call.note(Note::QueueLeft {
            queue: self.queue.name.to_string(),
            wait_ms,
            disposition,
        });
        call.ledger.queue(QueueRecord {
            name: self.queue.name.clone(),
            wait_ms,
            disposition,
        });
        self.tell(call, EventKind::QueueLeft);
    }

    fn tell(&self, call: &mut Call, kind: EventKind) {
        let mut event = call.event_now(kind);
        let known = |number: u32| (number > 0).then_some(number);
        event.queue = Some(QueueInfo {
            name: self.queue.name.clone(),
            position: known(self.position),
            wait_ms: Some(call.elapsed_ms(self.since)),
            size: known(self.size),
        });
        call.emit(event);
    }

    fn music(&mut self, call: &mut Call) {
        let sound = match &self.queue.music {
            Some(prompt) => Sound::Loop(prompt.clone()),
            None => Sound::Music,
        };
        self.hears = Some(call.play(sound));
    }

    fn announce_at(&self, call: &Call) -> Option<Duration> {
        let announce = self.queue.announce.as_ref()?;
        Some(call.after(seconds(announce.every_s.max(1))))
    }

    fn announce(&mut self, call: &mut Call, estimate_s: u32) {
        self.tell(call, EventKind::QueuePosition);
        let Some(announce) = &self.queue.announce else {
            return;
        };
        let minutes = estimate_s.div_ceil(60).max(1);
        let text = announce
            .text
            .as_deref()
            .unwrap_or(ANNOUNCEMENT)
            .replace("[position]", &self.position.to_string())
            .replace("[minutes]", &minutes.to_string());
        let language = announce.language.clone();
        self.announcing = true;
        self.hears = Some(call.play(Sound::Speech {
            text,
            language,
            voice: None,
        }));
    }
}

/// These members of a queue ring.
pub(crate) fn offer(call: &mut Call, queue: &Queue, members: &[usize]) -> (Ringing, Rung) {
    let mut group = RingGroup::new(
        members
            .iter()
            .filter_map(|index| queue.members.get(*index).cloned())
            .collect(),
        Strategy::Simultaneous,
    );
    group.ring_s = Some(queue.ring_s.unwrap_or(RING_S));
    group.confirm.clone_from(&queue.confirm);
    group.whisper.clone_from(&queue.whisper);
    group.caller_id.clone_from(&queue.caller_id);
    let known = callroute_rules::waves::GroupFacts::default();
    let mut spec = Spec::group(call, &group, None, &known);
    spec.wrap_up_ms = millis(seconds(queue.wrap_up_s.unwrap_or(0)));
    Ringing::begin(call, spec)
}

/// A queue given by its name alone takes the rest from the target of that name; what was given
/// beside the name outranks it.
fn whole(call: &Call, queue: Queue) -> Option<Queue> {
    if !queue.members.is_empty() {
        return Some(queue);
    }
    let target = call.engine.target(queue.name.as_str())?;
    let found = target.as_slice().iter().find_map(|action| match action {
        Action::Queue(found) if found.name == queue.name && !found.members.is_empty() => {
            Some(action.clone())
        }
        _ => None,
    })?;
    let found = [found];
    let filled = if has_variables(&found) {
        let filled = call.engine.fill(&found, &call.event, &call.facts);
        filled.ok()?.into_iter().next()?
    } else {
        found.into_iter().next()?
    };
    let Action::Queue(mut found) = filled else {
        return None;
    };
    found.priority = queue.priority.or(found.priority);
    found.max_wait_s = queue.max_wait_s.or(found.max_wait_s);
    found.on = merged(found.on, queue.on);
    Some(*found)
}

fn merged(mut below: On, above: On) -> On {
    below.extend(above);
    below
}
