//! Single actions: no bytes panic, and what is read is written and read again as the same.
#![no_main]

use callroute_schema::tree::Node;
use callroute_schema::{Action, Actions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(action) = Node::read_json::<Action>(bytes) {
        let written = Actions::one(action.clone()).to_json();
        let again: Action = Node::read_json(written.as_bytes()).expect("own output is read");
        assert_eq!(again, action);
        let _ = format!("{action:?}");
    }
});
