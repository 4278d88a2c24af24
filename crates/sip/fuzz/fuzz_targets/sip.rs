//! Datagrams: read, judged, refused, turned into an offer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callroute_sip::fuzz::sip(bytes));
