//! What to do with a call: always something. The fallback is part of the route.

#![cfg(feature = "client")]

use std::time::Duration;

use callroute_schema::Actions;

use crate::attempt::Attempt;
use crate::endpoint::Endpoints;
use crate::failure::Failure;
use crate::report::AskReport;

/// A webhook, and what happens when it gives no usable answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Whom to ask.
    pub webhook: Endpoints,
    /// What is done when nobody answers: the webhook's own fallback, else the file's default.
    pub fallback: Actions,
}

/// What to do with a call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// The actions; never empty.
    pub actions: Actions,
    /// Who said so.
    pub source: AnswerSource,
    /// Why it was not the webhook's own answer to this call; `None` when it was.
    pub failure: Option<Failure>,
    /// What each URL did.
    pub attempts: Vec<Attempt>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Who says what to do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerSource {
    /// The webhook, asked about this call.
    Webhook,
    /// The webhook, asked about an earlier call: its answer stands in, as both sides allow.
    LastGood,
    /// The route's fallback.
    Fallback,
}

impl AnswerSource {
    /// The source in snake case, as in traces and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::LastGood => "last_good",
            Self::Fallback => "fallback",
        }
    }
}

impl Decision {
    pub(crate) fn of(route: &Route, asked: AskReport) -> Self {
        let (actions, source, failure) = match (asked.result, asked.stood_in) {
            (Ok(actions), None) => (actions, AnswerSource::Webhook, None),
            (Ok(actions), Some(failure)) => (actions, AnswerSource::LastGood, Some(failure)),
            (Err(failure), _) => (
                route.fallback.clone(),
                AnswerSource::Fallback,
                Some(failure),
            ),
        };
        Self {
            actions,
            source,
            failure,
            attempts: asked.attempts,
            elapsed: asked.elapsed,
        }
    }
}
