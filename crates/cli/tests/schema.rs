//! `schema`: what it prints is what is checked in under `crates/schema/json`.

use std::path::PathBuf;

use serde_json::Value;

use crate::place::Place;

const KINDS: [&str; 5] = ["event", "action", "record", "routes", "openapi"];

fn checked_in(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../schema/json")
        .join(format!("{kind}.schema.json"))
}

/// `CALLROUTE_BLESS=1 cargo test -p callroute-cli schema` writes them anew.
#[test]
fn the_checked_in_schemas_are_those_of_the_code() {
    let place = Place::new();
    for kind in KINDS {
        let ran = place.run(&["schema", kind]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{kind}");
        let path = checked_in(kind);
        if std::env::var_os("CALLROUTE_BLESS").is_some() {
            std::fs::write(&path, &ran.out).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == ran.out,
            "{} is not what `callroute schema {kind}` prints; if the types changed on purpose, \
             set CALLROUTE_BLESS=1 and run this test again, then crates/schema/generate.py",
            path.display()
        );
    }
}

#[test]
fn each_is_what_it_says() {
    let place = Place::new();
    for kind in KINDS {
        let ran = place.run(&["schema", kind, "--json"]);
        assert_eq!(ran.code, 0, "{kind}");
        let [document]: [Value; 1] = ran.json().try_into().unwrap();
        if kind == "openapi" {
            assert_eq!(document["openapi"], "3.1.0");
            assert!(document["webhooks"]["call"]["post"]["requestBody"].is_object());
            continue;
        }
        let draft = "https://json-schema.org/draft/2020-12/schema";
        assert_eq!(document["$schema"], draft, "{kind}");
        assert!(document["$defs"].is_object(), "{kind}");
    }
}
