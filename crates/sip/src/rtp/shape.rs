//! What of a recording is worth keeping: silence at both ends is cut off; pure.

use callroute_audio::codec::Band;
use callroute_audio::level::rms;

/// Louder than this is no silence: about -42 dB below full scale, above the noise of most lines.
const SILENT: f32 = 250.0;
/// Silence that is left at both ends, in milliseconds.
const MARGIN_MS: u32 = 100;
/// Longest silence that is held back, in milliseconds. A longer one is kept.
const HELD_MS: u32 = 60_000;

/// Whether nothing can be heard in these samples.
pub(crate) fn is_silent(samples: &[i16]) -> bool {
    rms(samples) < SILENT
}

/// Cuts silence off.
#[derive(Debug)]
pub(crate) struct Trim {
    /// The margin and the most that is held back, in samples of all channels.
    margin: usize,
    most: usize,
    began: bool,
    held: Vec<i16>,
}

impl Trim {
    /// For a recording with so many channels in this band.
    pub(crate) fn new(channels: usize, band: Band) -> Self {
        let channels = channels.max(1);
        Self {
            margin: band.samples_in(MARGIN_MS) * channels,
            most: band.samples_in(HELD_MS) * channels,
            began: false,
            held: Vec::new(),
        }
    }

    /// A block of sound; gives what is to be written now.
    pub(crate) fn push(&mut self, block: &[i16]) -> Vec<i16> {
        self.held.extend_from_slice(block);
        if is_silent(block) {
            let most = if self.began { self.most } else { self.margin };
            if !self.began {
                let late = self.held.len().saturating_sub(most);
                self.held.drain(..late);
            } else if self.held.len() > most {
                return std::mem::take(&mut self.held);
            }
            return Vec::new();
        }
        self.began = true;
        std::mem::take(&mut self.held)
    }

    /// The end: a little of the silence that is held back.
    pub(crate) fn finish(mut self) -> Vec<i16> {
        if !self.began {
            return Vec::new();
        }
        self.held.truncate(self.margin);
        self.held
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use callroute_audio::codec::Band;

    use super::Trim;

    /// 100 ms.
    const MARGIN: usize = 800;

    fn trimmed(blocks: &[i16]) -> Vec<i16> {
        let mut trim = Trim::new(1, Band::Narrow);
        let mut kept = Vec::new();
        for level in blocks {
            kept.extend(trim.push(&[*level; 160]));
        }
        kept.extend(trim.finish());
        kept
    }

    #[test]
    fn silence_goes_at_both_ends_and_stays_within() {
        let blocks = [
            [0; 50].as_slice(),
            &[3000; 10],
            &[0; 50],
            &[3000; 10],
            &[0; 50],
        ]
        .concat();
        let kept = trimmed(&blocks);
        assert_eq!(kept.len(), MARGIN + 70 * 160 + MARGIN);
        assert!(kept[..MARGIN].iter().all(|sample| *sample == 0));
        assert_eq!(kept[MARGIN], 3000);
        assert!(trimmed(&[0; 100]).is_empty());
        assert!(trimmed(&[]).is_empty());
    }

    proptest! {
        /// No sound is lost, and none is added.
        #[test]
        fn all_that_is_said_is_kept(blocks in proptest::collection::vec(prop_oneof![Just(0i16), Just(3000)], 0..200)) {
            let said = |samples: &[i16]| samples.iter().filter(|sample| **sample != 0).count();
            let kept = trimmed(&blocks);
            prop_assert_eq!(said(&kept), said(&blocks) * 160);
            prop_assert!(kept.len() <= blocks.len() * 160);
        }
    }
}
