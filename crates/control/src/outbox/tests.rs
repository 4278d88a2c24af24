//! Tests of the outbox: what is in it outlasts everything but its bound.

use std::collections::BTreeSet;
use std::io::Write;

use proptest::prelude::*;

use super::Outbox;
use crate::queue::Told;

fn told(n: u64) -> Told {
    Told {
        id: u128::from(n) + 1,
        call: format!("call{}", n % 3).as_str().into(),
        json: format!("{{\"n\":{n}}}").as_str().into(),
    }
}

fn numbers(outbox: &mut Outbox) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let some = outbox.read(7, usize::MAX).unwrap();
        if some.is_empty() {
            return all;
        }
        all.extend(some.iter().map(|record| record.seq));
    }
}

#[test]
fn what_was_not_taken_is_there_again_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 1 << 20).unwrap();
    for n in 0..20 {
        assert!(outbox.add(&told(n), 1000 + n).unwrap());
    }
    let records = outbox.read(3, usize::MAX).unwrap();
    assert_eq!((records[1].seq, records[1].at_ms), (2, 1001));
    assert_eq!((records[1].told.id, &*records[1].told.call), (2, "call1"));
    assert_eq!(&*records[1].told.json, "{\"n\":1}");
    for seq in [1, 3, 20] {
        outbox.take(seq).unwrap();
    }
    drop(outbox);
    let mut again = Outbox::open(folder.path(), 1 << 20).unwrap();
    assert_eq!(again.left(), 17);
    let expected: Vec<u64> = (1..=20).filter(|seq| ![1, 3, 20].contains(seq)).collect();
    assert_eq!(numbers(&mut again), expected);
    assert!(again.add(&told(99), 0).unwrap());
    assert_eq!(numbers(&mut again), [21], "numbers go on");
}

#[test]
fn a_line_that_a_crash_cut_off_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 1 << 20).unwrap();
    outbox.add(&told(0), 0).unwrap();
    drop(outbox);
    let path = folder.path().join("000000000001.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(b"{\"seq\":2,\"id\":\"01").unwrap();
    let mut again = Outbox::open(folder.path(), 1 << 20).unwrap();
    again.add(&told(1), 0).unwrap();
    assert_eq!(numbers(&mut again), [1, 2]);
}

/// What the disk damaged is counted, holds up nobody, and does not keep its file for ever.
#[test]
fn a_damaged_line_is_counted_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("000000000001.jsonl");
    let mut outbox = Outbox::open(folder.path(), 1 << 20).unwrap();
    for n in 0..3 {
        outbox.add(&told(n), 0).unwrap();
    }
    drop(outbox);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"seq\":2,", "\0\0\0\0\0\0\0\0")).unwrap();
    let mut again = Outbox::open(folder.path(), 1 << 20).unwrap();
    assert_eq!(numbers(&mut again), [1, 3]);
    assert_eq!((again.damaged(), again.damaged(), again.left()), (1, 0, 2));
    again.take(1).unwrap();
    again.take(3).unwrap();
    drop(again);
    Outbox::open(folder.path(), 1 << 20).unwrap();
    assert!(!path.exists(), "all of it is over");
}

/// What is read at once is bounded in bytes as well.
#[test]
fn large_events_are_read_a_few_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 1 << 20).unwrap();
    for n in 0..5 {
        let json = format!("{{\"n\":\"{}\"}}", "x".repeat(1000));
        let large = Told {
            json: json.as_str().into(),
            ..told(n)
        };
        outbox.add(&large, 0).unwrap();
    }
    let mut read = |bytes| outbox.read(100, bytes).unwrap().len();
    assert_eq!(
        [read(1), read(2000), read(1 << 20), read(1 << 20)],
        [1, 2, 2, 0]
    );
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
    for seq in numbers(&mut outbox) {
        outbox.take(seq).unwrap();
    }
    assert!(outbox.bytes() <= max);
    let on_disk: u64 = std::fs::read_dir(folder.path())
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whatever is added and taken, over restarts at any moment: what was added and not taken is
    /// given again, in order, and nothing else.
    #[test]
    fn nothing_is_lost_over_restarts(deeds in proptest::collection::vec((0_u8..8, any::<u64>()), 1..120)) {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path(), 1 << 20).unwrap();
        let (mut open, mut added) = (BTreeSet::new(), 0_u64);
        for (deed, pick) in deeds {
            match deed {
                0..=3 => {
                    outbox.add(&told(added), 0).unwrap();
                    added += 1;
                    open.insert(added);
                }
                4..=6 if !open.is_empty() => {
                    let seq = *open.iter().nth((pick % open.len() as u64) as usize).unwrap();
                    outbox.take(seq).unwrap();
                    open.remove(&seq);
                }
                _ => {
                    outbox.flush(false).unwrap();
                    outbox = Outbox::open(folder.path(), 1 << 20).unwrap();
                    let given = numbers(&mut outbox);
                    prop_assert_eq!(&given, &open.iter().copied().collect::<Vec<_>>());
                }
            }
        }
    }
}

/// A crash of the machine may keep that an event was taken, and lose the event.
#[test]
fn a_number_that_was_taken_before_a_crash_is_not_that_of_a_later_event() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 1 << 20).unwrap();
    for n in 0..3 {
        outbox.add(&told(n), 0).unwrap();
    }
    for seq in [1, 3] {
        outbox.take(seq).unwrap();
    }
    outbox.flush(true).unwrap();
    drop(outbox);
    let path = folder.path().join("000000000001.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let two: String = text.split_inclusive('\n').take(2).collect();
    std::fs::write(&path, two).unwrap();
    for _ in 0..2 {
        let mut again = Outbox::open(folder.path(), 1 << 20).unwrap();
        again.add(&told(9), 0).unwrap();
        again.flush(false).unwrap();
    }
    let mut again = Outbox::open(folder.path(), 1 << 20).unwrap();
    assert_eq!(numbers(&mut again), [2, 3, 4]);
}

#[test]
fn an_event_that_would_not_be_read_again_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 1 << 20).unwrap();
    let mut long = told(0);
    long.json = format!("{{\"n\":\"{}\"}}", "x".repeat(256 * 1024)).into();
    let error = outbox.add(&long, 0).unwrap_err();
    assert!(error.to_string().contains("at most 262144"), "{error}");
    assert!(outbox.add(&told(1), 0).unwrap());
    assert_eq!(numbers(&mut outbox), [1]);
}
