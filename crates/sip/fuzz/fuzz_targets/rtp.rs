//! RTP packets: heard, latched on to, their keys and their place in time.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callroute_sip::fuzz::rtp(bytes));
