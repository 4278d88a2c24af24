//! Ring groups: every option with every strategy. That is where other systems break.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, load};
use callroute_schema::Strategy;
use callroute_sim::{Phone, Played, Script, play};

use crate::common::{OPEN, call};

const MEMBERS: [&str; 3] = ["+16820000001", "+16820000002", "+16820000003"];

/// Options of a group and of its members, alone and together.
const OPTIONS: [(&str, &str); 14] = [
    ("", ""),
    ("ring_s: 7", ""),
    ("repeats: 2", ""),
    ("ringback: music", ""),
    ("ringback: waltz", ""),
    ("confirm: true", ""),
    ("confirm: { digit: 1, prompt: { say: \"Press 1\" } }", ""),
    ("whisper: { say: \"A call\" }", ""),
    ("caller_id: dialed", ""),
    ("early_media: relay", ""),
    ("failover: [busy, no_answer, failed]", ""),
    ("", "delay_s: 2, ring_s: 9"),
    (
        "",
        "weight: 3, priority: 1, tier: 2, skip_if_busy: true, headers: { X-A: b }, confirm: true, caller_id: anonymous",
    ),
    (
        "ring_s: 12, repeats: 1, ringback: music, confirm: true, whisper: { say: \"A call\" }, caller_id: anonymous, early_media: relay, failover: [failed]",
        "delay_s: 1, ring_s: 9, weight: 3, priority: 1, tier: 2, skip_if_busy: true, headers: { X-A: b }",
    ),
];

fn table(strategy: Strategy, group: &str, member: &str) -> String {
    let members: Vec<String> = MEMBERS
        .iter()
        .map(|to| {
            let comma = if member.is_empty() { "" } else { ", " };
            format!("{{ to: \"{to}\"{comma}{member} }}")
        })
        .collect();
    let comma = if group.is_empty() { "" } else { ", " };
    format!(
        r#"
version: 1
default: {{ action: voicemail, message: general }}
numbers:
  "+13146523057":
    action: forward
    destination: {{ type: ring_group, members: [{}], strategy: {}{comma}{group} }}
    on: {{ failed: {{ action: voicemail, message: group }} }}
"#,
        members.join(", "),
        strategy.as_str()
    )
}

fn played(table: &str, phones: impl Fn(&str) -> Option<Phone>) -> Played {
    let engine = load("routes.yaml", table, &(), &ChronoTz);
    let engine = Arc::new(engine.unwrap_or_else(|faults| panic!("{faults}")));
    let mut script = Script {
        hangs_up: Some(Duration::from_secs(900)),
        ..Script::default()
    };
    for member in MEMBERS {
        if let Some(phone) = phones(member) {
            script.phones.insert(member.to_owned(), phone);
        }
    }
    play(engine, call("+13146523057", OPEN), script)
}

/// B21, B29, B34: whoever answers gets the caller, alone, under every strategy and option; and
/// when nobody does, the branch is taken.
#[test]
fn every_option_works_with_every_strategy() {
    for strategy in Strategy::WORDS.iter().map(|word| word.value) {
        for (group, member) in OPTIONS {
            let table = table(strategy, group, member);
            let answers = |_: &str| {
                let phone = Phone::answers(Duration::from_secs(3));
                Some(phone.presses(Duration::from_secs(2), "1"))
            };
            let got = played(&table, answers);
            let text = got.text();
            assert!(got.is_over(), "{strategy:?} {group} {member}\n{text}");
            let connected = text.matches("connected with").count();
            assert_eq!(connected, 1, "{strategy:?} {group} {member}\n{text}");

            let got = played(&table, |_| Some(Phone::fails(486)));
            let text = got.text();
            let boxes: Vec<&str> = got.messages().map(|m| m.mailbox.as_str()).collect();
            assert_eq!(boxes, ["group"], "{strategy:?} {group} {member}\n{text}");
        }
    }
}
