//! What rules do: lists of actions with their targets followed, each once.

use std::collections::HashMap;
use std::sync::Arc;

use callroute_schema::{Action, Actions, variables};

/// Set in the place of an answer that holds variables, so that nobody has to look at the others.
pub(crate) const VARIES: u32 = 1 << 31;

/// Set beside the place of an answer, where its rule waits for a fact.
pub(crate) const NEEDS: u32 = 1 << 30;

/// Set in the place of an answer that waits for what lookups say: by variables of its own, or of
/// what it leads to.
pub(crate) const ASKS: u32 = 1 << 29;

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
    /// What lookups have to be asked of, by the variables of all that it may come to.
    pub(crate) asks: Attributes,
}

/// Names of attributes, in the order in which they are asked for.
pub(crate) type Attributes = Box<[Arc<str>]>;

impl Answers {
    /// The place of an answer, with [`VARIES`] where it holds variables and [`ASKS`] where it waits
    /// for attributes; the same actions have the same one, and wait for the same.
    pub(crate) fn add(
        &mut self,
        actions: Vec<Action>,
        asks: impl FnOnce(&[Action]) -> Attributes,
    ) -> u32 {
        let json: Box<str> = json(&actions).into();
        if let Some(place) = self.known.get(&json) {
            return *place;
        }
        let mut place = u32::try_from(self.all.len())
            .unwrap_or(ASKS - 1)
            .min(ASKS - 1);
        if variables(&json).next().is_some() {
            place |= VARIES;
        }
        let asks = asks(&actions);
        if !asks.is_empty() {
            place |= ASKS;
        }
        self.all.push(Answer {
            actions: actions.into(),
            json: json.clone(),
            asks,
        });
        self.known.insert(json, place);
        place
    }

    pub(crate) fn get(&self, place: u32) -> Option<&Answer> {
        self.all.get((place & !(VARIES | ASKS)) as usize)
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
