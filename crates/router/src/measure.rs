//! What calls come to, through the facade `metrics`: without a recorder it costs nothing. No label
//! ever holds a number or a name of a caller.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `callroute_webhook_failed_total` | counter | `webhook`: its name, or `url`; `failure`: the class |
//!
//! It counts the events `webhook_failed`: also answers that the table refuses, which the counters
//! of `callroute-webhook` take for answers.

use callroute_schema::{Event, EventKind};

/// Counts an event that is told.
pub(crate) fn count(event: &Event) {
    if event.kind != EventKind::WebhookFailed {
        return;
    }
    let text = |name: &str| event.attributes.get(name).map_or("", String::as_str);
    metrics::counter!(
        "callroute_webhook_failed_total",
        "webhook" => text("webhook").to_owned(),
        "failure" => text("failure").to_owned()
    )
    .increment(1);
}
