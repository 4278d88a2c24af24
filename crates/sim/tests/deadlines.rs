//! How long servers have, in virtual time.

use std::sync::Arc;

use callroute_rules::{ChronoTz, load};
use callroute_session::Effect;
use callroute_sim::{LookupResult, Script, Server, play};

use crate::common::{OPEN, call};

/// A19: one deadline covers a call's lookups and the server that is asked after them; a third of it
/// is the server's in any case, so that it is always asked.
#[test]
fn what_lookups_take_is_taken_from_the_deadline() {
    let table = r#"
version: 1
default: { action: voicemail, message: general }
lookups: { crm: { custom: crm, budget_ms: 2000 } }
webhooks: { sales: { urls: ["https://a.example/"], deadline_ms: 1500 } }
callers: { crm: { lookup: crm } }
numbers:
  "*":
    - { when: { caller: { in: crm } }, then: { action: busy } }
    - { then: { action: webhook, name: sales } }
"#;
    let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
    for (found, least, most) in [
        (LookupResult::Nobody, 1490, 1499),
        (LookupResult::Silent, 500, 500),
    ] {
        let mut script = Script::default();
        script.lookups.insert("crm".into(), found);
        script.servers.insert("sales".into(), Server::Silent);
        let played = play(engine.clone(), call("+13146523057", OPEN), script);
        let asked: Vec<_> = played
            .effects()
            .filter_map(|effect| match effect {
                Effect::Ask {
                    deadline_ms, event, ..
                } => Some((*deadline_ms, event.deadline_ms)),
                _ => None,
            })
            .collect();
        let [(given, told)] = asked[..] else {
            panic!("{}", played.text());
        };
        assert!((least..=most).contains(&given), "{}", played.text());
        assert_eq!(told, Some(given), "the server is told so");
    }
}
