//! From what a rule decided to what is done: the list of a session's actions, without their legs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{Engine, Fact, Facts, Lookup, Outcome, RenderError, RuleId};
use callroute_schema::{Action, Actions, Destination, Disposition, Event, Set, Webhook, variables};
use callroute_session::{AskTarget, MAX_ACTIONS_PER_CALL, Patience, branch};
use callroute_webhook::{AskReport, Failure, FailureClass};
use tokio::time::Instant;

use super::{RouteSource, Routed, Way};
use crate::asks::endpoints_for;
use crate::lookups::Asking;

/// What somebody has a place for.
pub(super) type Place<'a, T> = &'a (dyn Fn(&Action) -> Option<T> + Sync);

/// One call on its way.
pub(super) struct Walk<'a, T> {
    way: &'a Way,
    engine: &'a Arc<Engine>,
    event: Event,
    facts: Facts,
    /// `None`: nothing is done, only listed.
    place: Option<Place<'a, T>>,
    /// The actions still to do.
    queue: VecDeque<Action>,
    begun: u32,
    default_taken: bool,
    /// The rule that decided last.
    rule: Option<RuleId>,
    /// The webhook that was asked last and gave no answer to this call, and the failure's class:
    /// what the next one is told.
    unanswered: Option<[(String, String); 2]>,
    patience: Patience,
    began: Instant,
    routed: Routed,
}

impl<'a, T> Walk<'a, T> {
    pub(super) fn new(
        way: &'a Way,
        engine: &'a Arc<Engine>,
        event: Event,
        facts: Facts,
        place: Option<Place<'a, T>>,
    ) -> Self {
        let began = Instant::now();
        Self {
            way,
            engine,
            event,
            facts,
            place,
            queue: VecDeque::new(),
            begun: 0,
            default_taken: false,
            rule: None,
            unanswered: None,
            patience: Patience::default(),
            began,
            routed: Routed {
                actions: Vec::new(),
                source: RouteSource::Table,
                failure: None,
                unfilled: None,
                attempts: Vec::new(),
                missing: Vec::new(),
                why: Vec::new(),
                elapsed: Duration::ZERO,
            },
        }
    }

    pub(super) async fn run_out(mut self) -> (Option<T>, Routed) {
        self.decide().await;
        let mut found = None;
        while let Some(action) = self.queue.pop_front() {
            self.begun += 1;
            if self.begun > MAX_ACTIONS_PER_CALL {
                self.take_default();
                continue;
            }
            let own = action.on().and_then(|on| branch(on, Disposition::Failed));
            let own = own.cloned();
            let Some(action) = self.filled(action, own.is_some()) else {
                match own {
                    Some(actions) => self.become_these(&actions),
                    None => self.go_on(),
                }
                continue;
            };
            match action {
                action if self.dials_what_it_may_not(&action) => self.failed(&action),
                Action::Webhook(webhook) => self.ask(&webhook).await,
                Action::Continue(_) => self.decide().await,
                Action::Set(set) => self.note(set),
                action => match self.place.map(|place| place(&action)) {
                    Some(None) => self.failed(&action),
                    Some(placed) => {
                        self.routed.actions.push(action);
                        found = placed;
                        break;
                    }
                    None => {
                        self.patience.begins(&action, self.began.elapsed());
                        let ends = ends(&action);
                        self.routed.actions.push(action);
                        if ends {
                            break;
                        }
                    }
                },
            }
        }
        self.routed.elapsed = self.began.elapsed();
        (found, self.routed)
    }

    /// Whether it sends what was dialed through a trunk, which `destinations` does not allow.
    fn dials_what_it_may_not(&self, action: &Action) -> bool {
        let Action::Forward(forward) = action else {
            return false;
        };
        matches!(&forward.destination, Destination::Trunk(trunk) if trunk.number.is_none())
            && !self.engine.permits(self.event.to.as_str())
    }

    /// Decides by the table, with the facts that it wants: from the top, or after the rule that
    /// decided last.
    async fn decide(&mut self) {
        let (engine, after) = (self.engine, self.rule);
        loop {
            let outcome = match after {
                None => engine.decide(&self.event, &self.facts),
                Some(rule) => engine.decide_after(&self.event, &self.facts, rule),
            };
            // Each round asks for another fact, so that this ends.
            let need = match outcome {
                Outcome::Decided(decision) => {
                    self.rule = decision.id();
                    match (decision.id(), decision.unfilled()) {
                        (Some(_), None) => self.queue = decision.written().to_vec().into(),
                        (_, error) => {
                            self.routed.unfilled = error.cloned().or(self.routed.unfilled.take());
                            self.take_default();
                        }
                    }
                    return;
                }
                Outcome::Need(need) => need,
            };
            let (fact, told) = self.look_up(&need).await;
            if let Some(told) = told {
                self.routed.why.push(format!("not known: {need}: {told}"));
            }
            if fact == Fact::Missing {
                self.routed.missing.push(need.clone());
            }
            // Servers that are asked later are told what was looked up; what the event says
            // already outranks it, as it does in rules.
            if let (Lookup::Row(name), Fact::Row(row)) = (&need, &fact) {
                for (column, value) in row {
                    let known = self.event.attributes.entry(format!("{name}.{column}"));
                    known.or_insert_with(|| value.clone());
                }
            }
            self.facts.add(need, fact);
        }
    }

    /// What can be had without carrying calls: what the table's lookups find.
    async fn look_up(&mut self, need: &Lookup) -> (Fact, Option<String>) {
        let Lookup::Row(name) = need else {
            return (Fact::Missing, None);
        };
        let (way, engine) = (self.way, self.engine);
        let spec = engine.lookups().iter().find(|spec| spec.name == *name);
        let budget = Duration::from_millis(spec.map_or(0, |spec| spec.budget_ms));
        let too_long = || {
            let why = "too long was waited for others".to_owned();
            (Fact::Missing, Some(why))
        };
        let Some(left) = self.patience.look_up(self.began.elapsed(), budget) else {
            return too_long();
        };
        let (endpoints, _) = way.asks.endpoints(engine);
        let asking = Asking {
            client: &way.client,
            endpoints: &endpoints,
        };
        let found = way.lookups.find(engine, name, &self.event, asking);
        match left < budget {
            true => tokio::time::timeout(left, found)
                .await
                .unwrap_or_else(|_| too_long()),
            false => found.await,
        }
    }

    /// Asks a webhook; its answer takes the place of all that was to come.
    async fn ask(&mut self, webhook: &Webhook) {
        let Some((target, deadline_ms)) = AskTarget::of(webhook, self.engine) else {
            let why = "a webhook action needs a `name` or a `url`";
            self.unasked(Failure::new(FailureClass::BadSchema, why));
            return self.go_on();
        };
        match self.answer(&target, deadline_ms).await {
            Ok((actions, stood_in)) => {
                let told = |failure| unanswered(webhook, failure);
                self.unanswered = stood_in.as_ref().map(told);
                self.routed.source = match &stood_in {
                    None => RouteSource::Webhook,
                    Some(_) => RouteSource::LastGood,
                };
                self.routed.failure = stood_in;
                self.queue = actions.into();
            }
            Err(failure) => {
                self.unanswered = Some(unanswered(webhook, &failure));
                self.unasked(failure);
                let engine = self.engine;
                let spec = match &target {
                    AskTarget::Named(name) => engine.webhook(name.as_str()),
                    AskTarget::Url(_) => None,
                };
                let own = spec.and_then(|spec| spec.fallback.as_ref());
                match webhook.on.get(&Disposition::Failed).or(own) {
                    Some(actions) => self.become_these(actions),
                    None => self.go_on(),
                }
            }
        }
    }

    fn unasked(&mut self, failure: Failure) {
        self.routed.source = RouteSource::Fallback;
        self.routed.failure = Some(failure);
    }

    /// The actions that a webhook answers with, if they can be carried out; and why they are its
    /// answer to an earlier call, if they are.
    async fn answer(
        &mut self,
        target: &AskTarget,
        deadline_ms: u64,
    ) -> Result<(Vec<Action>, Option<Failure>), Failure> {
        let own = Duration::from_millis(deadline_ms);
        let Some(left) = self.patience.ask(self.began.elapsed(), own) else {
            let why = "too many servers were asked one after the other";
            return Err(Failure::new(FailureClass::Deadline, why));
        };
        let deadline_ms = u64::try_from(left.as_millis()).unwrap_or(deadline_ms);
        let (by_name, _) = self.way.asks.endpoints(self.engine);
        let endpoints = endpoints_for(&by_name, target, deadline_ms)?;
        self.event.deadline_ms = Some(deadline_ms);
        let with_failure = self.unanswered.clone().map(|told| {
            let mut event = self.event.clone();
            event.attributes.extend(told);
            event
        });
        let event = with_failure.as_ref().unwrap_or(&self.event);
        let asked = self.way.client.ask(&endpoints, event);
        let AskReport {
            result,
            attempts,
            stood_in,
            ..
        } = asked.await;
        self.routed.attempts.extend(attempts);
        let actions = result?;
        // An answer to an earlier call that will not do leaves the failure as it is.
        let wrong = |told: String| {
            let failure = || Failure::new(FailureClass::BadSchema, told);
            stood_in.clone().unwrap_or_else(failure)
        };
        let list = self.engine.accept(&actions);
        let list = list.map_err(|error| wrong(error.to_string()))?;
        Ok((list, stood_in))
    }

    fn note(&mut self, set: Set) {
        // What there is no room for is left out, as in a call.
        let left_out = self.event.add_attributes(set.attributes.clone());
        if !left_out.is_empty() {
            tracing::warn!(?left_out, "a call has as many attributes as it may");
        }
        self.routed.actions.push(Action::Set(set));
    }

    /// An action with what is known now; `None`: something is not, and it comes to nothing, or to the
    /// branch of its own that it may have.
    fn filled(&mut self, action: Action, has_branch: bool) -> Option<Action> {
        // Filling costs far more than looking.
        let written = Actions::one(action.clone()).to_json();
        if variables(&written).next().is_none() {
            return Some(action);
        }
        let one = std::slice::from_ref(&action);
        let filled = match self.default_taken {
            true => self.engine.fill_default(one, &self.event, &self.facts),
            false => self.engine.fill(one, &self.event, &self.facts),
        };
        match filled {
            Ok(filled) => Some(filled.into_iter().next().unwrap_or(action)),
            Err(error) => {
                let kept = self.may_be_known_then(&error, has_branch);
                self.routed.unfilled = Some(error);
                kept.then_some(action)
            }
        }
    }

    /// In a list of what would be done, somebody may have pressed the digits that are wanted by
    /// then; and nothing comes after the default.
    fn may_be_known_then(&self, error: &RenderError, has_branch: bool) -> bool {
        let is_unknown = matches!(error, RenderError::NotKnown { .. });
        let heard = |action: &Action| !matches!(action, Action::Set(_));
        let is_last = self.default_taken && !has_branch;
        let something = is_last || self.routed.actions.iter().any(heard);
        self.place.is_none() && is_unknown && something
    }

    /// An action has no place: its branch for that, else what comes next.
    fn failed(&mut self, action: &Action) {
        let disposition = match action {
            Action::Forward(_) => Disposition::Unreachable,
            _ => Disposition::Failed,
        };
        match action.on().and_then(|on| branch(on, disposition)) {
            Some(actions) => self.become_these(actions),
            None => self.go_on(),
        }
    }

    /// These take the place of all that was to come.
    fn become_these(&mut self, actions: &Actions) {
        match self.engine.resolve(actions) {
            Ok(resolved) => self.queue = resolved.into(),
            // The table was checked, and so was an answer: all names are there.
            Err(_) => self.go_on(),
        }
    }

    /// After what came to nothing the list goes on, then the default.
    fn go_on(&mut self) {
        if self.queue.is_empty() {
            self.take_default();
        }
    }

    /// The table's default, once.
    fn take_default(&mut self) {
        self.queue.clear();
        if std::mem::replace(&mut self.default_taken, true) {
            return;
        }
        if self.routed.failure.is_none() {
            self.routed.source = RouteSource::Table;
        }
        self.begun = 0;
        if let Ok(actions) = self.engine.resolve(self.engine.default_actions()) {
            self.queue = actions.into();
        }
    }
}

/// What the next server is told of a webhook that failed.
fn unanswered(webhook: &Webhook, failure: &Failure) -> [(String, String); 2] {
    // A URL may hold what is not for other servers to know.
    let name = webhook.name.as_ref().map_or("url", |name| name.as_str());
    [
        ("webhook".to_owned(), name.to_owned()),
        ("failure".to_owned(), failure.class.to_string()),
    ]
}

/// The call is over then, whatever stands behind it.
fn ends(action: &Action) -> bool {
    matches!(
        action,
        Action::Reject(_) | Action::Busy(_) | Action::Hangup(_)
    )
}
