//! Session descriptions: read and answered.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callroute_sip::fuzz::sdp(bytes));
