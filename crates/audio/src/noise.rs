//! Comfort noise: what a pause sounds like where the far end says only how loud it is (RFC 3389).

/// White noise of a level, the same from the same beginning.
#[derive(Debug, Clone)]
pub struct Noise {
    peak: f32,
    state: u32,
}

impl Noise {
    /// Noise so many dB under overload (RFC 3389, section 3.1): 0 is the loudest, 127 cannot be
    /// heard. The seven lower bits count, as they are on the wire.
    #[must_use]
    pub fn new(level: u8) -> Self {
        let rms = 32_767.0 * 10f32.powf(-f32::from(level & 0x7F) / 20.0);
        Self {
            // Even noise between two peaks has an RMS of the peak by the root of three.
            peak: rms * 3f32.sqrt(),
            state: 0x9E37_79B9,
        }
    }

    /// Overwrites `out` with what comes next.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            // Xorshift: noise needs no better chance than this.
            self.state ^= self.state << 13;
            self.state ^= self.state >> 17;
            self.state ^= self.state << 5;
            let chance = (self.state >> 8) as f32 / 8_388_608.0 - 1.0;
            *sample = (chance * self.peak) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Noise;
    use crate::level::{rms, tone_share};

    #[test]
    fn it_has_its_level_and_no_tone() {
        for (level, wanted) in [(20, 3276.7), (40, 327.7), (60, 32.8)] {
            let mut out = [0; 8000];
            Noise::new(level).fill(&mut out);
            let found = rms(&out);
            assert!((found / wanted - 1.0).abs() < 0.1, "{level}: {found}");
            assert!(tone_share(&out, 1000.0) < 0.05);
        }
        let mut out = [1; 100];
        Noise::new(127).fill(&mut out);
        assert_eq!(out, [0; 100]);
    }
}
