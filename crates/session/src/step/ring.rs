//! Ringing members until one has taken the call: waves, ring times, confirmation, whisper.
//!
//! A part of the steps that call somebody (forward, queue, transfer); it knows nothing of the
//! caller but who it is.

mod attempt;
mod candidate;
mod judge;
mod who;

use std::time::Duration;

use callroute_media::{EndCause, LegId, Notice, PlayEnd, PlayId};
use callroute_rules::waves::Onward;
use callroute_schema::{Cause, Disposition};

#[cfg(test)]
pub(crate) use self::attempt::CONFIRM;
pub(crate) use self::attempt::hops;
use self::attempt::{Attempt, State};
pub(crate) use self::candidate::{Spec, prompt_sound, single, target};
use self::judge::{Known, Turn};
pub(crate) use self::who::{counted_as, has_state, takers, who};
use super::ends;
use super::play::ended;
use crate::call::Call;

/// How long a whisper may take.
pub(crate) const WHISPER: Duration = Duration::from_secs(30);
/// How long a round takes at least before the next: phones that are all busy would be called as
/// often as `repeats` says within the blink of an eye, and be busy still.
pub(crate) const ROUND: Duration = Duration::from_secs(5);
/// Most attempts of one call; beyond, nobody else is called.
const MAX_ATTEMPTS: u32 = 1_000;

/// What came of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rung {
    /// It goes on.
    On,
    /// A member has taken the call, and hears nothing any more.
    Won(Winner),
    /// Nobody is left.
    Lost,
}

/// The member that has taken the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Winner {
    pub(crate) leg: LegId,
    pub(crate) member: String,
    /// By which name its calls are counted.
    pub(crate) who: String,
    pub(crate) index: usize,
    pub(crate) attempt: u32,
}

#[derive(Debug)]
pub(crate) struct Ringing {
    spec: Spec,
    attempts: Vec<Attempt>,
    wave: usize,
    round: u32,
    round_began: Duration,
    /// When the next round begins, where this one was over too early.
    resumes: Option<Duration>,
    /// Somebody was called in this round, or left out who may be free soon.
    tried: bool,
    wave_began: Duration,
    /// How many of this wave are not left out.
    wave_left: usize,
    known: Known,
    /// Why members were left out.
    left_out: Vec<Disposition>,
    /// A member said that trying others is pointless.
    stopped: bool,
    /// The member that has taken the call, while it hears the whisper.
    whispering: Option<(Winner, PlayId, Duration)>,
    /// Somebody's early sound is passed on already.
    relayed: bool,
    causes: Vec<Disposition>,
    /// Who did not answer, or was not rung after all, since this was last asked.
    gone: Vec<usize>,
    deadline: Duration,
}

impl Ringing {
    pub(crate) fn begin(call: &mut Call, mut spec: Spec) -> (Self, Rung) {
        let states = std::mem::take(&mut spec.states);
        let mut ringing = Self {
            known: Known::new(states, call.now.mono),
            round_began: call.now.mono,
            resumes: None,
            tried: false,
            wave_left: 0,
            left_out: Vec::new(),
            spec,
            attempts: Vec::new(),
            wave: 0,
            round: 0,
            wave_began: call.now.mono,
            stopped: false,
            whispering: None,
            relayed: false,
            causes: Vec::new(),
            gone: Vec::new(),
            deadline: call.now.mono,
        };
        ringing.next_wave(call, 0);
        let rung = ringing.go_on(call);
        (ringing, rung)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Who did not answer since this was last asked.
    pub(crate) fn take_gone(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.gone)
    }

    pub(crate) fn wrap_up_ms(&self) -> u64 {
        self.spec.wrap_up_ms
    }

    /// Ends whatever rings.
    pub(crate) fn abandon(&mut self, call: &mut Call) {
        for index in 0..self.attempts.len() {
            self.give_up(call, index, call.others_end, Disposition::Canceled);
        }
        if let Some((winner, _, _)) = self.whispering.take() {
            call.hangup(winner.leg, call.others_end);
        }
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Rung {
        if let Some((winner, play, _)) = &self.whispering {
            if ends(notice, winner.leg) {
                self.gone.push(winner.index);
                self.whispering = None;
                self.causes.push(Disposition::Canceled);
                return Rung::Lost;
            }
            return match ended(notice, *play) {
                // Nobody stopped it: the leg is about to end, which is told next.
                None | Some(PlayEnd::Stopped) => Rung::On,
                Some(_) => self.heard(),
            };
        }
        let Some(index) = self.of_leg(notice.leg()) else {
            return Rung::On;
        };
        match notice {
            Notice::LegRinging { .. } => self.rings(call, index),
            Notice::EarlyMedia { leg } => self.early(call, *leg),
            Notice::LegAnswered { .. } => return self.answered(call, index),
            Notice::LegEnded { cause, .. } => {
                self.over(call, index, unanswered(*cause));
                return self.go_on(call);
            }
            Notice::Digit { digit, .. } => return self.pressed(call, index, *digit),
            Notice::PlayEnded { play, .. } => self.prompted(call, index, *play),
            _ => {}
        }
        Rung::On
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Rung {
        if !call.is_due(self.deadline) {
            return Rung::On;
        }
        if let Some((winner, play, _)) = &self.whispering {
            call.stop_play_to(winner.leg, *play);
            return self.heard();
        }
        self.known.time_out(call);
        for index in 0..self.attempts.len() {
            self.time_out(call, index);
        }
        self.go_on(call)
    }

    /// What the end of all means: the most hopeful of the members' ends.
    pub(crate) fn disposition(&self) -> Disposition {
        const HOPEFUL_FIRST: [Disposition; 8] = [
            Disposition::NoAnswer,
            Disposition::Busy,
            Disposition::ConfirmFailed,
            Disposition::Declined,
            Disposition::Congestion,
            Disposition::Unreachable,
            Disposition::InvalidNumber,
            Disposition::Canceled,
        ];
        let rank = |disposition: &Disposition| {
            HOPEFUL_FIRST
                .iter()
                .position(|known| known == disposition)
                .unwrap_or(HOPEFUL_FIRST.len())
        };
        let most_hopeful = |all: &[Disposition]| all.iter().copied().min_by_key(rank);
        // Where everybody was left out: whoever is busy may be free later.
        most_hopeful(&self.causes)
            .or_else(|| most_hopeful(&self.left_out))
            .unwrap_or(Disposition::Failed)
    }

    fn of_leg(&self, leg: LegId) -> Option<usize> {
        self.attempts
            .iter()
            .position(|attempt| attempt.leg() == Some(leg))
    }

    /// Plans the members of a wave; whether there is such a wave.
    fn next_wave(&mut self, call: &Call, wave: usize) -> bool {
        let Some(rings) = self.spec.order.wave(wave) else {
            return false;
        };
        self.wave = wave;
        self.wave_began = call.now.mono;
        self.attempts.retain(Attempt::is_pending);
        self.wave_left = rings.len();
        for ring in rings {
            self.attempts.push(Attempt {
                index: ring.member,
                ring: ring.ring,
                state: State::Waiting(call.after(ring.after)),
            });
        }
        true
    }

    /// Begins the next wave or round when this one's time is over; whether there was one.
    fn turn_over(&mut self, call: &Call) -> bool {
        let step = match self.spec.order.onward() {
            Onward::AllEnded => None,
            Onward::After(step) => Some(self.wave_began.saturating_add(step)),
        };
        let all_over = !self.attempts.iter().any(Attempt::is_pending);
        let over = all_over || self.wave_left == 0 || step.is_some_and(|at| call.is_due(at));
        if self.stopped || !over {
            return false;
        }
        if self.next_wave(call, self.wave + 1) {
            return true;
        }
        all_over && self.next_round(call)
    }

    /// Begins the next round, or has it begin later; whether it has begun.
    fn next_round(&mut self, call: &Call) -> bool {
        self.resumes = None;
        if self.round + 1 >= self.spec.order.rounds() || !self.tried {
            return false;
        }
        let earliest = self.round_began.saturating_add(ROUND);
        if !call.is_due(earliest) {
            self.resumes = Some(earliest);
            return false;
        }
        self.round += 1;
        self.round_began = call.now.mono;
        self.tried = false;
        self.next_wave(call, 0)
    }

    /// Starts whose turn it is, and sets the next deadline; gives up when nobody is left.
    fn go_on(&mut self, call: &mut Call) -> Rung {
        loop {
            for index in 0..self.attempts.len() {
                let member = match self.attempts.get(index) {
                    Some(attempt) if attempt.is_due(call) => attempt.index,
                    _ => continue,
                };
                match self.turn(call, member) {
                    Turn::Rings if call.attempts < MAX_ATTEMPTS => self.start(call, index),
                    Turn::Rings => self.skip(index, Disposition::Failed),
                    Turn::Waits => {}
                    Turn::LeftOut(why) => self.leave_out(index, why),
                }
            }
            if !self.turn_over(call) {
                break;
            }
        }
        if self.resumes.is_none() && !self.attempts.iter().any(Attempt::is_pending) {
            return Rung::Lost;
        }
        // Whose turn has come already waits for what is asked of it.
        let attempts = self.attempts.iter().filter(|attempt| !attempt.is_due(call));
        let mut next: Vec<Duration> = attempts.filter_map(Attempt::deadline).collect();
        next.extend(self.resumes);
        next.extend(self.known.asking());
        if let Onward::After(step) = self.spec.order.onward()
            && !self.stopped
            && self.spec.order.wave(self.wave + 1).is_some()
        {
            next.push(self.wave_began.saturating_add(step));
        }
        self.deadline = next.into_iter().min().unwrap_or(call.now.mono);
        Rung::On
    }

    /// The whisper is over: the caller may come.
    fn heard(&mut self) -> Rung {
        match self.whispering.take() {
            Some((winner, _, _)) => Rung::Won(winner),
            None => Rung::Lost,
        }
    }

    /// A member has taken the call: the others are over.
    fn wins(&mut self, call: &mut Call, index: usize) -> Rung {
        let Some((leg, n)) = self.attempts.get(index).and_then(Attempt::called) else {
            return Rung::On;
        };
        let Some(attempt) = self.attempts.get_mut(index) else {
            return Rung::On;
        };
        attempt.state = State::Over;
        let member = attempt.index;
        let winner = Winner {
            leg,
            member: self.name(member),
            who: self.who(member),
            index: member,
            attempt: n,
        };
        for other in 0..self.attempts.len() {
            self.give_up(
                call,
                other,
                EndCause::AnsweredElsewhere,
                Disposition::AnsweredElsewhere,
            );
        }
        match self.spec.whisper.clone() {
            Some(whisper) => {
                let play = call.play_to(leg, prompt_sound(whisper));
                self.deadline = call.after(WHISPER);
                self.whispering = Some((winner, play, self.deadline));
                Rung::On
            }
            None => Rung::Won(winner),
        }
    }

    fn who(&self, member: usize) -> String {
        let candidate = self.spec.candidates.get(member);
        candidate
            .map(|candidate| candidate.who.clone())
            .unwrap_or_default()
    }

    fn name(&self, member: usize) -> String {
        self.spec
            .candidates
            .get(member)
            .map(|candidate| candidate.member.clone())
            .unwrap_or_default()
    }
}

/// A leg that ended before it was answered did not end by normal clearing.
fn unanswered(mut cause: Cause) -> Cause {
    if cause.disposition == Disposition::Answered {
        cause.disposition = Disposition::Failed;
    }
    cause
}
