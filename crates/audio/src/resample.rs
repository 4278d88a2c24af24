//! From any sample rate to another: a polyphase windowed-sinc low-pass.

use std::f64::consts::PI;

/// Rates that are taken for rates of sound at all.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;
/// Zero crossings of the sinc kept on each side: about 60 dB of stop band with the window used.
const CROSSINGS: f64 = 16.0;
/// The pass band ends here, as a share of the lower of the two Nyquist frequencies.
const PASS: f64 = 0.92;
/// Sub-sample positions held in the table. Common rates need fewer and are exact; for odd ones
/// the nearest of these is used, which keeps the table small whatever the file claims.
const MAX_PHASES: u64 = 256;

/// Resamples to another rate; empty if `rate` is no rate of sound.
pub(crate) fn resample(rate: u32, to: u32, samples: &[i16]) -> Vec<i16> {
    if !RATES.contains(&rate) {
        return Vec::new();
    }
    if rate == to {
        return samples.to_vec();
    }
    let (from, to) = (u64::from(rate), u64::from(to));
    let filter = Filter::new(from, to);
    let len = (samples.len() as u64).saturating_mul(to) / from;
    (0..len).map(|n| filter.at(n, samples)).collect()
}

struct Filter {
    from: u64,
    to: u64,
    phases: u64,
    half: usize,
    /// `phases + 1` rows of `2 * half` taps; the last row is the first, one sample on.
    taps: Vec<f32>,
}

impl Filter {
    fn new(from: u64, to: u64) -> Self {
        let phases = (to / gcd(from, to)).min(MAX_PHASES);
        // In units of the input's rate; going down, the filter widens with the ratio.
        let cutoff = PASS * (to as f64 / from as f64).min(1.0);
        let half = (CROSSINGS / cutoff).ceil() as usize;
        let mut taps = Vec::with_capacity((phases as usize + 1) * 2 * half);
        for phase in 0..=phases {
            let offset = phase as f64 / phases as f64;
            let row: Vec<f64> = (0..2 * half)
                .map(|i| kernel(i as f64 - (half as f64 - 1.0) - offset, cutoff, half as f64))
                .collect();
            // Each row passes a constant unchanged, else quiet passages would hum at the phase rate.
            let sum: f64 = row.iter().sum();
            taps.extend(row.iter().map(|tap| (tap / sum) as f32));
        }
        Self {
            from,
            to,
            phases,
            half,
            taps,
        }
    }

    /// Output sample `n`: the input around `n * from / to`, weighted.
    fn at(&self, n: u64, samples: &[i16]) -> i16 {
        let position = u128::from(n) * u128::from(self.from);
        let whole = (position / u128::from(self.to)) as usize;
        let rest = (position % u128::from(self.to)) as u64;
        let phase = ((rest * self.phases + self.to / 2) / self.to) as usize;
        let width = 2 * self.half;
        let row = self
            .taps
            .get(phase * width..(phase + 1) * width)
            .unwrap_or_default();
        // The first tap lies half - 1 samples back; before the beginning and after the end is silence.
        let lead = (self.half - 1).saturating_sub(whole);
        let first = (whole + 1).saturating_sub(self.half);
        let sum: f32 = samples
            .get(first..)
            .unwrap_or_default()
            .iter()
            .zip(row.iter().skip(lead))
            .map(|(&sample, tap)| f32::from(sample) * tap)
            .sum();
        // A float cast saturates: an overshoot clips, it does not wrap.
        sum.round() as i16
    }
}

/// Sinc under a Blackman window, `x` input samples from the middle.
fn kernel(x: f64, cutoff: f64, half: f64) -> f64 {
    let t = x / half;
    if t.abs() >= 1.0 {
        return 0.0;
    }
    let window = 0.42 + 0.5 * (PI * t).cos() + 0.08 * (2.0 * PI * t).cos();
    let angle = PI * x * cutoff;
    let sinc = if angle.abs() < 1e-9 {
        1.0
    } else {
        angle.sin() / angle
    };
    sinc * cutoff * window
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{rms, tone_share};

    fn sine(rate: u32, hz: f64, ms: u32) -> Vec<i16> {
        (0..rate * ms / 1000)
            .map(|n| (10_000.0 * (2.0 * PI * hz * f64::from(n) / f64::from(rate)).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_level_from_every_rate() {
        for rate in [
            4_000, 11_025, 11_127, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000,
        ] {
            let out = resample(rate, 8000, &sine(rate, 1000.0, 500));
            assert!((3999..=4000).contains(&out.len()), "{rate}: {}", out.len());
            let middle = &out[400..3600];
            assert!(
                tone_share(middle, 1000.0) > 0.999,
                "{rate}: {}",
                tone_share(middle, 1000.0)
            );
            assert!(
                (rms(middle) - 7071.0).abs() < 30.0,
                "{rate}: {}",
                rms(middle)
            );
        }
    }

    #[test]
    fn what_8_khz_cannot_carry_is_removed_not_folded_down() {
        for hz in [5_000.0, 7_000.0, 12_000.0, 20_000.0] {
            let out = resample(48_000, 8000, &sine(48_000, hz, 200));
            assert!(
                rms(&out[200..1400]) < 30.0,
                "{hz}: {}",
                rms(&out[200..1400])
            );
        }
    }

    #[test]
    fn sixteen_kilohertz_keep_what_eight_cannot() {
        let out = resample(48_000, 16_000, &sine(48_000, 5_000.0, 200));
        assert_eq!(out.len(), 3200);
        assert!((rms(&out[400..2800]) - 7071.0).abs() < 60.0);
        assert!(rms(&resample(48_000, 16_000, &sine(48_000, 9_500.0, 200))[400..2800]) < 30.0);
    }

    #[test]
    fn a_constant_stays_the_constant() {
        let out = resample(44_100, 8000, &[1234; 44_100]);
        assert!(out[100..7900].iter().all(|&s| s == 1234));
    }

    #[test]
    fn no_rate_no_sound() {
        assert!(resample(0, 8000, &[1; 100]).is_empty());
        assert!(resample(u32::MAX, 8000, &[1; 100]).is_empty());
        assert!(resample(16_000, 8000, &[]).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn length_follows_the_ratio(rate in 1_000u32..=768_000, samples in proptest::collection::vec(proptest::num::i16::ANY, 0..300)) {
            let out = resample(rate, 8000, &samples);
            assert_eq!(out.len() as u64, samples.len() as u64 * 8000 / u64::from(rate));
        }
    }
}
