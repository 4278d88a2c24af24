//! Whom a leg listens to, and where it sends: symmetric RTP that cannot be stolen; pure.
//!
//! Behind a NAT the description names an address that nobody can reach, so the packets decide. Who
//! sends them is one of three, the later before the earlier:
//! - a stranger, who is followed only once [`LOCKED`] packets of one stream have come from him;
//! - somebody at an address that the description or the signalling names, who is followed at once;
//! - the address and port of the description.
//!
//! [`LOCKED`] packets of one stream (one SSRC, rising sequence) lock their source. From then on:
//! - its packets are heard, whatever their SSRC;
//! - all else is dropped, for as long as it lasts. Only a stranger gives way once more, to a stream
//!   of somebody who is named: who sends much before the party speaks wins nothing for long;
//! - only another description begins anew. The same again, as refreshes send it, changes nothing.

use std::net::{IpAddr, SocketAddr};

/// Packets of one stream after which its source is locked.
const LOCKED: u32 = 3;
/// Sources beside the one that is heard whose packets are counted at a time.
const RIVALS: usize = 4;

/// What has come from one source.
#[derive(Debug)]
struct Stream {
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
    /// Packets in rising sequence.
    packets: u32,
}

impl Stream {
    fn packet(&mut self, ssrc: u32, sequence: u16) {
        if ssrc != self.ssrc {
            (self.ssrc, self.packets) = (ssrc, 0);
        } else if !(1..0x8000).contains(&sequence.wrapping_sub(self.sequence)) {
            return;
        }
        self.sequence = sequence;
        self.packets = self.packets.saturating_add(1);
    }
}

/// How much speaks for a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Stranger,
    Named,
    Described,
}

/// What the signalling says of where the party is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Described {
    /// The address of the description; `None` where it names none.
    pub(crate) media: Option<SocketAddr>,
    /// Where the signalling comes from.
    pub(crate) peer: Option<IpAddr>,
    /// The id and version of the description.
    pub(crate) version: (u64, u64),
}

/// What a leg has latched on to.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    described: Option<Described>,
    source: Option<Stream>,
    locked: bool,
    rivals: Vec<Stream>,
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
    /// A description was agreed on. Unless it is the same again the next packets decide anew; the
    /// source that we have stays until they have.
    pub(crate) fn describe(&mut self, described: Described) {
        let before = self.described.replace(described);
        if before == Some(described) {
            return;
        }
        self.locked = false;
        self.rivals.clear();
        if before.is_none_or(|before| before.media != described.media) {
            self.source = None;
        }
        if let Some(source) = &mut self.source {
            source.packets = 0;
        }
    }

    /// Where the party is heard from.
    pub(crate) fn source(&self) -> Option<SocketAddr> {
        self.source.as_ref().map(|source| source.from)
    }

    /// A valid packet has come.
    pub(crate) fn packet(&mut self, from: SocketAddr, ssrc: u32, sequence: u16) -> Verdict {
        if let Some(source) = &mut self.source
            && source.from == from
        {
            source.packet(ssrc, sequence);
            if !self.locked && source.packets >= LOCKED {
                self.locked = true;
                self.rivals.clear();
            }
            return Verdict::Heard;
        }
        let rank = self.rank(from);
        let held = self.source().map(|source| self.rank(source));
        if self.locked && (held > Some(Rank::Stranger) || rank == Rank::Stranger) {
            return Verdict::Dropped;
        }
        let named = rank > Rank::Stranger;
        if !self.locked && named && held.is_none_or(|held| rank > held) {
            self.rivals.retain(|rival| rival.from != from);
            let packets = 1;
            self.source = Some(Stream {
                from,
                ssrc,
                sequence,
                packets,
            });
            return Verdict::Moved;
        }
        let at = self.rival(from, ssrc, sequence);
        if self
            .rivals
            .get(at)
            .is_none_or(|rival| rival.packets < LOCKED)
        {
            return Verdict::Dropped;
        }
        self.source = Some(self.rivals.swap_remove(at));
        self.locked = true;
        self.rivals.clear();
        Verdict::Moved
    }

    /// Counts a packet of somebody who is not heard; who he is.
    fn rival(&mut self, from: SocketAddr, ssrc: u32, sequence: u16) -> usize {
        if let Some(at) = self.rivals.iter().position(|rival| rival.from == from) {
            if let Some(rival) = self.rivals.get_mut(at) {
                rival.packet(ssrc, sequence);
            }
            return at;
        }
        if self.rivals.len() >= RIVALS {
            // The longest of those for whom least speaks makes room.
            let ranks = self.rivals.iter().map(|rival| self.rank(rival.from));
            let least = ranks.enumerate().min_by_key(|(_, rank)| *rank);
            self.rivals.remove(least.map_or(0, |(at, _)| at));
        }
        let packets = 1;
        self.rivals.push(Stream {
            from,
            ssrc,
            sequence,
            packets,
        });
        self.rivals.len() - 1
    }

    fn rank(&self, from: SocketAddr) -> Rank {
        let Some(described) = &self.described else {
            return Rank::Stranger;
        };
        let is_at = |ip: Option<IpAddr>| ip == Some(from.ip());
        if described.media == Some(from) {
            Rank::Described
        } else if is_at(described.peer) || is_at(described.media.map(|media| media.ip())) {
            Rank::Named
        } else {
            Rank::Stranger
        }
    }
}

#[cfg(test)]
mod tests;
