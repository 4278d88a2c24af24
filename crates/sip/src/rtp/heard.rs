//! Puts what is heard on its time line: gaps become silence, late packets are left out; pure.

use callroute_audio::codec::Band;

/// How long so many samples of a band are on a time line, whose clock has 8 kHz.
pub(crate) fn ticks(band: Band, samples: usize) -> u32 {
    let ticks = samples / (band.rate() / Band::Narrow.rate()) as usize;
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// How many samples of a band are as long on a time line.
pub(crate) fn samples_of(band: Band, ticks: u32) -> usize {
    ticks as usize * (band.rate() / Band::Narrow.rate()) as usize
}

/// Longest gap that is filled: 60 s of silence.
const MAX_GAP: u32 = 60 * 8000;

/// Where the next samples belong.
#[derive(Debug, Default)]
pub(crate) struct TimeLine {
    next: Option<(u32, u32)>,
}

impl TimeLine {
    /// A packet with so many samples: how many samples of silence come before it, or `None` when
    /// its place is past already.
    pub(crate) fn place(&mut self, ssrc: u32, timestamp: u32, samples: u32) -> Option<u32> {
        let gap = match self.next {
            Some((known, next)) if known == ssrc => {
                let ahead = timestamp.wrapping_sub(next);
                if ahead <= MAX_GAP {
                    ahead
                } else if next.wrapping_sub(timestamp) <= MAX_GAP {
                    return None;
                } else {
                    // Neither near before nor near after: the sender began its clock anew.
                    0
                }
            }
            // A new source has a clock of its own: it goes on where the old one ended.
            _ => 0,
        };
        self.next = Some((ssrc, timestamp.wrapping_add(samples)));
        Some(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::TimeLine;
    use proptest::prelude::*;

    #[test]
    fn gaps_are_filled_and_late_packets_left_out() {
        let mut line = TimeLine::default();
        assert_eq!(line.place(1, u32::MAX - 100, 160), Some(0));
        assert_eq!(line.place(1, 59, 160), Some(0), "the timestamp wraps");
        assert_eq!(line.place(1, 379, 160), Some(160), "one packet is missing");
        assert_eq!(line.place(1, 219, 160), None, "it comes late");
        assert_eq!(
            line.place(1, 539 + 61 * 8000, 160),
            Some(0),
            "no gap is that long"
        );
        assert_eq!(line.place(2, 7, 80), Some(0), "a new source");
        assert_eq!(line.place(2, 87, 80), Some(0));
    }

    proptest! {
        #[test]
        fn silence_is_bounded(packets in proptest::collection::vec(
            (0u32..3, any::<u32>(), 1u32..1500), 0..50)) {
            let mut line = TimeLine::default();
            for (ssrc, timestamp, samples) in packets {
                prop_assert!(line.place(ssrc, timestamp, samples).unwrap_or(0) <= super::MAX_GAP);
            }
        }
    }
}
