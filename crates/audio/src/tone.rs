//! Call progress tones, made sample by sample.

mod countries;

pub use countries::{Cadence, Tones};

use crate::pcm::{Pcm, RATE, samples_in};
use std::f32::consts::TAU;

/// Peak of each frequency of a tone: about -16 dBm0, so that two stay near ITU-T's -13 dBm0.
const AMPLITUDE: f32 = 5000.0;
/// Peak of a tone of one frequency.
const AMPLITUDE_SINGLE: f32 = 8000.0;
/// Samples over which a tone fades in and out (4 ms): a hard edge clicks.
const RAMP: usize = 32;

/// A tone that a caller may hear. Cadences and frequencies are those of North America
/// (ITU-T E.180, supplement 2); [`Tones`] has those of other countries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tone {
    /// The dialed party's telephone rings: 440 + 480 Hz, 2 s on, 4 s off.
    Ringback,
    /// The dialed party is busy: 480 + 620 Hz, 0.5 s on, 0.5 s off.
    Busy,
    /// No way through the network ("fast busy"): 480 + 620 Hz, 0.25 s on, 0.25 s off.
    Congestion,
    /// Speak after this: 1000 Hz once for 400 ms, then silence.
    Beep,
    /// Nothing, for as long as wanted.
    Silence,
    /// One steady frequency, for tests and measurements.
    Sine {
        /// Frequency in Hz. From 4,000 on, which 8 kHz cannot carry, the tone is silence.
        hz: u16,
    },
}

impl Tone {
    /// The first `ms` milliseconds of the tone, at most an hour.
    #[must_use]
    pub fn render(self, ms: u32) -> Pcm {
        let mut samples = vec![0; samples_in(ms.min(3_600_000))];
        ToneSource::new(self).fill(&mut samples);
        Pcm::new(samples)
    }

    fn shape(self) -> Shape {
        let single = |hz: u16, on: usize, once| Shape {
            hz: [f32::from(hz), 0.0],
            amplitude: if u32::from(hz) < RATE / 2 {
                AMPLITUDE_SINGLE
            } else {
                0.0
            },
            steps: [on, 0, 0, 0, 0, 0],
            once,
        };
        let america = Tones::default();
        match self {
            Self::Ringback => Shape::of(america.ringback),
            Self::Busy => Shape::of(america.busy),
            Self::Congestion => Shape::of(america.congestion),
            Self::Beep => single(1000, samples_in(400), true),
            Self::Silence => single(0, 0, true),
            Self::Sine { hz } => single(hz, usize::MAX, false),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    /// A frequency of 0 adds nothing.
    hz: [f32; 2],
    amplitude: f32,
    /// Samples of sound and of pause in turn; `usize::MAX` of sound is a steady tone.
    steps: [usize; 6],
    /// One round only, then silence.
    once: bool,
}

impl Shape {
    fn of(cadence: Cadence) -> Self {
        let [low, high] = cadence.hz;
        Self {
            hz: [f32::from(low), f32::from(high)],
            amplitude: if high == 0 {
                AMPLITUDE_SINGLE
            } else {
                AMPLITUDE
            },
            steps: cadence.on_off_ms.map(|ms| samples_in(u32::from(ms))),
            once: false,
        }
    }

    /// Where a position lies: samples into its step, the step's length, and whether it sounds;
    /// `None` after the last step.
    fn step(&self, position: usize) -> Option<(usize, usize, bool)> {
        let mut begin = 0usize;
        for (at, &length) in self.steps.iter().enumerate() {
            let end = begin.saturating_add(length);
            if position < end {
                return Some((position - begin, length, at % 2 == 0));
            }
            begin = end;
        }
        None
    }
}

/// An endless source of one tone: each call of [`fill`](Self::fill) goes on, in phase and
/// cadence, where the last one ended.
#[derive(Debug, Clone)]
pub struct ToneSource {
    shape: Shape,
    /// Turns (0 to 1) of each frequency.
    phase: [f32; 2],
    /// Samples into the round.
    position: usize,
}

impl ToneSource {
    /// A source at the beginning of its cadence.
    #[must_use]
    pub fn new(tone: Tone) -> Self {
        Self::shaped(tone.shape())
    }

    /// A source of a country's tone, at the beginning of its cadence.
    #[must_use]
    pub fn cadence(cadence: Cadence) -> Self {
        Self::shaped(Shape::of(cadence))
    }

    fn shaped(shape: Shape) -> Self {
        Self {
            shape,
            phase: [0.0; 2],
            position: 0,
        }
    }

    /// Overwrites `out` with what comes next.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            *sample = self.next();
        }
    }

    fn next(&mut self) -> i16 {
        let step = self.shape.step(self.position).or_else(|| {
            if self.shape.once {
                return None;
            }
            self.position = 0;
            self.shape.step(0)
        });
        let Some((position, on, sounds)) = step else {
            return 0;
        };
        // A steady tone never ends: its position stops once the fade-in is over.
        if on != usize::MAX || position < RAMP {
            self.position += 1;
        }
        if !sounds {
            return 0;
        }
        let mut sum = 0.0;
        for (hz, phase) in self.shape.hz.iter().zip(&mut self.phase) {
            sum += (TAU * *phase).sin();
            *phase = (*phase + hz / RATE as f32).fract();
        }
        let edge = position.min(on - 1 - position).min(RAMP);
        (sum * self.shape.amplitude * edge as f32 / RAMP as f32).round() as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{rms, tone_share};

    /// Whether each stretch of 50 ms has sound in it.
    fn cadence(tone: Tone, ms: u32) -> String {
        let pcm = tone.render(ms);
        pcm.samples()
            .chunks(400)
            .map(|block| if rms(block) > 100.0 { '#' } else { '.' })
            .collect()
    }

    #[test]
    fn cadences_are_those_of_north_america() {
        let second = |on: usize, off: usize| "#".repeat(on) + &".".repeat(off);
        assert_eq!(cadence(Tone::Ringback, 12_000), second(40, 80).repeat(2));
        assert_eq!(cadence(Tone::Busy, 2000), second(10, 10).repeat(2));
        assert_eq!(cadence(Tone::Congestion, 1000), second(5, 5).repeat(2));
        assert_eq!(cadence(Tone::Beep, 1000), second(8, 12));
        assert_eq!(cadence(Tone::Silence, 500), second(0, 10));
        assert_eq!(cadence(Tone::Sine { hz: 300 }, 5000), second(100, 0));
        assert_eq!(cadence(Tone::Sine { hz: 4000 }, 500), second(0, 10));
    }

    #[test]
    fn frequencies_are_those_named() {
        for (tone, low, high) in [
            (Tone::Ringback, 440.0, 480.0),
            (Tone::Busy, 480.0, 620.0),
            (Tone::Congestion, 480.0, 620.0),
        ] {
            let pcm = tone.render(2000);
            let both = tone_share(pcm.samples(), low) + tone_share(pcm.samples(), high);
            assert!(both > 0.95, "{tone:?} {both}");
        }
        assert!(tone_share(Tone::Beep.render(400).samples(), 1000.0) > 0.98);
    }

    #[test]
    fn nothing_clicks() {
        // The steepest step of the highest frequency at full level, and no more.
        for tone in [Tone::Ringback, Tone::Busy, Tone::Congestion, Tone::Beep] {
            let pcm = tone.render(7000);
            let steepest = pcm
                .samples()
                .windows(2)
                .map(|pair| i32::from(pair[1]) - i32::from(pair[0]))
                .map(i32::abs)
                .max();
            assert!(steepest.unwrap() < 7000, "{tone:?} {steepest:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn pieces_join_without_a_seam(cuts in proptest::collection::vec(0usize..700, 1..30)) {
            let mut source = ToneSource::new(Tone::Congestion);
            let mut joined = Vec::new();
            for cut in cuts {
                let mut piece = vec![0; cut];
                source.fill(&mut piece);
                joined.extend(piece);
            }
            let mut whole = vec![0; joined.len()];
            ToneSource::new(Tone::Congestion).fill(&mut whole);
            assert_eq!(joined, whole);
        }
    }
}
