//! Music on hold that needs no file and no licence: slow chords, made from sines.

use std::f32::consts::TAU;

use crate::pcm::{Pcm, RATE};

/// The roots of four chords and their thirds and fifths, in Hz: C, A minor, F, G.
const CHORDS: [[f32; 3]; 4] = [
    [261.6, 329.6, 392.0],
    [220.0, 261.6, 329.6],
    [174.6, 220.0, 261.6],
    [196.0, 246.9, 293.7],
];
/// The order in which the notes of a chord are struck.
const PATTERN: [usize; 8] = [0, 1, 2, 1, 0, 2, 1, 2];
/// How long a note is, in samples: 400 ms.
const NOTE: usize = RATE as usize * 2 / 5;
/// Peak of a note; two sound at a time at most.
const AMPLITUDE: f32 = 4500.0;

/// About 13 s of quiet music that can be played again and again without a seam.
#[must_use]
pub fn music() -> Pcm {
    let notes: Vec<f32> = CHORDS
        .iter()
        .flat_map(|chord| PATTERN.iter().filter_map(|note| chord.get(*note).copied()))
        .collect();
    let mut samples = vec![0.0f32; notes.len() * NOTE];
    let length = samples.len();
    for (n, hz) in notes.iter().enumerate() {
        // Each note dies away over two, so that they flow into each other; the last into the first.
        for at in 0..2 * NOTE {
            let time = at as f32 / RATE as f32;
            let rise = (at as f32 / 160.0).min(1.0);
            let fall = 1.0 - at as f32 / (2 * NOTE) as f32;
            let tone = (TAU * hz * time).sin() + 0.3 * (TAU * 2.0 * hz * time).sin();
            if let Some(sample) = samples.get_mut((n * NOTE + at) % length) {
                *sample += tone / 1.3 * AMPLITUDE * rise * fall * fall;
            }
        }
    }
    Pcm::new(
        samples
            .into_iter()
            .map(|sample| sample.round() as i16)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::music;
    use crate::level::rms;

    #[test]
    fn it_is_neither_silent_nor_loud_nor_broken() {
        let music = music();
        assert_eq!(music.duration_ms(), 12_800);
        let samples = music.samples();
        for second in samples.chunks(8000) {
            let level = rms(second);
            assert!((300.0..6000.0).contains(&level), "{level}");
        }
        let steepest = samples
            .iter()
            .zip(samples.iter().cycle().skip(1))
            .map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs())
            .max();
        assert!(steepest < Some(5000), "it clicks: {steepest:?}");
    }
}
