//! One party on its time line, in one band whatever comes; pure.

use callroute_audio::band::Converter;
use callroute_audio::codec::Band;

use crate::rtp::ear::Heard;
use crate::rtp::heard::{TimeLine, samples_of, ticks};

/// Puts what is heard in one row.
#[derive(Debug)]
pub(crate) struct Mono {
    line: TimeLine,
    converter: Converter,
}

impl Mono {
    /// A row in this band.
    pub(crate) fn new(band: Band) -> Self {
        Self {
            line: TimeLine::default(),
            converter: Converter::new(band),
        }
    }

    /// What comes next in the row, with the silence before it; `None` when its place is past.
    pub(crate) fn push(&mut self, source: u32, heard: &Heard) -> Option<Vec<i16>> {
        let count = ticks(heard.band, heard.samples.len());
        let gap = self.line.place(source, heard.at, count)?;
        let mut row = vec![0; samples_of(self.converter.band(), gap)];
        row.extend_from_slice(&self.converter.convert(heard.band, &heard.samples));
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use callroute_audio::codec::Band;

    use super::Mono;
    use crate::rtp::ear::Heard;

    #[test]
    fn silence_and_sound_have_their_length_in_either_band() {
        for band in [Band::Narrow, Band::Wide] {
            let mut mono = Mono::new(band);
            let mut length = 0;
            for (at, of) in [(0, Band::Narrow), (160, Band::Wide), (640, Band::Narrow)] {
                let samples = vec![5; of.samples_in(20)];
                let heard = Heard {
                    at,
                    band: of,
                    samples,
                };
                length += mono.push(0, &heard).unwrap().len();
                assert_eq!(mono.push(0, &heard), None, "it came before");
            }
            assert_eq!(length, band.samples_in(100));
        }
    }
}
