//! How loud a sound is, and how much of it is one tone.

use crate::goertzel::Goertzel;

/// Block for [`tone_share`]: 50 ms, bins 20 Hz wide.
const BLOCK: usize = 400;

/// Root mean square of the samples, in steps of a 16-bit sample (0 to 32,768); 0 for none.
///
/// A sine of full scale has 23,170; -20 dBFS is a tenth of that.
#[must_use]
pub fn rms(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    (energy(samples) / samples.len() as f64).sqrt() as f32
}

/// The share (0 to 1) of the sound's energy that lies at the frequency `hz`.
///
/// Measured by Goertzel's algorithm over blocks of 50 ms (bins 20 Hz wide) and weighted by
/// energy, so that pauses, lost packets and jumps of the phase do not hide a tone. A clean tone
/// has a share near 1, also after G.711; noise about 0.005; silence 0. It tells whether a
/// certain tone is in a recording.
#[must_use]
pub fn tone_share(samples: &[i16], hz: f32) -> f32 {
    let total = energy(samples);
    if total <= 0.0 {
        return 0.0;
    }
    let mut tone = 0.0;
    for block in samples.chunks(BLOCK) {
        let mut goertzel = Goertzel::new(hz);
        for &sample in block {
            goertzel.push(f32::from(sample));
        }
        let here = 2.0 * f64::from(goertzel.power()) / block.len() as f64;
        // A block of a few samples, or one at 0 Hz, would count double.
        tone += here.min(energy(block));
    }
    (tone / total).clamp(0.0, 1.0) as f32
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Tone;

    #[test]
    fn a_tone_is_found_at_its_own_frequency_only() {
        let pcm = Tone::Sine { hz: 440 }.render(1010);
        assert!(tone_share(pcm.samples(), 440.0) > 0.98);
        assert!(tone_share(pcm.samples(), 880.0) < 0.01);
        assert!(tone_share(pcm.samples(), 500.0) < 0.01);
    }

    #[test]
    fn pauses_do_not_hide_a_tone() {
        let mut sound = Tone::Sine { hz: 700 }.render(333).samples().to_vec();
        sound.extend([0; 5001]);
        sound.extend(Tone::Sine { hz: 700 }.render(217).samples());
        assert!(tone_share(&sound, 700.0) > 0.9);
    }

    #[test]
    fn two_tones_share() {
        let ringing = Tone::Ringback.render(1000);
        let low = tone_share(ringing.samples(), 440.0);
        let high = tone_share(ringing.samples(), 480.0);
        assert!(
            (low - 0.5).abs() < 0.05 && (high - 0.5).abs() < 0.05,
            "{low} {high}"
        );
    }

    #[test]
    fn silence_and_nothing_have_no_tone_and_no_level() {
        assert_eq!(tone_share(&[], 440.0), 0.0);
        assert_eq!(tone_share(&[0; 800], 440.0), 0.0);
        assert_eq!(rms(&[]), 0.0);
        assert_eq!(rms(&[-300; 10]), 300.0);
        assert!((rms(&[i16::MIN; 4]) - 32_768.0).abs() < 0.1);
    }

    proptest::proptest! {
        #[test]
        fn a_share_is_a_share(samples in proptest::collection::vec(proptest::num::i16::ANY, 0..900), hz in -100f32..9000.0) {
            let share = tone_share(&samples, hz);
            assert!((0.0..=1.0).contains(&share), "{share}");
        }
    }
}
