//! The fuzz corpus, which every test run reads: no document panics, and what is read is written
//! and read again as the same.

use std::path::PathBuf;

use callroute_schema::tree::Node;
use callroute_schema::{Action, Actions, Event};

fn documents(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        if let Ok(bytes) = std::fs::read(entry.path()) {
            found.push((entry.path(), bytes));
        }
    }
    assert!(
        found.len() >= 5,
        "{} has lost its documents",
        folder.display()
    );
    found
}

#[test]
fn events() {
    let mut read = 0;
    for (path, bytes) in documents("event") {
        if let Ok(event) = Event::from_json(&bytes) {
            read += 1;
            let written = event.to_json();
            let again = Event::from_json(written.as_bytes()).map(|event| event.to_json());
            assert_eq!(again, Ok(written), "{}", path.display());
        }
    }
    assert!(read >= 5, "{read} of the events are events");
}

#[test]
fn actions_and_answers() {
    let mut read = 0;
    for (path, bytes) in documents("answer") {
        match Actions::from_json(&bytes) {
            Ok(answer) => {
                read += 1;
                let again = Actions::from_json(answer.to_json().as_bytes());
                assert_eq!(again, Ok(answer), "{}", path.display());
            }
            Err(error) => assert!(error.to_string().starts_with('$'), "{}", path.display()),
        }
    }
    for (path, bytes) in documents("action") {
        if let Ok(action) = Node::read_json::<Action>(&bytes) {
            let again = Node::read_json(Actions::one(action.clone()).to_json().as_bytes());
            assert_eq!(again, Ok(action), "{}", path.display());
        }
    }
    assert!(read >= 20, "{read} of the answers are answers");
}
