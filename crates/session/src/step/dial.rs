//! Waiting for somebody's answer: one party, or the members of a ring group.

mod plan;

use std::time::Duration;

use callroute_media::{Command, EndCause, LegId, Notice, PlayId, Sound};
use callroute_schema::{AttemptInfo, Cause, Disposition, Event, EventKind, Forward, On};

use self::plan::{Candidate, Start, candidates};
use super::answer::PATIENCE;
use super::{Bridged, Step, ends};
use crate::call::{Call, LegState};
use crate::note::Note;
use crate::program::Flow;

/// One member: who, and how far the attempt has come.
#[derive(Debug)]
struct Attempt {
    candidate: Candidate,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its turn has not come; with the instant at which it comes, where a delay says so.
    Waiting(Option<Duration>),
    /// Its phone is being called.
    Calling {
        leg: LegId,
        n: u32,
        since: Duration,
        until: Duration,
        rings: bool,
    },
    /// It ended without an answer.
    Over(Cause),
}

#[derive(Debug)]
pub(crate) struct Dialing {
    attempts: Vec<Attempt>,
    on: On,
    ringback: Option<PlayId>,
    /// The member that answered, while the caller is being answered.
    winner: Option<(LegId, String)>,
    /// A member said that trying others is pointless.
    stopped: bool,
    deadline: Duration,
}

impl Dialing {
    pub(crate) fn begin(call: &mut Call, forward: Forward) -> (Step, Flow) {
        let attempts = candidates(&call.engine, &forward)
            .into_iter()
            .map(|candidate| Attempt {
                state: match (&candidate.target, candidate.start) {
                    (None, _) => State::Over(Cause::local(Disposition::InvalidNumber)),
                    (_, Start::After(delay)) => State::Waiting(Some(call.after(delay))),
                    (_, Start::WhenPreviousEnds) => State::Waiting(None),
                },
                candidate,
            })
            .collect();
        let mut step = Self {
            attempts,
            on: forward.on,
            ringback: None,
            winner: None,
            stopped: false,
            deadline: call.now.mono,
        };
        if call.caller_answered() {
            step.ringback = Some(call.play(Sound::Ringback));
        }
        match step.go_on(call) {
            Flow::Stay => (Step::Dialing(step), Flow::Stay),
            other => (Step::New, other),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        if let Some((winner, member)) = self.winner.clone() {
            return match notice {
                Notice::LegAnswered { leg } if *leg == LegId::CALLER => {
                    bridge(call, winner, member)
                }
                _ if ends(notice, winner) => {
                    self.winner = None;
                    self.go_on(call)
                }
                _ => Flow::Stay,
            };
        }
        let Some(index) = self.calling(notice.leg()) else {
            return Flow::Stay;
        };
        match notice {
            Notice::LegRinging { .. } => {
                self.rings(call, index);
                Flow::Stay
            }
            Notice::LegAnswered { leg } => self.answered(call, index, *leg),
            Notice::LegEnded { cause, .. } => {
                self.over(call, index, unanswered(*cause));
                self.go_on(call)
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        if self.winner.is_some() {
            return Flow::End {
                cause: EndCause::Normal,
                why: "the caller did not confirm our answer".to_owned(),
            };
        }
        for index in 0..self.attempts.len() {
            if let Some(State::Calling { leg, until, .. }) = self.state(index)
                && call.is_due(until)
            {
                call.hangup(leg, EndCause::NoAnswer);
                self.over(call, index, Cause::local(Disposition::NoAnswer));
            }
        }
        self.go_on(call)
    }

    fn state(&self, index: usize) -> Option<State> {
        self.attempts.get(index).map(|attempt| attempt.state)
    }

    fn calling(&self, wanted: LegId) -> Option<usize> {
        self.attempts.iter().position(
            |attempt| matches!(attempt.state, State::Calling { leg, .. } if leg == wanted),
        )
    }

    /// Starts whose turn it is, and sets the next deadline; gives up when nobody is left.
    fn go_on(&mut self, call: &mut Call) -> Flow {
        let mut busy = false;
        for index in 0..self.attempts.len() {
            let start = match self.state(index) {
                Some(State::Calling { .. }) => {
                    busy = true;
                    continue;
                }
                Some(State::Waiting(Some(at))) => call.is_due(at),
                Some(State::Waiting(None)) => !busy,
                Some(State::Over(_)) | None => continue,
            };
            if self.stopped {
                continue;
            }
            busy = true;
            if start {
                self.start(call, index);
            }
        }
        if !busy {
            return self.give_up(call);
        }
        let next = self
            .attempts
            .iter()
            .filter_map(|attempt| match attempt.state {
                State::Calling { until, .. } => Some(until),
                State::Waiting(at) => at,
                State::Over(_) => None,
            });
        self.deadline = next.min().unwrap_or(call.now.mono);
        Flow::Stay
    }

    fn start(&mut self, call: &mut Call, index: usize) {
        let Some(attempt) = self.attempts.get_mut(index) else {
            return;
        };
        let Some(to) = attempt.candidate.target.clone() else {
            return;
        };
        let leg = call.new_leg();
        call.attempts += 1;
        attempt.state = State::Calling {
            leg,
            n: call.attempts,
            since: call.now.mono,
            until: call.after(attempt.candidate.ring),
            rings: false,
        };
        let member = attempt.candidate.member.clone();
        call.note(Note::Dialing {
            leg,
            member: member.clone(),
        });
        let event = attempt_event(call, EventKind::AttemptStarted, call.attempts, member);
        call.emit(event);
        call.command(Command::Dial {
            leg,
            to,
            from: call.event.from.clone(),
            from_name: call.event.from_name.clone(),
        });
    }

    fn rings(&mut self, call: &mut Call, index: usize) {
        let Some(attempt) = self.attempts.get_mut(index) else {
            return;
        };
        let State::Calling { rings, .. } = &mut attempt.state else {
            return;
        };
        if std::mem::replace(rings, true) {
            return;
        }
        let member = attempt.candidate.member.clone();
        call.note(Note::Ringing { member });
        if !call.caller_answered() {
            call.command(Command::Ring { leg: LegId::CALLER });
        }
        let event = call.event_now(EventKind::CallRinging);
        call.emit(event);
    }

    fn answered(&mut self, call: &mut Call, index: usize, leg: LegId) -> Flow {
        let Some(attempt) = self.attempts.get_mut(index) else {
            return Flow::Stay;
        };
        let State::Calling { n, since, .. } = attempt.state else {
            return Flow::Stay;
        };
        let member = attempt.candidate.member.clone();
        let ring_ms = call.elapsed_ms(since);
        call.note(Note::MemberAnswered {
            member: member.clone(),
            ring_ms,
        });
        let mut event = attempt_event(call, EventKind::AttemptResult, n, member.clone());
        if let Some(info) = &mut event.attempt {
            info.disposition = Some(Disposition::Answered);
            info.ring_ms = Some(ring_ms);
        }
        call.emit(event);
        // From here on the winner's end is a failure of the group, should the caller not be
        // answered in time; the others are over.
        attempt.state = State::Over(Cause::local(Disposition::Canceled));
        for other in 0..self.attempts.len() {
            match self.state(other) {
                Some(State::Calling { leg, .. }) => {
                    call.hangup(leg, EndCause::AnsweredElsewhere);
                    self.over(call, other, Cause::local(Disposition::AnsweredElsewhere));
                }
                Some(State::Waiting(_)) => self.stopped = true,
                _ => {}
            }
        }
        if call.caller_answered() {
            return bridge(call, leg, member);
        }
        call.command(Command::Answer { leg: LegId::CALLER });
        self.winner = Some((leg, member));
        self.deadline = call.after(PATIENCE);
        Flow::Stay
    }

    /// Notes that an attempt ended without an answer.
    fn over(&mut self, call: &mut Call, index: usize, cause: Cause) {
        let Some(attempt) = self.attempts.get_mut(index) else {
            return;
        };
        let State::Calling { n, since, .. } = attempt.state else {
            return;
        };
        attempt.state = State::Over(cause);
        let member = attempt.candidate.member.clone();
        let in_turn = matches!(attempt.candidate.start, Start::WhenPreviousEnds);
        if in_turn && !cause.tries_next() {
            self.stopped = true;
        }
        let mut event = attempt_event(call, EventKind::AttemptResult, n, member.clone());
        if let Some(info) = &mut event.attempt {
            info.disposition = Some(cause.disposition);
            info.sip_code = cause.sip_code;
            info.q850 = cause.q850;
            info.ring_ms = Some(call.elapsed_ms(since));
        }
        call.emit(event);
        call.note(if cause.disposition == Disposition::AnsweredElsewhere {
            Note::MemberCancelled { member }
        } else {
            Note::MemberFailed { member, cause }
        });
    }

    fn give_up(&mut self, call: &mut Call) -> Flow {
        if let Some(play) = self.ringback.take() {
            call.stop_play(play);
        }
        let disposition = self.disposition();
        let why = format!("nobody answered: {disposition}");
        Flow::failed_on(&self.on, disposition, why)
    }

    /// What the group's end means: the most hopeful of its members' ends.
    fn disposition(&self) -> Disposition {
        const HOPEFUL_FIRST: [Disposition; 7] = [
            Disposition::NoAnswer,
            Disposition::Busy,
            Disposition::Declined,
            Disposition::Congestion,
            Disposition::Unreachable,
            Disposition::InvalidNumber,
            Disposition::Canceled,
        ];
        let rank = |disposition: Disposition| {
            HOPEFUL_FIRST
                .iter()
                .position(|known| *known == disposition)
                .unwrap_or(HOPEFUL_FIRST.len())
        };
        self.attempts
            .iter()
            .filter_map(|attempt| match attempt.state {
                State::Over(cause) => Some(cause.disposition),
                _ => None,
            })
            .min_by_key(|disposition| rank(*disposition))
            .unwrap_or(Disposition::Failed)
    }
}

/// A leg that ended before it was answered did not end by normal clearing.
fn unanswered(mut cause: Cause) -> Cause {
    if cause.disposition == Disposition::Answered {
        cause.disposition = Disposition::Failed;
    }
    cause
}

fn attempt_event(call: &Call, kind: EventKind, n: u32, member: String) -> Event {
    let mut event = call.event_now(kind);
    event.attempt = Some(AttemptInfo {
        n,
        member,
        disposition: None,
        sip_code: None,
        q850: None,
        ring_ms: None,
    });
    event
}

fn bridge(call: &mut Call, winner: LegId, member: String) -> Flow {
    // The winner may have hung up while the caller was being answered.
    if call.leg(winner) != LegState::Answered {
        return Flow::failed(Disposition::Canceled, "the called party hung up at once");
    }
    Flow::Switch(Box::new(Step::Bridged(Bridged::begin(
        call, winner, member,
    ))))
}
