//! The two doors of a call.

mod push;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use callroute_media::{EndCause, LegId, Notice};
use callroute_rules::Engine;
use callroute_schema::{Actions, Disposition, EndedBy, Event, EventKind, RecordingRecord};

use crate::call::Call;
use crate::effect::Effect;
use crate::input::{Input, Now};
use crate::note::Note;
use crate::program::{Flow, Next, Program};
use crate::settings::Settings;
use crate::shared::{Callback, HubReply, HubRequest};
use crate::step::talk::refused;
use crate::step::{CallingBack, Deciding, Ending, Reply, Step, carried_on, voicemail};

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
        Self::with_settings(engine, event, now, Arc::default())
    }

    /// The same with other settings than the default.
    #[must_use]
    pub fn with_settings(
        engine: Arc<Engine>,
        event: Event,
        now: Now,
        settings: Arc<Settings>,
    ) -> Self {
        Self {
            call: Call::new(engine, event, now, settings),
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
            Input::CallBack(callback) => self.call_back(callback),
            Input::Media(notice) => self.on_notice(&notice),
            Input::Answered {
                ask,
                actions,
                stood_in,
            } => {
                let reply = Reply::Answer(actions, stood_in);
                let flow = self.step.on_reply(&mut self.call, ask, reply);
                self.go_on(flow);
            }
            Input::AskFailed { ask, failure } => {
                let flow = self
                    .step
                    .on_reply(&mut self.call, ask, Reply::Failure(failure));
                self.go_on(flow);
            }
            Input::HubReply(shared) => self.on_shared(&shared),
            Input::Push { actions } => self.push(&actions),
            Input::Wake => self.wake(),
            Input::Shutdown => self.shut_down(),
        }
        Effects { session: self }
    }

    /// When [`Input::Wake`] is wanted, on the clock of [`Now::mono`]; `None` once the call is
    /// over.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let own = self.step.deadline()?;
        Some(self.call.farewell_deadline().map_or(own, |at| at.min(own)))
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
        let flow = Deciding::begin(call, None);
        self.decided(flow);
    }

    /// A caller that left a queue is called back.
    fn call_back(&mut self, callback: Box<Callback>) {
        if matches!(self.step, Step::New) {
            self.call.without_caller();
            self.step = CallingBack::begin(&mut self.call, callback);
        }
    }

    /// The table has decided, or waits for a fact.
    fn decided(&mut self, (step, flow): (Step, Flow)) {
        self.step = step;
        self.go_on(flow);
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
            Notice::PlayEnded { play, .. } => self.call.farewell_heard(*play),
            Notice::RecordEnded { .. } => self.recorded(notice),
            Notice::NotDone { deed, reason, .. } => self.call.note(Note::NotDone {
                deed: *deed,
                reason: reason.clone(),
            }),
            Notice::Diverted { leg, to } => self.call.note(Note::Diverted {
                leg: *leg,
                to: to.clone(),
            }),
            Notice::Sound { sound, .. } => {
                self.call.ledger.sound(sound.clone());
                return;
            }
            Notice::Dialog { leg, dialog } => {
                let (leg, dialog) = (*leg, dialog.clone());
                self.call.share(HubRequest::Dialog { leg, dialog });
            }
            // There is nobody whom it could send elsewhere, or it does so already.
            Notice::Refer { leg, to, .. } if !self.step.takes_refer(*leg) => {
                let (leg, to) = (*leg, to.to_string());
                if self.call.is_live(leg) {
                    self.call.note(Note::Refer { leg, to });
                    refused(&mut self.call, leg);
                }
                return;
            }
            Notice::LegEnded { leg, .. } => {
                if !self.call.leg_ended(*leg) {
                    return;
                }
                let by = match *leg {
                    // Who is not reached has not ended anything.
                    _ if matches!(self.step, Step::CallingBack(_)) => EndedBy::Router,
                    LegId::CALLER => EndedBy::Caller,
                    _ => EndedBy::Callee,
                };
                if *leg == LegId::CALLER && !self.step.minds_the_caller() {
                    return self.caller_gone(notice);
                }
                let flow = self.step.on_notice(&mut self.call, notice);
                if let Flow::End { why, .. } = &flow {
                    self.call.ledger.ends(by, why);
                    if by == EndedBy::Caller {
                        self.call.note(Note::CallerGone);
                    }
                }
                self.go_on(flow);
                return self.finish_if_over();
            }
            _ => {}
        }
        let flow = self.step.on_notice(&mut self.call, notice);
        self.go_on(flow);
        self.finish_if_over();
    }

    /// The recording that runs beside the steps may be over.
    fn recorded(&mut self, notice: &Notice) {
        let Notice::RecordEnded {
            recording,
            url,
            duration_ms,
            error,
            ..
        } = notice
        else {
            return;
        };
        let call = &mut self.call;
        let broken_off = call.tapes.iter().position(|(of, _)| of == recording);
        if let Some(index) = broken_off {
            let (_, voicemail) = call.tapes.swap_remove(index);
            return voicemail::left(call, voicemail.as_ref(), notice);
        }
        let Some(failed) = call.take_recording(*recording) else {
            return;
        };
        match url {
            Some(url) => {
                call.note(Note::CallRecorded {
                    url: url.clone(),
                    duration_ms: *duration_ms,
                });
                call.ledger.recording(RecordingRecord {
                    url: url.clone(),
                    duration_ms: *duration_ms,
                    mailbox: None,
                });
            }
            None => {
                let reason = error
                    .clone()
                    .unwrap_or_else(|| "no reason was given".to_owned());
                call.note(Note::RecordFailed {
                    reason: reason.clone(),
                });
                if let Some(actions) = failed {
                    self.instead(&actions, reason);
                }
            }
        }
    }

    /// Whatever the call was doing ends: it does this.
    fn instead(&mut self, actions: &Actions, why: String) {
        let call = &mut self.call;
        if matches!(self.step, Step::Ending(_) | Step::Done) || !call.is_live(LegId::CALLER) {
            return;
        }
        self.step.abandon(call);
        call.hangup_others(EndCause::Normal);
        call.why = why;
        // Until its first action has begun there is nothing that a notice could be for.
        self.step = Step::New;
        let next = self.become_these(actions);
        self.follow(next);
    }

    fn on_shared(&mut self, shared: &HubReply) {
        let flow = self.step.on_shared(&mut self.call, shared);
        self.go_on(flow);
        self.finish_if_over();
    }

    fn caller_gone(&mut self, notice: &Notice) {
        if !matches!(self.step, Step::Ending(_) | Step::Done) {
            self.call.note(Note::CallerGone);
            self.call.ledger.ends(EndedBy::Caller, "the caller hung up");
        }
        self.end(carried_on(notice), "the caller is gone".to_owned());
    }

    fn wake(&mut self) {
        let due = matches!(&self.step, Step::Ending(step) if self.call.is_due(step.deadline()));
        if due {
            // A leg's end was lost; the driver drops the line, which ends what is left.
            return self.done();
        }
        self.call.farewells_due();
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
            Flow::Failed { disposition, why } => {
                call.why.clone_from(&why);
                self.program.after_failed(call, disposition, why)
            }
            Flow::Become(actions) => self.become_these(&actions),
            Flow::Decided(actions, varies) => {
                self.program.replace_known(actions, varies);
                self.program.after_done(call)
            }
            Flow::Default(why) => self.program.take_default(call, Disposition::Failed, why),
            Flow::Branch { actions, why } => {
                call.why = why;
                self.become_these(&actions)
            }
            Flow::End { cause, why } => Next::End { cause, why },
        }
    }

    /// These take the place of all that was to come.
    fn become_these(&mut self, actions: &Actions) -> Next {
        let call = &mut self.call;
        match call.engine.resolve(actions) {
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

    /// The router stops. What it owes a caller is known elsewhere, for whoever goes on with it.
    fn shut_down(&mut self) {
        if let Step::CallingBack(step) = &self.step {
            step.put_off(&mut self.call);
        }
        self.end(EndCause::Shutdown, "the router stops".to_owned());
    }

    /// Ends every leg and waits for their ends.
    fn end(&mut self, cause: EndCause, why: String) {
        if matches!(self.step, Step::Ending(_) | Step::Done) {
            return self.finish_if_over();
        }
        let others = match cause {
            EndCause::Shutdown | EndCause::AnsweredElsewhere | EndCause::Cleared(_) => cause,
            _ => EndCause::Normal,
        };
        self.call.others_end = others;
        self.step.abandon(&mut self.call);
        self.call.ledger.ends(EndedBy::Router, &why);
        self.call.note(Note::Ending { why });
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
        let record = crate::ledger::record(call);
        call.effects.push_back(Effect::Record(Box::new(record)));
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

/// A call waits far longer than it acts: what its effects took is given back meanwhile.
impl Drop for Effects<'_> {
    fn drop(&mut self) {
        if self.session.call.effects.is_empty() {
            self.session.call.effects = VecDeque::new();
        }
    }
}

impl fmt::Debug for Effects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects").finish_non_exhaustive()
    }
}
