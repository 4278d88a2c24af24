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

#[test]
fn a_watch_tells_each_change_and_stops_when_dropped() {
    let (_folder, path) = folder();
    fs::write(&path, GOOD).unwrap();
    let table = FileTable::with_zones(&path, ChronoTz).unwrap();
    let (tell, told) = mpsc::channel();
    let watch = table.watch(Duration::from_millis(5), move |change| {
        let _ = tell.send(change.map(|engine| engine.fingerprint().to_owned()).is_ok());
    });
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
