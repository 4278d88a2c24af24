//! Answers: no bytes panic, what is read is written and read again as the same, and a fault names
//! a path.
#![no_main]

use callroute_schema::Actions;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match Actions::from_json(bytes) {
    Ok(answer) => {
        let written = answer.to_json();
        let again = Actions::from_json(written.as_bytes()).expect("own output is read");
        assert_eq!(again, answer);
    }
    Err(error) => assert!(error.to_string().starts_with('$')),
});
