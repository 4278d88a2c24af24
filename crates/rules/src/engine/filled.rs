//! What a decision does, with its variables filled in; and what is done where they are not known.

use std::sync::Arc;

use callroute_schema::{Action, Disposition, Reject, RejectCause};

use super::call::Call;
use super::decide::Engine;
use super::render::{RenderError, Unknown, fill};
use super::resolve::{MAX_DEPTH, flatten};

/// Actions with their variables filled in: the rule's, or the default's where that could not be.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    pub(super) actions: Vec<Action>,
    /// What they were before that, where it is not what the rule says: the branch of its first
    /// action.
    pub(super) written: Option<Vec<Action>>,
    /// Why the rule's could not be done.
    pub(super) wrong: Option<RenderError>,
}

impl Engine {
    /// What a rule, or the default, comes to for a call.
    pub(super) fn filled(&self, written: &Arc<[Action]>, call: &Call<'_>, by_rule: bool) -> Filled {
        if !by_rule {
            return self.default_filled(call, None);
        }
        let unknown = Unknown::of(call);
        let error = match self.fill_allowed(written, call, unknown) {
            Ok(actions) => {
                return Filled {
                    actions,
                    written: None,
                    wrong: None,
                };
            }
            Err(error) => error,
        };
        match self.instead(written, call, unknown) {
            Some((written, actions)) => Filled {
                actions,
                written: Some(written),
                wrong: None,
            },
            None => self.default_filled(call, Some(error)),
        }
    }

    /// The default. Where even that has nothing for a call, whoever carries it refuses it.
    fn default_filled(&self, call: &Call<'_>, wrong: Option<RenderError>) -> Filled {
        let written = &self.default.actions;
        let filled = self.fill_allowed(written, call, Unknown::IsUnsaid);
        let actions = filled.ok().or_else(|| {
            let (_, actions) = self.instead(written, call, Unknown::IsUnsaid)?;
            Some(actions)
        });
        Filled {
            actions: actions.unwrap_or_else(refused),
            written: None,
            wrong,
        }
    }

    /// What is done instead of a list whose first action is not known: that action's branch for
    /// failures; as it is written, and filled in. Without a branch the default, and who calls for
    /// help, goes on with the next action.
    fn instead(
        &self,
        written: &[Action],
        call: &Call<'_>,
        unknown: Unknown,
    ) -> Option<(Vec<Action>, Vec<Action>)> {
        let mut list = written.to_vec();
        // Branches that lead back to themselves are refused at load: the bound only makes sure.
        for _ in 0..MAX_DEPTH {
            let first = list.first()?;
            let known = self.fill_allowed(std::slice::from_ref(first), call, unknown);
            if known.is_ok() {
                break;
            }
            let branch = first.on().and_then(|on| on.get(&Disposition::Failed));
            list = match (branch, unknown) {
                (Some(branch), _) => {
                    let mut flat = Vec::new();
                    flatten(&self.named, branch, MAX_DEPTH, &mut flat);
                    flat
                }
                (None, Unknown::IsUnsaid) => list.split_off(1),
                (None, Unknown::Fails) => return None,
            };
        }
        let actions = self.fill_allowed(&list, call, unknown).ok()?;
        Some((list, actions))
    }

    /// With their variables filled in, and dialing only what may be dialed.
    pub(super) fn fill_allowed(
        &self,
        actions: &[Action],
        call: &Call<'_>,
        unknown: Unknown,
    ) -> Result<Vec<Action>, RenderError> {
        let filled = fill(actions, call, unknown)?;
        match self.policy.judge_list(&filled) {
            Ok(()) => Ok(filled),
            Err(refused) => Err(RenderError::NoAction {
                why: refused.to_string(),
            }),
        }
    }
}

/// What a call comes to that nothing is known to be done with.
fn refused() -> Vec<Action> {
    vec![Action::Reject(Reject {
        cause: RejectCause::NoAnswer,
        on: callroute_schema::On::new(),
    })]
}
