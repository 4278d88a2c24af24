//! What a TCP, TLS or WebSocket connection brings, in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callroute_sip::fuzz::stream(bytes));
