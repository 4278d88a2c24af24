//! What it costs to decode 20 ms of one codec and encode them in another, as a ratio to copying.

use std::hint::black_box;
use std::time::{Duration, Instant};

use callroute_audio::codec::{Band, Codec, Decoder, Encoder};
use callroute_audio::tone::Tone;

use crate::Failure;

/// Rounds, of which the fastest counts.
const ROUNDS: usize = 5;

fn fastest(frames: usize, mut round: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        round()?;
        best = best.min(began.elapsed());
    }
    Ok(best.as_nanos() as f64 / frames as f64)
}

/// Every pair of codecs, over so many frames of 20 ms.
pub(crate) fn compare(frames: usize) -> Result<(), Failure> {
    let tone = Tone::Sine { hz: 440 }.render(u32::try_from(frames)? * 20);
    let payloads: Vec<Vec<u8>> = vec![vec![0x55; 160]; frames];
    let copied = fastest(frames, || {
        for payload in &payloads {
            black_box(bytes::Bytes::copy_from_slice(black_box(payload)));
        }
        Ok(())
    })?;
    println!("copying a payload of 160 bytes: {copied:.0} ns");
    for &from in Codec::ALL {
        let (mut source, mut packets) = (Encoder::new(from), Vec::new());
        for frame in tone.samples().chunks(160) {
            let mut payload = Vec::new();
            source.encode(Band::Narrow, frame, &mut payload)?;
            packets.push(payload);
        }
        for &to in Codec::ALL {
            let (mut sound, mut payload) = (Vec::new(), Vec::new());
            let each = fastest(frames, || {
                let (mut decoder, mut encoder) = (Decoder::new(from), Encoder::new(to));
                for packet in &packets {
                    sound.clear();
                    payload.clear();
                    decoder.decode(packet, &mut sound)?;
                    encoder.encode(from.band(), &sound, &mut payload)?;
                }
                Ok(())
            })?;
            println!(
                "{:>13} to {:<13} {:>8.1} us for 20 ms, {:>6.0} times copying, {:>5.2} % of a core",
                from.rtpmap(),
                to.rtpmap(),
                each / 1000.0,
                each / copied,
                each / 20_000_000.0 * 100.0,
            );
        }
    }
    Ok(())
}
