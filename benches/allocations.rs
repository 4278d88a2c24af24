//! Decisions allocate nothing: counted, not timed. What does is reading a national number, with a
//! `region`: the numbering plans take it apart.
#![allow(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod workload;

use allocation_counter::measure;
use callroute_rules::{ChronoTz, Engine, Outcome, load};
use callroute_schema::Event;
use workload::{Calls, Mix, Spread, facts, table};

fn engine(mix: Mix, rules: u64) -> Engine {
    load("routes.json", &table(mix, rules).unwrap(), &(), &ChronoTz).unwrap()
}

/// Every condition is in the PBX mix; its answers have no variables.
#[test]
fn decisions_allocate_nothing() {
    let facts = facts();
    for (mix, rules) in [
        (Mix::Pbx, 10),
        (Mix::Pbx, 1_000),
        (Mix::Pbx, 8_000),
        (Mix::OneNumber, 2_000),
        (Mix::Deck, 2_000),
    ] {
        let engine = engine(mix, rules);
        let events = Calls::new(mix, rules, Spread::Uniform)
            .events(4_000)
            .unwrap();
        // What is worked out once in a process is there already.
        for event in &events {
            let _ = engine.decide(event, &facts);
        }
        let mut decided = 0;
        let counted = measure(|| {
            for event in &events {
                let outcome = engine.decide(event, &facts);
                decided += usize::from(matches!(outcome, Outcome::Decided(_)));
            }
        });
        assert_eq!(counted.count_total, 0, "{mix:?} with {rules} rules");
        assert_eq!(decided, events.len(), "{mix:?} with {rules} rules");
    }
}

/// Numbers of other forms than `+` and digits: extensions, SIP users, and calls for help, in a
/// block of their own and by rules that name them.
#[test]
fn other_forms_of_numbers_allocate_nothing() {
    let table = |numbers: &str| {
        format!(
            r#"{{"version":1,"region":"US","default":{{"action":"hangup"}},
            "callers":{{"blocked":{{"numbers":["+1415*","alice"]}}}},
            "targets":{{"help":{{"action":"forward","destination":{{"type":"number","number":"911"}}}},"no":{{"action":"reject"}}}},
            "numbers":{{{numbers}}}}}"#
        )
    };
    let own = r#""911":[{"when":{"caller":{"in":"blocked"}},"then":"no"},{"then":"help"}],"200*":"no","bob":"no","*":"no""#;
    let named = r#""9*":"no","*":[{"when":{"any":[{"dialed":{"is":"911"}},{"dialed":{"is":"112"}}]},"then":"help"},{"then":"no"}]"#;
    let facts = facts();
    for numbers in [own, named] {
        let engine = load("routes.json", &table(numbers), &(), &ChronoTz).unwrap();
        for to in ["911", "112", "2001", "bob", "ursula", "+911"] {
            for from in ["+14155550123", "2002", "alice", "anonymous"] {
                let json = format!(
                    r#"{{"event":"incoming_call","from":"{from}","to":"{to}","timestamp":"2026-04-21T14:32:00Z","call_id":"c1"}}"#
                );
                let event = Event::from_json(json.as_bytes()).unwrap();
                let _ = engine.decide(&event, &facts);
                let mut decided = false;
                let counted = measure(|| {
                    decided = matches!(engine.decide(&event, &facts), Outcome::Decided(_));
                });
                assert!(decided);
                assert_eq!(counted.count_total, 0, "{from} {to}");
            }
        }
    }
}

/// From the bytes of an event to the bytes of its answer, into room that is there already.
#[test]
fn bytes_to_bytes_allocates_nothing() {
    let (engine, facts) = (engine(Mix::Pbx, 1_000), facts());
    let calls = Calls::new(Mix::Pbx, 1_000, Spread::Uniform);
    let calls: Vec<String> = calls.take(4_000).collect();
    // What is worked out once in a process is there already.
    for call in &calls {
        engine.decide_json(call.as_bytes(), &facts).unwrap();
    }
    let mut out = Vec::with_capacity(4_096);
    let mut written = 0;
    let counted = measure(|| {
        for call in &calls {
            out.clear();
            if let Ok(Outcome::Decided(decision)) = engine.decide_json(call.as_bytes(), &facts) {
                out.extend_from_slice(decision.to_json().as_bytes());
                written += usize::from(!out.is_empty());
            }
        }
    });
    assert_eq!(counted.count_total, 0);
    assert_eq!(written, calls.len());
}

/// Memory a rule, counted by the allocator as a table doubles, next to what the engine says. The
/// text that the engine keeps is taken off; lists grow with the table, and so does their share.
#[test]
fn a_rule_takes_what_the_engine_says() {
    let kept = |mix, rules| {
        let text = table(mix, rules).unwrap();
        let mut engine = None;
        let counted = measure(|| engine = load("routes.json", &text, &(), &ChronoTz).ok());
        let own = usize::try_from(counted.bytes_current).unwrap() - text.len();
        (own, engine.unwrap().rule_bytes())
    };
    for mix in [Mix::Pbx, Mix::Deck] {
        let rules = 12_000;
        let (half, half_said) = kept(mix, rules);
        let (whole, said) = kept(mix, 2 * rules);
        let (counted, said) = (whole - half, said - half_said);
        let each = |bytes| bytes / usize::try_from(rules).unwrap();
        println!(
            "{mix:?}: {} bytes a rule, said {}",
            each(counted),
            each(said)
        );
        assert!(each(said) <= 110, "{mix:?}: {} bytes a rule", each(said));
    }
}
