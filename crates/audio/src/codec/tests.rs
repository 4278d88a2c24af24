//! Every codec: what comes out is what went in, and no payload breaks a decoder (B36).

use proptest::prelude::*;

use super::{Band, Codec, CodecError, Decoder, Encoder};
use crate::level::{rms, tone_share};

fn sine(band: Band, hz: f64, ms: u32) -> Vec<i16> {
    (0..band.samples_in(ms))
        .map(|n| {
            let turn = std::f64::consts::TAU * hz * n as f64 / f64::from(band.rate());
            (8000.0 * turn.sin()) as i16
        })
        .collect()
}

fn through(codec: Codec, sound: &[i16], ms: u32) -> Vec<i16> {
    let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
    let mut heard = Vec::new();
    for frame in sound.chunks(codec.band().samples_in(ms)) {
        let mut payload = Vec::new();
        encoder.encode(codec.band(), frame, &mut payload).unwrap();
        assert_eq!(codec.ticks(&payload), ms * codec.clock() / 1000);
        decoder.decode(&payload, &mut heard).unwrap();
    }
    heard
}

/// The ratio of signal to noise in dB, at the delay at which it is best.
fn snr(sent: &[i16], heard: &[i16]) -> f64 {
    let compare = |delay: usize| {
        let pairs = sent[1600..sent.len() - 400]
            .iter()
            .zip(&heard[1600 + delay..]);
        let (mut signal, mut noise) = (1.0f64, 1.0f64);
        for (&sent, &heard) in pairs {
            signal += f64::from(sent).powi(2);
            noise += (f64::from(sent) - f64::from(heard)).powi(2);
        }
        10.0 * (signal / noise).log10()
    };
    (0..200).map(compare).fold(f64::MIN, f64::max)
}

#[test]
fn a_sine_survives_every_codec() {
    for &codec in Codec::ALL {
        for hz in [300.0, 1000.0, 3000.0] {
            let sound = sine(codec.band(), hz, 1000);
            let heard = through(codec, &sound, 20);
            assert_eq!(heard.len(), sound.len(), "{codec:?}");
            let ratio = snr(&sound, &heard);
            // Opus does not keep the wave, but what is heard of it.
            let least = if codec.payload_type() == 111 {
                6.0
            } else {
                30.0
            };
            assert!(ratio > least, "{codec:?} {hz} Hz: {ratio:.1} dB");
            let level = rms(&heard[2000..]) / rms(&sound[2000..]);
            assert!((0.9..1.1).contains(&level), "{codec:?} {hz} Hz: {level}");
        }
    }
}

#[test]
fn wide_codecs_carry_what_a_telephone_does_not() {
    for &codec in Codec::ALL.iter().filter(|codec| codec.band() == Band::Wide) {
        let sound = sine(Band::Wide, 6000.0, 1000);
        let heard = through(codec, &sound, 20);
        let level = rms(&heard[2000..]) / rms(&sound[2000..]);
        assert!((0.8..1.2).contains(&level), "{codec:?}: {level}");
    }
}

#[test]
fn packets_have_any_length_that_the_codec_has() {
    for &codec in Codec::ALL {
        for wanted in [0, 10, 20, 30, 40, 55, 60, 1000] {
            let ms = codec.packet_ms(wanted);
            let sound = sine(codec.band(), 500.0, 4 * ms);
            assert_eq!(through(codec, &sound, ms).len(), sound.len());
        }
    }
}

#[test]
fn sound_of_the_other_band_is_taken() {
    for &codec in Codec::ALL {
        let other = match codec.band() {
            Band::Narrow => Band::Wide,
            Band::Wide => Band::Narrow,
        };
        let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
        let (mut payload, mut heard) = (Vec::new(), Vec::new());
        for frame in sine(other, 1000.0, 500).chunks(other.samples_in(20)) {
            payload.clear();
            encoder.encode(other, frame, &mut payload).unwrap();
            decoder.decode(&payload, &mut heard).unwrap();
        }
        // Measured in 8 kHz terms: of wide sound, the pitch is half.
        let hz = if codec.band() == Band::Wide {
            500.0
        } else {
            1000.0
        };
        assert!(tone_share(&heard[1600..], hz) > 0.9, "{codec:?}");
    }
}

#[test]
fn a_lost_packet_is_concealed() {
    for &codec in Codec::ALL {
        let band = codec.band();
        let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
        let sound = sine(band, 250.0, 600);
        let mut heard = Vec::new();
        for (at, frame) in sound.chunks(band.samples_in(20)).enumerate() {
            let mut payload = Vec::new();
            encoder.encode(band, frame, &mut payload).unwrap();
            if at == 20 {
                decoder.conceal(frame.len(), None, &mut heard);
            } else {
                decoder.decode(&payload, &mut heard).unwrap();
            }
        }
        assert_eq!(heard.len(), sound.len());
        let lost = &heard[20 * band.samples_in(20)..21 * band.samples_in(20)];
        assert!(rms(lost) > 1000.0, "{codec:?}: {}", rms(lost));
    }
}

#[test]
fn names_and_numbers_lead_back() {
    for &codec in Codec::ALL {
        assert_eq!(Codec::from_rtpmap(codec.rtpmap()), Some(codec));
        let shouted = codec.rtpmap().to_uppercase();
        assert_eq!(Codec::from_rtpmap(&shouted), Some(codec));
        if codec.payload_type() < 96 {
            assert_eq!(Codec::from_payload_type(codec.payload_type()), Some(codec));
        }
    }
    assert_eq!(Codec::from_rtpmap("pcmu/8000/1"), Some(Codec::Pcmu));
    assert_eq!(Codec::from_rtpmap("PCMU/16000"), None);
    assert_eq!(Codec::from_rtpmap("telephone-event/8000"), None);
    assert_eq!(Codec::from_payload_type(101), None);
}

#[test]
fn too_much_is_refused() {
    let mut out = Vec::new();
    let refused = Decoder::new(Codec::Pcmu).decode(&[0xff; 1601], &mut out);
    assert_eq!(refused, Err(CodecError::TooLong { found: 1601 }));
    assert!(out.is_empty());
}

/// Packets of up to 200 ms are to be taken (RFC 3551, section 4.2).
#[test]
fn long_packets_are_heard() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        for ms in [150, 180, 200] {
            let mut out = Vec::new();
            let payload = vec![0x55; ms as usize * 8];
            Decoder::new(codec).decode(&payload, &mut out).unwrap();
            assert_eq!(out.len(), codec.band().samples_in(ms), "{codec:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_payload_breaks_a_decoder(payloads in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..1700), 1..6)) {
        for &codec in Codec::ALL {
            let mut decoder = Decoder::new(codec);
            for payload in &payloads {
                let mut out = Vec::new();
                let _ = decoder.decode(payload, &mut out);
                prop_assert!(out.len() <= codec.band().samples_in(super::MAX_PACKET_MS));
                decoder.conceal(payload.len(), Some(payload), &mut out);
            }
        }
    }
}
