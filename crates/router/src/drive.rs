//! One call: a session, its line, its webhooks and its timer.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use callroute_media::{Capabilities, LegId, Line, Notice};
use callroute_rules::{Engine, Fact, Lookup};
use callroute_schema::{CallRecord, Cause, Disposition, Event, EventKind};
use callroute_session::journal::{Entry, Header};
use callroute_session::shared::{HubReply, HubRequest};
use callroute_session::{Effect, Input, Note, Now, Session, Settings};
use callroute_store::StoredCall;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::ask::Ask;
use crate::asks::endpoints_for;
use crate::caught::caught;
use crate::config::RouterConfig;
use crate::journal::Pen;
use crate::lookups;
use crate::messages::{self, Kept, Posts};
use crate::switchboard::Switchboard;

/// Most trace lines of a call that its record keeps.
const TRACE_LINES: usize = 500;

/// How long the end of a call waits for its messages to be kept.
const KEEPING: Duration = Duration::from_secs(10);

/// What a call works with.
pub(crate) struct Call<L> {
    pub(crate) config: Arc<RouterConfig>,
    pub(crate) asks: Arc<crate::asks::Asks>,
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) posts: Arc<Posts>,
    pub(crate) line: L,
    pub(crate) event: Event,
    /// What it begins with.
    pub(crate) first: Input,
    /// When the call came in.
    pub(crate) arrived: Instant,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) switchboard: Arc<Switchboard>,
}

/// Drives one call to its end.
pub(crate) async fn drive<L: Line>(call: Box<Call<L>>) {
    let Call {
        config,
        asks,
        capabilities,
        settings,
        posts,
        line,
        event,
        first,
        arrived,
        mut stop,
        switchboard,
    } = *call;
    let engine = config.table.current();
    let (endpoints, faults) = asks.of(&engine, &capabilities);
    for fault in faults {
        config.observer.warning(&fault.to_string());
    }
    let began = arrived;
    let now = Now {
        utc: config.clock.now(),
        mono: Duration::ZERO,
    };
    let pen = config.journals.as_ref().map(|journals| {
        let settings = settings.as_ref().clone();
        let header = Header::new(&engine, event.clone()).with_settings(settings);
        journals.begin(&event.call_id, &header, engine.clone())
    });
    let mut inbox = switchboard.begin(&event, engine.clone());
    let mut driver = Driver {
        session: Session::with_settings(engine.clone(), event, now, settings),
        engine,
        switchboard,
        posts,
        keeping: Vec::new(),
        details: None,
        line,
        asking: None,
        looking: JoinSet::new(),
        endpoints,
        pen,
        began,
        trace: Vec::new(),
        fresh: Vec::new(),
        done: false,
        config,
    };
    // The time that it was made at: who replays the journal has no other.
    driver.input(now, first).await;
    let mut told = false;
    while !driver.done {
        let wake = driver.session.next_wake().map(|mono| began + mono);
        let mut closed = false;
        let input = tokio::select! {
            notice = poll_fn(|cx| driver.line.poll_notice(cx)) => {
                closed = notice.is_none();
                Input::Media(notice.unwrap_or_else(line_closed))
            }
            answered = poll_fn(|cx| poll(&mut driver.asking, cx)) => answered,
            Some(looked_up) = driver.looking.join_next() => match looked_up {
                Ok(shared) => Input::HubReply(shared),
                // The runtime ends, and this call with it.
                Err(_) => continue,
            },
            Some(input) = inbox.recv() => *input,
            () = sleep_until(wake) => Input::Wake,
            // Said once; a router that is gone has stopped.
            _ = stop.wait_for(|stop| *stop), if !told => {
                told = true;
                Input::Shutdown
            }
        };
        driver.input(driver.now(), input).await;
        if closed {
            break;
        }
    }
}

/// An ask under way. It is no task of its own: another thread would take that most of the time, and
/// would have to be woken first.
type Asking = Pin<Box<dyn Future<Output = Input> + Send>>;

/// Moves an ask, if there is one.
fn poll(asking: &mut Option<Asking>, context: &mut Context<'_>) -> Poll<Input> {
    let Some(under_way) = asking else {
        return Poll::Pending;
    };
    let polled = under_way.as_mut().poll(context);
    if polled.is_ready() {
        *asking = None;
    }
    polled
}

struct Driver<L> {
    session: Session,
    engine: Arc<Engine>,
    switchboard: Arc<Switchboard>,
    posts: Arc<Posts>,
    /// Messages that are being kept.
    keeping: Vec<Kept>,
    details: Option<Box<CallRecord>>,
    line: L,
    /// The ask under way: a call has one at a time.
    asking: Option<Asking>,
    looking: JoinSet<HubReply>,
    endpoints: Arc<std::collections::HashMap<String, callroute_webhook::Endpoints>>,
    pen: Option<Pen>,
    began: Instant,
    trace: Vec<(u64, String)>,
    /// Steps that are yet to be written into it.
    fresh: Vec<(u64, Note)>,
    done: bool,
    config: Arc<RouterConfig>,
}

impl<L: Line> Driver<L> {
    fn now(&self) -> Now {
        Now {
            utc: self.config.clock.now(),
            mono: self.began.elapsed(),
        }
    }

    async fn input(&mut self, now: Now, input: Input) {
        // Deadlines count from here: from the call's arrival, or the key that was pressed. What
        // lookups took has been taken off by the session.
        let heard = match input {
            Input::Start | Input::CallBack(_) => self.began,
            _ => Instant::now(),
        };
        if let Some(pen) = &mut self.pen {
            pen.write(Entry::new(now, input.clone()).to_line());
        }
        let at_ms = u64::try_from(now.mono.as_millis()).unwrap_or(u64::MAX);
        let call_id = self.session.event().call_id.clone();
        let effects: Vec<Effect> = self.session.handle(now, input).collect();
        for effect in effects {
            if ends(&effect) {
                self.kept().await;
            }
            match effect {
                Effect::Media(command) => self.line.perform(command),
                Effect::Ask {
                    ask,
                    target,
                    event,
                    deadline_ms,
                } => {
                    let endpoints = endpoints_for(&self.endpoints, &target, deadline_ms);
                    let ask = Ask { ask, event, heard };
                    self.asking = Some(Box::pin(ask.run(self.config.clone(), endpoints)));
                }
                Effect::CancelAsk { .. } => self.asking = None,
                Effect::HubRequest(HubRequest::Fact {
                    lookup: Lookup::Row(name),
                    ..
                }) => self.look_up(name),
                Effect::HubRequest(share) => self.switchboard.share(&call_id, share),
                Effect::Message(message) => {
                    let (config, posts) = (&self.config, &self.posts);
                    let (event, webhooks) = (self.session.event(), &self.endpoints);
                    let kept = messages::take(config, posts, event, webhooks, *message);
                    self.keeping.push(kept);
                }
                Effect::Record(record) => {
                    self.config.observer.record(&record);
                    self.details = Some(record);
                }
                Effect::Emit(event) => {
                    #[cfg(feature = "metrics")]
                    crate::measure::count(&event);
                    self.config.observer.event(&event);
                }
                Effect::Note(note) => {
                    self.config.observer.note(&call_id, at_ms, &note);
                    if self.trace.len() + self.fresh.len() < TRACE_LINES {
                        self.fresh.push((at_ms, note));
                    }
                }
                Effect::Done => self.done = true,
                other => self.config.observer.warning(&format!(
                    "an effect that this router does not know: {other:?}"
                )),
            }
        }
        // Somebody waits for what the answer to an ask brings about, and before that for the ask.
        if self.asking.is_none() {
            self.write();
        }
    }
}

impl<L> Driver<L> {
    /// Waits until the caller's messages are kept: nobody is told that the call is over before.
    async fn kept(&mut self) {
        let keeping = std::mem::take(&mut self.keeping);
        let kept = async {
            for kept in keeping {
                // Whatever came of it has been told.
                let _ = kept.await;
            }
        };
        if tokio::time::timeout(KEEPING, kept).await.is_err() {
            let text = "a call ends before its message is kept: the disk is slow";
            self.config.observer.warning(text);
        }
    }

    /// Writes the trace: not before something is done that somebody waits for.
    fn write(&mut self) {
        let fresh = self.fresh.drain(..);
        let lines = fresh.map(|(at_ms, note)| (at_ms, note.to_string()));
        self.trace.extend(lines);
    }

    /// Asks somebody outside what is known of the caller, beside the call.
    fn look_up(&mut self, name: String) {
        let (config, engine) = (self.config.clone(), self.engine.clone());
        let endpoints = self.endpoints.clone();
        let event = self.session.event().clone();
        self.looking.spawn(async move {
            let asking = lookups::Asking {
                client: &config.webhooks,
                endpoints: &endpoints,
            };
            let found = caught(config.lookups.find(&engine, &name, &event, asking)).await;
            let (fact, why) = found.unwrap_or_else(|panic| {
                let why = format!("lookup `{name}` broke down: {panic}");
                config.observer.warning(&why);
                (Fact::Missing, Some(why))
            });
            HubReply::Fact {
                lookup: Lookup::Row(name),
                fact,
                why,
            }
        });
    }
}

/// However a call's task ends, its record is kept and its place is free again.
impl<L> Drop for Driver<L> {
    fn drop(&mut self) {
        self.write();
        let event = self.session.event();
        self.switchboard.end(&event.call_id);
        self.config.calls.end(StoredCall {
            call_id: event.call_id.clone(),
            from: event.from.clone(),
            to: event.to.to_string(),
            began: event.timestamp,
            duration_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            trace: std::mem::take(&mut self.trace),
            details: self.details.take(),
        });
    }
}

/// Whether this tells that the call is over.
fn ends(effect: &Effect) -> bool {
    match effect {
        Effect::Emit(event) => event.kind == EventKind::CallCompleted,
        Effect::Record(_) | Effect::Done => true,
        _ => false,
    }
}

/// The line has closed: the caller is gone, whatever the adapter forgot to say.
fn line_closed() -> Notice {
    Notice::LegEnded {
        leg: LegId::CALLER,
        cause: Cause::local(Disposition::Unreachable),
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
