//! Lookups: who else is asked about a caller, and what comes of it.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{Engine, Fact, LookupSource, LookupSpec};
use callroute_schema::Event;
use callroute_store::{QueryError, Row, RowSource, Values};
use callroute_webhook::{Client, Endpoints};

/// What a lookup of your own found, being found: `None` when it knows nothing of the caller. The
/// error is written into the call's trace.
pub type CustomFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Row>, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// A lookup written in Rust: what a routing file names by `custom`.
///
/// ```
/// use callroute_router::{CustomFuture, CustomLookup, Lookups};
/// use callroute_schema::Event;
///
/// /// Calls from the building itself.
/// #[derive(Debug)]
/// struct Inside;
///
/// impl CustomLookup for Inside {
///     fn find<'a>(&'a self, event: &'a Event) -> CustomFuture<'a> {
///         Box::pin(async move {
///             let short = event.from.as_str().len() == 4;
///             let row = [("inside".to_owned(), short.to_string())];
///             Ok(Some(row.into()))
///         })
///     }
/// }
///
/// let lookups = Lookups::default().with_custom("inside", Inside);
/// # let _ = lookups;
/// ```
pub trait CustomLookup: Send + Sync + fmt::Debug + 'static {
    /// What is known of a call. Dropped when the lookup's budget is over; must not block.
    fn find<'a>(&'a self, event: &'a Event) -> CustomFuture<'a>;
}

/// What the lookups of a routing file are carried out with; those by webhook need nothing here.
#[derive(Debug, Clone, Default)]
pub struct Lookups {
    database: Option<Arc<dyn RowSource>>,
    custom: BTreeMap<String, Arc<dyn CustomLookup>>,
}

/// A lookup of the table that can never be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookupConfigError {
    /// It has a query, and there is no database.
    #[error("lookup `{name}` is a query, and there is no database to ask")]
    NoDatabase {
        /// The lookup's name.
        name: String,
    },
    /// The database does not take its query.
    #[error("lookup `{name}`: {source}")]
    Query {
        /// The lookup's name.
        name: String,
        /// What is wrong with it.
        source: QueryError,
    },
    /// It is custom, and the program has none of that name.
    #[error("lookup `{name}` is custom: this program has no `{custom}`; it has: {known}")]
    Unknown {
        /// The lookup's name.
        name: String,
        /// What the routing file calls it.
        custom: String,
        /// What there is.
        known: String,
    },
}

/// Why a lookup found neither something nor nothing.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{0}")]
    Config(#[from] LookupConfigError),
    #[error("{0}")]
    Query(#[from] QueryError),
    #[error("webhook `{0}` cannot be asked")]
    Webhook(String),
    #[error("{class}: {detail}")]
    AskReport { class: &'static str, detail: String },
    #[error("custom `{name}`: {source}")]
    Custom {
        name: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("nothing within {budget_ms} ms")]
    Late { budget_ms: u64 },
    #[error("this router cannot look up {0}")]
    Unknown(String),
}

/// What lookups by webhook are asked with.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Asks.
    pub client: &'a Client,
    /// The table's webhooks, by name: see [`endpoints_of`](crate::endpoints_of).
    pub endpoints: &'a HashMap<String, Endpoints>,
}

impl Lookups {
    /// With a database for queries (`sql`).
    #[must_use]
    pub fn with_database(mut self, rows: impl RowSource) -> Self {
        self.database = Some(Arc::new(rows));
        self
    }

    /// With one lookup more that is written in Rust (`custom: NAME`).
    #[must_use]
    pub fn with_custom(mut self, name: impl Into<String>, lookup: impl CustomLookup) -> Self {
        self.custom.insert(name.into(), Arc::new(lookup));
        self
    }

    /// What of a table's lookups can never be carried out. May block while the database looks at
    /// queries.
    #[must_use]
    pub fn check(&self, engine: &Engine) -> Vec<LookupConfigError> {
        let wrong = |spec: &LookupSpec| match &spec.source {
            LookupSource::Sql(query) => {
                let checked = self.database(spec).map(|rows| rows.check(query));
                match checked {
                    Ok(Ok(())) => None,
                    Ok(Err(source)) => Some(LookupConfigError::Query {
                        name: spec.name.clone(),
                        source,
                    }),
                    Err(none) => Some(none),
                }
            }
            LookupSource::Custom(custom) => self.named(spec, custom).err(),
            // That there is such a webhook was seen when the table was loaded.
            _ => None,
        };
        engine.lookups().iter().filter_map(wrong).collect()
    }

    fn database(&self, spec: &LookupSpec) -> Result<&Arc<dyn RowSource>, LookupConfigError> {
        let name = || spec.name.clone();
        let none = || LookupConfigError::NoDatabase { name: name() };
        self.database.as_ref().ok_or_else(none)
    }

    fn named(
        &self,
        spec: &LookupSpec,
        custom: &str,
    ) -> Result<&Arc<dyn CustomLookup>, LookupConfigError> {
        let known = || match self.custom.is_empty() {
            true => "none".to_owned(),
            false => {
                let names: Vec<&str> = self.custom.keys().map(String::as_str).collect();
                names.join(", ")
            }
        };
        let unknown = || LookupConfigError::Unknown {
            name: spec.name.clone(),
            custom: custom.to_owned(),
            known: known(),
        };
        self.custom.get(custom).ok_or_else(unknown)
    }

    /// What a lookup of a table says of a call: a [`Fact::Row`], [`Fact::No`], or
    /// [`Fact::Missing`] and why. Ends about when the lookup's budget does.
    pub async fn find(
        &self,
        engine: &Engine,
        name: &str,
        event: &Event,
        asking: Asking<'_>,
    ) -> (Fact, Option<String>) {
        let Some(spec) = engine.lookups().iter().find(|spec| spec.name == name) else {
            return (
                Fact::Missing,
                Some(Failed::Unknown(name.to_owned()).to_string()),
            );
        };
        let budget = Duration::from_millis(spec.budget_ms);
        let found = tokio::time::timeout(budget, self.ask(engine, spec, event, asking, budget));
        let found = found.await.unwrap_or(Err(Failed::Late {
            budget_ms: spec.budget_ms,
        }));
        match found {
            Ok(Some(row)) => (Fact::Row(row), None),
            Ok(None) => (Fact::No, None),
            Err(failed) => (Fact::Missing, Some(failed.to_string())),
        }
    }

    async fn ask(
        &self,
        engine: &Engine,
        spec: &LookupSpec,
        event: &Event,
        asking: Asking<'_>,
        budget: Duration,
    ) -> Result<Option<Row>, Failed> {
        match &spec.source {
            LookupSource::Sql(query) => {
                let rows = self.database(spec)?;
                let from = event.from.address();
                let values = Values {
                    from: from.map(|from| engine.in_full(from.as_str())),
                    to: engine.in_full(event.to.as_str()),
                    call_id: event.call_id.to_string(),
                };
                Ok(rows.find(query, values, budget).await?)
            }
            LookupSource::Webhook(webhook) => {
                let endpoints = asking.endpoints.get(webhook);
                let mut endpoints = endpoints
                    .cloned()
                    .ok_or_else(|| Failed::Webhook(webhook.clone()))?;
                endpoints.deadline = budget;
                let found = asking.client.look_up(&endpoints, event, &spec.name).await;
                found.result.map_err(|failure| Failed::AskReport {
                    class: failure.class.as_str(),
                    detail: failure.detail,
                })
            }
            LookupSource::Custom(custom) => {
                let lookup = self.named(spec, custom)?;
                lookup.find(event).await.map_err(|source| Failed::Custom {
                    name: custom.clone(),
                    source,
                })
            }
            _ => Err(Failed::Unknown(spec.name.clone())),
        }
    }
}
