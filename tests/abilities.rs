//! An adapter that cannot do everything: said when the router begins and when a table comes, and
//! by every call that meets it.

use std::sync::Arc;
use std::task::{Context, Poll};

use callroute_media::{Adapter, Capabilities, Incoming};
use callroute_router::{Router, RouterConfig, RouterError};
use callroute_rules::{ChronoTz, Engine, load};
use callroute_session::Note;
use callroute_sip::phone::{Phone, PhoneConfig};
use callroute_sip::{SipAdapter, SipLine};
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig};

use crate::common::Bench;
use crate::common::seen::Seen;
use crate::common::wait::{PATIENCE, came_true};

/// SIP, but neither recording nor rooms nor headers of the table's.
struct Limited(SipAdapter);

impl Adapter for Limited {
    type Line = SipLine;

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "limited",
            record: false,
            rooms: false,
            headers: false,
            ..self.0.capabilities()
        }
    }

    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Option<Incoming<SipLine>>> {
        self.0.poll_call(cx)
    }
}

fn engine(text: &str) -> Arc<Engine> {
    Arc::new(load("routes.yaml", text, &(), &ChronoTz).unwrap())
}

const TABLE: &str = r#"
version: 1
default: [{ action: set, headers: { X-A: b } }, { action: busy }]
"#;

const WISHES: &str = r#"
version: 1
default: { action: voicemail, message: message, on: { failed: { action: reject, cause: congestion } } }
targets: { meet: { action: conference, name: all } }
numbers: { "+13146523058": meet }
"#;

/// B37, B38: a table with what can never be done is refused at the start, with every place; what can be
/// done without is a warning. A table that comes later is warned of, and its calls take their
/// branches at once and say why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_adapter_cannot_do_is_said() {
    let bench = Bench::new();
    let made = |table: &str, adapter, seen: &Arc<Seen>| {
        let handle = TableHandle::new(engine(table));
        let mut config = RouterConfig::new(handle.clone(), Client::new(ClientConfig::default()));
        config.observer = seen.clone();
        Router::new(Limited(adapter), config).map(|router| (router, handle))
    };
    let seen = Arc::new(Seen::default());
    let adapter = SipAdapter::bind(bench.config(&[])).await.unwrap();
    let refused = made(WISHES, adapter, &seen).map(|_| ()).unwrap_err();
    assert!(matches!(refused, RouterError::Adapter(_)), "{refused:?}");
    assert_eq!(
        refused.to_string(),
        "default: the adapter `limited` cannot record: `voicemail` would always fail\n\
         targets.meet: the adapter `limited` cannot let calls meet: `conference` would always fail"
    );

    let adapter = SipAdapter::bind(bench.config(&[])).await.unwrap();
    let addr = adapter.local_addr();
    let (router, handle) = made(TABLE, adapter, &seen).unwrap();
    let goes_without = "default[0]: the adapter `limited` cannot send headers of the routing's \
                        choice: `set` goes without";
    assert_eq!(seen.warnings(), [goes_without]);
    let stop = tokio::spawn(router.run(std::future::pending()));
    handle.replace(engine(WISHES));
    let phone = Phone::bind((bench.ip, 0).into(), PhoneConfig::default());
    let phone = phone.await.unwrap();
    let to = format!("sip:+13146523057@{addr}");
    let call = phone.call(&to, "+14155550123").await.unwrap();
    let cause = call.wait_ended(PATIENCE).await.unwrap();
    assert_eq!(cause.sip_code, Some(503), "{}", seen.trace());
    let over = || seen.has(|note| matches!(note, Note::Ended { .. }));
    assert!(came_true(PATIENCE, over).await);
    let trace = seen.trace();
    assert!(
        trace.contains("voicemail: the adapter cannot record"),
        "{trace}"
    );
    let warned = seen.warnings();
    assert!(
        warned.iter().any(|text| text.contains("cannot record")),
        "{warned:?}"
    );
    assert!(
        warned
            .iter()
            .any(|text| text.contains("cannot let calls meet")),
        "{warned:?}"
    );
    stop.abort();
}
