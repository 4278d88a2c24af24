//! `explain`: which rule, which clause, which value.

use crate::place::{Place, event};

#[test]
fn another_time_gives_another_answer() {
    let place = Place::with_routes();
    place.file("event.json", event("c1", "+14155550123", "14:32:00"));
    let explain = |at: &[&str]| {
        let args = [&["explain", "--routes", "routes.yaml", "event.json"], at].concat();
        let ran = place.run(&args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        ran.out
    };
    let open = explain(&[]);
    assert!(open.contains("\"after hours\": does not hold"), "{open}");
    assert!(open.contains("no   closed: office"), "{open}");
    assert!(
        open.contains("no   caller.in: blocked (+14155550123, on no list)"),
        "{open}"
    );
    assert!(
        open.contains("decided by +13146523057 rule 3 \"everybody else\""),
        "{open}"
    );
    let closed = explain(&["--at", "2026-04-21T19:32:00+02:00"]);
    assert!(closed.contains("at 2026-04-21T19:32:00+02:00"), "{closed}");
    assert!(closed.contains("\"after hours\": holds"), "{closed}");
    assert!(closed.contains("yes  closed: office"), "{closed}");
    assert!(
        closed.contains("decided by +13146523057 rule 2 \"after hours\""),
        "{closed}"
    );
    assert!(!closed.contains("everybody else"), "{closed}");
}

#[test]
fn as_json_it_is_one_line() {
    let place = Place::with_routes();
    let args = [
        "explain",
        "--json",
        "--routes",
        "routes.yaml",
        "--at",
        "2026-04-25T12:00:00Z",
    ];
    let ran = place.run_with(&args, event("c1", "+14155550123", "14:32:00"));
    assert_eq!(ran.code, 0);
    let lines = ran.json();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["block"], "+13146523057");
    assert_eq!(lines[0]["rules"][0]["clauses"][0]["holds"], false);
    assert_eq!(
        lines[0]["rules"][0]["clauses"][0]["compared"],
        "+14155550123, on no list"
    );
    assert_eq!(lines[0]["decision"]["rule"]["name"], "after hours");
}

#[test]
fn bad_events_and_times_are_told() {
    let place = Place::with_routes();
    let args = ["explain", "--routes", "routes.yaml"];
    let ran = place.run_with(&args, "{\"event\":\"incoming_cal\"}");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err
            .contains("stdin: $.event: unknown value `incoming_cal`"),
        "{}",
        ran.err
    );
    let ran = place.run(&["explain", "--routes", "routes.yaml", "--at", "noon"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("RFC 3339"), "{}", ran.err);
}
