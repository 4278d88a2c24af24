//! WAV files of every kind, good and bad.

use super::*;
use crate::level::{rms, tone_share};
use crate::tone::Tone;

/// A WAV file put together by hand.
fn wav(tag: u16, bits: u16, channels: u16, rate: u32, data: &[u8]) -> Vec<u8> {
    let frame = bits / 8 * channels;
    let mut out = b"RIFF\0\0\0\0WAVE".to_vec();
    // A chunk of odd size stands in front: nobody may stumble over it.
    out.extend(b"LIST\x03\0\0\0abc\0fmt \x10\0\0\0");
    out.extend(tag.to_le_bytes());
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(frame)).to_le_bytes());
    out.extend(frame.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(b"data");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out
}

/// A WAV file written by the reference writer, with the same tone in each channel.
fn by_hound(spec: hound::WavSpec, hz: f64) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut out, spec).unwrap();
    for n in 0..spec.sample_rate / 2 {
        let value =
            0.5 * (std::f64::consts::TAU * hz * f64::from(n) / f64::from(spec.sample_rate)).sin();
        for _ in 0..spec.channels {
            match spec.sample_format {
                hound::SampleFormat::Float => writer.write_sample(value as f32).unwrap(),
                hound::SampleFormat::Int => {
                    let full = f64::from(1u32 << (spec.bits_per_sample - 1));
                    writer.write_sample((value * full) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    out.into_inner()
}

#[test]
fn every_width_rate_and_channel_count_gives_the_same_tone() {
    use hound::SampleFormat::{Float, Int};
    for (bits_per_sample, sample_format) in [(8, Int), (16, Int), (24, Int), (32, Int), (32, Float)]
    {
        for sample_rate in [8_000, 11_025, 16_000, 44_100, 48_000] {
            for channels in [1, 2] {
                let spec = hound::WavSpec {
                    channels,
                    sample_rate,
                    bits_per_sample,
                    sample_format,
                };
                let pcm = read(&by_hound(spec, 600.0)).unwrap();
                let middle = &pcm.samples()[400..3600];
                assert!(pcm.duration_ms().abs_diff(500) <= 1, "{spec:?}");
                assert!(tone_share(middle, 600.0) > 0.99, "{spec:?}");
                assert!(
                    (rms(middle) - 11_585.0).abs() < 120.0,
                    "{spec:?}: {}",
                    rms(middle)
                );
            }
        }
    }
}

#[test]
fn companded_files_are_read() {
    for (tag, codec) in [(ULAW, Law::Mu), (ALAW, Law::A)] {
        let sound = Tone::Sine { hz: 440 }.render(300);
        let mut bytes = Vec::new();
        codec.encode(sound.samples(), &mut bytes);
        let pcm = read(&wav(tag, 8, 1, 8000, &bytes)).unwrap();
        assert_eq!(pcm.duration_ms(), 300);
        assert!(tone_share(pcm.samples(), 440.0) > 0.95);
    }
}

#[test]
fn stereo_is_averaged_and_a_broken_last_frame_left_out() {
    let data: Vec<u8> = [1000i16, 3000, -32_768, -32_768, 7]
        .iter()
        .flat_map(|s| s.to_le_bytes())
        .collect();
    let pcm = read(&wav(PCM, 16, 2, 8000, &data)).unwrap();
    assert_eq!(pcm.samples(), [2000, -32_768]);
}

#[test]
fn floats_clip_and_odd_values_are_silence() {
    let values = [2.0f64, -2.0, f64::NAN, f64::INFINITY, 0.5];
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let pcm = read(&wav(FLOAT, 64, 1, 8000, &data)).unwrap();
    assert_eq!(pcm.samples(), [32_767, -32_768, 0, 32_767, 16_384]);
}

#[test]
fn a_data_size_as_pipes_have_it_reads_to_the_end() {
    let mut bytes = wav(PCM, 16, 1, 8000, &[1, 0, 2, 0]);
    let at = bytes.len() - 8;
    bytes[at..at + 4].copy_from_slice(&0x7FFF_F000u32.to_le_bytes());
    assert_eq!(read(&bytes).unwrap().samples(), [1, 2]);
}

#[test]
fn the_extensible_format_says_its_real_one_inside() {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x28\0\0\0\xFE\xFF\x01\0".to_vec();
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend(16_000u32.to_le_bytes());
    bytes.extend([2, 0, 16, 0, 22, 0, 16, 0, 4, 0, 0, 0, 1, 0]);
    bytes.extend([0; 14]);
    bytes.extend(b"data\x02\0\0\0\x2A\0");
    assert_eq!(read(&bytes).unwrap().samples(), [42]);
}

#[test]
fn what_is_wrong_is_named() {
    let error = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert!(error(b"ID3 and then some music").starts_with("not a WAV file"));
    assert!(error(b"").starts_with("not a WAV file"));
    assert_eq!(
        error(b"RIFF\0\0\0\0WAVE"),
        "no complete `fmt ` chunk in the WAV file"
    );
    assert_eq!(
        error(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0"),
        "no complete `fmt ` chunk in the WAV file"
    );
    assert_eq!(
        error(b"RIFF\0\0\0\0WAVEdata\0\0\0\0"),
        "no complete `fmt ` chunk in the WAV file"
    );
    let whole = wav(PCM, 16, 1, 8000, &[]);
    assert_eq!(
        error(&whole[..whole.len() - 8]),
        "no complete `data` chunk in the WAV file"
    );
    assert!(
        error(&wav(2, 4, 1, 8000, &[])).starts_with("WAV format 2 with 4 bits is not supported")
    );
    assert!(error(&wav(85, 16, 1, 8000, &[])).starts_with("WAV format 85"));
    assert_eq!(
        error(&wav(PCM, 16, 6, 8000, &[])),
        "6 channels, must be 1 or 2"
    );
    assert_eq!(
        error(&wav(PCM, 16, 0, 8000, &[])),
        "0 channels, must be 1 or 2"
    );
    assert_eq!(
        error(&wav(PCM, 16, 1, 0, &[])),
        "0 samples a second, must be 4000 to 192000"
    );
    let mut frame = wav(PCM, 16, 1, 8000, &[]);
    let at = frame.len() - 12;
    frame[at] = 4;
    assert_eq!(
        error(&frame),
        "4 bytes a frame, must be 2 for these channels and bits"
    );
}

#[test]
fn what_is_too_much_is_refused() {
    let huge = vec![0; MAX_BYTES as usize + 1];
    assert!(matches!(read(&huge), Err(WavError::TooLarge { .. })));
    let long = wav(ULAW, 8, 1, 4000, &vec![0xFF; 4000 * 3600 * 4 + 8000]);
    assert!(matches!(read(&long), Err(WavError::TooLong { .. })));
}

#[test]
fn a_missing_file_is_named() {
    let error = read_file(Path::new("/nowhere/at/all.wav"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("/nowhere/at/all.wav: "), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        drop(read(&bytes));
    }

    #[test]
    fn a_good_file_with_a_few_wrong_bytes_is_taken(places in proptest::collection::vec((0usize..60, proptest::num::u8::ANY), 1..5)) {
        let mut bytes = wav(PCM, 16, 1, 16_000, &[9; 40]);
        for (place, byte) in places {
            bytes[place] = byte;
        }
        drop(read(&bytes));
    }
}
