//! What becomes of a message that a caller left: it is kept, and told of by webhook and mail,
//! beside the call.

mod posts;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use callroute_schema::{Event, EventKind, RecordingInfo};
use callroute_session::Message;
use callroute_store::StoredMessage;
use callroute_webhook::Endpoints;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use ulid::Ulid;

pub(crate) use self::posts::Posts;
use crate::asks::ByName;
use crate::config::RouterConfig;
use crate::observer::Observer;

/// How long before a mail or a webhook is tried again, each time.
const AGAIN: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

/// Resolves when a message is kept, or could not be.
pub(crate) type Kept = oneshot::Receiver<()>;

/// Keeps a message, and tells of it then, beside the call: a disk or a server may be slow.
pub(crate) fn take(
    config: &Arc<RouterConfig>,
    posts: &Arc<Posts>,
    event: &Event,
    webhooks: &ByName,
    message: Message,
) -> Kept {
    let webhook = message.webhook.as_ref();
    let endpoints = webhook.and_then(|name| webhooks.get(name.as_str()).cloned());
    let (done, kept) = oneshot::channel();
    let (config, event) = (config.clone(), event.clone());
    let (beside, runtime) = (posts.clone(), Handle::current());
    posts.keep(Box::new(move || {
        // Whatever breaks down, the next message is kept.
        let keeping = AssertUnwindSafe(|| keep(&config, &message));
        if catch_unwind(keeping).is_err() {
            config.observer.warning("keeping a message broke down");
        }
        // Nobody waits for it where the call's task has ended.
        let _ = done.send(());
        told_of(&config, &beside, &runtime, &event, endpoints, message);
    }));
    kept
}

fn keep(config: &RouterConfig, message: &Message) {
    let stored = StoredMessage {
        id: id(message),
        mailbox: message.mailbox.clone(),
        call_id: message.call_id.clone(),
        from: message.from.clone(),
        from_name: message.from_name.clone(),
        to: message.to.clone(),
        received: message.received,
        reason: message.reason.clone(),
        url: message.url.clone(),
        duration_ms: message.duration_ms,
        heard: false,
    };
    match config.messages.keep(stored) {
        Ok(()) => {
            let waiting = config.messages.waiting(&message.mailbox);
            config.observer.messages(&message.mailbox, waiting);
        }
        Err(error) => config
            .observer
            .warning(&format!("a message could not be kept: {error}")),
    }
}

fn told_of(
    config: &Arc<RouterConfig>,
    posts: &Posts,
    runtime: &Handle,
    event: &Event,
    endpoints: Option<Endpoints>,
    message: Message,
) {
    let which = named(&message);
    let mut given_up = Vec::new();
    match (&message.webhook, endpoints) {
        (Some(name), Some(endpoints)) => {
            let event = recorded(event, &message);
            let what = format!("webhook `{name}` of {which}");
            let telling = tell(config.clone(), endpoints, event, which.clone());
            if !posts.tell(runtime, what, telling) {
                given_up.push(format!("webhook `{name}` is not told"));
            }
        }
        (Some(name), None) => config.observer.warning(&format!(
            "webhook `{name}` cannot be told of {which}: it cannot be asked"
        )),
        (None, _) => {}
    }
    if !message.mail.is_empty() {
        let what = format!("mail of {which}");
        if !posts.tell(runtime, what, mail(config.clone(), message)) {
            given_up.push("it is not mailed".to_owned());
        }
    }
    for what in given_up {
        config.observer.warning(&format!(
            "{which} is kept, but {what}: too many are being told, or the router stops"
        ));
    }
}

/// A message as it is found in its box.
fn named(message: &Message) -> String {
    format!("message {} in box {}", id(message), message.mailbox)
}

/// One call may leave several messages; each has its own sound.
fn id(message: &Message) -> String {
    let file = message.url.rsplit(['/', '\\']).next().unwrap_or_default();
    let file = file.strip_suffix(".wav").unwrap_or(file);
    if file.is_empty() {
        message.call_id.to_string()
    } else {
        file.to_owned()
    }
}

fn recorded(event: &Event, message: &Message) -> Event {
    let mut event = event.clone();
    event.kind = EventKind::VoicemailRecorded;
    event.timestamp = message.received;
    event.recording = Some(RecordingInfo {
        url: message.url.clone(),
        duration_ms: message.duration_ms,
    });
    let mailbox = message.mailbox.clone();
    event.attributes.insert("mailbox".to_owned(), mailbox);
    let reason = message.reason.clone();
    event.attributes.insert("reason".to_owned(), reason);
    event
}

/// Tells a webhook. It need not say anything sensible: whatever it answers, it was told.
async fn tell(config: Arc<RouterConfig>, endpoints: Endpoints, event: Event, which: String) {
    let (client, endpoints, event) = (&config.webhooks, &endpoints, &event);
    // The same each time, so that its receiver knows it again.
    let id = Ulid::new().0;
    let told = || async move { client.notify(endpoints, event, id).await.result };
    let what = format!("webhook `{}` was not told of {which}", endpoints.name);
    keep_trying(config.observer.as_ref(), &what, told).await;
}

async fn mail(config: Arc<RouterConfig>, message: Message) {
    let Some(mail) = config.mail.clone() else {
        let which = named(&message);
        return config.observer.warning(&format!(
            "{which} was not mailed: the router has no mail server"
        ));
    };
    let what = format!("{} was not mailed", named(&message));
    keep_trying(config.observer.as_ref(), &what, || mail.send(&message)).await;
}

/// Tries until it is done, or has been tried again often enough. `what` says what was not.
async fn keep_trying<F, E>(observer: &dyn Observer, what: &str, attempt: impl Fn() -> F)
where
    F: Future<Output = Result<(), E>>,
    E: fmt::Display,
{
    let mut pauses = AGAIN.iter();
    while let Err(error) = attempt().await {
        let Some(pause) = pauses.next() else {
            return observer.warning(&format!("{what}, and it is given up: {error}"));
        };
        let s = pause.as_secs();
        observer.warning(&format!("{what}: {error}; again in {s} s"));
        tokio::time::sleep(*pause).await;
    }
}

#[cfg(test)]
mod tests;
