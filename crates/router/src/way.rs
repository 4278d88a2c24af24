//! The whole way of a decision without a call: for who only sends calls on, or asks beforehand.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::Offer;
use callroute_rules::{Decision, Engine, Fact, Facts, Lookup, Outcome, RuleId, check};
use callroute_schema::{Action, Actions, CallId, Disposition, Event, NameError, Webhook};
use callroute_session::AskTarget;
use callroute_webhook::{Asked, Attempt, Client, Failure, FailureClass};
use chrono::{DateTime, Utc};
use tokio::time::Instant;
use ulid::Ulid;

use crate::asks::{Asks, endpoints_for};
use crate::lookups::{Asking, Lookups};

/// Most webhooks that one call asks, each answering with the next.
const MAX_ASKS: usize = 8;

/// Decides where calls go, lookups and webhooks included, and carries nothing out. As with a call
/// that is carried, a webhook that fails leaves the call to its fallback, else to the default.
///
/// ```
/// # async fn example(event: callroute_schema::Event) -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use callroute_router::{Lookups, Way};
/// use callroute_rules::{ChronoTz, Facts, load};
/// use callroute_webhook::{Client, ClientConfig};
///
/// let text = "version: 1\ndefault: { action: busy }\nnumbers: {}";
/// let engine = load("routes.yaml", text, &(), &ChronoTz)?;
/// let way = Way::new(Client::new(ClientConfig::default()), Lookups::default());
/// let routed = way.of(&Arc::new(engine), event, Facts::default()).await;
/// println!("{:?}, by the {}", routed.actions, routed.source.as_str());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Way {
    client: Client,
    lookups: Lookups,
    asks: Asks,
}

/// Where a call goes, and how that was found.
#[derive(Debug)]
pub struct Routed {
    /// What is done, in order; no webhook is left among them, and no `continue`. Empty only when
    /// the table's default is nothing else.
    pub actions: Vec<Action>,
    /// Whose answer that is.
    pub source: RouteSource,
    /// Why the webhook that was asked last did not decide.
    pub failure: Option<Failure>,
    /// What each URL did.
    pub attempts: Vec<Attempt>,
    /// Facts that rules asked for, and that could not be had.
    pub missing: Vec<Lookup>,
    /// Why not, where somebody was asked.
    pub why: Vec<String>,
    /// From the call to here.
    pub elapsed: Duration,
}

/// Whose answer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteSource {
    /// The routing file alone.
    Table,
    /// A webhook.
    Webhook,
    /// What was configured for a webhook that fails.
    Fallback,
}

impl RouteSource {
    /// `table`, `webhook` or `fallback`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Webhook => "webhook",
            Self::Fallback => "fallback",
        }
    }
}

/// What a rule decided.
struct Decided {
    actions: Vec<Action>,
    rule: Option<RuleId>,
}

impl Way {
    /// With what asks webhooks, and with what looks up.
    #[must_use]
    pub fn new(client: Client, lookups: Lookups) -> Self {
        Self {
            client,
            lookups,
            asks: Asks::default(),
        }
    }

    /// The event of a call that an adapter offers, with an id of its own.
    ///
    /// # Errors
    /// None that could come about: a ULID is 26 letters and digits, which every call id may be.
    pub fn event(offer: Offer, now: DateTime<Utc>) -> Result<Event, NameError> {
        let call_id = CallId::new(Ulid::new().to_string())?;
        Ok(crate::run::event(offer, call_id, now))
    }

    /// What the table alone decides, at once and without copying; `None` when somebody has to be
    /// asked, which is what [`of`](Self::of) does.
    #[must_use]
    pub fn at_once<'e>(engine: &'e Engine, event: &Event, facts: &Facts) -> Option<Decision<'e>> {
        match engine.decide(event, facts) {
            Outcome::Decided(decision) => {
                let open = decision.actions().iter().any(is_open);
                (!open).then_some(decision)
            }
            Outcome::Need(_) => None,
        }
    }

    /// Where a call goes by this table, `facts` being known beforehand. Deadlines count from now.
    pub async fn of(&self, engine: &Arc<Engine>, mut event: Event, mut facts: Facts) -> Routed {
        let began = Instant::now();
        let mut routed = Routed {
            actions: Vec::new(),
            source: RouteSource::Table,
            failure: None,
            attempts: Vec::new(),
            missing: Vec::new(),
            why: Vec::new(),
            elapsed: Duration::ZERO,
        };
        // Each ask's deadline counts from what it is asked about: the call, or the answer before.
        let mut since = began;
        let given = event.attributes.clone();
        let Decided { actions, mut rule } = self
            .decided(engine, &event, &mut facts, None, &mut routed)
            .await;
        let (mut list, mut asks) = (actions, 0);
        while let Some(place) = list.iter().position(is_open) {
            let rest = list.split_off(place + 1);
            let open = list.pop();
            routed.actions.append(&mut list);
            match open {
                Some(Action::Webhook(webhook)) if asks < MAX_ASKS => {
                    asks += 1;
                    let asked = self
                        .ask(engine, &webhook, &mut event, since, &mut routed)
                        .await;
                    since = Instant::now();
                    list = match asked {
                        Ok(actions) => {
                            event.attributes.clone_from(&given);
                            (routed.source, routed.failure) = (RouteSource::Webhook, None);
                            actions
                        }
                        Err(failure) => {
                            tell(&mut event, &webhook, &failure);
                            routed.source = RouteSource::Fallback;
                            routed.failure = Some(failure);
                            fallback(engine, &webhook, rest)
                        }
                    };
                }
                Some(Action::Continue(_)) if rule.is_some() => {
                    let next = self
                        .decided(engine, &event, &mut facts, rule, &mut routed)
                        .await;
                    (list, rule) = (next.actions, next.rule);
                }
                Some(Action::Webhook(_)) => {
                    routed.source = RouteSource::Fallback;
                    routed.failure = Some(Failure::new(
                        FailureClass::Deadline,
                        format!("{asks} webhooks were asked, each answering with the next"),
                    ));
                    list = last(engine);
                }
                // The default says to go on, and there is no next rule.
                _ => list = last(engine),
            }
        }
        routed.actions.append(&mut list);
        routed.elapsed = began.elapsed();
        routed
    }

    /// What the table decides, with the facts that it wants; `after` is the rule that said to go
    /// on with the next one.
    async fn decided(
        &self,
        engine: &Arc<Engine>,
        event: &Event,
        facts: &mut Facts,
        after: Option<RuleId>,
        routed: &mut Routed,
    ) -> Decided {
        loop {
            let outcome = match after {
                None => engine.decide(event, facts),
                Some(rule) => engine.decide_after(event, facts, rule),
            };
            // Each round asks for another fact, so that this ends.
            let need = match outcome {
                Outcome::Decided(decision) => {
                    return Decided {
                        actions: decision.actions().to_vec(),
                        rule: decision.id(),
                    };
                }
                Outcome::Need(need) => need,
            };
            let (fact, told) = self.look_up(engine, &need, event).await;
            if let Some(told) = told {
                routed.why.push(format!("not known: {need}: {told}"));
            }
            if fact == Fact::Missing {
                routed.missing.push(need.clone());
            }
            facts.add(need, fact);
        }
    }

    /// What can be had without carrying calls: what the table's lookups find.
    async fn look_up(
        &self,
        engine: &Arc<Engine>,
        need: &Lookup,
        event: &Event,
    ) -> (Fact, Option<String>) {
        let Lookup::Row(name) = need else {
            return (Fact::Missing, None);
        };
        let (endpoints, _) = self.asks.endpoints(engine);
        let asking = Asking {
            client: &self.client,
            endpoints: &endpoints,
        };
        self.lookups.find(engine, name, event, asking).await
    }

    /// The actions that a webhook answers with, if they can be carried out.
    async fn ask(
        &self,
        engine: &Arc<Engine>,
        webhook: &Webhook,
        event: &mut Event,
        since: Instant,
        routed: &mut Routed,
    ) -> Result<Vec<Action>, Failure> {
        let wrong = |told: String| Failure::new(FailureClass::BadSchema, told);
        let Some((target, deadline_ms)) = AskTarget::of(webhook, engine) else {
            let told = "a webhook action needs a `name` or a `url`";
            return Err(wrong(told.to_owned()));
        };
        let (by_name, _) = self.asks.endpoints(engine);
        let endpoints = endpoints_for(&by_name, &target, deadline_ms)?;
        event.deadline_ms = Some(deadline_ms);
        let Asked {
            result, attempts, ..
        } = self.client.ask_since(&endpoints, event, since).await;
        routed.attempts.extend(attempts);
        let actions = result?;
        let list = engine.resolve(&actions);
        let list = list.map_err(|error| wrong(error.to_string()))?;
        check(&actions).map_err(|error| wrong(error.to_string()))?;
        engine
            .permit(&actions)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(list)
    }
}

/// Somebody has to be asked what it comes to.
fn is_open(action: &Action) -> bool {
    matches!(action, Action::Webhook(_) | Action::Continue(_))
}

/// What failed, for the server that is asked next.
fn tell(event: &mut Event, webhook: &Webhook, failure: &Failure) {
    let name = webhook.name.as_ref().map_or("url", |name| name.as_str());
    let failed = [
        ("webhook", name.to_owned()),
        ("failure", failure.class.to_string()),
    ];
    let failed = failed.map(|(name, value)| (name.to_owned(), value));
    event.attributes.extend(failed);
}

/// `on.failed`, else the webhook's own fallback, else what comes after it, else the default.
fn fallback(engine: &Engine, webhook: &Webhook, rest: Vec<Action>) -> Vec<Action> {
    let name = webhook.name.as_ref();
    let spec = name.and_then(|name| engine.webhook(name.as_str()));
    let own = webhook
        .on
        .get(&Disposition::Failed)
        .or(spec.and_then(|spec| spec.fallback.as_ref()));
    match own {
        Some(actions) => resolved(engine, actions),
        None if !rest.is_empty() => rest,
        None => resolved(engine, engine.default_actions()),
    }
}

/// The default, without what would ask somebody else.
fn last(engine: &Engine) -> Vec<Action> {
    let mut list = resolved(engine, engine.default_actions());
    list.retain(|action| !is_open(action));
    list
}

/// With its targets' actions. The table was checked: all its names are there.
fn resolved(engine: &Engine, actions: &Actions) -> Vec<Action> {
    let resolved = engine.resolve(actions);
    resolved.unwrap_or_else(|_| actions.as_slice().to_vec())
}
