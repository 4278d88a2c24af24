//! Loading, reloading and watching files.

use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use callroute_rules::ChronoTz;

use super::{FileTable, LoadError, Reload};

const GOOD: &str = "version: 1\ndefault: { action: voicemail, message: general }\n";
const WITH_LIST: &str =
    "version: 1\ndefault: { action: hangup }\ncallers: { vip: { file: lists/vip.csv } }\n";

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("routes.yaml");
    (folder, path)
}

#[test]
fn reads_files_relative_to_the_routing_file() {
    let (folder, path) = folder();
    fs::create_dir(folder.path().join("lists")).unwrap();
    fs::write(
        folder.path().join("lists/vip.csv"),
        "number\n+14155550123\n",
    )
    .unwrap();
    fs::write(&path, WITH_LIST).unwrap();
    let table = FileTable::with_zones(&path, ChronoTz).unwrap();
    let current = table.current();
    let names: Vec<_> = current
        .sources()
        .iter()
        .map(|source| source.name.clone())
        .collect();
    assert_eq!(
        names,
        [path.display().to_string(), "lists/vip.csv".to_owned()]
    );

    // A change of the list alone is a change of the table.
    fs::write(
        folder.path().join("lists/vip.csv"),
        "number\n+14155550124\n",
    )
    .unwrap();
    assert!(matches!(table.reload(), Ok(Reload::Replaced(_))));
    assert!(matches!(table.reload(), Ok(Reload::Unchanged)));
    assert_ne!(table.current().fingerprint(), current.fingerprint());
}

/// A32: a file with a fault leaves the table in force.
#[test]
fn keeps_the_last_good_table_and_tells_a_fault_once() {
    let (_folder, path) = folder();
    fs::write(&path, GOOD).unwrap();
    let table = FileTable::with_zones(&path, ChronoTz).unwrap();
    let good = table.current();
    fs::write(&path, "version: 1\n").unwrap();
    assert!(matches!(table.reload(), Err(LoadError::Faults(_))));
    assert!(matches!(table.reload(), Ok(Reload::Unchanged)));
    fs::remove_file(&path).unwrap();
    assert!(matches!(table.reload(), Err(LoadError::Read { .. })));
    assert!(matches!(table.reload(), Ok(Reload::Unchanged)));
    assert_eq!(table.current().fingerprint(), good.fingerprint());
    fs::write(&path, GOOD).unwrap();
    assert!(matches!(table.reload(), Ok(Reload::Replaced(_))));
}

/// What a table has to pass is asked at the start and of each change, and a refused table is told
/// of once: it is taken when what it lacks is there, with nobody touching the file again.
#[test]
fn a_refused_table_changes_nothing_until_it_passes() {
    let (folder, path) = folder();
    fs::write(&path, GOOD).unwrap();
    let secret = folder.path().join("secret");
    let wanted = secret.clone();
    let check = move |engine: &callroute_rules::Engine| {
        let other = engine.default_actions().to_json().contains("other");
        match other && !wanted.exists() {
            true => Err("the secret is not there"),
            false => Ok(()),
        }
    };
    let open = || FileTable::with_zones(&path, ChronoTz).unwrap();
    let table = open().held_to(check.clone()).unwrap();
    let good = table.current();
    fs::write(&path, GOOD.replace("general", "other")).unwrap();
    let told = format!("{}: the secret is not there", path.display());
    assert_eq!(table.reload().unwrap_err().to_string(), told);
    assert!(matches!(table.reload(), Ok(Reload::Unchanged)));
    assert_eq!(table.current().fingerprint(), good.fingerprint());
    // A start refuses it in the same words.
    assert_eq!(open().held_to(check).unwrap_err().to_string(), told);
    fs::write(&secret, "").unwrap();
    assert!(matches!(table.reload(), Ok(Reload::Replaced(_))));
    assert_ne!(table.current().fingerprint(), good.fingerprint());
    assert!(matches!(table.reload(), Ok(Reload::Unchanged)));
    // One that is refused and then replaced by a good one is not taken later.
    fs::remove_file(&secret).unwrap();
    fs::write(&path, GOOD.replace("general", "another")).unwrap();
    assert!(matches!(table.reload(), Err(LoadError::Refused { .. })));
    fs::write(&path, GOOD).unwrap();
    assert!(matches!(table.reload(), Ok(Reload::Replaced(_))));
    fs::write(&secret, "").unwrap();
    assert!(matches!(table.reload(), Ok(Reload::Unchanged)));
}

#[test]
fn says_what_cannot_be_read() {
    let (folder, path) = folder();
    let message = |path: &std::path::Path| {
        FileTable::with_zones(path, ChronoTz)
            .unwrap_err()
            .to_string()
    };
    assert!(message(&path).starts_with(&format!("cannot read {}: ", path.display())));
    assert!(message(folder.path()).ends_with("it is no regular file"));
    fs::write(&path, b"version: 1 # \xff").unwrap();
    assert!(message(&path).ends_with("it is no UTF-8 text: byte 13 is no character"));
    fs::write(&path, WITH_LIST).unwrap();
    assert!(message(&path).contains("cannot read `lists/vip.csv`: "));
}

/// A32: changes of the file are taken without a restart.
#[test]
fn a_watch_tells_each_change_and_stops_when_dropped() {
    let (_folder, path) = folder();
    fs::write(&path, GOOD).unwrap();
    let table = FileTable::with_zones(&path, ChronoTz).unwrap();
    let (tell, told) = mpsc::channel();
    let watch = table.watch(Duration::from_millis(5), move |change| {
        let _ = tell.send(change.map(|engine| engine.fingerprint().to_owned()).is_ok());
    });
    let watch = watch.unwrap();
    let patience = Duration::from_secs(30);
    fs::write(&path, GOOD.replace("general", "other")).unwrap();
    // A write is seen empty, or whole, or first one and then the other.
    while !told.recv_timeout(patience).unwrap() {}
    fs::write(&path, "version: 2\n").unwrap();
    while told.recv_timeout(patience).unwrap() {}
    drop(watch);
    assert!(
        told.recv_timeout(patience).is_err(),
        "the thread still runs"
    );
}
