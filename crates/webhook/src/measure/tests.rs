//! Tests of the counters: each class of failure is named in them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_default_local_recorder,
};

use crate::failure::FailureClass as C;
use crate::testing::{Deed, Server, ask, client, json, refusing, webhook, with};

const ANSWER: &str = r#"{"action":"hangup"}"#;

/// Counters and gauges, by name and labels.
#[derive(Default)]
struct Recorded(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Recorded {
    fn cell(&self, key: &Key) -> Arc<AtomicU64> {
        let mut name = key.name().to_owned();
        for label in key.labels() {
            name.push_str(&format!(" {}={}", label.key(), label.value()));
        }
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(name).or_default())
    }

    /// What a counter has counted.
    fn count(&self, name: &str) -> u64 {
        let cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cells
            .get(name)
            .map_or(0, |cell| cell.load(Ordering::SeqCst))
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        assert_eq!(key.name(), "callroute_webhook_ask_seconds");
        Histogram::noop()
    }
}

fn asks(outcome: &str) -> String {
    format!("callroute_webhook_asks_total webhook=sales outcome={outcome}")
}

fn attempts(outcome: &str) -> String {
    format!("callroute_webhook_attempts_total webhook=sales outcome={outcome}")
}

#[tokio::test]
async fn each_class_of_failure_is_counted_by_its_name() {
    let recorded = Recorded::default();
    let _guard = set_default_local_recorder(&recorded);
    let bytes = |bytes: Vec<u8>| vec![Deed::Write(bytes)];
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let large = json(&" ".repeat(70_000));
    for (deeds, class) in [
        (vec![Deed::Close], C::Reset),
        (vec![Deed::Silence], C::TimeoutFirstByte),
        (vec![Deed::Write(head), Deed::Silence], C::TimeoutTotal),
        (bytes(with("404 No", "", "")), C::Status4xx),
        (bytes(with("429 Slow", "", "")), C::Status429),
        (bytes(with("500 Oh", "", "")), C::Status5xx),
        (bytes(with("302 Found", "", "")), C::Redirect),
        (bytes(large), C::TooLarge),
        (
            bytes(with("200 OK", "content-type: text/html\r\n", "x")),
            C::BadContentType,
        ),
        (bytes(json("{]")), C::BadJson),
        (bytes(json("{}")), C::BadSchema),
        (bytes(json("")), C::Empty),
    ] {
        let server = Server::start(move |_, _| deeds.clone()).await;
        let asked = ask(&client(), &webhook(&[server.url()], 300)).await;
        assert_eq!(asked.result.unwrap_err().class, class);
        assert_eq!(recorded.count(&asks(class.as_str())), 1, "{class}");
        assert_eq!(recorded.count(&attempts(class.as_str())), 1, "{class}");
    }
    let server = Server::answering(json(ANSWER)).await;
    let mut private = webhook(&[server.url()], 300);
    private.allow.clear();
    let mut busy = webhook(&[server.url()], 300);
    busy.deadline = std::time::Duration::ZERO;
    let refusing = webhook(&[refusing().await], 300);
    let nowhere = webhook(&["http://callroute.invalid/".to_owned()], 5000);
    for (webhook, class) in [
        (private, C::RefusedAddress),
        (busy, C::Deadline),
        (nowhere, C::Dns),
        (refusing.clone(), C::Connect),
    ] {
        let failure = ask(&client(), &webhook).await.result.unwrap_err();
        assert_eq!(failure.class, class);
        assert_eq!(recorded.count(&asks(class.as_str())), 1, "{class}");
    }
    let client = client();
    for _ in 0..6 {
        assert!(ask(&client, &refusing).await.result.is_err());
    }
    assert_eq!(recorded.count(&attempts("resting")), 1, "the sixth");
    let answered = ask(&client, &webhook(&[server.url()], 5000)).await;
    assert!(answered.result.is_ok());
    assert_eq!(recorded.count(&asks("answer")), 1);
    let in_flight = "callroute_webhook_in_flight webhook=sales";
    assert_eq!(recorded.count(in_flight), 0.0_f64.to_bits(), "all are over");
}
