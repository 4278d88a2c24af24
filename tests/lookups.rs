//! Lookups on real parts: an SQLite file, a web server, code of the program's own; and calls that
//! go where they say.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use callroute_router::{
    CustomFuture, CustomLookup, Lookups, Router, RouterConfig, RouterError, Way,
};
use callroute_rules::{ChronoTz, Facts, load};
use callroute_schema::{Event, Party};
use callroute_session::Note;
use callroute_session::shared::AgentState;
use callroute_sip::SipAdapter;
use callroute_sip::phone::{AnswerMode, Phone, PhoneConfig};
use callroute_store::SqliteRows;
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig};
use rusqlite::Connection;

use crate::common::webhook::Webhook;
use crate::common::{Bench, Running};

const PATIENCE: Duration = Duration::from_secs(20);
const GOLD: &str = "+14155550123";

/// A customer database.
struct Crm {
    path: PathBuf,
    connection: Connection,
}

impl Crm {
    fn new(folder: &Path) -> Self {
        let path = folder.join("crm.sqlite");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "create table customers (phone text primary key, owner text, tier text);
                 insert into customers values ('+14155550123', 'ann', 'gold');
                 insert into customers values ('+14155550124', 'zoe', 'tin');",
            )
            .unwrap();
        Self { path, connection }
    }

    fn lookups(&self) -> Lookups {
        Lookups::default().with_database(SqliteRows::open(&self.path).unwrap())
    }
}

/// A phone that answers at once.
async fn phone(bench: &Bench) -> Phone {
    let phone = Phone::bind((bench.ip, 0).into(), PhoneConfig::default());
    let phone = phone.await.unwrap();
    phone.set_answer(AnswerMode::After(Duration::ZERO));
    phone
}

fn uri(phone: &Phone) -> String {
    format!("sip:phone@{}", phone.local_addr())
}

/// Calls a number, waits for the answer and hangs up; the SIP status of a refusal.
async fn call(router: &Running, by: &Phone, from: &str, to: &str) -> Option<u16> {
    let uri = format!("sip:{to}@{}", router.addr);
    let call = by.call(&uri, from).await.unwrap();
    let answered = call.wait_answered(PATIENCE).await;
    call.hangup();
    call.wait_ended(PATIENCE).await;
    answered.err().and_then(|cause| cause.sip_code)
}

/// Who was rung in the last call that is over.
fn rung(router: &Running, calls: usize) -> Vec<String> {
    let records = router.records();
    assert_eq!(records.len(), calls, "{}", router.seen.trace());
    let attempts = &records[0].details.as_ref().unwrap().attempts;
    attempts.iter().map(|one| one.member.clone()).collect()
}

/// A1, A23, B6, B30: the table of `examples/crm`: a sales call goes to the representative whom the
/// database names, and a change there to the very next call; a name that is nobody's, and a
/// caller whom the database does not know, go to the team.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sales_calls_go_to_the_representative_whom_the_crm_names() {
    let bench = Bench::new();
    let (caller, ann, bob) = tokio::join!(phone(&bench), phone(&bench), phone(&bench));
    let crm = Crm::new(bench.path());
    let contacts = [("+13145550101", &*uri(&ann)), ("+13145550102", &*uri(&bob))];
    let table = include_str!("../examples/crm/routes.yaml");
    let router = bench
        .router_made(table, bench.config(&contacts), |config| {
            config.lookups = crm.lookups();
        })
        .await;
    let sales = "+13145550001";
    assert_eq!(call(&router, &caller, GOLD, sales).await, None);
    router.settled(1).await;
    assert_eq!(rung(&router, 1), ["ann"]);
    crm.connection
        .execute("update customers set owner = 'bob' where owner = 'ann'", [])
        .unwrap();
    assert_eq!(call(&router, &caller, GOLD, sales).await, None);
    router.settled(2).await;
    assert_eq!(rung(&router, 2), ["bob"]);
    assert_eq!((ann.calls().len(), bob.calls().len()), (1, 1));
    // The event, and so servers that are asked later, say what was looked up (A13).
    let details = router.records()[0].details.clone().unwrap();
    assert_eq!(details.attributes["crm.tier"], "gold");
    for (calls, from) in [(3, "+14155550124"), (4, "+12125550100")] {
        assert_eq!(call(&router, &caller, from, sales).await, None);
        router.settled(calls).await;
        let rung = rung(&router, calls);
        let team = rung.iter().filter(|who| ["ann", "bob"].contains(&&***who));
        assert_eq!(team.count(), 2, "{rung:?}");
    }
}

/// A2, A3, A24, B6: a support call goes to the engineer on shift, and to voicemail while that one is
/// in a meeting (A4).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn support_calls_go_to_the_engineer_on_shift() {
    let bench = Bench::new();
    let (caller, cid, dan) = tokio::join!(phone(&bench), phone(&bench), phone(&bench));
    let crm = Crm::new(bench.path());
    let contacts = [("+13145550103", &*uri(&cid)), ("+13145550104", &*uri(&dan))];
    let table = include_str!("../examples/crm/routes.yaml");
    let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
    let router = bench
        .router_made(table, bench.config(&contacts), |config| {
            config.lookups = crm.lookups();
        })
        .await;
    let support = "+13145550002";
    // Whose week it is, the table says; that it changes hands is seen in its own tests.
    let on_call = engine.on_duty("on_call", chrono::Utc::now()).unwrap();
    assert_eq!(call(&router, &caller, GOLD, support).await, None);
    router.settled(1).await;
    assert_eq!(rung(&router, 1), ["on_call"]);
    let rang = match on_call {
        "cid" => (1, 0),
        _ => (0, 1),
    };
    assert_eq!((cid.calls().len(), dan.calls().len()), rang);
    let who = Party::new(on_call).unwrap();
    router
        .control
        .set_agent(&who, AgentState::InMeeting)
        .unwrap();
    assert_eq!(call(&router, &caller, GOLD, support).await, None);
    router.settled(2).await;
    assert_eq!(rung(&router, 2), Vec::<String>::new());
    assert_eq!((cid.calls().len(), dan.calls().len()), rang);
}

/// Which calls are risky, in the program's own words.
#[derive(Debug)]
struct Risk;

impl CustomLookup for Risk {
    fn find<'a>(&'a self, event: &'a Event) -> CustomFuture<'a> {
        Box::pin(async move {
            match event.from.as_str() {
                "+19995550100" => Err("the register of risks is closed".into()),
                "+19995550101" => std::future::pending().await,
                "+19995550102" => panic!("a lookup with a fault"),
                from => {
                    let risky = from.starts_with("+1999").to_string();
                    Ok(Some([("risky".to_owned(), risky)].into()))
                }
            }
        })
    }
}

/// Refused with one cause for each way that a rule of three lookups may go.
fn composed(score: &str) -> String {
    format!(
        r#"
version: 1
region: US
default: {{ action: reject, cause: congestion }}
hours: {{ always: {{ zone: UTC, open: "24/7" }} }}
webhooks:
  score: {{ urls: ["{score}"], deadline_ms: 1500, allow: ["127.0.0.0/8"], fallback: {{ action: hangup }} }}
lookups:
  crm: {{ sql: "select tier from customers where phone = :from", budget_ms: 5000 }}
  score: {{ webhook: score, budget_ms: 5000 }}
  risk: {{ custom: risk, budget_ms: 100 }}
agents: {{ ann: {{ to: "sip:ann@127.0.0.1:9" }} }}
numbers:
  "+13146523057":
    - name: gold, and somebody is there
      when: {{ all: [ {{ attribute: {{ crm.tier: gold }} }}, {{ attribute: {{ score.points: {{ at_least: 7 }} }} }}, {{ attribute: {{ risk.risky: "false" }} }}, {{ open: always }}, {{ available: ann }} ] }}
      then: {{ action: reject, cause: user_busy }}
    - {{ name: gold alone, when: {{ attribute: {{ crm.tier: gold }} }}, then: {{ action: reject, cause: call_rejected }} }}
    - {{ name: not risky for certain, when: {{ not: {{ attribute: {{ risk.risky: "true" }} }} }}, then: {{ action: reject, cause: no_answer }} }}
    - {{ name: risky or who knows, when: {{ missing: risk }}, then: {{ action: reject, cause: unallocated_number }} }}
"#
    )
}

/// A12, A13, A14, A24: a query, a web server, code of the program's own, hours and who is there,
/// in one rule.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lookups_of_every_kind_are_composed() {
    let bench = Bench::new();
    let caller = phone(&bench).await;
    let crm = Crm::new(bench.path());
    let score = Webhook::start(r#"{"points":7}"#).await;
    let table = composed(&format!("http://{}/", score.addr));
    let router = bench
        .router_made(&table, bench.config(&[]), |config| {
            config.lookups = crm.lookups().with_custom("risk", Risk);
        })
        .await;
    let to = "+13146523057";
    let busy = call(&router, &caller, GOLD, to).await;
    assert_eq!(busy, Some(486), "{}", router.seen.trace());
    let asked = score.asked();
    assert_eq!(asked.len(), 1, "once a call");
    assert_eq!(asked[0].attributes["lookup"], "score");
    assert_eq!(asked[0].from.as_str(), GOLD);
    // Available is a fact as well, and is looked up anew for each call (A8).
    let who = Party::new("ann").unwrap();
    router.control.set_agent(&who, AgentState::Paused).unwrap();
    assert_eq!(call(&router, &caller, GOLD, to).await, Some(403));
    assert_eq!(score.asked().len(), 2);
    // A trunk's national number is the same caller.
    router
        .control
        .set_agent(&who, AgentState::Available)
        .unwrap();
    assert_eq!(call(&router, &caller, "4155550123", to).await, Some(486));
}

/// A19: a lookup that fails, hangs or panics is missing, which is neither true nor false, and the
/// trace says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_looked_up_is_missing_and_the_trace_says_why() {
    let bench = Bench::new();
    let caller = phone(&bench).await;
    let crm = Crm::new(bench.path());
    let table = composed("http://127.0.0.1:9/");
    let router = bench
        .router_made(&table, bench.config(&[]), |config| {
            config.lookups = crm.lookups().with_custom("risk", Risk);
        })
        .await;
    let to = "+13146523057";
    let safe = call(&router, &caller, "+14155550124", to).await;
    let unknown = call(&router, &caller, "+19995550100", to).await;
    let hangs = call(&router, &caller, "+19995550101", to).await;
    let panics = call(&router, &caller, "+19995550102", to).await;
    assert_eq!(safe, Some(480), "{}", router.seen.trace());
    for code in [unknown, hangs, panics] {
        assert_eq!(code, Some(404), "{}", router.seen.trace());
    }
    let why = |text: &str| {
        router.seen.count(
            |note| matches!(note, Note::Missing { why: Some(why), .. } if why.contains(text)),
        )
    };
    assert_eq!(why("the register of risks is closed"), 1);
    assert_eq!(why("nothing within 100 ms"), 1);
    assert_eq!(why("broke down: "), 1);
    let warned = router.seen.trace();
    assert!(warned.contains("warning: lookup `"), "{warned}");
    // Gold, but nobody says how many points: that rule does not hold, and the next one does.
    assert_eq!(call(&router, &caller, GOLD, to).await, Some(403));
    assert_eq!(why("connect: "), 1, "{}", router.seen.trace());
}

/// Knows nothing, ever.
#[derive(Debug)]
struct Never;

impl CustomLookup for Never {
    fn find<'a>(&'a self, _: &'a Event) -> CustomFuture<'a> {
        Box::pin(std::future::pending())
    }
}

/// A19: a webhook is asked also when lookups took as long as its deadline, by a router and by `Way`,
/// and both tell it the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_has_time_after_a_lookup_that_took_all_of_it() {
    let bench = Bench::new();
    let caller = phone(&bench).await;
    let sales = Webhook::start(r#"{"action":"reject","cause":"declined"}"#).await;
    let table = format!(
        r#"
version: 1
default: {{ action: busy }}
lookups: {{ crm: {{ custom: never, budget_ms: 1200 }} }}
callers: {{ crm: {{ lookup: crm }} }}
webhooks: {{ w: {{ urls: ["http://{}/"], allow: ["127.0.0.0/8"], deadline_ms: 1200 }} }}
numbers:
  "*":
    - {{ when: {{ caller: {{ in: crm }} }}, then: {{ action: hangup }} }}
    - {{ then: {{ action: webhook, name: w }} }}
"#,
        sales.addr
    );
    let lookups = || Lookups::default().with_custom("never", Never);
    let router = bench.router_made(&table, bench.config(&[]), |config| {
        config.lookups = lookups();
    });
    let router = router.await;
    let refused = call(&router, &caller, GOLD, "+13146523057").await;
    assert_eq!(refused, Some(603), "{}", router.seen.trace());
    let engine = Arc::new(load("routes.yaml", &table, &(), &ChronoTz).unwrap());
    let way = Way::new(Client::new(ClientConfig::default()), lookups());
    let event = sales.asked()[0].clone();
    let routed = way.of(&engine, event, Facts::default()).await;
    assert_eq!(routed.source.as_str(), "webhook");
    let asked = sales.asked();
    assert_eq!(asked.len(), 2);
    for event in asked {
        assert!(event.deadline_ms.unwrap() <= 400, "{event:?}");
    }
}

/// What can never be looked up is told before the first call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_does_not_begin_with_lookups_that_cannot_be() {
    let bench = Bench::new();
    let crm = Crm::new(bench.path());
    let table = composed("http://127.0.0.1:9/");
    let wrong = table.replace("select tier", "select tire");
    for (table, lookups, told) in [
        (&table, Lookups::default(), "lookup `crm` is a query"),
        (&table, crm.lookups(), "this program has no `risk`"),
        (&wrong, crm.lookups(), "no such column: tire"),
    ] {
        let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
        let client = Client::new(ClientConfig::default());
        let mut config = RouterConfig::new(TableHandle::new(engine.into()), client);
        config.lookups = lookups;
        let adapter = SipAdapter::bind(bench.config(&[])).await.unwrap();
        let error = Router::new(adapter, config).unwrap_err();
        assert!(matches!(error, RouterError::Table(_)));
        assert!(error.to_string().contains(told), "{error}");
    }
}
