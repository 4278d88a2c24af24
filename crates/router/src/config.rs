//! What a router is made of.

use std::sync::Arc;
use std::time::Duration;

use callroute_session::Settings;
use callroute_store::{CallStore, FolderMessages, MemoryCalls, MessageStore};
use callroute_tables::TableHandle;
use callroute_webhook::Client;

use crate::clock::{Clock, SystemClock};
use crate::journal::Journals;
use crate::lookups::Lookups;
use crate::mail::Mail;
use crate::observer::{Observer, Silent};

/// What a router is made of. Public fields: take the default and change what differs.
#[derive(Debug, Clone)]
pub struct RouterConfig {
    /// The routing table; each call takes the one that is current when it comes in.
    pub table: TableHandle,
    /// What time it is, for rules and events.
    pub clock: Arc<dyn Clock>,
    /// Asks webhooks.
    pub webhooks: Client,
    /// What the table's `lookups` are carried out with.
    pub lookups: Lookups,
    /// Where journals are written; `None` writes none.
    pub journals: Option<Journals>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Calls in progress and their records.
    pub calls: Arc<dyn CallStore>,
    /// Messages that callers left.
    pub messages: Arc<dyn MessageStore>,
    /// Sends messages by mail; `None`: those that ask for it are not, and a warning says so.
    pub mail: Option<Arc<dyn Mail>>,
    /// What holds for every call: limits, feature codes.
    pub settings: Arc<Settings>,
    /// Most calls at once; one more is refused with 503.
    pub max_calls: usize,
    /// How long calls may take to end when the router stops.
    pub drain: Duration,
}

impl RouterConfig {
    /// The system's clock, no journals, nobody watching, at most 10,000 calls.
    #[must_use]
    pub fn new(table: TableHandle, webhooks: Client) -> Self {
        Self {
            table,
            clock: Arc::new(SystemClock),
            webhooks,
            lookups: Lookups::default(),
            journals: None,
            observer: Arc::new(Silent),
            calls: Arc::new(MemoryCalls::new(1_000)),
            messages: Arc::new(FolderMessages::in_memory()),
            mail: None,
            settings: Arc::default(),
            max_calls: 10_000,
            drain: Duration::from_secs(5),
        }
    }
}
