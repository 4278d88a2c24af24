//! One attempt to reach a member, from its turn to its end.

use std::time::Duration;

use callroute_media::{Ability, Command, EndCause, HOPS, LegId, PlayId, Sound};
use callroute_schema::{
    Address, AttemptInfo, AttemptRecord, Caller, CallerId, Cause, Confirm, Digit, Disposition,
    Event, EventKind,
};

use super::candidate::{Order, prompt_sound};
use super::{Ringing, Rung};
use crate::call::Call;
use crate::note::Note;

/// How long a member may take to confirm, after each time it was asked.
pub(crate) const CONFIRM: Duration = Duration::from_secs(10);
/// How often it is asked.
const ASKED: u32 = 2;

/// One attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Which candidate.
    pub(super) index: usize,
    pub(super) ring: Duration,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    /// Its turn comes at this instant.
    Waiting(Duration),
    /// Its phone is being called.
    Calling {
        leg: LegId,
        n: u32,
        since: Duration,
        until: Duration,
        rings: bool,
    },
    /// It answered, and is asked to press a key.
    Confirming {
        leg: LegId,
        n: u32,
        since: Duration,
        play: Option<PlayId>,
        asked: u32,
        until: Duration,
    },
    /// It is over, or has won.
    Over,
}

impl Attempt {
    /// Its turn has come.
    pub(super) fn is_due(&self, call: &Call) -> bool {
        matches!(self.state, State::Waiting(at) if call.is_due(at))
    }

    /// It is not over.
    pub(super) fn is_pending(&self) -> bool {
        !matches!(self.state, State::Over)
    }

    pub(super) fn leg(&self) -> Option<LegId> {
        self.called().map(|(leg, _)| leg)
    }

    /// Its leg and its number.
    pub(super) fn called(&self) -> Option<(LegId, u32)> {
        match self.state {
            State::Calling { leg, n, .. } | State::Confirming { leg, n, .. } => Some((leg, n)),
            State::Waiting(_) | State::Over => None,
        }
    }

    /// It ends earlier by so much.
    pub(super) fn shorten(&mut self, by: Duration) {
        self.ring = self.ring.saturating_sub(by);
        if let State::Calling { until, .. } = &mut self.state {
            *until = until.saturating_sub(by);
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Waiting(until)
            | State::Calling { until, .. }
            | State::Confirming { until, .. } => Some(until),
            State::Over => None,
        }
    }
}

impl Ringing {
    /// Its turn has come.
    pub(super) fn start(&mut self, call: &mut Call, index: usize) {
        let Some(attempt) = self.attempts.get(index) else {
            return;
        };
        let (member, ring) = (attempt.index, attempt.ring);
        let Some(candidate) = self.spec.candidates.get(member) else {
            return self.skip(index, Disposition::InvalidNumber);
        };
        let Some(to) = candidate.target.clone() else {
            return self.skip(index, Disposition::InvalidNumber);
        };
        if candidate.confirm.is_some() && call.cannot(Ability::Play, "asking to press a key") {
            return self.skip(index, Disposition::ConfirmFailed);
        }
        let (from, from_name) = shown(call, candidate.caller_id.as_ref());
        let mut headers = call.headers.clone();
        headers.extend(candidate.headers.clone());
        // Nobody else counts, however the name is written.
        headers.retain(|name, _| !name.eq_ignore_ascii_case(HOPS));
        headers.insert(HOPS.to_owned(), (hops(&call.event) + 1).to_string());
        let member = candidate.member.clone();
        let leg = match self.spec.calls_back {
            true => call.caller_leg(),
            false => call.new_leg(),
        };
        self.tried = true;
        call.attempts += 1;
        let n = call.attempts;
        let since = call.now.mono;
        let until = call.after(ring);
        if let Some(attempt) = self.attempts.get_mut(index) {
            attempt.state = State::Calling {
                leg,
                n,
                since,
                until,
                rings: false,
            };
        }
        call.note(Note::Dialing {
            leg,
            member: member.clone(),
        });
        let event = attempt_event(call, EventKind::AttemptStarted, n, member);
        call.emit(event);
        call.command(Command::Dial {
            leg,
            to,
            from,
            from_name,
            headers,
        });
    }

    /// It is over before it began.
    pub(super) fn skip(&mut self, index: usize, disposition: Disposition) {
        if let Some(attempt) = self.attempts.get_mut(index) {
            attempt.state = State::Over;
            self.gone.push(attempt.index);
            self.causes.push(disposition);
        }
    }

    pub(super) fn rings(&mut self, call: &mut Call, index: usize) {
        let Some(attempt) = self.attempts.get_mut(index) else {
            return;
        };
        let State::Calling { rings, .. } = &mut attempt.state else {
            return;
        };
        if std::mem::replace(rings, true) {
            return;
        }
        let index = attempt.index;
        let member = self.name(index);
        call.note(Note::Ringing { member });
        let event = call.event_now(EventKind::CallRinging);
        call.emit(event);
    }

    /// It sends sound before it answers.
    pub(super) fn early(&mut self, call: &mut Call, leg: LegId) {
        if self.spec.relay
            && !call.settings.cannot.contains(&Ability::EarlyMedia)
            && !self.relayed
            && call.leg(LegId::CALLER) == crate::call::LegState::Early
        {
            self.relayed = true;
            call.command(Command::Early {
                leg: LegId::CALLER,
                from: leg,
            });
        }
    }

    pub(super) fn answered(&mut self, call: &mut Call, index: usize) -> Rung {
        let Some(attempt) = self.attempts.get(index) else {
            return Rung::On;
        };
        let State::Calling { leg, n, since, .. } = attempt.state else {
            return Rung::On;
        };
        let member = self.name(attempt.index);
        let confirm = self
            .spec
            .candidates
            .get(attempt.index)
            .and_then(|candidate| candidate.confirm.clone());
        let ring_ms = call.elapsed_ms(since);
        call.note(Note::MemberAnswered { member, ring_ms });
        match confirm {
            None => self.takes(call, index),
            Some(confirm) => {
                let play = call.play_to(leg, confirm_sound(&confirm));
                self.set(
                    index,
                    State::Confirming {
                        leg,
                        n,
                        since,
                        play: Some(play),
                        asked: 1,
                        until: call.after(CONFIRM * 3),
                    },
                );
                self.go_on(call)
            }
        }
    }

    /// The member has the call.
    fn takes(&mut self, call: &mut Call, index: usize) -> Rung {
        let Some(attempt) = self.attempts.get(index) else {
            return Rung::On;
        };
        let (State::Calling { n, since, .. } | State::Confirming { n, since, .. }) = attempt.state
        else {
            return Rung::On;
        };
        let member = self.name(attempt.index);
        result(call, n, member, since, Cause::local(Disposition::Answered));
        self.wins(call, index)
    }

    pub(super) fn pressed(&mut self, call: &mut Call, index: usize, digit: Digit) -> Rung {
        let Some(attempt) = self.attempts.get(index) else {
            return Rung::On;
        };
        let State::Confirming { leg, play, .. } = attempt.state else {
            return Rung::On;
        };
        let wanted = self
            .spec
            .candidates
            .get(attempt.index)
            .and_then(|candidate| candidate.confirm.as_ref()?.digit)
            .map_or('1', Digit::as_char);
        if let Some(play) = play {
            call.stop_play_to(leg, play);
        }
        if digit.as_char() == wanted {
            let member = self.name(attempt.index);
            call.note(Note::Confirmed { member });
            return self.takes(call, index);
        }
        self.refused(call, index);
        self.go_on(call)
    }

    /// It was asked; the key is waited for.
    pub(super) fn prompted(&mut self, call: &Call, index: usize, ended: PlayId) {
        let after = call.after(CONFIRM);
        if let Some(Attempt {
            state: State::Confirming { play, until, .. },
            ..
        }) = self.attempts.get_mut(index)
            && *play == Some(ended)
        {
            *play = None;
            *until = after;
            self.deadline = self.deadline.min(after);
        }
    }

    /// Its time may be over.
    pub(super) fn time_out(&mut self, call: &mut Call, index: usize) {
        let Some(attempt) = self.attempts.get(index) else {
            return;
        };
        match attempt.state {
            State::Calling { until, .. } if call.is_due(until) => {
                self.give_up(call, index, EndCause::NoAnswer, Disposition::NoAnswer);
            }
            State::Confirming {
                leg,
                n,
                since,
                asked,
                until,
                ..
            } if call.is_due(until) => {
                if asked >= ASKED {
                    return self.refused(call, index);
                }
                let confirm = self
                    .spec
                    .candidates
                    .get(attempt.index)
                    .and_then(|candidate| candidate.confirm.clone());
                let play = confirm.map(|confirm| call.play_to(leg, confirm_sound(&confirm)));
                self.set(
                    index,
                    State::Confirming {
                        leg,
                        n,
                        since,
                        play,
                        asked: asked + 1,
                        until: call.after(CONFIRM * 3),
                    },
                );
            }
            _ => {}
        }
    }

    /// A machine answered, or somebody who does not want the call.
    fn refused(&mut self, call: &mut Call, index: usize) {
        self.give_up(call, index, EndCause::Normal, Disposition::ConfirmFailed);
    }

    /// Ends an attempt that is not over.
    pub(super) fn give_up(
        &mut self,
        call: &mut Call,
        index: usize,
        end: EndCause,
        disposition: Disposition,
    ) {
        let Some(attempt) = self.attempts.get(index) else {
            return;
        };
        match attempt.leg() {
            Some(leg) => {
                call.hangup(leg, end);
                self.over(call, index, Cause::local(disposition));
            }
            // Its turn has not come: whoever kept it for this caller does so no more.
            None if attempt.is_pending() => {
                self.gone.push(attempt.index);
                self.set(index, State::Over);
            }
            None => {}
        }
    }

    /// Notes that an attempt ended without an answer.
    pub(super) fn over(&mut self, call: &mut Call, index: usize, mut cause: Cause) {
        let Some(attempt) = self.attempts.get(index) else {
            return;
        };
        let (n, since) = match attempt.state {
            State::Calling { n, since, .. } => (n, since),
            State::Confirming { n, since, .. } => {
                if cause.disposition == Disposition::Failed {
                    cause.disposition = Disposition::ConfirmFailed;
                }
                (n, since)
            }
            State::Waiting(_) | State::Over => return,
        };
        let candidate = attempt.index;
        self.set(index, State::Over);
        self.gone.push(candidate);
        self.causes.push(cause.disposition);
        let member = self.name(candidate);
        if let Order::Planned(plan) = &self.spec.order
            && !plan.goes_on(cause.disposition, !cause.tries_next())
            && cause.disposition != Disposition::AnsweredElsewhere
        {
            self.stopped = true;
        }
        result(call, n, member.clone(), since, cause);
        call.note(if cause.disposition == Disposition::AnsweredElsewhere {
            Note::MemberCancelled { member }
        } else {
            Note::MemberFailed { member, cause }
        });
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(attempt) = self.attempts.get_mut(index) {
            attempt.state = state;
        }
    }
}

/// How often the call was forwarded before it came to us.
pub(crate) fn hops(event: &Event) -> u32 {
    callroute_media::hops(&event.headers).unwrap_or(0)
}

/// What a member sees of the caller.
fn shown(call: &Call, policy: Option<&CallerId>) -> (Caller, Option<String>) {
    match policy {
        Some(CallerId::Dialed) => (Caller::Known(call.event.to.clone()), None),
        Some(CallerId::Anonymous) => (Caller::Withheld, None),
        Some(CallerId::Number(number)) => match Address::new(number.as_str()) {
            Ok(address) => (Caller::Known(address), None),
            Err(_) => (Caller::Withheld, None),
        },
        _ => (call.event.from.clone(), call.event.from_name.clone()),
    }
}

fn confirm_sound(confirm: &Confirm) -> Sound {
    match &confirm.prompt {
        Some(prompt) => prompt_sound(prompt.clone()),
        None => Sound::Speech {
            text: format!(
                "You have a call. To take it, press {}.",
                confirm.digit.map_or('1', Digit::as_char)
            ),
            language: None,
            voice: None,
        },
    }
}

/// An attempt's result, as event and for the call's record.
fn result(call: &mut Call, n: u32, member: String, since: Duration, cause: Cause) {
    let ring_ms = call.elapsed_ms(since);
    let began =
        call.timestamp() - chrono::TimeDelta::milliseconds(i64::try_from(ring_ms).unwrap_or(0));
    call.ledger.attempt(
        AttemptRecord {
            n,
            member: member.clone(),
            began,
            disposition: cause.disposition,
            sip_code: cause.sip_code,
            q850: cause.q850,
            ring_ms,
            talk_ms: 0,
        },
        cause,
    );
    let mut event = attempt_event(call, EventKind::AttemptResult, n, member);
    if let Some(info) = &mut event.attempt {
        info.disposition = Some(cause.disposition);
        info.sip_code = cause.sip_code;
        info.q850 = cause.q850;
        info.ring_ms = Some(ring_ms);
    }
    call.emit(event);
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
