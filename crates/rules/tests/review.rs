//! What is wrong with routing files, and what they make one wonder about: each file of
//! `tests/review` beside its report. `CALLROUTE_BLESS=1` writes the reports anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use callroute_rules::{ChronoTz, Source, load, review};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/review")
}

fn report(name: &str, text: &str) -> String {
    match load(name, text, &(), &ChronoTz) {
        Ok(engine) => review(&engine).to_string(),
        Err(faults) => faults.to_string(),
    }
}

/// B26 among them: a key or silence that no branch covers, a number without an else.
#[test]
fn every_broken_file_has_its_report() {
    let mut names: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    names.sort();
    assert!(names.len() >= 60, "{}", names.len());
    let mut wrong = Vec::new();
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap();
        let found = report(name, &fs::read_to_string(&path).unwrap());
        assert!(!found.is_empty(), "{name} is fine");
        assert!(
            found.contains(&format!("--> {name}:")),
            "{name} has no place:\n{found}"
        );
        let kept = path.with_extension("txt");
        if std::env::var_os("CALLROUTE_BLESS").is_some() {
            fs::write(&kept, format!("{found}\n")).unwrap();
        }
        let expected = fs::read_to_string(&kept).unwrap_or_default();
        if expected.trim_end() != found.trim_end() {
            wrong.push(format!("{name} says\n{found}\nand not\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Files as people write them: nothing is told of them.
#[test]
fn no_false_alarm() {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let design = include_str!("fine.yaml");
    let files = vec![
        source("holidays-us.ics", include_str!("fine/holidays-us.ics")),
        source("vip.csv", "number,name\n+14155550199,Ann\n"),
        source(
            "branches.csv",
            "prefix,label,number\n+1314,St. Louis,+13145550100\n",
        ),
    ];
    let guide = include_str!("../ROUTING.md").split("```yaml\n").skip(1);
    let blocks: Vec<&str> = guide
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 3);
    for (name, text) in [
        ("first block", blocks[0]),
        ("second block", blocks[1]),
        ("third block", blocks[2]),
        ("fine.yaml", design),
        ("routes.yaml", include_str!("../../../examples/routes.yaml")),
    ] {
        let engine = match load(name, text, &files, &ChronoTz) {
            Ok(engine) => engine,
            Err(faults) => panic!("{faults}"),
        };
        let found = review(&engine).to_string();
        assert_eq!(found, "", "{found}");
    }
}
