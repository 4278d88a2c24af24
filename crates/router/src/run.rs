//! The router: takes calls from an adapter and drives each in a task of its own.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use callroute_media::{
    Adapter, Capabilities, Command, EndCause, Incoming, LegId, Line, OfferedCall,
};
use callroute_rules::Engine;
use callroute_schema::{CallId, Caller, Direction, Event, RejectCause, mask};
use callroute_session::{Input, Settings, Unmet};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use ulid::Ulid;

use crate::asks::{Asks, TableFault, WebhookConfigError, endpoints_of};
use crate::broken_off;
use crate::config::RouterConfig;
use crate::drive::{Call, drive};
use crate::handle::RouterHandle;
use crate::lookups::{LookupConfigError, Lookups};
use crate::messages::Posts;
use crate::observer::Observer;
use crate::switchboard::Switchboard;

/// Why a router cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RouterError {
    /// Webhooks of the table can never be asked, or lookups never be carried out: all of them.
    #[error("{}", listed(.0))]
    Table(Vec<TableError>),
    /// The table has actions that would always fail with this adapter. What such an action could
    /// do without is a warning of the observer instead; so is all of it in a table that comes
    /// later, whose calls take the branches for failure.
    #[error("{}", listed(.0))]
    Adapter(Vec<Unmet>),
}

/// Something that a table asks for, and that can never be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A webhook can never be asked.
    #[error(transparent)]
    Webhook(#[from] WebhookConfigError),
    /// A lookup can never be carried out.
    #[error(transparent)]
    Lookup(#[from] LookupConfigError),
}

fn listed(faults: &[impl ToString]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Whether calls can be routed by a table: its webhooks asked, and its lookups carried out with
/// these. A router does not begin without; give it to `FileTable::held_to`, and a change of the
/// file is held to the same. Reads secrets and certificates, and may block while the database
/// looks at queries.
///
/// # Errors
/// [`RouterError::Table`]: every webhook that can never be asked, and every lookup that cannot be
/// carried out.
pub fn check(engine: &Engine, lookups: &Lookups) -> Result<(), RouterError> {
    let (_, faults) = endpoints_of(engine);
    let faults = faults.into_iter().map(TableError::Webhook).collect();
    checked(engine, lookups, faults)
}

/// The same, where it is known what is wrong with the webhooks.
fn checked(
    engine: &Engine,
    lookups: &Lookups,
    mut faults: Vec<TableError>,
) -> Result<(), RouterError> {
    faults.extend(lookups.check(engine).into_iter().map(TableError::Lookup));
    match faults.is_empty() {
        true => Ok(()),
        false => Err(RouterError::Table(faults)),
    }
}

/// Takes calls from an adapter and drives each in a task of its own.
#[derive(Debug)]
pub struct Router<A> {
    adapter: A,
    config: Arc<RouterConfig>,
    asks: Arc<Asks>,
    capabilities: Arc<Capabilities>,
    /// The configured ones, and what the adapter cannot do.
    settings: Arc<Settings>,
    posts: Arc<Posts>,
    switchboard: Arc<Switchboard>,
}

impl<A: Adapter> Router<A> {
    /// A router for an adapter's calls.
    ///
    /// # Errors
    /// [`RouterError`] when a webhook or a lookup of the table can never be asked, or the adapter
    /// cannot do what the table wants.
    pub fn new(adapter: A, config: RouterConfig) -> Result<Self, RouterError> {
        let asks = Asks::default();
        let engine = config.table.current();
        let capabilities = Arc::new(adapter.capabilities());
        let (_, faults) = asks.of(&engine, &capabilities);
        let (mut unmet, mut never, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        for fault in faults {
            match fault {
                TableFault::Webhook(fault) => never.push(TableError::Webhook(fault)),
                TableFault::Unmet(one) if one.vital => unmet.push(one),
                TableFault::Unmet(one) => warnings.push(one.to_string()),
            }
        }
        checked(&engine, &config.lookups, never)?;
        for warning in warnings {
            config.observer.warning(&warning);
        }
        if !unmet.is_empty() {
            return Err(RouterError::Adapter(unmet));
        }
        let mut settings = config.settings.as_ref().clone();
        settings.cannot.extend(capabilities.lacking());
        let switchboard = Arc::new(Switchboard::new(config.clock.clone()));
        Ok(Self {
            adapter,
            capabilities,
            settings: Arc::new(settings),
            posts: Arc::default(),
            switchboard,
            config: Arc::new(config),
            asks: Arc::new(asks),
        })
    }

    /// For whoever wants to tell the running router something.
    #[must_use]
    pub fn handle(&self) -> RouterHandle {
        RouterHandle::new(self.switchboard.clone(), self.config.clone())
    }

    /// Runs until `stop` resolves or the adapter has no more calls; then every call is ended,
    /// and those that have not within the configured time are dropped; warnings name the calls whose
    /// callers were promised a callback that is not made any more. Messages that callers left
    /// are kept however long that takes; webhooks and mails that tell of them have that time again.
    ///
    /// Calls are taken in a task of their own, so that none waits for the thread that awaits this.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        // Dropped with this future, and every call with it.
        let mut taking = JoinSet::new();
        taking.spawn(Box::pin(self.take_all(stopped)));
        tokio::pin!(stop);
        let mut joined = tokio::select! {
            joined = taking.join_next() => joined,
            () = &mut stop => None,
        };
        if joined.is_none() {
            // Nobody listening means that there is nothing left to end.
            let _ = stopping.send(true);
            joined = taking.join_next().await;
        }
        if let Some(Err(error)) = joined
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }

    /// Takes calls until it is stopped or there are no more, and lets them end.
    async fn take_all(mut self, mut stop: watch::Receiver<bool>) {
        // To whom it is told that the calls are to end.
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let switchboard = self.switchboard.clone();
        let time = async move { switchboard.keep_time().await };
        tokio::pin!(time);
        let calls_back = self.capabilities.originate;
        self.finish_broken_off();
        loop {
            tokio::select! {
                incoming = poll_fn(|cx| self.adapter.poll_call(cx)) => match incoming {
                    Some(incoming) => self.take(incoming, &stopped, &mut tasks),
                    None => break,
                },
                Some(ended) = tasks.join_next() => failed(&self.config, ended),
                () = self.switchboard.callback(), if calls_back => {
                    self.call_back(&stopped, &mut tasks);
                }
                () = &mut time => {}
                // Either way it is to stop.
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        // Nobody listening means that there is no call left to end.
        let _ = stopping.send(true);
        let drain = async {
            while let Some(ended) = tasks.join_next().await {
                failed(&self.config, ended);
            }
        };
        let (within, observer) = (self.config.drain, self.config.observer.as_ref());
        if tokio::time::timeout(within, drain).await.is_err() {
            observer.warning("calls were still ending when the router stopped");
        }
        warn_of_promised(&self.switchboard.promised(), observer);
        self.posts.drain(within, observer).await;
    }

    /// Beside the calls that come: a table may take a second to be read.
    fn finish_broken_off(&mut self) {
        let recordings = self.adapter.recovered_recordings();
        if recordings.is_empty() {
            return;
        }
        let (config, asks) = (self.config.clone(), self.asks.clone());
        let (posts, capabilities) = (self.posts.clone(), self.capabilities.clone());
        tokio::task::spawn_blocking(move || {
            broken_off::finish(&config, &posts, &asks, &capabilities, recordings);
        });
    }

    fn call(
        &self,
        line: A::Line,
        event: Event,
        first: Input,
        arrived: Instant,
        stop: watch::Receiver<bool>,
    ) -> Box<Call<A::Line>> {
        Box::new(Call {
            config: self.config.clone(),
            asks: self.asks.clone(),
            capabilities: self.capabilities.clone(),
            settings: self.settings.clone(),
            posts: self.posts.clone(),
            line,
            event,
            first,
            arrived,
            stop,
            switchboard: self.switchboard.clone(),
        })
    }

    fn take(
        &self,
        incoming: Incoming<A::Line>,
        stop: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) {
        let arrived = Instant::now();
        let Incoming { offer, mut line } = incoming;
        let call_id = CallId::from(Ulid::new().0);
        if !self.config.calls.begin(&call_id, self.config.max_calls) {
            self.config.observer.warning(&format!(
                "a call was refused: {} are in progress",
                self.config.max_calls
            ));
            line.perform(Command::Hangup {
                leg: LegId::CALLER,
                cause: EndCause::Rejected(RejectCause::Congestion),
            });
            // The line is dropped only when its leg has ended, or the refusal might be lost.
            tasks.spawn(async move { while poll_fn(|cx| line.poll_notice(cx)).await.is_some() {} });
            return;
        }
        let event = event(offer, call_id, self.config.clock.now());
        let (first, stop) = (Input::Start, stop.clone());
        tasks.spawn(Box::pin(drive(
            self.call(line, event, first, arrived, stop),
        )));
    }

    /// Begins a call for everybody who is to be called back now. Until a member has time it has
    /// no leg, but it counts as a call.
    fn call_back(&mut self, stop: &watch::Receiver<bool>, tasks: &mut JoinSet<()>) {
        for callback in self.switchboard.take_callbacks() {
            let call_id = CallId::from(Ulid::new().0);
            let Some(line) = self.adapter.originate() else {
                let warning = "a caller is not called back yet: the adapter gives no line";
                self.config.observer.warning(warning);
                self.switchboard.put_off(callback, NO_ROOM);
                continue;
            };
            if !self.config.calls.begin(&call_id, self.config.max_calls) {
                self.switchboard.put_off(callback, NO_ROOM);
                continue;
            }
            let event = callback.event(call_id, self.config.clock.now().fixed_offset());
            let first = Input::CallBack(Box::new(callback));
            let (arrived, stop) = (Instant::now(), stop.clone());
            tasks.spawn(Box::pin(drive(
                self.call(line, event, first, arrived, stop),
            )));
        }
    }
}

/// Most calls that one warning of callbacks names.
const NAMED: usize = 20;

/// Says whose callbacks are not made any more: they are known nowhere else.
fn warn_of_promised(calls: &[(CallId, Caller)], observer: &dyn Observer) {
    let count = calls.len();
    for some in calls.chunks(NAMED) {
        let each = some.iter();
        let named = each.map(|(call_id, from)| format!("{call_id} from {}", mask(from.as_str())));
        let named = named.collect::<Vec<_>>().join(", ");
        observer.warning(&format!(
            "callers not called back as the router stops: {count}, of the calls {named}"
        ));
    }
}

/// How long a callback waits when as many calls are in progress as may be.
const NO_ROOM: Duration = Duration::from_secs(10);

/// A call's task that broke down is told of.
fn failed(config: &RouterConfig, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        config
            .observer
            .warning(&format!("a call's task failed: {error}"));
    }
}

/// The event of a call that has come.
pub(crate) fn event(
    offer: OfferedCall,
    call_id: CallId,
    now: chrono::DateTime<chrono::Utc>,
) -> Event {
    let mut event = Event::incoming_call(call_id, offer.from, offer.to, now.fixed_offset());
    event.direction = Some(Direction::Inbound);
    event.from_name = offer.from_name;
    event.from_uri = offer.from_uri;
    event.to_uri = offer.to_uri;
    event.source = Some(offer.source);
    event.headers = offer.headers;
    event
}

#[cfg(test)]
mod tests;
