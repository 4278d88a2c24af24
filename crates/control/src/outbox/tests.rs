//! Tests of the outbox: what is in it outlasts everything but its bound.

mod damaged;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Loaded, Outbox, Place, Record};
use crate::queue::Told;

pub(super) fn told(n: u64) -> Told {
    Told {
        id: u128::from(n) + 1,
        call: format!("call{}", n % 3).as_str().into(),
        json: format!("{{\"n\":{n}}}").as_str().into(),
    }
}

/// An event that fills a good part of a file.
fn large(n: u64) -> Told {
    Told {
        json: format!("{{\"n\":\"{}\"}}", "x".repeat(200_000))
            .as_str()
            .into(),
        ..told(n)
    }
}

/// The events that were not read yet.
fn numbers(outbox: &mut Outbox) -> Vec<u64> {
    let places = places(outbox).into_iter();
    places.map(|(number, _)| number).collect()
}

fn places(outbox: &mut Outbox) -> Vec<(u64, Place)> {
    let mut all = Vec::new();
    loop {
        let some = outbox.read(7).unwrap();
        if some.is_empty() {
            return all;
        }
        for (call, place) in some {
            let record = load(outbox, place);
            assert_eq!((record.place, &record.told.call), (place, &call));
            all.push((u64::try_from(record.told.id).unwrap() - 1, place));
        }
    }
}

fn load(outbox: &mut Outbox, place: Place) -> Record {
    match outbox.load(place) {
        Ok(Loaded::Event(record)) => record,
        other => panic!("{other:?}"),
    }
}

fn open(folder: &Path) -> Outbox {
    Outbox::open(folder, 1 << 20).unwrap()
}

/// Adds an event, and hands it to the system.
fn add(outbox: &mut Outbox, n: u64) -> Place {
    let own = outbox.own;
    let seq = outbox.shares[&own].next();
    assert!(outbox.add(&told(n), 1000 + n).unwrap());
    outbox.flush(false).unwrap();
    Place { share: own, seq }
}

/// A process's first file.
fn first(folder: &Path, process: u64) -> PathBuf {
    folder.join(format!("process-{process}/000000000001.jsonl"))
}

#[test]
fn what_was_not_taken_is_there_again_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    let places: Vec<Place> = (0..20).map(|n| add(&mut outbox, n)).collect();
    let found = outbox.read(3).unwrap();
    assert_eq!((&*found[1].0, found[1].1), ("call1", places[1]));
    let record = load(&mut outbox, places[1]);
    assert_eq!((record.at_ms, record.told.id), (1001, 2));
    assert_eq!(&*record.told.json, "{\"n\":1}");
    for n in [0, 2, 19] {
        outbox.take(places[n]).unwrap();
    }
    drop(outbox);
    let mut again = open(folder.path());
    assert_eq!(again.left(), 17);
    add(&mut again, 99);
    let expected: Vec<u64> = (0..20).filter(|n| ![0, 2, 19].contains(n)).collect();
    assert_eq!(numbers(&mut again), [expected, vec![99]].concat());
    add(&mut again, 100);
    assert_eq!(numbers(&mut again), [100]);
}

#[test]
fn a_line_that_a_crash_cut_off_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    add(&mut outbox, 0);
    let own = outbox.own;
    drop(outbox);
    let path = first(folder.path(), own);
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(b"{\"seq\":2,\"id\":\"01").unwrap();
    let mut again = open(folder.path());
    add(&mut again, 1);
    assert_eq!(numbers(&mut again), [0, 1]);
}

#[test]
fn the_bound_holds_and_room_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let max = 10_000;
    let mut outbox = Outbox::open(folder.path(), max).unwrap();
    let mut added = 0;
    while outbox.add(&told(added), 0).unwrap() {
        added += 1;
    }
    assert!(outbox.bytes() <= max && added > 50, "{added}");
    for (_, place) in places(&mut outbox) {
        outbox.take(place).unwrap();
    }
    assert!(outbox.bytes() <= max);
    let own = first(folder.path(), outbox.own);
    let on_disk: u64 = std::fs::read_dir(own.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(on_disk <= max, "{on_disk}");
    drop(outbox);
    let mut again = Outbox::open(folder.path(), max).unwrap();
    assert_eq!(
        (again.bytes(), numbers(&mut again).len()),
        (0, 0),
        "files that are over are deleted"
    );
    assert!(again.add(&told(0), 0).unwrap());
}

/// One event that is never taken holds no more room than itself, however many come after it.
#[test]
fn what_was_taken_makes_room_beside_what_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let max = 12 * 1024 * 1024;
    let mut outbox = Outbox::open(folder.path(), max).unwrap();
    let mut stuck = Vec::new();
    for n in 0..300 {
        assert!(outbox.add(&large(n), 0).unwrap(), "{n}");
        let (_, place) = outbox.read(1).unwrap().remove(0);
        if n % 30 == 7 {
            stuck.push((n, place));
        } else {
            outbox.take(place).unwrap();
        }
    }
    assert!(outbox.bytes() <= max);
    for (n, place) in &stuck {
        let record = load(&mut outbox, *place);
        assert_eq!(record.told.id, u128::from(*n) + 1);
    }
    outbox.flush(false).unwrap();
    drop(outbox);
    let mut again = Outbox::open(folder.path(), max).unwrap();
    assert_eq!((again.left(), places(&mut again)), (10, stuck));
    assert_eq!(again.damaged(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whatever is added, taken and cut out, over restarts at any moment: what was added and not taken is
    /// given again, in order, and nothing else.
    #[test]
    fn nothing_is_lost_over_restarts(deeds in proptest::collection::vec((0_u8..8, any::<u64>()), 1..120)) {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = open(folder.path());
        let (mut left, mut added) = (BTreeMap::new(), 0_u64);
        for (deed, pick) in deeds {
            match deed {
                0..=3 => {
                    left.insert(added, add(&mut outbox, added));
                    added += 1;
                }
                4..=6 if !left.is_empty() => {
                    let nth = usize::try_from(pick % left.len() as u64).unwrap();
                    let (n, place) = left.iter().nth(nth).map(|(n, place)| (*n, *place)).unwrap();
                    outbox.take(place).unwrap();
                    left.remove(&n);
                }
                _ => {
                    if pick % 2 == 0 {
                        let shares = outbox.shares.values_mut();
                        shares.for_each(|share| while share.shrink().unwrap() {});
                    }
                    drop(outbox);
                    outbox = open(folder.path());
                    let given = numbers(&mut outbox);
                    prop_assert_eq!(&given, &left.keys().copied().collect::<Vec<_>>());
                }
            }
        }
    }
}

/// A crash of the machine may keep that an event was taken, and lose the event.
#[test]
fn what_was_taken_and_lost_in_a_crash_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    let places: Vec<Place> = (0..3).map(|n| add(&mut outbox, n)).collect();
    for n in [0, 2] {
        outbox.take(places[n]).unwrap();
    }
    let path = first(folder.path(), outbox.own);
    drop(outbox);
    let text = std::fs::read_to_string(&path).unwrap();
    let two: String = text.split_inclusive('\n').take(2).collect();
    std::fs::write(&path, two).unwrap();
    for _ in 0..2 {
        let mut again = open(folder.path());
        assert_eq!((numbers(&mut again), again.left()), (vec![1], 1));
        let taken = std::fs::read(path.with_extension("taken")).unwrap();
        assert_eq!(taken, 1_u64.to_le_bytes());
    }
}

#[test]
fn an_event_that_would_not_be_read_again_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    let mut long = told(0);
    long.json = format!("{{\"n\":\"{}\"}}", "x".repeat(256 * 1024)).into();
    let error = outbox.add(&long, 0).unwrap_err();
    assert!(error.to_string().contains("at most 262144"), "{error}");
    add(&mut outbox, 1);
    assert_eq!(numbers(&mut outbox), [1]);
}

/// Several processes use one outbox: none touches what another that lives has written, and what one
/// left is adopted, once, by whoever is there.
#[test]
fn processes_share_an_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = open(folder.path());
    // Nothing is in it yet: that is no reason to delete it.
    let mut two = open(folder.path());
    for n in 0..4 {
        add(&mut one, n);
        add(&mut two, 10 + n);
    }
    assert_eq!(numbers(&mut one), [0, 1, 2, 3]);
    let theirs = places(&mut two);
    assert_eq!(theirs.len(), 4);
    one.adopt().unwrap();
    assert!(numbers(&mut one).is_empty(), "the other lives");
    two.take(theirs[1].1).unwrap();
    drop(two);
    let mut three = open(folder.path());
    assert_eq!(numbers(&mut three), [10, 12, 13]);
    one.adopt().unwrap();
    assert!(numbers(&mut one).is_empty());
    drop(three);
    one.adopt().unwrap();
    let left = places(&mut one);
    assert_eq!(left.len(), 3);
    for (_, place) in left {
        one.take(place).unwrap();
    }
    one.adopt().unwrap();
    let folders = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(folders, 2, "its own, and the lock");
}

/// Earlier versions had no folders of processes.
#[test]
fn what_lies_in_the_old_place_is_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    let places: Vec<Place> = (0..3).map(|n| add(&mut outbox, n)).collect();
    outbox.take(places[1]).unwrap();
    let own = first(folder.path(), outbox.own);
    drop(outbox);
    for kind in ["jsonl", "taken"] {
        let name = format!("000000000001.{kind}");
        std::fs::rename(own.with_extension(kind), folder.path().join(name)).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(numbers(&mut open(folder.path())), [0, 2]);
    }
}
