//! The house keeps its own rules: floors, purity, file length, the README's map.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers may fail loudly"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which floor each crate lives on. A crate uses lower floors only.
const FLOORS: &[(&str, u8)] = &[
    ("schema", 1),
    ("rules", 2),
    ("media", 2),
    ("webhook", 2),
    ("store", 2),
    ("audio", 2),
    ("session", 3),
    ("tables", 3),
    ("sip", 3),
    ("router", 4),
    ("sim", 4),
    ("control", 5),
    ("callroute", 6),
    ("cli", 7),
];

/// Adapters, and whom they may know.
const ADAPTERS: &[(&str, &[&str])] = &[("sip", &["schema", "media", "audio"])];

/// Who must not know whom, though the floors would allow it.
const STRANGERS: &[(&str, &[&str])] = &[
    ("session", &["webhook", "store", "audio"]),
    ("audio", &["schema"]),
];

/// Crates without runtime, socket, clock or dice.
const PURE: &[&str] = &["schema", "rules", "media", "session", "sim"];

/// What a pure crate's tree must not hold.
const IMPURE: &[&str] = &[
    "tokio",
    "mio",
    "socket2",
    "hyper",
    "rand",
    "getrandom",
    "iana-time-zone",
    "async-std",
];

const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of our own crates that a manifest's `[dependencies]` name.
fn uses(krate: &str) -> Vec<String> {
    let manifest = read(&root().join("crates").join(krate).join("Cargo.toml"));
    let mut section = String::new();
    let mut used = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        } else if section == "dependencies"
            && let Some(rest) = line.strip_prefix("callroute")
        {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '-')
                .collect();
            let name = name.trim_start_matches('-');
            used.push(if name.is_empty() { "callroute" } else { name }.to_owned());
        }
    }
    used
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

fn all_rust_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["crates", "examples", "benches", "tests"] {
        rust_files(&root().join(folder), &mut found);
    }
    found
}

#[test]
fn every_crate_has_its_floor() {
    let mut folders: Vec<String> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut known: Vec<String> = FLOORS.iter().map(|(name, _)| (*name).to_owned()).collect();
    known.sort();
    assert_eq!(
        folders, known,
        "a crate without a floor, or a floor without its crate"
    );
}

#[test]
fn arrows_run_down() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    for (krate, floor) in FLOORS {
        for used in uses(krate) {
            assert!(
                floors[used.as_str()] < *floor,
                "{krate} (floor {floor}) uses {used} (floor {})",
                floors[used.as_str()]
            );
        }
    }
    for (adapter, allowed) in ADAPTERS {
        for used in uses(adapter) {
            assert!(
                allowed.contains(&used.as_str()),
                "the adapter {adapter} uses {used}"
            );
        }
    }
    for (krate, strangers) in STRANGERS {
        for used in uses(krate) {
            assert!(
                !strangers.contains(&used.as_str()),
                "{krate} must not know {used}"
            );
        }
    }
}

/// The names in a package's tree, built with these flags.
fn tree(krate: &str, flags: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--package", &format!("callroute-{krate}")])
        .args(flags)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| line.split(' ').next().unwrap().to_owned();
    tree.lines().map(name).collect()
}

/// Whoever only verifies signatures gets neither a runtime nor a socket with it.
#[test]
fn verifying_needs_no_client() {
    let flags = ["--no-default-features", "--features", "verify"];
    for name in tree("webhook", &flags) {
        assert!(!IMPURE.contains(&name.as_str()), "{name} is in the tree");
    }
}

#[test]
fn pure_crates_stay_pure() {
    for krate in PURE {
        for name in tree(krate, &[]) {
            assert!(
                !IMPURE.contains(&name.as_str()),
                "the pure crate {krate} has {name} in its tree"
            );
        }
        let bans = read(&root().join("crates").join(krate).join("clippy.toml"));
        for method in [
            "Instant::now",
            "SystemTime::now",
            "Utc::now",
            "thread::sleep",
            "spawn",
        ] {
            assert!(
                bans.contains(method),
                "{krate}'s clippy.toml does not ban {method}"
            );
        }
    }
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    for path in all_rust_files() {
        let text = read(&path);
        let lines = text.lines().count();
        assert!(
            lines <= MAX_LINES,
            "{}: {lines} lines, at most {MAX_LINES}",
            path.display()
        );
        assert!(
            text.starts_with("//!"),
            "{}: the first line says what the file is for, as //!",
            path.display()
        );
    }
}

#[test]
fn lib_rs_defines_nothing() {
    for (krate, _) in FLOORS.iter().filter(|(name, _)| *name != "cli") {
        let path = root().join("crates").join(krate).join("src/lib.rs");
        let text = read(&path);
        for line in text.lines() {
            let line = line
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ");
            for word in [
                "fn ", "struct ", "enum ", "trait ", "impl ", "const ", "static ",
            ] {
                assert!(
                    !line.starts_with(word),
                    "{}: defines something: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_readme_maps_every_crate() {
    let readme = read(&root().join("README.md"));
    for (krate, _) in FLOORS {
        assert!(
            readme.contains(&format!("crates/{krate}")),
            "README.md does not name crates/{krate}"
        );
    }
}

#[test]
fn the_top_level_is_what_the_design_says() {
    const ALLOWED: &[&str] = &[
        "Cargo.toml",
        "Cargo.lock",
        "crates",
        "examples",
        "benches",
        "tests",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "rustfmt.toml",
        "clippy.toml",
        "deny.toml",
        "target",
    ];
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name.starts_with('.') || ALLOWED.contains(&name.as_str()) || name == "callroute-data",
            "{name} stands at the top level, which the design does not name"
        );
    }
}
