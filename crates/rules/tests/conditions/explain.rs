//! What an explanation says of the rules that did not decide.

use callroute_rules::{Fact, Facts, Lookup};
use serde_json::json;

use crate::{event, known, table, with};

fn many(rules: usize) -> callroute_rules::Engine {
    let mut numbers = String::from(
        "numbers:\n  \"*\":\n    - { name: vip, when: { caller: { in: vip }, closed: office }, then: { action: busy } }\n",
    );
    for n in 0..rules {
        numbers.push_str(&format!(
            "    - {{ when: {{ caller: {{ is: \"+1415555{n:04}\" }} }}, then: {{ action: hangup }} }}\n"
        ));
    }
    numbers.push_str("    - { name: else, then: \"yes\" }\n");
    table(&numbers)
}

/// However many rules a block has, each loser has the clause that failed.
#[test]
fn rules_that_the_index_passes_over_are_told_too() {
    let facts = Facts::new();
    let call = with("from", "+14155550189");
    for rules in [3, 20, 62] {
        let engine = many(rules);
        let explanation = engine.explain(&call, &facts);
        let told = explanation.rules();
        assert_eq!((told.len(), explanation.ruled_out()), (rules + 2, 0));
        let losers = told.iter().take(rules + 1);
        let failed = losers.filter(|rule| rule.clauses.iter().any(|c| c.holds == Some(false)));
        assert_eq!(failed.count(), rules + 1);
        let vip = told.first().unwrap();
        assert_eq!(vip.name.as_deref(), Some("vip"));
        let text = explanation.to_string();
        for line in [
            "   rule 1 \"vip\": does not hold",
            "no   closed: office (open at Tue 2026-04-21 10:32 (weekly), closes Tue 2026-04-21 17:30, in 6 h 58 min)",
            "no   caller.is: +14155550001 (+14155550189, the first 9 of 12 are the same)",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("more rule"), "{text}");
    }
    // Of many, the first are told, and the others counted.
    let engine = many(100);
    let explanation = engine.explain(&call, &facts);
    let told = explanation.rules();
    assert_eq!(told.len() + explanation.ruled_out(), 102);
    assert!((64..=66).contains(&told.len()), "{}", told.len());
    assert!(told.last().unwrap().holds);
    assert!(explanation.to_string().contains("more rules ask for"));
}

#[test]
fn what_may_not_decide_a_call_for_help_says_why() {
    let engine = table(
        "numbers:\n  \"911\":\n    - { when: { caller: { type: new } }, then: { action: reject } }\n    - { then: \"yes\" }\n  \"*\":\n    - { then: { action: hangup } }\n    - { when: { dialed: { is: \"112\" } }, then: \"yes\" }\n",
    );
    let told = |to: &str| engine.explain(&with("to", to), &Facts::new()).to_string();
    assert!(told("911").contains("it asks who calls, and does not carry the call on"));
    assert!(
        told("112").contains(
            "rule 1: does not hold\n     no   for emergency calls (it does not name 112)"
        )
    );
    assert!(told("112").contains("=> rule 2: holds"));
}

#[test]
fn who_is_not_at_work_is_said_when_they_will_be() {
    let engine = table(
        "numbers:\n  \"*\":\n    - { when: { shift: { duty: bob } }, then: \"yes\" }\n    - { when: { available: [ann, bob] }, then: \"yes\" }\n    - { then: { action: hangup } }\n",
    );
    // Monday evening in New York: the rota's turn is ann's until Tuesday 09:00, whose shift is over.
    let call = event(json!({ "timestamp": "2026-04-21T02:00:00Z" }));
    let text = engine.explain(&call, &Facts::new()).to_string();
    for line in [
        "no   shift.duty: bob (ann, theirs from Tue 2026-04-21 13:00 UTC, in 11 h)",
        "no   available: ann (ann: off shift, on from Tue 2026-04-21 13:00 UTC, in 11 h)",
        "no   available: bob (bob: off shift, on from Tue 2026-04-21 13:00 UTC, in 11 h)",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn who_is_on_duty_and_off_shift_is_not_asked_about() {
    let engine = table(
        "numbers:\n  \"*\":\n    - { when: { available: duty }, then: \"yes\" }\n    - { then: { action: hangup } }\n",
    );
    // Ann's turn until Tuesday 09:00, whose shift is over.
    let call = event(json!({ "timestamp": "2026-04-21T02:00:00Z" }));
    let text = engine.explain(&call, &Facts::new()).to_string();
    let line =
        "no   available: duty (ann on duty: off shift, on from Tue 2026-04-21 13:00 UTC, in 11 h)";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_kind_of_caller_says_what_lookups_found() {
    let engine = table(
        "numbers:\n  \"*\":\n    - { when: { caller: { type: known } }, then: \"yes\" }\n    - { then: { action: hangup } }\n",
    );
    let call = event(json!({}));
    let row = Fact::Row([("tier".to_owned(), "gold".to_owned())].into());
    for (fact, line) in [
        (
            None,
            "?    caller.type: known (+14155550123, on no list, lookup crm: not asked yet)",
        ),
        (
            Some(Fact::No),
            "no   caller.type: known (+14155550123, on no list, lookup crm: no)",
        ),
        (
            Some(Fact::Missing),
            "?    caller.type: known (+14155550123, on no list, lookup crm: could not be had)",
        ),
        (
            Some(row),
            "yes  caller.type: known (+14155550123, on no list, lookup crm: found, with tier)",
        ),
    ] {
        let crm = || Lookup::Row("crm".to_owned());
        let facts = fact.map_or_else(Facts::new, |fact| known(crm(), fact));
        let text = engine.explain(&call, &facts).to_string();
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn who_settles_a_group_is_told_first() {
    let members: Vec<_> = (0..6)
        .map(|last| format!("\"+1212555012{last}\""))
        .collect();
    let engine = table(&format!(
        "  all: {{ action: forward, destination: {{ type: ring_group, members: [{}] }} }}\nnumbers:\n  \"*\":\n    - {{ when: {{ available: all }}, then: \"yes\" }}\n    - {{ then: {{ action: hangup }} }}\n",
        members.join(", ")
    ));
    let asked = |last: u32| Lookup::Available(format!("+1212555012{last}"));
    let mut facts = Facts::new();
    for last in 0..5 {
        facts.add(asked(last), Fact::No);
    }
    facts.add(asked(5), Fact::Yes);
    let text = engine.explain(&event(json!({})), &facts).to_string();
    let line = "yes  available: all (+12125550125: yes, +12125550120: no, +12125550121: no, +12125550122: no, and 2 more)";
    assert!(text.contains(line), "{text}");
}
