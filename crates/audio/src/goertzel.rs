//! Goertzel's algorithm: the power of one frequency in a run of samples.

use crate::pcm::RATE;

/// One frequency's filter. Feed it a block, read the power, reset it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goertzel {
    coefficient: f32,
    last: f32,
    before: f32,
}

impl Goertzel {
    /// A filter at `hz` (any frequency, not only whole bins), with nothing fed.
    pub(crate) fn new(hz: f32) -> Self {
        let turn = std::f32::consts::TAU * hz / RATE as f32;
        Self {
            coefficient: 2.0 * turn.cos(),
            last: 0.0,
            before: 0.0,
        }
    }

    /// Takes one sample.
    pub(crate) fn push(&mut self, sample: f32) {
        let next = sample + self.coefficient * self.last - self.before;
        self.before = self.last;
        self.last = next;
    }

    /// |X|² of what was fed since the reset: a sine of amplitude A over N samples gives (A·N/2)².
    pub(crate) fn power(&self) -> f32 {
        let cross = self.coefficient * self.last * self.before;
        (self.last * self.last + self.before * self.before - cross).max(0.0)
    }

    /// Forgets what was fed.
    pub(crate) fn reset(&mut self) {
        self.last = 0.0;
        self.before = 0.0;
    }
}
