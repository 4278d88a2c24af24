//! Linear sound as everything here handles it: 8 kHz, mono, 16 bit; and 16 kHz beside it, where it
//! came with so much.

use crate::codec::Band;
use crate::resample::resample;
use std::fmt;

/// Samples per second of sound in the narrow band of the telephone network.
pub const RATE: u32 = 8000;

/// A finished piece of sound: mono, signed 16-bit samples, 8 kHz; where it came with 16 kHz or more,
/// these are kept for whoever hears the wide band.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pcm {
    samples: Vec<i16>,
    wide: Option<Vec<i16>>,
}

impl Pcm {
    /// Wraps samples that already are 8 kHz mono.
    #[must_use]
    pub fn new(samples: Vec<i16>) -> Self {
        let wide = None;
        Self { samples, wide }
    }

    /// Converts mono samples taken at `rate` samples per second to 8 kHz, and to 16 kHz where they
    /// are as many or more.
    ///
    /// A low-pass filter removes what the lower rate cannot carry, so that nothing aliases. A `rate`
    /// outside 1,000 to 768,000 is no rate of sound: the result is then empty.
    #[must_use]
    pub fn from_rate(rate: u32, samples: &[i16]) -> Self {
        let wide = Band::Wide.rate();
        let wide = (rate >= wide).then(|| resample(rate, wide, samples));
        // Of the wide one it costs less.
        let samples = match &wide {
            Some(wide) => resample(Band::Wide.rate(), RATE, wide),
            None => resample(rate, RATE, samples),
        };
        Self { samples, wide }
    }

    /// The samples, 8,000 of them a second.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// The same at 16,000 a second, where it came with so much.
    #[must_use]
    pub fn wide(&self) -> Option<&[i16]> {
        self.wide.as_deref()
    }

    /// How many samples are kept, of both.
    pub(crate) fn size(&self) -> usize {
        self.samples.len() + self.wide.as_ref().map_or(0, Vec::len)
    }

    /// Length in milliseconds, rounded down.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        millis(self.samples.len() as u64)
    }
}

// A log line with a minute of samples in it helps nobody.
impl fmt::Debug for Pcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pcm")
            .field("samples", &self.samples.len())
            .field("wide", &self.wide.is_some())
            .field("duration_ms", &self.duration_ms())
            .finish()
    }
}

/// Milliseconds that a number of 8 kHz samples lasts, rounded down.
pub(crate) fn millis(samples: u64) -> u64 {
    samples.saturating_mul(1000) / u64::from(RATE)
}

/// Number of 8 kHz samples in so many milliseconds.
pub(crate) fn samples_in(ms: u32) -> usize {
    // 8,000 samples a second are 8 a millisecond.
    (ms as usize).saturating_mul(RATE as usize / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_samples_are_a_millisecond() {
        assert_eq!(Pcm::new(vec![0; 160]).duration_ms(), 20);
        assert_eq!(Pcm::new(vec![0; 7]).duration_ms(), 0);
        assert_eq!(Pcm::default().duration_ms(), 0);
        assert_eq!(samples_in(20), 160);
    }
}
