//! One party on its time line, in one band whatever comes; pure.
//!
//! The sender says by timestamps how long its pauses are, and by the number of its packets how much
//! it speaks: neither is believed beyond what the clock says, or it would fill the disk.

use std::time::Duration;

use callroute_audio::band::Converter;
use callroute_audio::codec::Band;

use crate::rtp::ear::Heard;
use crate::rtp::heard::{TimeLine, samples_of, ticks};

/// Samples of 8 kHz in a millisecond.
const PER_MS: u64 = 8;
/// How far a pause may run ahead of the clock, in samples of 8 kHz: half a second, which covers that
/// the first packet came late.
const PAUSE_AHEAD: u64 = 500 * PER_MS;
/// How far sound may: a second, so that what comes after a pause fits.
const SOUND_AHEAD: u64 = 1000 * PER_MS;

/// What comes next in the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// So many samples of silence, and then
    pub(crate) silence: usize,
    /// the sound; all channels, in the band of the row.
    pub(crate) sound: Vec<i16>,
}

/// Puts what is heard in one row.
#[derive(Debug)]
pub(crate) struct Mono {
    line: TimeLine,
    /// How much is in the row, and the most that may be, in samples of 8 kHz.
    length: u64,
    most: u64,
    converter: Converter,
}

impl Mono {
    /// A row in this band, of at most so many milliseconds.
    pub(crate) fn new(band: Band, max_ms: Option<u64>) -> Self {
        Self {
            line: TimeLine::default(),
            length: 0,
            most: max_ms.map_or(u64::MAX, |ms| ms.saturating_mul(PER_MS)),
            converter: Converter::new(band),
        }
    }

    /// What comes next, so long after the row began; `None` when its place is past, or so far ahead
    /// that nobody can have said it yet.
    pub(crate) fn push(&mut self, source: u32, heard: &Heard, elapsed: Duration) -> Option<Block> {
        let count = ticks(heard.band, heard.samples.len());
        let gap = self.line.place(source, heard.at, count)?;
        let now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let now = now.saturating_mul(PER_MS);
        let until = |ahead| self.most.min(now.saturating_add(ahead));
        let gap = u64::from(gap).min(until(PAUSE_AHEAD).saturating_sub(self.length));
        let length = self.length + gap + u64::from(count);
        if length > until(SOUND_AHEAD) {
            return None;
        }
        self.length = length;
        let gap = u32::try_from(gap).unwrap_or(u32::MAX);
        Some(Block {
            silence: samples_of(self.converter.band(), gap),
            sound: self
                .converter
                .convert(heard.band, &heard.samples)
                .into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use callroute_audio::codec::Band;
    use proptest::prelude::*;

    use super::{Mono, PER_MS, SOUND_AHEAD};
    use crate::rtp::ear::Heard;

    /// Sound of so many milliseconds that began at `at`.
    fn heard(at: u32, band: Band, ms: u32) -> Heard {
        let samples = vec![5; band.samples_in(ms)];
        Heard { at, band, samples }
    }

    fn length(mono: &mut Mono, heard: &Heard, elapsed: u64) -> usize {
        let block = mono.push(0, heard, Duration::from_millis(elapsed));
        block.map_or(0, |block| block.silence + block.sound.len())
    }

    #[test]
    fn silence_and_sound_have_their_length_in_either_band() {
        for band in [Band::Narrow, Band::Wide] {
            let mut mono = Mono::new(band, None);
            let mut whole = 0;
            for (at, of) in [(0, Band::Narrow), (160, Band::Wide), (640, Band::Narrow)] {
                let heard = heard(at, of, 20);
                whole += length(&mut mono, &heard, 100);
                assert_eq!(length(&mut mono, &heard, 100), 0, "it came before");
            }
            assert_eq!(whole, band.samples_in(100));
        }
    }

    /// A pause whose timestamps go as the clock went stays as long as it was, even where the first
    /// packet came late.
    #[test]
    fn a_real_pause_keeps_its_length() {
        let mut mono = Mono::new(Band::Narrow, None);
        assert_eq!(length(&mut mono, &heard(0, Band::Narrow, 20), 300), 160);
        for (at_ms, elapsed) in [(5_000, 5_300), (35_020, 35_010), (90_000, 90_000)] {
            let before = mono.length;
            length(&mut mono, &heard(at_ms * 8, Band::Narrow, 20), elapsed);
            assert_eq!(mono.length, u64::from(at_ms + 20) * PER_MS);
            assert!(mono.length > before);
        }
    }

    /// Each packet says that it comes nearly a minute after the one before; they come at once.
    #[test]
    fn a_pause_that_was_none_is_cut() {
        let mut mono = Mono::new(Band::Narrow, None);
        for n in 0..300 {
            length(&mut mono, &heard(n * 479_900, Band::Narrow, 5), 1_400);
        }
        assert!(mono.length <= 2_400 * PER_MS, "{}", mono.length);
        // Who speaks on is heard, although packets come a little too early.
        for n in 0..500 {
            let at = 300 * 479_900 + n * 160;
            let whole = length(
                &mut mono,
                &heard(at, Band::Narrow, 20),
                1_395 + u64::from(n) * 20,
            );
            assert!(n < 100 || whole == 160, "{n}");
        }
    }

    #[test]
    fn sound_faster_than_time_is_left_out() {
        let mut mono = Mono::new(Band::Wide, None);
        let mut whole = 0;
        for n in 0..15_000 {
            let elapsed = u64::from(n / 5);
            whole += length(&mut mono, &heard(n * 160, Band::Narrow, 20), elapsed);
        }
        assert!(whole <= Band::Wide.samples_in(4_000), "{whole}");
    }

    #[test]
    fn it_has_a_longest() {
        let mut mono = Mono::new(Band::Narrow, Some(2_000));
        for n in 0..400 {
            length(
                &mut mono,
                &heard(n * 160, Band::Narrow, 20),
                u64::from(n) * 20,
            );
        }
        assert_eq!(mono.length, 2_000 * PER_MS);
    }

    proptest! {
        #[test]
        fn it_never_runs_ahead(packets in proptest::collection::vec(
            (any::<u32>(), 1u32..200, 0u64..3_000), 0..80)) {
            let mut mono = Mono::new(Band::Narrow, Some(60_000));
            let mut now = 0;
            for (at, ms, later) in packets {
                now += later;
                length(&mut mono, &heard(at, Band::Narrow, ms), now);
                prop_assert!(mono.length <= (now * PER_MS + SOUND_AHEAD).min(60_000 * PER_MS));
            }
        }
    }
}
