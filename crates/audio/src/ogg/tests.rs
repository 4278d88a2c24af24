//! Files that were written here, files that others wrote, and files that are none.

use std::process::Command;

use ::ogg::{PacketWriteEndInfo, PacketWriter};
use proptest::prelude::*;

use super::{OggError, read};
use crate::codec::{Band, Codec, Encoder};
use crate::level::{rms, tone_share};
use crate::tone::Tone;

/// A file with these packets; the last page ends the sound there, in samples of 48 kHz.
fn file(head: &[u8], packets: &[Vec<u8>], end: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = PacketWriter::new(&mut bytes);
    let page = PacketWriteEndInfo::EndPage;
    writer.write_packet(head.to_vec(), 7, page, 0).unwrap();
    let tags = b"OpusTags\0\0\0\0\0\0\0\0".to_vec();
    writer.write_packet(tags, 7, page, 0).unwrap();
    for (n, packet) in packets.iter().enumerate() {
        let last = n + 1 == packets.len();
        let info = if last {
            PacketWriteEndInfo::EndStream
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        let at = if last { end } else { (n as u64 + 1) * 960 };
        writer.write_packet(packet.clone(), 7, info, at).unwrap();
    }
    bytes
}

fn head(channels: u8, skip: u16, gain: i16, family: u8) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend(skip.to_le_bytes());
    head.extend(48_000u32.to_le_bytes());
    head.extend(gain.to_le_bytes());
    head.push(family);
    head
}

fn packets(hz: u16, ms: u32) -> Vec<Vec<u8>> {
    let tone = Tone::Sine { hz }.render(ms);
    let mut encoder = Encoder::new(Codec::Opus);
    let frames = tone.samples().chunks(160);
    frames
        .map(|frame| {
            let mut payload = Vec::new();
            encoder.encode(Band::Narrow, frame, &mut payload).unwrap();
            payload
        })
        .collect()
}

#[test]
fn a_tone_is_read_with_its_length_and_gain() {
    let packets = packets(700, 1000);
    // The first 6.5 ms are the decoder's own, and the last packet is not filled.
    let pcm = read(&file(&head(1, 312, 0, 0), &packets, 47_000)).unwrap();
    assert_eq!(pcm.samples().len(), (47_000 - 312) / 6);
    let middle = &pcm.samples()[1600..6400];
    assert!(tone_share(middle, 700.0) > 0.95);
    let soft = read(&file(&head(1, 312, -6 * 256, 0), &packets, 47_000)).unwrap();
    let ratio = rms(middle) / rms(&soft.samples()[1600..6400]);
    assert!((ratio - 1.995).abs() < 0.05, "{ratio}");
}

#[test]
fn it_is_a_prompt_under_either_ending_and_keeps_the_wide_band() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = file(&head(1, 312, 0, 0), &packets(700, 500), 24_000);
    for name in ["one.opus", "two.ogg"] {
        std::fs::write(folder.path().join(name), &bytes).unwrap();
    }
    let prompts = crate::Prompts::builtin().with_folder(folder.path().into());
    for name in ["one", "two", "two.ogg"] {
        let pcm = prompts.get(name).unwrap();
        assert_eq!(pcm.duration_ms(), 493, "{name}");
        let wide = pcm.wide().unwrap();
        // The meter counts 8,000 samples in a second.
        assert!(tone_share(&wide[1000..], 350.0) > 0.95, "{name}");
    }
}

#[test]
fn what_is_none_says_so() {
    let packets = packets(700, 40);
    let fault = |head: Vec<u8>| read(&file(&head, &packets, 1920)).unwrap_err();
    assert!(matches!(
        fault(head(3, 0, 0, 0)),
        OggError::Channels {
            found: 3,
            family: 0
        }
    ));
    assert!(matches!(
        fault(head(2, 0, 0, 1)),
        OggError::Channels {
            found: 2,
            family: 1
        }
    ));
    assert!(matches!(fault(b"\x01vorbis".to_vec()), OggError::NotOpus));
    assert!(matches!(fault(b"OpusHead\x01".to_vec()), OggError::NotOpus));
    let mut later = head(1, 0, 0, 0);
    later[8] = 16;
    assert!(matches!(fault(later), OggError::Version { found: 16 }));
    assert!(matches!(read(b"").unwrap_err(), OggError::Pages(_)));
    assert!(matches!(
        read(b"OggS no more").unwrap_err(),
        OggError::Pages(_)
    ));
    let broken = file(&head(1, 0, 0, 0), &[packets[0].clone(), vec![0xFF]], 1920);
    assert!(matches!(
        read(&broken).unwrap_err(),
        OggError::Packet { packet: 1 }
    ));
}

/// What opusenc writes (Debian's `opus-tools`), in stereo, of a rate that is not ours.
#[test]
fn what_opusenc_writes_is_read() {
    if Command::new("opusenc").arg("--version").output().is_err() {
        let required = std::env::var_os("CALLROUTE_REQUIRE_PEERS").is_some();
        assert!(!required, "opusenc (opus-tools) is not installed");
        println!("skipped: opusenc (opus-tools) is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (wav, opus) = (folder.path().join("a.wav"), folder.path().join("a.opus"));
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&wav, spec).unwrap();
    for n in 0..66_150 {
        let angle = std::f32::consts::TAU * 500.0 * n as f32 / 44_100.0;
        for _ in 0..2 {
            writer.write_sample((8000.0 * angle.sin()) as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
    let made = Command::new("opusenc")
        .arg("--quiet")
        .args([&wav, &opus])
        .status();
    assert!(made.unwrap().success());
    let pcm = read(&std::fs::read(&opus).unwrap()).unwrap();
    assert!(pcm.samples().len().abs_diff(12_000) <= 8, "{pcm:?}");
    let middle = &pcm.samples()[1000..11_000];
    assert!(tone_share(middle, 500.0) > 0.98);
    assert!((rms(middle) / 5657.0 - 1.0).abs() < 0.05, "{}", rms(middle));
}

proptest! {
    #[test]
    fn nothing_breaks_it(
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let _ = read(&noise);
        let mut bytes = file(&head(1, 312, 0, 0), &packets(700, 60), 2880);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = read(&bytes);
        let mut packets = packets(700, 40);
        packets.push(noise);
        let _ = read(&file(&head(2, 0, 0, 0), &packets, u64::MAX));
    }
}
