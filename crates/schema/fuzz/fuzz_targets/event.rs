//! Events: no bytes panic, and what is read is written and read again as the same.
#![no_main]

use callroute_schema::Event;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(event) = Event::from_json(bytes) {
        let written = event.to_json();
        let again = Event::from_json(written.as_bytes()).expect("own output is read");
        assert_eq!(again.to_json(), written);
        let _ = format!("{event:?}");
    }
});
