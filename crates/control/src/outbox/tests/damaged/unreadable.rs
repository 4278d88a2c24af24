//! Tests of what the disk does not give: it holds up nothing else.

use std::path::PathBuf;

use super::super::{Loaded, Outbox, Place, add, first, large, load, numbers, open};
use crate::outbox::{READS, segment};

/// An outbox with two events that another process left, and one of its own; where they are.
fn adopted(folder: &std::path::Path) -> (Outbox, [Place; 2]) {
    let mut outbox = open(folder);
    let old = [0, 1].map(|n| add(&mut outbox, n));
    drop(outbox);
    (open(folder), old)
}

/// Has the disk give nothing of the file that begins with an event.
fn blind(outbox: &mut Outbox, first: Place) {
    let share = outbox.shares.get_mut(&first.share).unwrap();
    share.blind(first.seq);
}

#[test]
fn what_cannot_be_read_is_given_up_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, old) = adopted(folder.path());
    blind(&mut outbox, old[0]);
    for _ in 0..9 {
        assert!(outbox.read(9).is_err(), "all of the disk may be gone");
    }
    add(&mut outbox, 2);
    assert_eq!(numbers(&mut outbox), [2]);
    let mut damaged = Vec::new();
    for _ in 0..6 {
        outbox.adopt().unwrap();
        for _ in 0..9 {
            assert!(numbers(&mut outbox).is_empty(), "once a look");
        }
        damaged.push(outbox.damaged());
    }
    assert_eq!(damaged, [0, 1, 0, 1, 0, 0]);
    assert_eq!((outbox.left(), outbox.shares.len()), (1, 1));
}

/// It was read once, and is to be told.
#[test]
fn what_cannot_be_loaded_waits_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, old) = adopted(folder.path());
    assert_eq!(numbers(&mut outbox), [0, 1]);
    blind(&mut outbox, old[0]);
    assert!(outbox.load(old[0]).is_err(), "all of the disk may be gone");
    let new = add(&mut outbox, 2);
    for _ in 0..2 {
        assert!(matches!(outbox.load(old[0]), Ok(Loaded::Later)));
        assert_eq!(load(&mut outbox, new).told.id, 3);
    }
    assert!(matches!(outbox.load(old[0]), Ok(Loaded::Damaged)));
    assert_eq!((outbox.damaged(), outbox.left()), (1, 2));
}

#[test]
fn a_file_that_cannot_be_read_keeps_no_other_from_making_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 12 * 1024 * 1024).unwrap();
    let mut stuck = Vec::new();
    for n in 0..80 {
        assert!(outbox.add(&large(n), 0).unwrap(), "{n}");
        let (_, place) = outbox.read(1).unwrap().remove(0);
        match n % 10 {
            0 => stuck.push(place),
            _ => outbox.take(place).unwrap(),
        }
        if n == 30 {
            blind(&mut outbox, stuck[0]);
        }
    }
}

#[test]
fn what_cannot_be_adopted_keeps_nothing_else_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut two = [0, 1].map(|_| open(folder.path()));
    let places = [0, 1].map(|n| add(&mut two[n], n as u64));
    drop(two);
    let gone = first(folder.path(), places[0].share);
    std::fs::remove_file(&gone).unwrap();
    std::fs::create_dir(&gone).unwrap();
    let mut outbox = open(folder.path());
    assert!(outbox.adopt().is_err());
    assert_eq!(numbers(&mut outbox), [1]);
}

/// An outbox whose earlier process left three files, of which one is a folder now; with one event of
/// its own, how many events there are in each file, and where that one is.
fn shut(folder: &std::path::Path, which: usize) -> (Outbox, Vec<u64>, PathBuf) {
    let all = || Outbox::open(folder, 1 << 30).unwrap();
    let mut outbox = all();
    for n in 0..50 {
        assert!(outbox.add(&large(n), 0).unwrap());
    }
    outbox.flush(false).unwrap();
    let first = first(folder, outbox.own);
    drop(outbox);
    let ranges = segment::ranges(first.parent().unwrap()).unwrap();
    let begins: Vec<u64> = ranges.iter().map(|range| range.start).collect();
    assert_eq!(begins.len(), 3, "{begins:?}");
    let path = first.with_file_name(format!("{:012}.jsonl", begins[which]));
    std::fs::rename(&path, folder.join("kept")).unwrap();
    std::fs::create_dir(&path).unwrap();
    let mut outbox = all();
    add(&mut outbox, 99);
    let ends = begins[1..].iter().copied().chain([51]);
    let counts = begins.iter().zip(ends).map(|(begin, end)| end - begin);
    (outbox, counts.collect(), path)
}

/// A file that cannot be opened holds up only what is behind it, and not for ever.
#[test]
fn a_file_that_cannot_be_opened_is_given_up_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, counts, _) = shut(folder.path(), 1);
    let before: Vec<u64> = (0..counts[0]).chain([99]).collect();
    assert_eq!(numbers(&mut outbox), before);
    for _ in 1..READS {
        assert!(outbox.adopt().is_err());
        assert!(numbers(&mut outbox).is_empty());
    }
    outbox.adopt().unwrap();
    let behind: Vec<u64> = (counts[0] + counts[1]..50).collect();
    assert_eq!(numbers(&mut outbox), behind);
    assert_eq!(outbox.damaged(), counts[1]);
    let said = outbox.set_aside().remove(0).to_string();
    let lost = format!("and {} events of it are lost", counts[1]);
    assert!(said.ends_with(&lost), "{said}");
    outbox.adopt().unwrap();
    assert_eq!((outbox.damaged(), outbox.set_aside().len()), (0, 0));
}

#[test]
fn a_file_that_can_be_opened_again_is_told_in_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, counts, path) = shut(folder.path(), 1);
    let before: Vec<u64> = (0..counts[0]).chain([99]).collect();
    assert_eq!(numbers(&mut outbox), before);
    assert!(outbox.adopt().is_err());
    std::fs::remove_dir(&path).unwrap();
    std::fs::rename(folder.path().join("kept"), &path).unwrap();
    outbox.adopt().unwrap();
    let behind: Vec<u64> = (counts[0]..50).collect();
    assert_eq!(numbers(&mut outbox), behind);
    assert_eq!((outbox.damaged(), outbox.left()), (0, 51));
}

/// Nothing tells how many events the last file held.
#[test]
fn of_the_last_file_it_is_not_known_how_much_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, counts, _) = shut(folder.path(), 2);
    let before: Vec<u64> = (0..counts[0] + counts[1]).chain([99]).collect();
    assert_eq!(numbers(&mut outbox), before);
    for _ in 0..READS {
        // discard: it fails until the file is given up.
        let _ = outbox.adopt();
    }
    let said = outbox.set_aside().remove(0).to_string();
    assert!(said.ends_with("is not known"), "{said}");
    assert_eq!(outbox.damaged(), 0);
}
