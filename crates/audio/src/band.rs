//! Between 8 and 16 kHz, block by block: a half-band filter that remembers where it was.

use std::borrow::Cow;
use std::f64::consts::PI;
use std::sync::OnceLock;

use crate::codec::Band;

/// Taps on each side of the middle: about 60 dB of stop band, 2.9 ms of delay.
const HALF: usize = 46;
const TAPS: usize = 2 * HALF + 1;

/// Turns 16 kHz into 8 kHz.
#[derive(Debug, Clone, Default)]
pub struct Halver {
    memory: Vec<i16>,
    /// The next sample of the input is one that is left out.
    odd: bool,
}

/// Turns 8 kHz into 16 kHz.
#[derive(Debug, Clone, Default)]
pub struct Doubler {
    memory: Vec<i16>,
}

impl Halver {
    /// Appends half as many samples as there are.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        let taps = taps();
        if self.memory.is_empty() {
            self.memory.resize(TAPS - 1, 0);
        }
        self.memory.extend_from_slice(samples);
        for window in self.memory.windows(TAPS) {
            if !self.odd {
                let sum: f32 = window
                    .iter()
                    .zip(taps)
                    .map(|(s, t)| f32::from(*s) * t)
                    .sum();
                out.push(sum.round() as i16);
            }
            self.odd = !self.odd;
        }
        let late = self.memory.len() - (TAPS - 1);
        self.memory.drain(..late);
    }
}

impl Doubler {
    /// Appends twice as many samples as there are.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        let taps = taps();
        // With zeros between the samples, every second tap meets one.
        let width = HALF + 1;
        if self.memory.is_empty() {
            self.memory.resize(width - 1, 0);
        }
        self.memory.extend_from_slice(samples);
        for window in self.memory.windows(width) {
            for phase in [0, 1] {
                // The second output sample lies half an input sample later.
                let taps = taps.iter().skip(phase).step_by(2);
                let sum: f32 = window
                    .iter()
                    .skip(phase)
                    .zip(taps)
                    .map(|(s, t)| f32::from(*s) * t)
                    .sum();
                out.push((2.0 * sum).round() as i16);
            }
        }
        let late = self.memory.len() - (width - 1);
        self.memory.drain(..late);
    }
}

/// Puts sound of either band into one of them.
#[derive(Debug, Clone)]
pub struct Converter {
    to: Band,
    halver: Halver,
    doubler: Doubler,
}

impl Converter {
    /// Into this band.
    #[must_use]
    pub fn new(to: Band) -> Self {
        Self {
            to,
            halver: Halver::default(),
            doubler: Doubler::default(),
        }
    }

    /// The band of what comes out.
    #[must_use]
    pub const fn band(&self) -> Band {
        self.to
    }

    /// Samples of a band in that of the converter: what is in it already, is given back as it is.
    pub fn convert<'a>(&mut self, from: Band, samples: &'a [i16]) -> Cow<'a, [i16]> {
        let mut out = Vec::new();
        match (from, self.to) {
            (Band::Narrow, Band::Narrow) | (Band::Wide, Band::Wide) => {
                return Cow::Borrowed(samples);
            }
            (Band::Wide, Band::Narrow) => self.halver.push(samples, &mut out),
            (Band::Narrow, Band::Wide) => self.doubler.push(samples, &mut out),
        }
        Cow::Owned(out)
    }
}

/// A low-pass at 3.7 kHz of 16 kHz: a sinc under a Blackman window.
fn taps() -> &'static [f32] {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let tap = |at: usize| {
            let x = at as f64 - HALF as f64;
            let t = x / (HALF as f64 + 1.0);
            let window = 0.42 + 0.5 * (PI * t).cos() + 0.08 * (2.0 * PI * t).cos();
            let angle = PI * x * 0.4625;
            let sinc = if x == 0.0 { 1.0 } else { angle.sin() / angle };
            sinc * window
        };
        let raw: Vec<f64> = (0..TAPS).map(tap).collect();
        // A constant passes unchanged, on the even and on the odd taps alike: else it would hum.
        let even: f64 = raw.iter().step_by(2).sum();
        let odd: f64 = raw.iter().skip(1).step_by(2).sum();
        let scaled = raw.iter().enumerate().map(|(at, tap)| {
            let sum = if at % 2 == 0 { even } else { odd };
            (tap / sum / 2.0) as f32
        });
        scaled.collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Band, Converter, Doubler, Halver};
    use crate::level::rms;

    fn sine(rate: f64, hz: f64, count: usize) -> Vec<i16> {
        (0..count)
            .map(|n| (10_000.0 * (std::f64::consts::TAU * hz * n as f64 / rate).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_level_both_ways_and_the_rest_is_filtered() {
        for hz in [100.0, 1000.0, 3000.0, 3200.0] {
            let mut wide = Vec::new();
            Doubler::default().push(&sine(8000.0, hz, 1600), &mut wide);
            assert_eq!(wide.len(), 3200);
            let mut narrow = Vec::new();
            Halver::default().push(&wide, &mut narrow);
            assert_eq!(narrow.len(), 1600);
            let level = rms(&narrow[200..]) / 7071.0;
            assert!((0.97..1.03).contains(&level), "{hz}: {level}");
        }
        let mut narrow = Vec::new();
        Halver::default().push(&sine(16_000.0, 5000.0, 3200), &mut narrow);
        assert!(rms(&narrow[200..]) < 20.0, "what would alias is gone");
    }

    #[test]
    fn what_comes_out_is_as_long_in_its_band() {
        for to in [Band::Narrow, Band::Wide] {
            let mut converter = Converter::new(to);
            for from in [Band::Narrow, Band::Wide, Band::Narrow] {
                let samples = sine(8000.0, 700.0, from.samples_in(20));
                let out = converter.convert(from, &samples);
                assert_eq!(out.len(), to.samples_in(20), "{from:?} {to:?}");
                assert!(from != to || *out == samples);
            }
        }
    }

    proptest! {
        #[test]
        fn blocks_join_without_a_seam(cuts in proptest::collection::vec(0usize..300, 1..12)) {
            let all = sine(16_000.0, 700.0, cuts.iter().sum());
            let (mut whole, mut pieces) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
            Halver::default().push(&all, &mut whole.0);
            Doubler::default().push(&all, &mut whole.1);
            let (mut halver, mut doubler, mut rest) = (Halver::default(), Doubler::default(), all.as_slice());
            for cut in cuts {
                let (now, later) = rest.split_at(cut);
                halver.push(now, &mut pieces.0);
                doubler.push(now, &mut pieces.1);
                rest = later;
            }
            prop_assert_eq!(whole, pieces);
        }
    }
}
