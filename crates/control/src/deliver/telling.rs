//! One event, told once.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callroute_schema::{Event, tree};
use callroute_webhook::{Attempt, Client, Failure, FailureClass};
use serde_json::value::RawValue;

use crate::config::WebhookSink;
use crate::outbox::Record;
use crate::queue::Told;

/// How one try to tell an event ended.
pub(super) enum End {
    Taken,
    Failed(Failure),
    TooOld,
    Refused(String),
}

/// Whether an event is longer than anything that is read as one again.
pub(super) fn is_long(told: &Told) -> bool {
    told.json.len() > tree::MAX_BYTES
}

/// An event that is too long, as it can be told: without its attributes.
pub(super) fn shortened(told: &Told) -> Option<Told> {
    let mut fields: BTreeMap<&str, &RawValue> = serde_json::from_str(&told.json).ok()?;
    fields.remove("attributes");
    let event = Event::from_json(&serde_json::to_vec(&fields).ok()?).ok()?;
    Some(Told {
        json: event.to_json().into(),
        ..told.clone()
    })
}

/// Tells one event once.
pub(super) async fn told(sink: &WebhookSink, client: &Client, record: &Record) -> End {
    let Ok(event) = Event::from_json(record.told.json.as_bytes()) else {
        return End::Refused("it is no event of this version".to_owned());
    };
    let age = Duration::from_millis(now_ms().saturating_sub(record.at_ms));
    if age > sink.max_age {
        return End::TooOld;
    }
    let notified = client.notify(&sink.endpoints, &event, record.told.id).await;
    match notified.result {
        Ok(()) => End::Taken,
        Err(failure) if is_final(status(&notified.attempts), failure.class) => {
            End::Refused(failure.to_string())
        }
        Err(failure) => End::Failed(failure),
    }
}

fn status(attempts: &[Attempt]) -> Option<u16> {
    attempts.iter().rev().find_map(|attempt| attempt.status)
}

/// A failure as it may stand in a log: where a server points to, it may repeat what it was asked
/// with, and that may be secret.
pub(super) fn said(failure: &Failure) -> String {
    let text = failure.to_string();
    match text.split_once('?') {
        Some((before, _)) if failure.class == FailureClass::Redirect => format!("{before}?…"),
        _ => text,
    }
}

/// Whether telling it again would be in vain: the server says that the event itself is at fault.
fn is_final(status: Option<u16>, class: FailureClass) -> bool {
    class == FailureClass::Status4xx && matches!(status, Some(400 | 413 | 415 | 422))
}

/// Four to six fifths of a pause, so that many do not come at once.
pub(super) fn spread(pause: Duration, id: u128) -> Duration {
    let part = u32::try_from(id % 401).unwrap_or(200);
    (pause / 1000).saturating_mul(800 + part)
}

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
