//! Sound, searched for digits: in pieces of any size it has the same ones as in one.
#![no_main]

use callroute_audio::dtmf::Detector;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let samples: Vec<i16> = bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let whole = Detector::new().push(&samples);
    let mut detector = Detector::new();
    let size = usize::from(*bytes.first().unwrap_or(&1)) + 1;
    let pieces: Vec<char> = samples.chunks(size).flat_map(|piece| detector.push(piece)).collect();
    assert_eq!(whole, pieces);
});
