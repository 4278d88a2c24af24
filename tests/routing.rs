//! What a routing file says of a call, on calls over SIP: hours, callers, places, menus, webhooks.

use std::sync::Arc;
use std::time::Duration;

use callroute_router::ShiftedClock;
use callroute_session::Note;
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall, PhoneConfig};
use chrono::DateTime;
use tokio::time::timeout;

use crate::common::wait::{PATIENCE, until};
use crate::common::webhook::Webhook;
use crate::common::{Bench, Running};

/// Every extension is one phone, which tells by what was dialed whom a call was for.
const EXTENSIONS: [&str; 13] = [
    "1001",
    "1002",
    "1003",
    "1004",
    "1005",
    "1009",
    CHICAGO,
    FRISCO,
    // Those of `examples/servers`.
    "+12135550100",
    "+12025550100",
    "+13145550101",
    "+13145550102",
    "+13145550103",
];
const CHICAGO: &str = "+13125550100";
const FRISCO: &str = "+14155550100";
/// Somebody on no list, and far from every branch.
const ANYBODY: &str = "+12125550177";

const TABLE: &str = r#"
version: 1
region: US
default: { action: reject, cause: congestion }
hours: { office: { zone: America/New_York, open: "Mo-Fr 09:00-17:30" } }
callers:
  blocked: { numbers: ["+1900*"] }
  vip: { numbers: ["+14155550199"] }
  customers: { numbers: ["+14155550198"] }
prefixes:
  areas: { entries: { "+1314": { latitude: "38.63", longitude: "-90.20" } } }
  branches:
    entries:
      "+1312": { number: "+13125550100", latitude: "41.88", longitude: "-87.63" }
      "+1415": { number: "+14155550100", latitude: "37.77", longitude: "-122.42" }
    near: areas
overrides: { direct: off }
agents: { ann: { to: "1001" } }
targets:
  ann: { action: forward, destination: { type: agent, name: ann } }
  sales: { action: forward, destination: { type: number, number: "1002" } }
  hardware: { action: forward, destination: { type: number, number: "1003" } }
  software: { action: forward, destination: { type: number, number: "1004" } }
  desk: { action: forward, destination: { type: number, number: "1005" } }
  night: { action: forward, destination: { type: number, number: "1009" } }
menus:
  main: { prompt: { play: menu }, timeout_s: 30, options: { 1: sales, 2: { action: menu, name: support }, 3: ann } }
  support: { prompt: { play: menu }, timeout_s: 30, options: { 1: hardware, 2: software } }
numbers:
  "+13146523051":
    - { when: { closed: office }, then: night }
    - { then: desk }
  "+13146523052":
    - { when: { caller: { type: blocked } }, then: { action: reject, cause: call_rejected } }
    - { when: { caller: { type: anonymous } }, then: { action: reject, cause: user_busy } }
    - { when: { caller: { type: vip } }, then: ann }
    - { when: { caller: { type: known } }, then: sales }
    - { when: { caller: { type: new } }, then: desk }
  "+13146523053":
    - { when: { caller: { prefix: branches } }, then: { action: forward, destination: { type: number, number: "{branches.number}" } } }
    - { when: { caller: { country: IE } }, then: sales }
    - { when: { caller: { region: NY } }, then: desk }
  "+13146523054":
    - { when: { not: { override: direct } }, then: { action: menu, name: main } }
    - { then: desk }
  "+13146523055": desk
"#;

/// Where a call is to end up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goes {
    To(&'static str),
    /// Refused with this SIP status.
    Refused(u16),
}
pub(crate) use Goes::{Refused, To};

pub(crate) struct Office {
    pub(crate) clock: Arc<ShiftedClock>,
    caller: Phone,
    desk: Phone,
    router: Running,
    calls: usize,
}

impl Office {
    pub(crate) async fn open(table: &str) -> Self {
        let bench = Bench::new();
        let [caller, desk] = [phone(&bench).await, phone(&bench).await];
        let uris = EXTENSIONS.map(|who| (who, format!("sip:{who}@{}", desk.local_addr())));
        let contacts = uris.each_ref().map(|(who, uri)| (*who, uri.as_str()));
        // Tuesday, 10:32 in New York.
        let clock = Arc::new(ShiftedClock::at(time("2026-04-21T14:32:00Z")));
        let config = bench.config(&contacts);
        let router = bench.router_made(table, config, |config| config.clock = clock.clone());
        Self {
            router: router.await,
            clock,
            caller,
            desk,
            calls: 0,
        }
    }

    /// One call, with keys that are pressed in one menu after the other.
    pub(crate) async fn call(&mut self, from: &str, to: &str, keys: &str, goes: Goes) {
        let menus = || {
            self.router
                .seen
                .count(|note| matches!(note, Note::Menu { .. }))
        };
        let mut before = menus();
        let uri = format!("sip:{to}@{}", self.router.addr);
        let call = self.caller.call(&uri, from).await.unwrap();
        for key in keys.chars() {
            until("a menu", || menus() > before).await;
            before = menus();
            call.press(&key.to_string()).unwrap();
        }
        let told = format!("{from} to {to}, {keys:?}: {goes:?}");
        self.ends_up(call, goes, &told).await;
        self.calls += 1;
        self.router.settled(self.calls).await;
        assert_eq!(menus(), before, "{told}: a menu that was not asked for");
    }

    async fn ends_up(&self, call: PhoneCall, goes: Goes, told: &str) {
        let trace = || format!("{told}; {}", self.router.seen.trace());
        match goes {
            To(who) => {
                let rings = timeout(PATIENCE, self.desk.next_call()).await;
                let rings = rings.unwrap_or_else(|_| panic!("{}", trace())).unwrap();
                assert_eq!(rings.record().to, who, "{}", trace());
                call.wait_answered(PATIENCE).await.unwrap();
                call.hangup();
            }
            Refused(status) => {
                let refused = call.wait_answered(PATIENCE).await;
                let found = refused.err().and_then(|cause| cause.sip_code);
                assert_eq!(found, Some(status), "{}", trace());
            }
        }
        call.wait_ended(PATIENCE).await.expect("its end");
    }
}

async fn phone(bench: &Bench) -> Phone {
    let phone = Phone::bind((bench.ip, 0).into(), PhoneConfig::default());
    let phone = phone.await.unwrap();
    phone.set_answer(AnswerMode::After(Duration::ZERO));
    phone
}

pub(crate) fn time(text: &str) -> DateTime<chrono::Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// B8, B23, B27: a call goes by the time that its event has, as the office's clock shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_by_the_offices_hours() {
    let mut office = Office::open(TABLE).await;
    for (at, who) in [
        ("2026-04-21T14:32:00Z", "1005"),
        ("2026-04-21T23:32:00-04:00", "1009"),
        // 08:50 and 09:10 in New York, in summer and in winter.
        ("2026-04-21T12:50:00Z", "1009"),
        ("2026-04-21T13:10:00Z", "1005"),
        ("2026-01-20T13:50:00Z", "1009"),
        ("2026-01-20T14:10:00Z", "1005"),
        // Saturday.
        ("2026-04-25T14:32:00Z", "1009"),
    ] {
        office.clock.set(time(at));
        office.call(ANYBODY, "+13146523051", "", To(who)).await;
    }
}

/// B10, B12, B25: each type of caller has its own way; the important ones reach an agent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_type_of_caller_has_its_own_way() {
    let mut office = Office::open(TABLE).await;
    for (from, goes) in [
        ("+19005550100", Refused(403)),
        ("anonymous", Refused(486)),
        ("+14155550199", To("1001")),
        ("+14155550198", To("1002")),
        (ANYBODY, To("1005")),
    ] {
        office.call(from, "+13146523052", "", goes).await;
    }
}

/// A5, B31: the branch of the caller's area code, the nearest one for a place that has none, and
/// further away the country and the state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_reach_the_nearest_branch() {
    let mut office = Office::open(TABLE).await;
    for (from, goes) in [
        ("+13125550177", To(CHICAGO)),
        ("+14155550177", To(FRISCO)),
        ("+13145550177", To(CHICAGO)),
        ("+35316799222", To("1002")),
        (ANYBODY, To("1005")),
        ("+12065550177", Refused(503)),
    ] {
        office.call(from, "+13146523053", "", goes).await;
    }
}

/// B24, B28: a named target per digit, and a menu under a menu.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_lead_down_a_tree() {
    let mut office = Office::open(TABLE).await;
    for (keys, who) in [("1", "1002"), ("3", "1001"), ("21", "1003"), ("22", "1004")] {
        office.call(ANYBODY, "+13146523054", keys, To(who)).await;
    }
}

/// B9: a number with a menu and one without; and a switch that turns it off for the next call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_menu_is_on_or_off_per_number() {
    let mut office = Office::open(TABLE).await;
    office.call(ANYBODY, "+13146523055", "", To("1005")).await;
    for (off, keys, who) in [
        (false, "1", "1002"),
        (true, "", "1005"),
        (false, "1", "1002"),
    ] {
        office
            .router
            .control
            .set_override("direct", Some(off))
            .unwrap();
        office.call(ANYBODY, "+13146523054", keys, To(who)).await;
    }
}

/// A21, A22: each option of a menu asks its own server, with its own deadline and its own default;
/// one that is down costs the others nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_asks_its_own_webhook() {
    let answer = r#"{"action":"forward","destination":{"type":"number","number":"1002"}}"#;
    let sales = Webhook::start(answer).await;
    let answer = r#"{"action":"forward","destination":{"type":"number","number":"1003"}}"#;
    let support = Webhook::start(answer).await;
    let table = format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
webhooks:
  sales: {{ urls: ["http://{}/"], allow: ["127.0.0.0/8"], deadline_ms: 10000, fallback: desk }}
  support: {{ urls: ["http://{}/"], allow: ["127.0.0.0/8"], deadline_ms: 9000, fallback: desk }}
  billing: {{ urls: ["http://127.0.0.1:9/"], allow: ["127.0.0.0/8"], deadline_ms: 8000, fallback: night }}
targets:
  desk: {{ action: forward, destination: {{ type: number, number: "1005" }} }}
  night: {{ action: forward, destination: {{ type: number, number: "1009" }} }}
menus:
  main:
    prompt: {{ play: menu }}
    timeout_s: 30
    options: {{ 1: {{ action: webhook, name: sales }}, 2: {{ action: webhook, name: support }}, 3: {{ action: webhook, name: billing }} }}
numbers: {{ "+13146523057": {{ action: menu, name: main }} }}
"#,
        sales.addr, support.addr
    );
    let mut office = Office::open(&table).await;
    for (key, who) in [("3", "1009"), ("1", "1002"), ("2", "1003")] {
        office.call(ANYBODY, "+13146523057", key, To(who)).await;
    }
    for (server, key, deadline) in [(sales, "1", 10_000), (support, "2", 9_000)] {
        let asked = server.asked();
        assert_eq!(asked.len(), 1, "one request for one call");
        let digits = asked[0].menu.as_ref().and_then(|menu| menu.digits.as_ref());
        assert_eq!(digits.map(ToString::to_string).as_deref(), Some(key));
        let told = asked[0].deadline_ms.unwrap();
        assert!((deadline - 1_000..=deadline).contains(&told), "{told}");
    }
}
