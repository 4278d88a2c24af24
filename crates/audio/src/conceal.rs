//! What is heard in place of a lost packet: the last pitch goes on and fades out.
//!
//! After the idea of appendix I of G.711, without its delay: the period of the sound heard last is
//! found by correlation, repeated, and faded out over 60 ms; the first packet after the gap is
//! faded in over what would have gone on.

use crate::codec::Band;

/// The shortest and the longest period, in milliseconds: 400 Hz to 66 Hz.
const PERIOD_MS: (f32, f32) = (2.5, 15.0);
/// What is remembered, in milliseconds: twice the longest period.
const MEMORY_MS: u32 = 30;
/// The repetition has faded to nothing after this.
const FADE_MS: u32 = 60;
/// The first packet after a gap is faded in over this.
const JOIN_MS: u32 = 5;

/// Conceals losses in one stream of samples.
#[derive(Debug, Clone)]
pub struct Concealer {
    band: Band,
    /// What was heard last, at most [`MEMORY_MS`].
    memory: Vec<i16>,
    gap: Option<Gap>,
}

#[derive(Debug, Clone)]
struct Gap {
    /// One period, repeated.
    period: Vec<i16>,
    /// Samples since the gap began.
    at: usize,
}

impl Gap {
    fn next(&mut self, fade: usize) -> i16 {
        let sample = match self.period.len() {
            0 => 0,
            length => self.period.get(self.at % length).copied().unwrap_or(0),
        };
        let left = fade.saturating_sub(self.at);
        self.at += 1;
        (f32::from(sample) * left as f32 / fade.max(1) as f32) as i16
    }
}

impl Concealer {
    /// For a stream in this band.
    #[must_use]
    pub const fn new(band: Band) -> Self {
        Self {
            band,
            memory: Vec::new(),
            gap: None,
        }
    }

    /// A packet was heard. The first one after a gap is changed at its beginning, so that the
    /// repetition passes into it.
    pub fn heard(&mut self, samples: &mut [i16]) {
        if let Some(mut gap) = self.gap.take() {
            let (fade, join) = (self.samples_in(FADE_MS), self.samples_in(JOIN_MS));
            for (at, sample) in samples.iter_mut().take(join).enumerate() {
                let share = at as f32 / join as f32;
                let old = f32::from(gap.next(fade));
                *sample = (f32::from(*sample) * share + old * (1.0 - share)) as i16;
            }
        }
        let most = self.samples_in(MEMORY_MS);
        let late = (self.memory.len() + samples.len()).saturating_sub(most);
        self.memory.drain(..late.min(self.memory.len()));
        let new = samples.len().saturating_sub(most);
        self.memory
            .extend_from_slice(samples.get(new..).unwrap_or_default());
    }

    /// Appends so many samples in place of what was lost.
    pub fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) {
        let fade = self.samples_in(FADE_MS);
        let mut gap = self.gap.take().unwrap_or_else(|| Gap {
            period: self.period(),
            at: 0,
        });
        out.extend((0..samples).map(|_| gap.next(fade)));
        self.gap = Some(gap);
    }

    fn samples_in(&self, ms: u32) -> usize {
        self.band.samples_in(ms)
    }

    /// The last period of what was heard: that shift at which it is most like itself.
    fn period(&self) -> Vec<i16> {
        let per_ms = self.band.rate() as f32 / 1000.0;
        let (least, most) = (
            (PERIOD_MS.0 * per_ms) as usize,
            (PERIOD_MS.1 * per_ms) as usize,
        );
        let window = most;
        let Some(begin) = self.memory.len().checked_sub(window) else {
            return Vec::new();
        };
        let recent = self.memory.get(begin..).unwrap_or_default();
        let mut best = (0.0, least);
        for shift in least..=most.min(begin) {
            let before = self.memory.get(begin - shift..).unwrap_or_default();
            let (mut product, mut energy) = (0.0f32, 1.0f32);
            for (&now, &then) in recent.iter().zip(before) {
                product += f32::from(now) * f32::from(then);
                energy += f32::from(then) * f32::from(then);
            }
            // A shift must be better by something, else every multiple of the period would do.
            let likeness = product.max(0.0) * product / energy;
            if likeness > best.0 * 1.01 {
                best = (likeness, shift);
            }
        }
        let from = self.memory.len().saturating_sub(best.1);
        self.memory.get(from..).unwrap_or_default().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Concealer;
    use crate::codec::Band;
    use crate::level::{rms, tone_share};
    use crate::tone::Tone;

    #[test]
    fn a_tone_goes_on_over_a_gap_and_fades() {
        let tone = Tone::Sine { hz: 200 }.render(200);
        let mut concealer = Concealer::new(Band::Narrow);
        let mut out = Vec::new();
        for (at, packet) in tone.samples().chunks(160).enumerate() {
            if at == 5 {
                concealer.conceal(160, &mut out);
            } else {
                let mut packet = packet.to_vec();
                concealer.heard(&mut packet);
                out.extend(packet);
            }
        }
        assert_eq!(out.len(), 1600);
        assert!(tone_share(&out[400..], 200.0) > 0.95);
        assert!(rms(&out[800..960]) > 0.6 * rms(&out[400..800]));
        let steepest = out
            .windows(2)
            .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs());
        assert!(steepest.max().unwrap() < 2600, "a click");
        concealer.conceal(1600, &mut out);
        assert!(out[out.len() - 1000..].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn nothing_heard_yet_is_silence() {
        let mut out = Vec::new();
        Concealer::new(Band::Wide).conceal(320, &mut out);
        assert_eq!(out, [0; 320]);
    }

    proptest! {
        /// As much as was asked for, whatever went before; and never louder than that.
        #[test]
        fn it_is_bounded(steps in proptest::collection::vec((any::<bool>(), 0usize..700, -9000i16..9000), 0..30)) {
            let mut concealer = Concealer::new(Band::Wide);
            for (lost, count, level) in steps {
                let mut out = Vec::new();
                if lost {
                    concealer.conceal(count, &mut out);
                    prop_assert_eq!(out.len(), count);
                } else {
                    out = vec![level; count];
                    concealer.heard(&mut out);
                }
                prop_assert!(out.iter().all(|sample| sample.abs() <= 9000));
                prop_assert!(concealer.memory.len() <= 480);
            }
        }
    }
}
