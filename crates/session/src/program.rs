//! The list of actions that is being done, and what follows when one ends.

use std::collections::VecDeque;

use callroute_media::EndCause;
use callroute_schema::{Action, ActionKind, Actions, Disposition, On, RejectCause, has_variables};

use crate::call::Call;
use crate::note::Note;

/// Most actions that one call may begin; a table or a webhook that sends a call in circles is
/// stopped there.
pub const MAX_ACTIONS_PER_CALL: u32 = 100;

/// What a step says after an input.
#[derive(Debug)]
pub(crate) enum Flow {
    /// It goes on.
    Stay,
    /// The action is done.
    Next,
    /// The action came to nothing, for this reason.
    Failed {
        disposition: Disposition,
        why: String,
    },
    /// These actions take the place of all that was to come.
    Become(Actions),
    /// The action came to nothing, and this is its branch for that.
    Branch { actions: Actions, why: String },
    /// What the table decided, with its targets followed, and whether it holds variables.
    Decided(Vec<Action>, bool),
    /// The file's default is taken, for this reason.
    Default(String),
    /// Another step takes its place within the same action.
    Switch(Box<crate::step::Step>),
    /// The call ends.
    End { cause: EndCause, why: String },
}

impl Flow {
    pub(crate) fn failed(disposition: Disposition, why: impl Into<String>) -> Self {
        Self::Failed {
            disposition,
            why: why.into(),
        }
    }

    /// The branch of an action's `on`, where it has one for this.
    pub(crate) fn failed_on(on: &On, disposition: Disposition, why: impl Into<String>) -> Self {
        let why = why.into();
        match branch(on, disposition) {
            Some(actions) => Self::Branch {
                actions: actions.clone(),
                why,
            },
            None => Self::failed(disposition, why),
        }
    }
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    Action(Action),
    End { cause: EndCause, why: String },
}

/// The actions still to do, with their variables as the table has them: each is filled in when it
/// begins.
#[derive(Debug, Default)]
pub(crate) struct Program {
    queue: VecDeque<Action>,
    /// Whether any of them holds variables.
    varies: bool,
    begun: u32,
    default_taken: bool,
}

impl Program {
    /// What is done from here on.
    pub(crate) fn replace(&mut self, actions: Vec<Action>) {
        let varies = has_variables(&actions);
        self.replace_known(actions, varies);
    }

    /// The same, where it is known whether any of it holds variables.
    pub(crate) fn replace_known(&mut self, actions: Vec<Action>, varies: bool) {
        self.queue = actions.into();
        self.varies = varies;
    }

    /// The next action after one that was done; at the list's end the call is over.
    pub(crate) fn after_done(&mut self, call: &mut Call) -> Next {
        match self.queue.pop_front() {
            Some(action) => self.begin(call, action),
            None => Next::End {
                cause: EndCause::Normal,
                why: "all actions are done".to_owned(),
            },
        }
    }

    /// The next action after one that came to nothing: the list goes on, then the file's
    /// default, and when that too came to nothing, the caller is told why.
    pub(crate) fn after_failed(
        &mut self,
        call: &mut Call,
        disposition: Disposition,
        why: String,
    ) -> Next {
        match self.queue.pop_front() {
            Some(action) => self.begin(call, action),
            None => self.take_default(call, disposition, why),
        }
    }

    /// The file's default, once.
    pub(crate) fn take_default(
        &mut self,
        call: &mut Call,
        disposition: Disposition,
        why: String,
    ) -> Next {
        if self.default_taken {
            return Next::End {
                cause: EndCause::Rejected(reject_cause(disposition)),
                why: format!("the default came to nothing too: {why}"),
            };
        }
        self.default_taken = true;
        call.note(Note::Default { why: why.clone() });
        call.why.clone_from(&why);
        let engine = call.engine.clone();
        match engine.resolve(engine.default_actions()) {
            Ok(actions) => {
                // Whatever came before, the default gets its turn in full.
                self.begun = 0;
                self.replace(actions);
                self.after_failed(call, disposition, why)
            }
            Err(unknown) => Next::End {
                cause: EndCause::Rejected(RejectCause::Congestion),
                why: unknown.to_string(),
            },
        }
    }

    fn begin(&mut self, call: &mut Call, action: Action) -> Next {
        self.begun += 1;
        if self.begun > MAX_ACTIONS_PER_CALL {
            self.queue.clear();
            let why =
                format!("{MAX_ACTIONS_PER_CALL} actions were begun; the routing goes in circles");
            return self.take_default(call, Disposition::Failed, why);
        }
        call.is_on(&action);
        call.patience.begins(&action, call.now.mono);
        if !self.varies {
            return Next::Action(action);
        }
        let own = action.on().and_then(|on| branch(on, Disposition::Failed));
        let own = own.cloned();
        match filled(call, action, self.default_taken) {
            Ok(action) => Next::Action(action),
            Err(why) => self.after_unknown(call, own.as_ref(), why),
        }
    }

    /// The next action after one of which something is not known: its own branch for failures, as
    /// after any other.
    fn after_unknown(&mut self, call: &mut Call, own: Option<&Actions>, why: String) -> Next {
        let own = own.and_then(|own| call.engine.resolve(own).ok());
        if let Some(own) = own {
            self.replace(own);
        }
        self.after_failed(call, Disposition::Failed, why)
    }
}

/// An action by what is known now; where something is not, it is left out for this reason, which the
/// trace tells. Only the table's own have variables: an answer from outside with any is refused.
/// After the `last` way that a call has, what it is told goes without what is not known.
pub(crate) fn filled(call: &mut Call, action: Action, last: bool) -> Result<Action, String> {
    let one = std::slice::from_ref(&action);
    if !has_variables(one) {
        return Ok(action);
    }
    let filled = match last {
        true => call.engine.fill_default(one, &call.event, &call.facts),
        false => call.engine.fill(one, &call.event, &call.facts),
    };
    match filled {
        Ok(filled) => Ok(filled.into_iter().next().unwrap_or(action)),
        Err(error) => {
            let kind = action.kind().map_or("target", ActionKind::as_str);
            let (action, why) = (kind.to_owned(), error.to_string());
            let told = why.clone();
            call.note(Note::LeftOut { action, why });
            Err(told)
        }
    }
}

/// The branch of an `on` map for a disposition; `failed` covers every failure not named.
#[must_use]
pub fn branch(on: &On, disposition: Disposition) -> Option<&Actions> {
    on.get(&disposition).or_else(|| {
        disposition
            .is_failure()
            .then(|| on.get(&Disposition::Failed))
            .flatten()
    })
}

/// What the caller is told when nobody could be reached.
fn reject_cause(disposition: Disposition) -> RejectCause {
    match disposition {
        Disposition::Busy => RejectCause::UserBusy,
        Disposition::Declined => RejectCause::Declined,
        Disposition::InvalidNumber => RejectCause::UnallocatedNumber,
        Disposition::Congestion | Disposition::Unreachable => RejectCause::Congestion,
        _ => RejectCause::NoAnswer,
    }
}
