//! The same table in TOML, its faults at their places, and no panic on any text.

use proptest::prelude::*;

use crate::{ChronoTz, Engine, Faults, load};

const TABLE: &str = r#"
version = 1
default = { action = "voicemail", message = "general" }

[hours.office]
zone = "America/New_York"
open = "Mo-Fr 09:00-17:30"

[targets.sales_group]
action = "forward"
destination = { type = "ring_group", members = ["+16822306467", "+12125551234"], strategy = "simultaneous" }

[targets.sales_group.on]
failed = { action = "voicemail", message = "sales" }

[menus.main]
prompt = { say = "Press 1" }
[menus.main.options]
1 = "sales_group"
2 = { action = "hangup" }

[[numbers."+13146523057"]]
name = "after hours"
when = { closed = "office" }
then = { action = "voicemail", message = "office_closed" }

[[numbers."+13146523057"]]
name = "everybody else"
then = { action = "menu", name = "main" }
"#;

fn table(text: &str) -> Result<Engine, Faults> {
    load("routes.toml", text, &(), &ChronoTz)
}

#[test]
fn the_same_types_read_toml() {
    let engine = table(TABLE).unwrap();
    assert_eq!(engine.numbers().collect::<Vec<_>>(), ["+13146523057"]);
    assert_eq!(engine.rule_count(), 2);
    assert!(engine.menu("main").is_some());
}

#[test]
fn faults_stand_at_their_places() {
    for (right, wrong, expected) in [
        (
            "strategy = \"simultaneous\"",
            "stratgy = \"simultaneous\"",
            "did you mean `strategy`?\n  --> routes.toml:11:82",
        ),
        (
            "closed = \"office\"",
            "closed = \"offic\"",
            "unknown hours `offic`; did you mean `office`?",
        ),
        ("version = 1", "version = ", "this is not valid TOML"),
        (
            "1 = \"sales_group\"",
            "1 = \"sales_grup\"",
            "did you mean `sales_group`? (there are `sales_group`)\n  --> routes.toml:19:5",
        ),
    ] {
        let text = TABLE.replacen(right, wrong, 1);
        let shown = table(&text).map(|_| ()).unwrap_err().to_string();
        assert!(shown.contains(expected), "{wrong}:\n{shown}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = table(&text);
    }

    #[test]
    fn no_damage_panics(at in 0..TABLE.len(), with in "[\\[\\]{}=\"#.a\n]{0,3}") {
        let mut text = TABLE.to_owned();
        text.replace_range(at..=at, &with);
        let _ = table(&text);
    }
}
