//! README.md shows what works.

use std::path::{Path, PathBuf};

use callroute_rules::ChronoTz;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The code blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let parts = text.split(&*fence).skip(1);
    parts
        .map(|part| part.split("\n```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_routing_file_loads() {
    let text = readme();
    let table = blocks(&text, "yaml")
        .into_iter()
        .next()
        .expect("README.md has a yaml block");
    let engine = callroute_rules::load("README.md", &table, &(), &ChronoTz);
    engine.unwrap_or_else(|faults| panic!("{faults}"));
}

/// B17, B19: the contract's examples are the contract's bytes.
#[test]
fn the_json_is_the_contract() {
    let text = readme();
    let json = blocks(&text, "json");
    let event = json
        .iter()
        .find(|block| block.contains("\"event\""))
        .expect("an event");
    assert_eq!(
        callroute_schema::Event::from_json(event.as_bytes())
            .unwrap()
            .to_json(),
        *event
    );
    let answer = json
        .iter()
        .find(|block| block.contains("\"action\""))
        .expect("an answer");
    assert_eq!(answer, crate::common::webhook::RING_GROUP);
}

#[test]
fn every_example_exists() {
    let text = readme();
    let manifest = std::fs::read_to_string(root().join("examples/Cargo.toml")).unwrap();
    let mut found = 0;
    for named in text.split("--example ").skip(1) {
        let name: String = named
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            .collect();
        let line = format!("name = \"{name}\"");
        assert!(
            manifest.contains(&line),
            "README.md runs the example {name}, which is not there"
        );
        found += 1;
    }
    assert!(found > 0, "README.md runs no example");
}

#[test]
fn every_link_leads_somewhere() {
    for link in readme().split("](").skip(1) {
        let target = link.split(')').next().unwrap().split('#').next().unwrap();
        if !target.contains("://") && !target.is_empty() {
            assert!(
                root().join(target).exists(),
                "README.md links to {target}, which is not there"
            );
        }
    }
}
