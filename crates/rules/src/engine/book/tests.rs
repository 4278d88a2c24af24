//! Tables of many whole numbers, whose runs are placed by arithmetic.

use std::fmt::Write;

use callroute_schema::Event;

use crate::{ChronoTz, Engine, Facts, Outcome, RuleRef, load};

const NUMBERS: usize = 3_000;

/// Rules of a number: most have few, some none that could be kept in one run.
fn rules(n: usize) -> usize {
    match n % 50 {
        0 => 40,
        rest => 1 + rest % 15,
    }
}

fn number(n: usize) -> String {
    format!("+1314{:07}", n * 337)
}

/// The k-th rule of a number is for calls from `+1500…k`; the last is for all others.
fn table() -> Engine {
    let mut text = String::from(
        r#"{"version":1,"default":{"action":"reject"},"numbers":{"+1314*":"last","sales":"last""#,
    );
    for n in 0..NUMBERS {
        write!(text, r#","{}":["#, number(n)).unwrap();
        for k in 1..rules(n) {
            write!(
                text,
                r#"{{"when":{{"caller":{{"is":"+1500555{k:04}"}}}},"then":"first"}},"#
            )
            .unwrap();
        }
        text.push_str(r#"{"then":"last"}]"#);
    }
    let target = |name| format!(r#""{name}":{{"action":"voicemail","message":"{name}"}}"#);
    write!(
        text,
        "}},\"targets\":{{{},{}}}}}",
        target("first"),
        target("last")
    )
    .unwrap();
    load("routes.json", &text, &(), &ChronoTz).unwrap()
}

fn decided(engine: &Engine, to: &str, from: &str) -> RuleRef {
    let event = format!(
        r#"{{"event":"incoming_call","from":"{from}","to":"{to}","timestamp":"2026-04-15T09:12:33Z","call_id":"abc123"}}"#
    );
    let event = Event::from_json(event.as_bytes()).unwrap();
    let facts = Facts::new();
    let said = |outcome: Outcome<'_>| match outcome {
        Outcome::Decided(decision) => decision.rule(),
        Outcome::Need(lookup) => panic!("{lookup:?} is needed"),
    };
    let found = said(engine.decide(&event, &facts));
    assert_eq!(found, said(engine.decide_linear(&event, &facts)), "{to}");
    found
}

#[test]
fn each_number_finds_its_own_rules() {
    let engine = table();
    for n in 0..NUMBERS {
        let to = number(n);
        let rule = |index| RuleRef::Rule {
            number: to.clone(),
            index,
            name: None,
        };
        let last = rules(n) - 1;
        assert_eq!(decided(&engine, &to, "+16175550100"), rule(last));
        if last > 0 {
            let of_last = format!("+1500555{last:04}");
            assert_eq!(decided(&engine, &to, "+15005550001"), rule(0));
            assert_eq!(decided(&engine, &to, &of_last), rule(last - 1));
        }
    }
}

#[test]
fn what_is_no_such_number_is_not_led_to_its_rules() {
    let engine = table();
    let block = |number: &str| RuleRef::Rule {
        number: number.to_owned(),
        index: 0,
        name: None,
    };
    for n in 0..NUMBERS {
        let near = format!("+1314{:07}", n * 337 + 1);
        assert_eq!(decided(&engine, &near, "+16175550100"), block("+1314*"));
        let longer = format!("{}5", number(n));
        assert_eq!(decided(&engine, &longer, "+16175550100"), block("+1314*"));
        let other = format!("+1315{:07}", n * 337);
        assert_eq!(decided(&engine, &other, "+16175550100"), RuleRef::Default);
    }
    assert_eq!(decided(&engine, "sales", "+16175550100"), block("sales"));
}

/// A rule with alternatives holds by each of them, also among so many rules that they are told
/// apart by what they ask.
#[test]
fn alternatives_are_found_by_each() {
    for (alternative, from) in [
        (r#"{"caller":{"in":"vip"}}"#, "+15005550100"),
        (r#"{"caller":{"prefix":"+1500"}}"#, "+15005550100"),
        (r#"{"trunk":"west"}"#, "+14155550123"),
        (
            r#"{"all":[{"dialed":{"is":"911"}}]},{"caller":{"in":"vip"}}"#,
            "+15005550100",
        ),
    ] {
        let mut text = format!(
            r#"{{"version":1,"default":{{"action":"reject"}},"callers":{{"vip":{{"numbers":["+15005550100"]}}}},"numbers":{{"alice":[
            {{"when":{{"any":[{{"caller":{{"prefix":"+1415"}}}},{alternative}]}},"then":{{"action":"busy"}}}}"#
        );
        for k in 0..60 {
            write!(
                text,
                r#",{{"when":{{"caller":{{"prefix":"+1{}"}},"header":{{"x-a":"b"}}}},"then":{{"action":"busy"}}}}"#,
                200 + k
            )
            .unwrap();
        }
        text.push_str(r#",{"then":{"action":"busy"}}]}}"#);
        let engine = load("routes.json", &text, &(), &ChronoTz).unwrap();
        for from in [from, "+14155550123"] {
            let rule = decided(&engine, "alice", from);
            assert_eq!(rule.to_string(), "alice rule 1", "{alternative} {from}");
        }
    }
}

/// Rules with several lists are not posted once for each combination of what is in these.
#[test]
fn an_index_grows_as_what_is_listed() {
    const LISTED: usize = 64;
    const RULES: usize = 17;
    let list = |prefix: &str| {
        let numbers = (0..LISTED).map(|n| format!(r#""{prefix}{n:04}""#));
        numbers.collect::<Vec<_>>().join(",")
    };
    let (callers, dialed, digits) = (list("+1415555"), list("+1314555"), list("9"));
    let rule = |k: usize| {
        format!(
            r#"{{"when":{{"caller":{{"is":[{callers}]}},"dialed":{{"is":[{dialed}]}},"digits":[{digits}],"header":{{"x-a":"{k}"}}}},"then":{{"action":"busy"}}}}"#
        )
    };
    let rules: Vec<_> = (0..RULES).map(rule).collect();
    let text = format!(
        r#"{{"version":1,"default":{{"action":"reject"}},"numbers":{{"*":[{},{{"then":{{"action":"busy"}}}}]}}}}"#,
        rules.join(",")
    );
    let engine = load("routes.json", &text, &(), &ChronoTz).unwrap();
    let (runs, combinations) = (engine.book.runs.len(), LISTED.pow(3) * RULES);
    assert!(runs < combinations / 20, "{runs} of {combinations}");
    for (to, from) in [
        ("+13145550063", "+14155550063"),
        ("+13145550063", "+14155550064"),
        ("+13145550064", "+14155550000"),
    ] {
        let rule = decided(&engine, to, from);
        assert_eq!(rule.to_string(), format!("* rule {}", RULES + 1));
    }
}
