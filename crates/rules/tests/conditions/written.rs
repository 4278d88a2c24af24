//! Numbers of calls, as they are written on the wire.

use callroute_rules::Facts;
use serde_json::json;

use crate::{asks, event, table, told};

/// Visual separators (RFC 3966, section 5.1.1) are no part of a number, with `+` or without.
#[test]
fn what_is_only_to_be_seen_is_no_part_of_a_number() {
    let listed = asks("{ caller: { in: blocked } }");
    for (from, expected) in [
        ("+19005550123", "yes"),
        ("+1-900-555-0123", "yes"),
        ("+1 (900) 555.0123", "yes"),
        ("(900) 555-0123", "yes"),
        ("+1-901-555-0123", "no"),
        // A SIP user.
        ("+1-900-FLOWERS", "no"),
    ] {
        let event = event(json!({ "from": from }));
        assert_eq!(told(&listed, &event, &Facts::new()), expected, "{from}");
    }
    let dialed =
        table("numbers: { \"+13146523057\": yes, \"555-0100\": yes, \"*\": { action: hangup } }\n");
    for (to, expected) in [
        ("+1-314-652-3057", "yes"),
        ("314.652.3057", "yes"),
        ("555-0100", "yes"),
        ("5550100", "yes"),
        ("+1-314-652-3058", "no"),
    ] {
        let event = event(json!({ "to": to }));
        assert_eq!(told(&dialed, &event, &Facts::new()), expected, "{to}");
    }
}

/// Those who dial or call from outside are no extensions.
#[test]
fn a_short_prefix_is_one_of_extensions() {
    for (when, from, expected) in [
        ("{ caller: { prefix: \"2\" } }", "+12125551234", "no"),
        ("{ caller: { prefix: \"2\" } }", "201", "yes"),
        ("{ caller: { prefix: \"212\" } }", "+12125551234", "yes"),
        ("{ caller: { prefix: \"212\" } }", "212", "yes"),
    ] {
        let event = event(json!({ "from": from }));
        assert_eq!(told(&asks(when), &event, &Facts::new()), expected, "{from}");
    }
}
