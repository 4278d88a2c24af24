//! Encrypted packets and reports of whoever does not have the key.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callroute_sip::fuzz::srtp(bytes));
