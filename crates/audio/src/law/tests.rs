//! G.711 against the reference algorithm of G.191, written out as the standard has it.

use super::*;

const BOTH: [Law; 2] = [Law::Mu, Law::A];

fn encode(law: Law, sample: i16) -> u8 {
    let mut out = Vec::new();
    law.encode(&[sample], &mut out);
    out[0]
}

fn decode(law: Law, byte: u8) -> i16 {
    let mut out = Vec::new();
    law.decode(&[byte], &mut out);
    out[0]
}

/// The loop form of µ-law compression: find the segment by shifting.
fn reference_ulaw(sample: i16) -> u8 {
    let sample = i32::from(sample);
    let mut absolute = ((if sample < 0 { !sample } else { sample }) >> 2) + 33;
    absolute = absolute.min(0x1FFF);
    let mut rest = absolute >> 6;
    let mut segment = 1;
    while rest != 0 {
        segment += 1;
        rest >>= 1;
    }
    let high = 0x8 - segment;
    let low = 0xF - ((absolute >> segment) & 0xF);
    let byte = (high << 4) | low;
    (if sample >= 0 { byte | 0x80 } else { byte }) as u8
}

/// The loop form of A-law compression.
fn reference_alaw(sample: i16) -> u8 {
    let sample = i32::from(sample);
    let mut value = (if sample < 0 { !sample } else { sample }) >> 4;
    if value > 15 {
        let mut exponent = 1;
        while value > 31 {
            value >>= 1;
            exponent += 1;
        }
        value = value - 16 + (exponent << 4);
    }
    if sample >= 0 {
        value |= 0x80;
    }
    (value ^ 0x55) as u8
}

#[test]
fn every_sample_encodes_as_the_reference_does() {
    for sample in i16::MIN..=i16::MAX {
        assert_eq!(
            encode(Law::Mu, sample),
            reference_ulaw(sample),
            "µ-law {sample}"
        );
        assert_eq!(
            encode(Law::A, sample),
            reference_alaw(sample),
            "A-law {sample}"
        );
    }
}

#[test]
fn known_values() {
    for (sample, ulaw, alaw) in [
        (0, 0xFF, 0xD5),
        (-1, 0x7F, 0x55),
        (i16::MAX, 0x80, 0xAA),
        (i16::MIN, 0x00, 0x2A),
    ] {
        assert_eq!(
            (encode(Law::Mu, sample), encode(Law::A, sample)),
            (ulaw, alaw),
            "{sample}"
        );
    }
    for (byte, value) in [
        (0x80, 32_124),
        (0x00, -32_124),
        (0xFF, 0),
        (0x7F, 0),
        (0xFE, 8),
        (0x8F, 16_764),
    ] {
        assert_eq!(decode(Law::Mu, byte), value, "µ-law {byte:#04x}");
    }
    for (byte, value) in [
        (0xAA, 32_256),
        (0x2A, -32_256),
        (0xD5, 8),
        (0x55, -8),
        (0xD4, 24),
    ] {
        assert_eq!(decode(Law::A, byte), value, "A-law {byte:#04x}");
    }
    for law in BOTH {
        assert_eq!(law.silence(), encode(law, 0));
    }
}

/// One period of 1 kHz at 0 dBm0 (G.711, tables 5 and 6): it must come out at 0 dBm0,
/// which is 3.17 dB (µ-law) or 3.14 dB (A-law) under the sine of full scale.
#[test]
fn the_digital_milliwatt_has_its_level() {
    let milliwatts: [(Law, [u8; 8], i16, f64); 2] = [
        (
            Law::Mu,
            [0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E],
            317,
            32_636.0,
        ),
        (
            Law::A,
            [0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4],
            314,
            32_768.0,
        ),
    ];
    for (law, bytes, under, full) in milliwatts {
        let mut samples = Vec::new();
        law.decode(&bytes, &mut samples);
        let mean = samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / 8.0;
        let level = 10.0 * (mean / (full * full / 2.0)).log10();
        assert!(
            (level + f64::from(under) / 100.0).abs() < 0.05,
            "{law:?}: {level}"
        );
    }
}

#[test]
fn decoding_what_was_encoded_changes_nothing_more() {
    for law in BOTH {
        for byte in 0..=255 {
            let value = decode(law, byte);
            assert_eq!(
                decode(law, encode(law, value)),
                value,
                "{law:?} {byte:#04x}"
            );
            // µ-law has two zeros; all other bytes come back as themselves.
            if (law, byte) != (Law::Mu, 0x7F) {
                assert_eq!(encode(law, value), byte, "{law:?} {byte:#04x}");
            }
        }
    }
}

#[test]
fn transcoding_keeps_sign_and_nearly_the_value() {
    for (from, to) in [(Law::Mu, Law::A), (Law::A, Law::Mu)] {
        for byte in 0..=255 {
            let mut bytes = [byte];
            from.transcode(to, &mut bytes);
            assert_eq!(bytes[0] & 0x80, byte & 0x80, "sign of {byte:#04x}");
            let (before, after) = (
                i32::from(decode(from, byte)),
                i32::from(decode(to, bytes[0])),
            );
            // Half a step: a sixteenth of the value's segment, or the smallest step of A-law.
            let bound = (before.abs() / 32).max(8) + 1;
            assert!(
                (before - after).abs() <= bound,
                "{from:?} {byte:#04x}: {before} became {after}"
            );
        }
    }
}

#[test]
fn transcoding_to_the_same_law_touches_nothing() {
    for law in BOTH {
        let all: Vec<u8> = (0..=255).collect();
        let mut bytes = all.clone();
        law.transcode(law, &mut bytes);
        assert_eq!(bytes, all);
    }
}

#[test]
fn both_directions_append() {
    let mut bytes = vec![1];
    Law::Mu.encode(&[0, 0], &mut bytes);
    assert_eq!(bytes, [1, 0xFF, 0xFF]);
    let mut samples = vec![7];
    Law::Mu.decode(&bytes, &mut samples);
    assert_eq!(samples.len(), 4);
    assert_eq!(samples[0], 7);
}
