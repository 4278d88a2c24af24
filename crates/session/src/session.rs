//! The two doors of a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use callroute_media::{EndCause, LegId, Notice};
use callroute_rules::{Engine, Fact, Facts, Outcome};
use callroute_schema::{Disposition, Event, EventKind};

use crate::call::{Call, kinds};
use crate::effect::Effect;
use crate::input::{Input, Now};
use crate::note::Note;
use crate::program::{Flow, Next, Program};
use crate::step::{Ending, Reply, Step};

/// One call. It keeps the table that it began with.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use callroute_rules::{ChronoTz, load};
/// use callroute_schema::{Address, CallId, Caller, Event};
/// use callroute_session::{Effect, Input, Now, Session};
///
/// let table = "version: 1\ndefault: { action: voicemail, message: general }\n";
/// let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz)?);
/// let time = "2026-04-21T14:32:00Z".parse::<chrono::DateTime<chrono::FixedOffset>>()?;
/// let event = Event::incoming_call(
///     CallId::new("c1")?,
///     Caller::Known(Address::new("+14155550123")?),
///     Address::new("+13146523057")?,
///     time,
/// );
/// let now = Now { utc: time.to_utc(), mono: Duration::ZERO };
/// let mut session = Session::new(engine, event, now);
/// let effects: Vec<Effect> = session.handle(now, Input::Start).collect();
/// assert!(effects.iter().any(|effect| matches!(effect,
///     Effect::Media(callroute_media::Command::Answer { .. }))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    call: Call,
    program: Program,
    step: Step,
}

impl Session {
    /// A call that has come in. Its first input is [`Input::Start`].
    #[must_use]
    pub fn new(engine: Arc<Engine>, event: Event, now: Now) -> Self {
        Self {
            call: Call::new(engine, event, now),
            program: Program::default(),
            step: Step::New,
        }
    }

    /// Takes one input and gives what is to be done. After [`Effect::Done`] nothing follows.
    pub fn handle(&mut self, now: Now, input: Input) -> Effects<'_> {
        // A clock that steps back would make timers early; it is held instead.
        let mono = now.mono.max(self.call.now.mono);
        self.call.now = Now { mono, ..now };
        match input {
            Input::Start => self.start(),
            Input::Media(notice) => self.on_notice(&notice),
            Input::Answered { ask, actions } => {
                let flow = self
                    .step
                    .on_reply(&mut self.call, ask, Reply::Answer(actions));
                self.go_on(flow);
            }
            Input::AskFailed { ask, failure } => {
                let flow = self
                    .step
                    .on_reply(&mut self.call, ask, Reply::Failure(failure));
                self.go_on(flow);
            }
            Input::Wake => self.wake(),
            Input::Shutdown => self.end(EndCause::Shutdown, "the router stops".to_owned()),
        }
        Effects { session: self }
    }

    /// When [`Input::Wake`] is wanted, on the clock of [`Now::mono`]; `None` once the call is
    /// over.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.step.deadline()
    }

    /// Whether the call is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.step, Step::Done)
    }

    /// The call as it came in, with what was pressed since.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.call.event
    }

    fn start(&mut self) {
        if !matches!(self.step, Step::New) {
            return;
        }
        let call = &mut self.call;
        call.note(Note::Incoming {
            from: call.event.from.clone(),
            to: call.event.to.to_string(),
        });
        let engine = call.engine.clone();
        let mut facts = Facts::default();
        let decision = loop {
            match engine.decide(&call.event, &facts) {
                Outcome::Decided(decision) => break decision,
                // Nobody is asked yet, so it could not be had: rules say what then.
                Outcome::Need(lookup) => {
                    call.note(Note::Missing {
                        fact: lookup.to_string(),
                    });
                    facts.add(lookup, Fact::Missing);
                }
            }
        };
        call.note(Note::Decided {
            rule: decision.rule(),
            actions: kinds(decision.actions()),
        });
        let event = call.event_now(EventKind::RoutingDecided);
        call.emit(event);
        let next = if decision.id().is_none() {
            let why = "no rule holds".to_owned();
            self.program.take_default(call, Disposition::Failed, why)
        } else {
            self.program.replace(decision.actions().iter().cloned());
            self.program.after_done(call)
        };
        self.follow(next);
    }

    fn on_notice(&mut self, notice: &Notice) {
        match notice {
            Notice::LegAnswered { leg } => self.call.leg_answered(*leg),
            Notice::PlaySubstituted { wanted, reason, .. } => {
                self.call.note(Note::Substituted {
                    wanted: wanted.clone(),
                    reason: reason.clone(),
                });
            }
            Notice::LegEnded { leg, .. } => {
                if !self.call.leg_ended(*leg) {
                    return;
                }
                if *leg == LegId::CALLER {
                    return self.caller_gone();
                }
            }
            _ => {}
        }
        let flow = self.step.on_notice(&mut self.call, notice);
        self.go_on(flow);
        self.finish_if_over();
    }

    fn caller_gone(&mut self) {
        if !matches!(self.step, Step::Ending(_) | Step::Done) {
            self.call.note(Note::CallerGone);
        }
        self.end(EndCause::Normal, "the caller is gone".to_owned());
    }

    fn wake(&mut self) {
        let due = matches!(&self.step, Step::Ending(step) if self.call.is_due(step.deadline()));
        if due {
            // A leg's end was lost; the driver drops the line, which ends what is left.
            return self.done();
        }
        let flow = self.step.on_wake(&mut self.call);
        self.go_on(flow);
    }

    /// Follows a step's word until the call waits again.
    fn go_on(&mut self, flow: Flow) {
        if matches!(self.step, Step::Ending(_) | Step::Done) {
            return;
        }
        let next = match flow {
            Flow::Stay => return,
            Flow::Switch(step) => {
                self.step = *step;
                return;
            }
            other => self.next(other),
        };
        self.follow(next);
    }

    fn next(&mut self, flow: Flow) -> Next {
        let call = &mut self.call;
        match flow {
            Flow::Next | Flow::Stay | Flow::Switch(_) => self.program.after_done(call),
            Flow::Failed { disposition, why } => self.program.after_failed(call, disposition, why),
            Flow::Become(actions) => {
                let engine = call.engine.clone();
                match engine.resolve(&actions) {
                    Ok(resolved) => {
                        self.program.replace(resolved);
                        self.program.after_done(call)
                    }
                    Err(unknown) => {
                        let why = unknown.to_string();
                        self.program.after_failed(call, Disposition::Failed, why)
                    }
                }
            }
            Flow::End { cause, why } => Next::End { cause, why },
        }
    }

    fn follow(&mut self, mut next: Next) {
        loop {
            let action = match next {
                Next::Action(action) => action,
                Next::End { cause, why } => return self.end(cause, why),
            };
            let (step, flow) = Step::begin(&mut self.call, action);
            next = match flow {
                Flow::Stay => {
                    self.step = step;
                    return;
                }
                Flow::Switch(step) => {
                    self.step = *step;
                    return;
                }
                other => self.next(other),
            };
        }
    }

    /// Ends every leg and waits for their ends.
    fn end(&mut self, cause: EndCause, why: String) {
        if matches!(self.step, Step::Ending(_) | Step::Done) {
            return self.finish_if_over();
        }
        self.step.abandon(&mut self.call);
        self.call.note(Note::Ending { why });
        let others = match cause {
            EndCause::Shutdown => EndCause::Shutdown,
            _ => EndCause::Normal,
        };
        self.call.hangup_others(others);
        self.call.hangup(LegId::CALLER, cause);
        self.step = Step::Ending(Ending::begin(&self.call));
        self.finish_if_over();
    }

    fn finish_if_over(&mut self) {
        if matches!(self.step, Step::Ending(_)) && self.call.all_ended() {
            self.done();
        }
    }

    fn done(&mut self) {
        self.step = Step::Done;
        let call = &mut self.call;
        let event = call.event_now(EventKind::CallCompleted);
        call.emit(event);
        let duration_ms = call.elapsed_ms(call.started);
        call.note(Note::Ended { duration_ms });
        call.effects.push_back(Effect::Done);
    }
}

/// The effects of one input, in order. They borrow the session, so that they are taken before
/// the next input; what is not taken stays for the next time.
#[must_use = "effects that are not taken are not done"]
pub struct Effects<'a> {
    session: &'a mut Session,
}

impl Iterator for Effects<'_> {
    type Item = Effect;

    fn next(&mut self) -> Option<Effect> {
        self.session.call.effects.pop_front()
    }
}

impl fmt::Debug for Effects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects").finish_non_exhaustive()
    }
}
