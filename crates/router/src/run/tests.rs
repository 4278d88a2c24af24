//! Tests of beginning and stopping.

use callroute_rules::{ChronoTz, load};
use callroute_schema::{Queue, QueueName};
use callroute_session::shared::{Callback, Place};

use super::{NO_ROOM, Router, check};
use crate::fakes::{Deserted, config, event};
use crate::lookups::Lookups;

#[test]
fn every_fault_is_told_at_once() {
    let table = r#"
version: 1
default: { action: busy }
lookups: { crm: { sql: "select tier from customers where phone = :from" } }
webhooks:
  one: { urls: ["http://example.com/"], secret: { file: there-is-none } }
  two: { urls: ["http://example.com/"], secret: { file: there-is-none-either } }
numbers:
  "1": { action: webhook, name: one }
  "2": { action: webhook, name: two }
  "3": [{ when: { attribute: { crm.tier: gold } }, then: { action: busy } }]
"#;
    let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
    let told = check(&engine, &Lookups::default()).unwrap_err().to_string();
    for what in ["webhook `one`", "webhook `two`", "lookup `crm`"] {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(told.lines().count(), 3, "{told}");
}

/// Whoever was promised a callback and gets none can be called by somebody who reads the log.
#[tokio::test(start_paused = true)]
async fn callbacks_that_a_stop_leaves_undone_are_told() {
    let (config, seen) = config("version: 1\ndefault: { action: busy }\n");
    let router = Router::new(Deserted, config).unwrap();
    for (arrival, call_id) in (0..45_u32).map(|n| (n, format!("c{n}"))) {
        let event = event(&call_id, "+13146523057");
        let place = Place {
            of: event.call_id.clone(),
            arrival: arrival.into(),
            since_ms: 0,
        };
        let callback = Callback {
            queue: Box::new(Queue::named(QueueName::new("desk").unwrap())),
            event: Box::new(event),
            place,
            tries: arrival,
        };
        router.switchboard.put_off(callback, NO_ROOM);
    }
    router.run(std::future::ready(())).await;
    let warnings = seen.warnings();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    for text in &warnings {
        let told = "callers not called back as the router stops: 45, of the calls c";
        assert!(text.starts_with(told), "{text}");
    }
    let all = warnings.join(", ");
    for n in 0..45 {
        assert!(all.contains(&format!("c{n} from +1415•••0123")), "{all}");
    }
}
