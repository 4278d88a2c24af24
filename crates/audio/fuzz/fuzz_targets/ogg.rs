//! Ogg files, whatever is in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = callroute_audio::ogg::read(bytes);
});
