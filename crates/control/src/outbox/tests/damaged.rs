//! Tests of what the disk damaged: it takes nothing else with it.

mod unreadable;

use super::{Loaded, Place, add, first, numbers, open};

/// What the disk damaged is counted, holds up nobody, and does not keep its file for ever.
#[test]
fn a_damaged_line_is_counted_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    let places: Vec<Place> = (0..3).map(|n| add(&mut outbox, n)).collect();
    let path = first(folder.path(), outbox.own);
    drop(outbox);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"seq\":2,", "\0\0\0\0\0\0\0\0")).unwrap();
    let mut again = open(folder.path());
    assert_eq!(numbers(&mut again), [0, 2]);
    assert_eq!((again.damaged(), again.damaged(), again.left()), (1, 0, 2));
    again.take(places[0]).unwrap();
    again.take(places[2]).unwrap();
    assert!(!path.exists(), "all of it is over");
}

/// The disk may damage what was read before it was told.
#[test]
fn a_line_that_is_damaged_later_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    let place = add(&mut outbox, 0);
    assert_eq!(outbox.read(1).unwrap().len(), 1);
    let path = first(folder.path(), outbox.own);
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::write(&path, vec![b'x'; usize::try_from(length).unwrap()]).unwrap();
    assert!(matches!(outbox.load(place), Ok(Loaded::Damaged)));
    assert_eq!((outbox.damaged(), outbox.left()), (1, 0));
}

/// Damages the file of a thousand events; those that are told, and how many are not.
fn after(damage: impl FnOnce(&mut Vec<u8>)) -> (Vec<u64>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(folder.path());
    for n in 0..1000 {
        add(&mut outbox, n);
    }
    let path = first(folder.path(), outbox.own);
    drop(outbox);
    let mut bytes = std::fs::read(&path).unwrap();
    damage(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    let mut again = open(folder.path());
    let told = numbers(&mut again);
    let damaged = again.damaged();
    assert_eq!(told.len() as u64 + damaged, 1000);
    (told, damaged)
}

/// Where the line of an event begins, counted from 0.
fn begin(bytes: &[u8], event: usize) -> usize {
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.nth(event - 1).unwrap().0 + 1
}

#[test]
fn a_line_feed_that_is_gone_takes_two_events() {
    let (told, damaged) = after(|bytes| {
        let place = begin(bytes, 100) - 1;
        bytes[place] = b'x';
    });
    assert_eq!((told.len(), damaged), (998, 2));
    assert!(!told.contains(&99) && !told.contains(&100));
}

#[test]
fn a_stretch_of_zeros_takes_what_was_there() {
    let (told, damaged) = after(|bytes| {
        let (from, to) = (begin(bytes, 100), begin(bytes, 200));
        bytes[from..to].fill(0);
    });
    // The zeros end in the line behind them.
    assert_eq!((told.len(), damaged), (899, 101));
    let (told, damaged) = after(|bytes| {
        let (from, to) = (begin(bytes, 100), begin(bytes, 101));
        let zeros = std::iter::repeat_n(0, 300 * 1024);
        bytes.splice(from..to - 1, zeros);
    });
    assert_eq!((told.len(), damaged), (999, 1));
}
