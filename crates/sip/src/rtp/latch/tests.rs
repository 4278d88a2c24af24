//! Who is heard, and who does not get in between.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::{Described, LOCKED, Latch, Verdict};

const HIDDEN: &str = "192.168.1.5:4000";
const PARTY: &str = "10.0.0.1:4000";
const THIEF: &str = "10.6.6.6:1";

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Described there, with signalling from the party's address.
fn described(media: &str, version: u64) -> Described {
    Described {
        media: Some(addr(media)),
        peer: Some(addr(PARTY).ip()),
        version: (1, version),
    }
}

fn latch(media: &str) -> Latch {
    let mut latch = Latch::default();
    latch.describe(described(media, 1));
    latch
}

/// A source and the number of its next packet.
struct Sender(SocketAddr, u16);

impl Sender {
    fn new(from: &str) -> Self {
        Self(addr(from), 65_534)
    }

    fn sends(&mut self, latch: &mut Latch) -> Verdict {
        self.1 = self.1.wrapping_add(1);
        latch.packet(self.0, 7, self.1)
    }
}

#[test]
fn a_stranger_who_is_first_does_not_steal_the_sound_of_a_party_behind_a_nat() {
    for first in [1, 2, LOCKED, 500] {
        let mut latch = latch(HIDDEN);
        let (mut party, mut thief) = (Sender::new(PARTY), Sender::new(THIEF));
        for _ in 0..first {
            thief.sends(&mut latch);
        }
        for _ in 0..LOCKED {
            party.sends(&mut latch);
        }
        assert_eq!(latch.source(), Some(party.0), "after {first} of a stranger");
        for _ in 0..9 {
            assert_eq!(thief.sends(&mut latch), Verdict::Dropped);
            assert_eq!(party.sends(&mut latch), Verdict::Heard);
        }
    }
}

#[test]
fn who_is_named_is_followed_at_once_and_locked_by_a_stream() {
    let mut latch = latch(HIDDEN);
    let (mut party, mut other) = (Sender::new(PARTY), Sender::new("10.0.0.1:4002"));
    assert_eq!(party.sends(&mut latch), Verdict::Moved);
    assert_eq!(other.sends(&mut latch), Verdict::Dropped);
    for _ in 1..LOCKED {
        assert_eq!(party.sends(&mut latch), Verdict::Heard);
    }
    for _ in 0..9 {
        assert_eq!(other.sends(&mut latch), Verdict::Dropped, "same address");
    }
}

#[test]
fn copies_and_changing_sources_lock_nothing() {
    let mut latch = latch(HIDDEN);
    let thief = addr(THIEF);
    for number in 0..20 {
        let is_copy = number % 2 == 0;
        let (ssrc, sequence) = if is_copy { (1, 1) } else { (number, 5) };
        assert_eq!(latch.packet(thief, ssrc, sequence), Verdict::Dropped);
    }
    assert_eq!(latch.source(), None);
}

#[test]
fn who_was_described_outranks_who_was_faster() {
    let mut latch = Latch::default();
    latch.describe(Described {
        peer: Some(addr(THIEF).ip()),
        ..described(PARTY, 1)
    });
    let (mut party, mut faster) = (Sender::new(PARTY), Sender::new(THIEF));
    assert_eq!(faster.sends(&mut latch), Verdict::Moved);
    assert_eq!(faster.sends(&mut latch), Verdict::Heard);
    assert_eq!(party.sends(&mut latch), Verdict::Moved);
    assert_eq!(faster.sends(&mut latch), Verdict::Dropped);
}

#[test]
fn sound_from_where_nobody_said_is_followed_when_it_is_a_stream() {
    let mut latch = latch(HIDDEN);
    // A media server beside a proxy; among stray packets of many.
    let mut party = Sender::new("203.0.113.9:20000");
    for stray in 1..LOCKED {
        assert_eq!(party.sends(&mut latch), Verdict::Dropped);
        let stray = SocketAddr::new(addr(THIEF).ip(), 1000 + stray as u16);
        assert_eq!(latch.packet(stray, 1, 1), Verdict::Dropped);
    }
    assert_eq!(party.sends(&mut latch), Verdict::Moved);
    let mut thief = Sender::new(THIEF);
    for _ in 0..9 {
        assert_eq!(thief.sends(&mut latch), Verdict::Dropped);
        assert_eq!(party.sends(&mut latch), Verdict::Heard);
    }
}

#[test]
fn only_another_description_begins_anew() {
    let mut latch = latch(HIDDEN);
    let (mut party, mut moved) = (Sender::new(PARTY), Sender::new("10.0.0.1:5000"));
    for _ in 0..5 {
        party.sends(&mut latch);
    }
    // A refresh: the same again.
    latch.describe(described(HIDDEN, 1));
    for _ in 0..5 {
        assert_eq!(moved.sends(&mut latch), Verdict::Dropped);
    }
    assert_eq!(latch.source(), Some(party.0));
    // A newer one of the same address: the mapping of a NAT has changed. Until the new one is a
    // stream, the old one stays.
    latch.describe(described(HIDDEN, 2));
    assert_eq!(moved.sends(&mut latch), Verdict::Dropped);
    assert_eq!(latch.source(), Some(party.0));
    assert_eq!(moved.sends(&mut latch), Verdict::Dropped);
    assert_eq!(moved.sends(&mut latch), Verdict::Moved);
    assert_eq!(party.sends(&mut latch), Verdict::Dropped);
    // Another address: nobody is heard yet.
    latch.describe(described("192.168.1.5:4444", 3));
    assert_eq!(latch.source(), None);
    assert_eq!(party.sends(&mut latch), Verdict::Moved);
}

proptest! {
    /// Once somebody who is named is locked, no sequence of packets moves it.
    #[test]
    fn locked_is_locked(packets in proptest::collection::vec((0u16..8, 0u32..3, any::<u16>(), any::<bool>()), 0..200)) {
        let mut latch = latch(HIDDEN);
        let mut party = Sender::new(PARTY);
        for _ in 0..LOCKED { party.sends(&mut latch); }
        for (port, ssrc, sequence, near) in packets {
            let ip = addr(if near { PARTY } else { THIEF }).ip();
            let from = SocketAddr::new(ip, 4000 + port);
            let wanted = if from == party.0 { Verdict::Heard } else { Verdict::Dropped };
            prop_assert_eq!(latch.packet(from, ssrc, sequence), wanted);
        }
    }
}
