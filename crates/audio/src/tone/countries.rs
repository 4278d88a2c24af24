//! The tones of the telephone networks of countries (ITU-T E.180, supplement 2).
//!
//! Compared row by row with what Asterisk gives out for its countries (`indications.conf`), which
//! names the ITU's list of 2003 and the national documents: nothing differs but that congestion in
//! Australia has no second, softer burst here, and that a modulated tone has no carrier.

/// A tone that goes on and off: which frequencies, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cadence {
    /// Frequencies in Hz that sound together; 0 adds nothing. A tone that is modulated, as in
    /// Japan, India and Singapore, is the two that this makes.
    pub hz: [u16; 2],
    /// Milliseconds of sound and of pause, in turn; a 0 ends the list.
    pub on_off_ms: [u16; 6],
}

/// What a caller hears of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tones {
    /// The dialed party's telephone rings.
    pub ringback: Cadence,
    /// The dialed party is busy.
    pub busy: Cadence,
    /// No way through the network.
    pub congestion: Cadence,
}

/// A country's code, and its three tones.
type Row = (&'static str, [Cadence; 3]);

const fn cadence(hz: [u16; 2], on_off_ms: [u16; 6]) -> Cadence {
    Cadence { hz, on_off_ms }
}

/// The same time of sound and of pause.
const fn even(hz: u16, ms: u16) -> Cadence {
    cadence([hz, 0], [ms, ms, 0, 0, 0, 0])
}

/// One burst of sound.
const fn ring(hz: u16, on: u16, off: u16) -> Cadence {
    cadence([hz, 0], [on, off, 0, 0, 0, 0])
}

/// Two bursts, as in the United Kingdom and where its network was copied.
const fn two(low: u16, high: u16) -> Cadence {
    cadence([low, high], [400, 200, 400, 2000, 0, 0])
}

const AMERICA: [Cadence; 3] = [
    cadence([440, 480], [2000, 4000, 0, 0, 0, 0]),
    cadence([480, 620], [500, 500, 0, 0, 0, 0]),
    cadence([480, 620], [250, 250, 0, 0, 0, 0]),
];

const BRITAIN: [Cadence; 3] = [
    two(400, 450),
    even(400, 375),
    cadence([400, 0], [400, 350, 225, 525, 0, 0]),
];

const COUNTRIES: &[Row] = &[
    (
        "at",
        [ring(420, 1000, 5000), even(420, 400), even(420, 200)],
    ),
    ("au", [two(413, 438), even(425, 375), even(425, 375)]),
    (
        "be",
        [ring(425, 1000, 3000), even(425, 500), even(425, 167)],
    ),
    (
        "bg",
        [ring(425, 1000, 4000), even(425, 500), even(425, 250)],
    ),
    (
        "br",
        [
            ring(425, 1000, 4000),
            even(425, 250),
            cadence([425, 0], [250, 250, 750, 250, 0, 0]),
        ],
    ),
    ("ca", AMERICA),
    (
        "ch",
        [ring(425, 1000, 4000), even(425, 500), even(425, 200)],
    ),
    (
        "cl",
        [ring(400, 1000, 3000), even(400, 500), even(400, 200)],
    ),
    (
        "cn",
        [ring(450, 1000, 4000), even(450, 350), even(450, 700)],
    ),
    (
        "cz",
        [ring(425, 1000, 4000), even(425, 330), even(425, 165)],
    ),
    (
        "de",
        [ring(425, 1000, 4000), even(425, 480), even(425, 240)],
    ),
    (
        "dk",
        [ring(425, 1000, 4000), even(425, 500), even(425, 200)],
    ),
    (
        "ee",
        [ring(425, 1000, 4000), even(425, 300), even(425, 200)],
    ),
    (
        "es",
        [
            ring(425, 1500, 3000),
            even(425, 200),
            cadence([425, 0], [200, 200, 200, 200, 200, 600]),
        ],
    ),
    (
        "fi",
        [ring(425, 1000, 4000), even(425, 300), even(425, 200)],
    ),
    (
        "fr",
        [ring(440, 1500, 3500), even(440, 500), even(440, 250)],
    ),
    ("gb", BRITAIN),
    (
        "gr",
        [ring(425, 1000, 4000), even(425, 300), even(425, 200)],
    ),
    (
        "hu",
        [ring(425, 1250, 3750), even(425, 300), even(425, 300)],
    ),
    (
        "id",
        [ring(425, 1000, 4000), even(425, 500), even(425, 250)],
    ),
    // Rings as in Britain, is busy as in Europe.
    ("ie", [two(400, 450), even(425, 500), even(425, 500)]),
    (
        "il",
        [ring(414, 1000, 3000), even(414, 500), even(414, 250)],
    ),
    // 400 Hz, modulated by 25 Hz.
    ("in", [two(375, 425), even(400, 750), even(400, 250)]),
    (
        "it",
        [ring(425, 1000, 4000), even(425, 500), even(425, 200)],
    ),
    // 400 Hz, modulated by 16 Hz.
    (
        "jp",
        [
            cadence([384, 416], [1000, 2000, 0, 0, 0, 0]),
            even(400, 500),
            even(400, 500),
        ],
    ),
    (
        "lt",
        [ring(425, 1000, 4000), even(425, 350), even(425, 200)],
    ),
    (
        "mx",
        [ring(425, 1000, 4000), even(425, 250), even(425, 250)],
    ),
    ("my", [two(425, 0), even(425, 500), even(425, 500)]),
    (
        "nl",
        [ring(425, 1000, 4000), even(425, 500), even(425, 250)],
    ),
    (
        "no",
        [ring(425, 1000, 4000), even(425, 500), even(425, 200)],
    ),
    ("nz", [two(400, 450), even(400, 500), even(400, 250)]),
    (
        "ph",
        [
            cadence([425, 480], [1000, 4000, 0, 0, 0, 0]),
            cadence([480, 620], [500, 500, 0, 0, 0, 0]),
            cadence([480, 620], [250, 250, 0, 0, 0, 0]),
        ],
    ),
    (
        "pl",
        [ring(425, 1000, 4000), even(425, 500), even(425, 500)],
    ),
    (
        "pt",
        [ring(425, 1000, 5000), even(425, 500), even(425, 200)],
    ),
    (
        "ru",
        [ring(425, 1000, 4000), even(425, 350), even(425, 175)],
    ),
    (
        "se",
        [ring(425, 1000, 5000), even(425, 250), ring(425, 250, 750)],
    ),
    // 425 Hz, modulated by 24 Hz.
    ("sg", [two(401, 449), even(425, 750), even(425, 250)]),
    (
        "th",
        [ring(420, 1000, 5000), even(400, 500), even(400, 300)],
    ),
    (
        "tw",
        [
            cadence([440, 480], [1000, 2000, 0, 0, 0, 0]),
            cadence([480, 620], [500, 500, 0, 0, 0, 0]),
            cadence([480, 620], [250, 250, 0, 0, 0, 0]),
        ],
    ),
    ("uk", BRITAIN),
    ("us", AMERICA),
    (
        "ve",
        [ring(425, 1000, 4000), even(425, 500), even(425, 250)],
    ),
    // Of its two kinds of exchange, the one without modulation.
    ("za", [two(383, 417), even(400, 500), even(400, 250)]),
];

impl Tones {
    /// The tones of a country, by its two letters (ISO 3166, and `uk`), whatever the case; `None`
    /// for one that is not in the list.
    #[must_use]
    pub fn of(country: &str) -> Option<Self> {
        let row = COUNTRIES
            .iter()
            .find(|(code, _)| code.eq_ignore_ascii_case(country))?;
        Some(Self::from(row.1))
    }

    /// The countries that are known.
    pub fn countries() -> impl Iterator<Item = &'static str> {
        COUNTRIES.iter().map(|(code, _)| *code)
    }
}

impl Default for Tones {
    /// Those of North America.
    fn default() -> Self {
        Self::from(AMERICA)
    }
}

impl From<[Cadence; 3]> for Tones {
    fn from([ringback, busy, congestion]: [Cadence; 3]) -> Self {
        Self {
            ringback,
            busy,
            congestion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cadence, Tones};
    use crate::level::rms;
    use crate::tone::ToneSource;

    /// How long it sounds and pauses, in milliseconds to the nearest ten.
    fn measured(cadence: Cadence) -> Vec<u32> {
        let mut source = ToneSource::cadence(cadence);
        let mut sound = vec![0; 8 * 14_000];
        source.fill(&mut sound);
        let mut lengths = Vec::new();
        let mut begun = (true, 0);
        // 15 ms are longer than any beat of two frequencies is quiet, and shorter than a pause.
        for (at, block) in sound.chunks(80).enumerate() {
            let loud = rms(block) > 500.0;
            if loud != begun.0 {
                lengths.push((at - begun.1) as u32 * 10);
                begun = (loud, at);
            }
        }
        lengths
    }

    #[test]
    fn every_country_sounds_as_its_row_says() {
        for country in Tones::countries() {
            let tones = Tones::of(country).unwrap();
            for cadence in [tones.ringback, tones.busy, tones.congestion] {
                // Beats make pauses of their own.
                if cadence.hz[1].abs_diff(cadence.hz[0]) < 60 && cadence.hz[1] != 0 {
                    continue;
                }
                let wanted: Vec<u32> = cadence
                    .on_off_ms
                    .iter()
                    .filter(|ms| **ms > 0)
                    .map(|ms| u32::from(*ms))
                    .collect();
                let found = measured(cadence);
                for (found, wanted) in found.iter().zip(wanted.iter().cycle()) {
                    assert!(
                        found.abs_diff(*wanted) <= 20,
                        "{country} {cadence:?}: {found}"
                    );
                }
            }
        }
    }

    #[test]
    fn countries_are_found_whatever_the_case() {
        assert_eq!(Tones::of("DE"), Tones::of("de"));
        assert_eq!(Tones::of("uk"), Tones::of("gb"));
        assert_eq!(Tones::of("us"), Some(Tones::default()));
        assert_eq!(Tones::of("xx"), None);
        assert!(Tones::countries().is_sorted());
        assert_eq!(Tones::of("de").unwrap().busy.hz, [425, 0]);
        assert_eq!(
            Tones::of("IE").unwrap().ringback,
            Tones::of("gb").unwrap().ringback
        );
    }
}
