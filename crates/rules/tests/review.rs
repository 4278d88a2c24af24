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

use callroute_rules::{ChronoTz, Files, SourceFile, load, review};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/review")
}

/// Files beside the broken ones.
struct Beside;

impl Files for Beside {
    fn read(&self, relative: &str) -> Result<String, String> {
        fs::read_to_string(folder().join(relative)).map_err(|error| error.to_string())
    }
}

fn report(name: &str, text: &str) -> String {
    match load(name, text, &Beside, &ChronoTz) {
        Ok(engine) => review(&engine).to_string(),
        Err(faults) => faults.to_string(),
    }
}

/// The files of a folder with such endings, by name.
fn files_of(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|ending| endings.iter().any(|wanted| *wanted == ending))
    });
    files.sort();
    files
}

/// B26 among them: a key or silence that no branch covers, a number without an else.
#[test]
fn every_broken_file_has_its_report() {
    let names = files_of(&folder(), &["yaml", "toml", "json"]);
    assert!(names.len() >= 60, "{}", names.len());
    let mut wrong = Vec::new();
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap();
        let found = report(name, &fs::read_to_string(&path).unwrap());
        assert!(!found.is_empty(), "{name} is fine");
        // A CSV file has the name of the routing file that names it.
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            found.contains(&format!("--> {stem}.")),
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
    let source = |name: &str, text: &str| SourceFile {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let files = vec![
        source("holidays-us.ics", include_str!("fine/holidays-us.ics")),
        source("vip.csv", "number,name\n+14155550199,Ann\n"),
        source(
            "vip-owners.csv",
            "number,owner\n+14155550199,ann\n4155550198,+14155550197\n",
        ),
        source(
            "branches.csv",
            "prefix,label,number\n+1314,St. Louis,+13145550100\n",
        ),
    ];
    let guide = include_str!("../ROUTING.md").split("```yaml\n").skip(1);
    let blocks: Vec<&str> = guide
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 4);
    let mut fine: Vec<(String, String)> = vec![
        ("first block".to_owned(), blocks[0].to_owned()),
        ("second block".to_owned(), blocks[1].to_owned()),
        ("third block".to_owned(), blocks[2].to_owned()),
        ("fourth block".to_owned(), blocks[3].to_owned()),
        ("fine.yaml".to_owned(), include_str!("fine.yaml").to_owned()),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in [
        "../../examples/routes.yaml",
        "../../examples/crm/routes.yaml",
        "../../examples/tests/office.yaml",
    ] {
        fine.push((
            file.to_owned(),
            fs::read_to_string(root.join(file)).unwrap(),
        ));
    }
    for path in files_of(&root.join("tests/fine"), &["yaml", "toml", "json"]) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        fine.push((name, fs::read_to_string(&path).unwrap()));
    }
    for (name, text) in &fine {
        let engine = match load(name, text, &files, &ChronoTz) {
            Ok(engine) => engine,
            Err(faults) => panic!("{faults}"),
        };
        let found = review(&engine).to_string();
        assert_eq!(found, "", "{name}: {found}");
    }
}

/// Rules beyond the first thousands are compared too, by what they ask.
#[test]
fn long_lists_are_compared_to_their_end() {
    let mut text = String::from("version: 1\ndefault: { action: hangup }\nnumbers:\n  \"*\":\n");
    let mut rule = |when: &str| {
        text.push_str("    - { ");
        text.push_str(when);
        text.push_str("then: { action: busy } }\n");
    };
    for number in 0..3_000 {
        let number = format!("caller: {{ is: \"+1415{number:07}\" }}");
        rule(&format!("when: {{ {number}, header: {{ x-a: b }} }}, "));
    }
    rule("when: { caller: { is: \"+14150002999\" }, header: { x-a: b, x-c: d } }, ");
    rule("");
    rule("when: { caller: { country: IE } }, ");
    let engine = load("routes.yaml", &text, &(), &ChronoTz).unwrap();
    let found = review(&engine);
    let lines = found.iter().map(|fault| {
        let other = fault.other.as_ref().unwrap().span.line;
        (fault.span.unwrap().line, other)
    });
    assert_eq!(lines.collect::<Vec<_>>(), [(3_005, 3_004), (3_007, 3_006)]);
}

/// JSON that is too long for lines to be told is reviewed like any other.
#[test]
fn long_json_is_reviewed() {
    let mut text = String::from(
        r#"{ "version": 1, "default": { "action": "hangup" }, "numbers": { "+13146523057": [
            { "name": "all", "then": { "action": "busy" } },
            { "name": "never", "then": { "action": "hangup" } } ] } }"#,
    );
    // More than YAML may have.
    text.push_str(&" ".repeat(17 * 1024 * 1024));
    let engine = load("routes.json", &text, &(), &ChronoTz).unwrap();
    let found = review(&engine);
    let told: Vec<_> = found.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(told, [r#"$.numbers["+13146523057"][1]"#], "{found}");
}
