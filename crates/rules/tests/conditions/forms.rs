//! What was dialed, and what that is in full: which of both a key is compared with.

use callroute_rules::{ChronoTz, Engine, Facts, Outcome, RuleRef, load};
use serde_json::json;

use crate::event;

const BUSY: &str = "{ action: busy }";

fn table(region: &str, text: &str) -> Engine {
    let head = format!("version: 1\nregion: {region}\ndefault: {BUSY}\n");
    load("routes.yaml", &format!("{head}{text}"), &(), &ChronoTz).unwrap()
}

/// Blocks that hang up, by their keys.
fn blocks(region: &str, keys: &[&str]) -> Engine {
    let entries: Vec<String> = keys
        .iter()
        .map(|key| format!("\"{key}\": {BUSY}"))
        .collect();
    table(region, &format!("numbers: {{ {} }}\n", entries.join(", ")))
}

/// The block, or the rule's name, that decides a call; the linear walk and the explanation agree.
fn decided(engine: &Engine, from: &str, to: &str) -> String {
    let event = event(json!({ "from": from, "to": to }));
    let facts = Facts::new();
    let told = |outcome: Outcome<'_>| match outcome {
        Outcome::Need(lookup) => lookup.to_string(),
        Outcome::Decided(decision) => match decision.rule() {
            RuleRef::Default => "default".to_owned(),
            RuleRef::Rule {
                name: Some(name), ..
            } => name,
            RuleRef::Rule { number, .. } => number,
        },
    };
    let found = told(engine.decide(&event, &facts));
    assert_eq!(told(engine.decide_linear(&event, &facts)), found, "{to}");
    let explanation = engine.explain(&event, &facts);
    assert_eq!(told(explanation.outcome()), found, "{to}");
    let json = serde_json::to_string(&event).unwrap();
    let quick = engine.decide_json(json.as_bytes(), &facts).unwrap();
    assert_eq!(told(quick), found, "{to}");
    found
}

#[test]
fn a_prefix_as_people_dial_takes_what_is_dialed_so() {
    let ireland = ["112", "00*", "0*", "086*", "+353861*", "*"];
    let us = ["911", "011*", "1900*", "1*", "9*", "*"];
    for (region, keys, to, expected) in [
        // Abroad, from where a number stands in full behind the access code.
        ("IE", &ireland[..], "00442079460000", "00*"),
        ("IE", &ireland, "0014155550123", "00*"),
        ("IE", &ireland, "00 44 20 7946 0000", "00*"),
        ("US", &us, "011442079460000", "011*"),
        // National ones, and those of premium rates.
        ("IE", &ireland, "016799222", "0*"),
        ("IE", &ireland, "0862345678", "086*"),
        ("IE", &ireland, "0861345678", "+353861*"),
        ("US", &us, "13145550100", "1*"),
        ("US", &us, "19005550100", "1900*"),
        ("US", &us, "9145550100", "9*"),
        // What comes in full was not dialed so.
        ("IE", &ireland, "+442079460000", "*"),
        ("US", &us, "+19145550100", "*"),
        ("US", &us, "+19005550100", "1900*"),
        ("US", &us, "3145550100", "*"),
        // No number of the region: as written.
        ("IE", &ireland, "00999", "00*"),
        ("US", &us, "9", "9*"),
    ] {
        let found = decided(&blocks(region, keys), "+14155550123", to);
        assert_eq!(found, expected, "{to} in {region}");
    }
}

/// The one that leaves fewer digits open, of two that leave as many the one in full.
#[test]
fn the_more_specific_form_has_the_block() {
    for (region, keys, to, expected) in [
        ("IE", ["00*", "+44*"], "00442079460000", "+44*"),
        ("IE", ["0044*", "+1*"], "00442079460000", "0044*"),
        (
            "IE",
            ["00*", "+442079460000"],
            "00442079460000",
            "+442079460000",
        ),
        (
            "IE",
            ["00*", "00442079460000"],
            "00442079460000",
            "+442079460000",
        ),
        ("US", ["1*", "+1*"], "13145550100", "+1*"),
        ("US", ["1*", "+13*"], "13145550100", "+13*"),
        ("US", ["9*", "+1*"], "9145550100", "9*"),
        ("US", ["91*", "+191*"], "9145550100", "+191*"),
        ("US", ["011*", "*"], "011442079460000", "011*"),
        ("IE", ["0*", "+*"], "00442079460000", "0*"),
        // A prefix of all fifteen digits that fit.
        (
            "US",
            ["011442079460000*", "+44*"],
            "011442079460000",
            "011442079460000",
        ),
    ] {
        let found = decided(&blocks(region, &keys), "+14155550123", to);
        assert_eq!(found, expected, "{to} with {keys:?}");
    }
}

#[test]
fn conditions_compare_both_forms() {
    let lists = "callers: { abroad: { numbers: [\"00*\"] } }\nprefixes: { codes: { entries: { \"00\": { label: abroad }, \"+44\": { label: UK } } } }\n";
    for (when, from, to, holds) in [
        (
            "{ dialed: { prefix: \"00\" } }",
            "+14155550123",
            "00442079460000",
            true,
        ),
        (
            "{ dialed: { prefix: \"00\" } }",
            "+14155550123",
            "+442079460000",
            false,
        ),
        (
            "{ dialed: { prefix: \"+44\" } }",
            "+14155550123",
            "00442079460000",
            true,
        ),
        (
            "{ dialed: { prefix: [\"00\", \"5\"] } }",
            "+14155550123",
            "00442079460000",
            true,
        ),
        (
            "{ dialed: { prefix: \"00\", country: GB } }",
            "+14155550123",
            "00442079460000",
            true,
        ),
        (
            "{ not: { dialed: { prefix: \"00\" } } }",
            "+14155550123",
            "00442079460000",
            false,
        ),
        (
            "{ any: [{ dialed: { prefix: \"00\" } }, { share: 0-1 }] }",
            "+14155550123",
            "00442079460000",
            true,
        ),
        (
            "{ dialed: { prefix: codes } }",
            "+14155550123",
            "0014155550123",
            true,
        ),
        (
            "{ caller: { prefix: \"00\" } }",
            "00442079460000",
            "+35316799222",
            true,
        ),
        (
            "{ caller: { in: abroad } }",
            "00442079460000",
            "+35316799222",
            true,
        ),
        (
            "{ caller: { in: abroad } }",
            "+442079460000",
            "+35316799222",
            false,
        ),
        (
            "{ caller: { prefix: codes } }",
            "00442079460000",
            "+35316799222",
            true,
        ),
    ] {
        // Alone, and among so many that an index stands before them.
        for others in [0, 40] {
            let others: String = (0..others)
                .map(|n| format!("    - {{ when: {{ caller: {{ is: \"+1415555{n:04}\" }} }}, then: {BUSY} }}\n"))
                .collect();
            let rule = format!("    - {{ name: asked, when: {when}, then: {BUSY} }}\n");
            let text = format!("{lists}numbers:\n  \"*\":\n{others}{rule}");
            let expected = if holds { "asked" } else { "default" };
            assert_eq!(
                decided(&table("IE", &text), from, to),
                expected,
                "{when}, {to}"
            );
        }
    }
}

/// Of a table the row of the more specific form.
#[test]
fn a_table_says_what_its_closest_prefix_says() {
    let text = r#"
prefixes: { codes: { entries: { "00": { label: abroad }, "+44": { label: UK } } } }
numbers: { "*": [ { when: { caller: { prefix: codes } }, then: { action: say, text: "{codes.label}" } } ] }
"#;
    let engine = table("IE", text);
    for (from, label) in [("00442079460000", "UK"), ("0014155550123", "abroad")] {
        let event = event(json!({ "from": from }));
        let Outcome::Decided(decision) = engine.decide(&event, &Facts::new()) else {
            panic!("{from}");
        };
        assert!(decision.to_json().contains(label), "{from}");
    }
}

#[test]
fn an_explanation_says_which_form_was_compared() {
    let text = format!(
        "numbers:\n  \"00*\":\n    - {{ when: {{ dialed: {{ prefix: \"001\" }} }}, then: {BUSY} }}\n    - {{ when: {{ dialed: {{ prefix: [\"0044\", \"+1\"] }}, not: {{ dialed: {{ prefix: \"+4421\" }} }} }}, then: {BUSY} }}\n"
    );
    let event = event(json!({ "to": "00442079460000" }));
    let engine = table("IE", &text);
    let told = engine.explain(&event, &Facts::new()).to_string();
    for line in [
        "dialed 00442079460000, rules of 00*",
        "dialed.prefix: 001 (00442079460000, the first 2 of 3 are the same, as dialed)",
        "(+442079460000, the first 4 of 5 are the same)",
    ] {
        assert!(told.contains(line), "{told}");
    }
}
