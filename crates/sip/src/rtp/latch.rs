//! Whom a leg listens to, and where it sends: symmetric RTP that cannot be stolen; pure.
//!
//! Behind a NAT the description names an address that nobody can reach, so the first valid packets
//! decide, wherever they come from. Until [`LOCKED`] packets have come from one source, a packet
//! of the described address outranks it: who races the party with a guess loses as soon as the
//! party speaks. From then on the source is locked:
//! - its packets are heard, whatever their SSRC;
//! - all else is dropped, for as long as it lasts;
//! - only a new description, which comes by the signalling, begins anew.

use std::net::SocketAddr;

/// Packets after which a source is locked.
const LOCKED: u32 = 3;

/// What a leg has latched on to.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    described: Option<SocketAddr>,
    source: Option<SocketAddr>,
    heard: u32,
}

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is of the party that we listen to.
    Heard,
    /// It is, and from now on we send where it came from.
    Moved,
    /// It is somebody else's.
    Dropped,
}

impl Latch {
    /// A description was agreed on, and names this address: the next packets decide anew, with
    /// the source that we have as good as any until then.
    pub(crate) fn describe(&mut self, described: Option<SocketAddr>) {
        self.heard = 0;
        if self.described != described {
            self.described = described;
            self.source = None;
        }
    }

    /// A valid packet has come.
    pub(crate) fn packet(&mut self, from: SocketAddr) -> Verdict {
        if self.source == Some(from) {
            self.heard = self.heard.saturating_add(1);
            return Verdict::Heard;
        }
        let better = self.source.is_none()
            || (self.heard < LOCKED && (self.described == Some(from) || self.heard == 0));
        if !better {
            return Verdict::Dropped;
        }
        self.source = Some(from);
        self.heard = 1;
        Verdict::Moved
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proptest::prelude::*;

    use super::{Latch, Verdict};

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_packets_decide_and_nobody_steals_the_rest() {
        let (a, b) = (addr("10.0.0.1:4000"), addr("10.0.0.2:4000"));
        let mut latch = Latch::default();
        latch.describe(Some(addr("192.168.1.5:4000")));
        assert_eq!(latch.packet(a), Verdict::Moved);
        assert_eq!(latch.packet(b), Verdict::Dropped);
        assert_eq!(latch.packet(a), Verdict::Heard);
        assert_eq!(latch.packet(b), Verdict::Dropped);
        let other_port = addr("10.0.0.1:4002");
        assert_eq!(latch.packet(other_port), Verdict::Dropped);
    }

    #[test]
    fn who_was_described_outranks_who_was_faster() {
        let (thief, party) = (addr("10.6.6.6:1"), addr("10.0.0.1:4000"));
        let mut latch = Latch::default();
        latch.describe(Some(party));
        assert_eq!(latch.packet(thief), Verdict::Moved);
        assert_eq!(latch.packet(thief), Verdict::Heard);
        assert_eq!(latch.packet(party), Verdict::Moved);
        assert_eq!(latch.packet(thief), Verdict::Dropped);
    }

    #[test]
    fn only_a_description_begins_anew() {
        let (a, b) = (addr("10.0.0.1:4000"), addr("10.0.0.2:4000"));
        let mut latch = Latch::default();
        latch.describe(Some(a));
        for _ in 0..5 {
            latch.packet(a);
        }
        assert_eq!(latch.packet(b), Verdict::Dropped);
        // A re-INVITE from behind a NAT whose mapping has changed: the same description.
        latch.describe(Some(a));
        assert_eq!(latch.packet(b), Verdict::Moved);
        latch.describe(Some(b));
        assert_eq!(latch.packet(a), Verdict::Moved, "nobody is heard yet");
        assert_eq!(
            latch.packet(b),
            Verdict::Moved,
            "who was described outranks"
        );
    }

    proptest! {
        /// Once locked, no sequence of packets moves it.
        #[test]
        fn locked_is_locked(packets in proptest::collection::vec(0u16..8, 0..200)) {
            let party = addr("10.0.0.1:4000");
            let mut latch = Latch::default();
            latch.describe(None);
            for _ in 0..super::LOCKED { latch.packet(party); }
            for port in packets {
                let from = SocketAddr::new(party.ip(), 4000 + port);
                let wanted = if port == 0 { Verdict::Heard } else { Verdict::Dropped };
                prop_assert_eq!(latch.packet(from), wanted);
            }
        }
    }
}
