//! Counters and times of asks, through the facade `metrics` (feature `metrics`): without a
//! recorder, and without the feature, they cost nothing. No label ever holds a number or a name
//! of a caller.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `callroute_webhook_asks_total` | counter | `webhook`; `outcome`: `answer`, `last_good`, or the failure's class |
//! | `callroute_webhook_attempts_total` | counter | `webhook`; `outcome`: `answer`, or the failure's class |
//! | `callroute_webhook_ask_seconds` | histogram | `webhook` |
//! | `callroute_webhook_in_flight` | gauge | `webhook` |

#![cfg(feature = "client")]

use crate::report::AskReport;

/// One ask that is being measured.
pub(crate) struct Measure {
    #[cfg(feature = "metrics")]
    name: String,
}

#[cfg(not(feature = "metrics"))]
impl Measure {
    pub(crate) fn begin(_: &str) -> Self {
        Self {}
    }

    #[expect(clippy::unused_self, reason = "the same as with the feature")]
    pub(crate) fn end(self, _: &AskReport) {}
}

#[cfg(feature = "metrics")]
impl Measure {
    pub(crate) fn begin(name: &str) -> Self {
        let name = name.to_owned();
        metrics::gauge!("callroute_webhook_in_flight", "webhook" => name.clone()).increment(1.0);
        Self { name }
    }

    pub(crate) fn end(self, asked: &AskReport) {
        let outcome = match (&asked.result, &asked.stood_in) {
            (Ok(_), None) => "answer",
            (Ok(_), Some(_)) => "last_good",
            (Err(failure), _) => failure.class.as_str(),
        };
        let name = || self.name.clone();
        metrics::counter!(
            "callroute_webhook_asks_total", "webhook" => name(), "outcome" => outcome
        )
        .increment(1);
        for attempt in &asked.attempts {
            let outcome = attempt
                .failure
                .as_ref()
                .map_or("answer", |failure| failure.class.as_str());
            metrics::counter!(
                "callroute_webhook_attempts_total", "webhook" => name(), "outcome" => outcome
            )
            .increment(1);
        }
        metrics::histogram!("callroute_webhook_ask_seconds", "webhook" => name())
            .record(asked.elapsed.as_secs_f64());
    }
}

/// An ask that is dropped before its end is no longer in flight.
#[cfg(feature = "metrics")]
impl Drop for Measure {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        metrics::gauge!("callroute_webhook_in_flight", "webhook" => name).decrement(1.0);
    }
}

#[cfg(all(test, feature = "metrics"))]
mod tests;
