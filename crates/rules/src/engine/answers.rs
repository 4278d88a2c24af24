//! What rules do: lists of actions with their targets followed, each once.

use std::collections::HashMap;
use std::sync::Arc;

use callroute_schema::{Action, Actions, variables};

/// Every answer that a table gives.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    all: Vec<Answer>,
    known: HashMap<Box<str>, u32>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Targets followed, never empty.
    pub(crate) actions: Arc<[Action]>,
    /// As an answer of the contract.
    pub(crate) json: Box<str>,
    /// Whether it holds variables.
    pub(crate) varies: bool,
}

impl Answers {
    /// The place of an answer; the same actions have the same one.
    pub(crate) fn add(&mut self, actions: Vec<Action>) -> u32 {
        let json: Box<str> = json(&actions).into();
        if let Some(place) = self.known.get(&json) {
            return *place;
        }
        let place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(Answer {
            actions: actions.into(),
            varies: variables(&json).next().is_some(),
            json: json.clone(),
        });
        self.known.insert(json, place);
        place
    }

    pub(crate) fn get(&self, place: u32) -> Option<&Answer> {
        self.all.get(place as usize)
    }

    /// Forgets what only adding needs.
    pub(crate) fn finish(&mut self) {
        self.known = HashMap::new();
        self.all.shrink_to_fit();
    }
}

/// An answer as the contract writes it: one action, or a list.
pub(crate) fn json(actions: &[Action]) -> String {
    match Actions::new(actions.to_vec()) {
        Ok(actions) => actions.to_json(),
        // More than an answer may have: targets in targets. Still a list of actions.
        Err(_) => serde_json::to_string(actions).unwrap_or_default(),
    }
}
