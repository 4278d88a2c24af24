//! What is pushed into a running call.

use callroute_media::{Ability, EndCause, LegId};
use callroute_schema::{Action, Actions, Disposition};

use super::Session;
use crate::call::{Call, kinds};
use crate::note::Note;
use crate::program::{Program, branch, filled};
use crate::step::talk::stop_recording;
use crate::step::{Step, Talk};

impl Session {
    /// Somebody wants the call to do something else from here on.
    pub(super) fn push(&mut self, actions: &Actions) {
        if matches!(self.step, Step::Ending(_) | Step::Done) {
            return;
        }
        let call = &mut self.call;
        let resolved = match call.engine.accept(actions) {
            Ok(resolved) => resolved,
            Err(refused) => {
                let why = refused.to_string();
                return call.note(Note::PushRefused { why });
            }
        };
        call.note(Note::Pushed {
            actions: kinds(&resolved),
        });
        let mut resolved = resolved.into_iter().peekable();
        if let Step::Talk(talk) = &mut self.step {
            while let Some(action) = resolved.next_if(|action| stays(call, action)) {
                beside(call, talk, action);
            }
            if resolved.peek().is_none() {
                return;
            }
        }
        self.step.abandon(call);
        call.hangup_others(EndCause::Normal);
        call.why = "pushed from outside".to_owned();
        if !call.is_live(LegId::CALLER) {
            // A conversation that goes on without its caller has nobody to do anything with.
            return self.end(EndCause::Normal, "told from outside".to_owned());
        }
        // Whatever the call has come through before, this gets its turn in full, and the default
        // after it: what was to be done when its recording fails is over, too.
        if let Some(running) = &mut self.call.running {
            running.failed = None;
        }
        self.program = Program::default();
        self.program.replace(resolved.collect());
        let next = self.program.after_done(&mut self.call);
        self.follow(next);
        self.finish_if_over();
    }
}

/// Whether an action leaves a conversation as it is.
fn stays(call: &Call, action: &Action) -> bool {
    match action {
        Action::Set(_) => true,
        // What cannot be recorded may have a branch, which the conversation gives way to.
        Action::Record(record) => {
            record.stop
                || branch(&record.on, Disposition::Failed).is_none()
                || !call.settings.cannot.contains(&Ability::Record)
        }
        _ => false,
    }
}

/// Does an action beside a conversation, if it can be filled in.
fn beside(call: &mut Call, talk: &mut Talk, action: Action) {
    let Ok(action) = filled(call, action, false) else {
        return;
    };
    match action {
        Action::Set(set) => {
            crate::step::note(call, set);
        }
        Action::Record(record) if record.stop => stop_recording(call),
        Action::Record(record) => talk.record(call, record),
        _ => {}
    }
}
