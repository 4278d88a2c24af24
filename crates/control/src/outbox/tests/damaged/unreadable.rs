//! Tests of what the disk does not give: it holds up nothing else.

use super::super::{Loaded, Outbox, Place, add, first, large, load, numbers, open};

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
