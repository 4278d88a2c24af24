//! The whole way of a decision without a call: for who only sends calls on, or asks beforehand.

mod walk;

use std::sync::Arc;
use std::time::Duration;

use callroute_media::OfferedCall;
use callroute_rules::{Decision, Engine, Facts, Lookup, Outcome, RenderError};
use callroute_schema::{Action, CallId, Event, variables};
use callroute_webhook::{Attempt, Client, Failure};
use chrono::{DateTime, Utc};
use ulid::Ulid;

use crate::asks::Asks;
use crate::lookups::Lookups;
use walk::Walk;

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
    /// What is done, in order; no webhook is left among them, no `continue`, and nothing that came
    /// to nothing. Empty only when the table's default does.
    pub actions: Vec<Action>,
    /// Whose answer that is.
    pub source: RouteSource,
    /// Why the webhook that was asked last did not decide, or not about this call.
    pub failure: Option<Failure>,
    /// The variable that was not known for this call where it was wanted, last: another action
    /// took its action's place, or it stands there as it is written.
    pub unfilled: Option<RenderError>,
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
    /// A webhook that fails, asked about an earlier call: its answer stands in, as both sides
    /// allow.
    LastGood,
    /// What was configured for a webhook that fails.
    Fallback,
}

impl RouteSource {
    /// `table`, `webhook`, `last_good` or `fallback`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Webhook => "webhook",
            Self::LastGood => "last_good",
            Self::Fallback => "fallback",
        }
    }
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
    #[must_use]
    pub fn event(offer: OfferedCall, now: DateTime<Utc>) -> Event {
        crate::run::event(offer, CallId::from(Ulid::new().0), now)
    }

    /// What the table alone decides, at once and without copying; `None` when somebody has to be
    /// asked, or something be filled in, which is what [`of`](Self::of) does.
    #[must_use]
    pub fn at_once<'e>(engine: &'e Engine, event: &Event, facts: &Facts) -> Option<Decision<'e>> {
        match engine.decide(event, facts) {
            Outcome::Decided(decision) => {
                let open = decision.actions().iter().any(is_open);
                (!open && !is_unfilled(&decision)).then_some(decision)
            }
            Outcome::Need(_) => None,
        }
    }

    /// Where a call goes by this table, `facts` being known beforehand. Deadlines count from now.
    ///
    /// Each action counts as one after which the list goes on, as nobody knows beforehand what
    /// becomes of it.
    pub async fn of(&self, engine: &Arc<Engine>, event: Event, facts: Facts) -> Routed {
        let walk = Walk::<()>::new(self, engine, event, facts, None);
        walk.run_out().await.1
    }

    /// Where a call goes by this table, for who sends calls on: what `place` makes of the first
    /// action that it has a place for. Nobody is asked for what comes after it.
    ///
    /// An action without a place comes to nothing, as with a call that is carried: its branch for
    /// `unreachable` (a forward's) or `failed` is taken, else the action after it, else the
    /// table's default. `None`: the default came to nothing too.
    pub async fn first<T>(
        &self,
        engine: &Arc<Engine>,
        event: Event,
        facts: Facts,
        place: impl Fn(&Action) -> Option<T> + Sync,
    ) -> (Option<T>, Routed) {
        let walk = Walk::new(self, engine, event, facts, Some(&place));
        walk.run_out().await
    }
}

/// Somebody has to be asked what it comes to.
fn is_open(action: &Action) -> bool {
    matches!(action, Action::Webhook(_) | Action::Continue(_))
}

/// It is the default, and has variables that nobody has filled in.
fn is_unfilled(decision: &Decision<'_>) -> bool {
    let is_default = decision.id().is_none() || decision.unfilled().is_some();
    is_default && variables(&decision.to_json()).next().is_some()
}
