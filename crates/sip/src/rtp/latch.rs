//! Whom a leg listens to, and where it sends: symmetric RTP with one simple policy; pure.
//!
//! The first valid packet decides, wherever it comes from: behind a NAT the description names an
//! address that nobody can reach. From then on
//! - packets of the same address and port are heard, whatever their SSRC;
//! - the same SSRC from elsewhere is the same party behind a new mapping: it is followed;
//! - another port of the same IP address is followed once the old one has been silent for
//!   [`SILENT`];
//! - all else is dropped;
//! - a new description that names a new address begins anew.

use std::net::SocketAddr;
use std::time::Duration;

/// How long a source must be silent before another port of its address takes over.
pub(crate) const SILENT: Duration = Duration::from_millis(200);

/// What a leg has latched on to.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    described: Option<SocketAddr>,
    source: Option<(SocketAddr, u32)>,
    heard_at: Duration,
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
    /// A description named this address.
    pub(crate) fn describe(&mut self, described: Option<SocketAddr>) {
        if self.described != described {
            self.described = described;
            self.source = None;
        }
    }

    /// A valid packet has come, at `now` on a clock that never jumps.
    pub(crate) fn packet(&mut self, now: Duration, from: SocketAddr, ssrc: u32) -> Verdict {
        let verdict = match self.source {
            None => Verdict::Moved,
            Some((source, _)) if source == from => Verdict::Heard,
            Some((_, latched)) if latched == ssrc => Verdict::Moved,
            Some((source, _))
                if source.ip() == from.ip() && now.saturating_sub(self.heard_at) >= SILENT =>
            {
                Verdict::Moved
            }
            Some(_) => Verdict::Dropped,
        };
        if verdict != Verdict::Dropped {
            self.source = Some((from, ssrc));
            self.heard_at = now;
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::{Latch, Verdict};
    use std::time::Duration;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_first_packet_decides_and_strangers_are_dropped() {
        let (a, b) = (
            "10.0.0.1:4000".parse().unwrap(),
            "10.0.0.2:4000".parse().unwrap(),
        );
        let mut latch = Latch::default();
        latch.describe(Some("192.168.1.5:4000".parse().unwrap()));
        assert_eq!(latch.packet(at(0), a, 1), Verdict::Moved);
        assert_eq!(latch.packet(at(20), a, 1), Verdict::Heard);
        assert_eq!(
            latch.packet(at(40), a, 2),
            Verdict::Heard,
            "a changed SSRC is heard"
        );
        assert_eq!(latch.packet(at(5000), b, 9), Verdict::Dropped);
    }

    #[test]
    fn a_rebound_mapping_is_followed() {
        let a = "10.0.0.1:4000".parse().unwrap();
        let mut latch = Latch::default();
        latch.packet(at(0), a, 1);
        let elsewhere = "10.0.0.7:9".parse().unwrap();
        assert_eq!(
            latch.packet(at(20), elsewhere, 1),
            Verdict::Moved,
            "same SSRC"
        );
        let port = "10.0.0.7:4002".parse().unwrap();
        assert_eq!(
            latch.packet(at(40), port, 5),
            Verdict::Dropped,
            "the old one still speaks"
        );
        assert_eq!(
            latch.packet(at(400), port, 5),
            Verdict::Moved,
            "the old one is silent"
        );
    }

    #[test]
    fn a_new_description_begins_anew_and_the_same_one_does_not() {
        let (a, b) = (
            "10.0.0.1:4000".parse().unwrap(),
            "10.0.0.2:4000".parse().unwrap(),
        );
        let mut latch = Latch::default();
        latch.describe(Some(a));
        latch.packet(at(0), a, 1);
        latch.describe(Some(a));
        assert_eq!(latch.packet(at(10), b, 2), Verdict::Dropped);
        latch.describe(Some(b));
        assert_eq!(latch.packet(at(20), b, 2), Verdict::Moved);
    }
}
