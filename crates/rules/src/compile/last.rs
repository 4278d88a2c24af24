//! What the default leads to by itself: after it there is nothing, so that it may not depend on what
//! is not known of every call.

use std::collections::HashSet;

use callroute_schema::hint::shorten;
use callroute_schema::tree::Node;
use callroute_schema::{Action, Disposition, variables};
use serde_json::Value;

use super::Compiler;
use crate::by_itself::{self, Place, Visitor};
use crate::engine::{Named, begins_later, is_spoken};
use crate::path::{Path, Spot};

/// What every call has.
const KNOWN: [&str; 2] = ["to", "call_id"];

impl Compiler<'_> {
    /// Reports variables of the default, and of what it leads to by itself, that may be unknown
    /// where they are no text to speak; but for actions that have a branch for that.
    pub(super) fn last_is_known(&mut self, named: &Named) {
        let Some(default) = &self.table.default else {
            return;
        };
        let mut last = Last {
            root: self.root,
            places: Vec::new(),
            met: HashSet::new(),
            unknown: Vec::new(),
        };
        by_itself::list(default, &Path::ROOT.key("default"), named, &mut last);
        // Each place is left once, so this ends.
        while let Some(place) = last.places.pop() {
            by_itself::leaving(place, named, &mut last);
        }
        for (spot, variable) in last.unknown {
            let variable = shorten(&variable);
            let message = format!(
                "`{{{variable}}}` may not be known for a call, and after the default there is nothing; write what is meant, or give this action `on: {{ failed: … }}` without variables"
            );
            self.report.add(spot.span, spot.path, message);
        }
    }
}

/// Notes what may be unknown on the way.
struct Last<'a> {
    root: &'a Node,
    places: Vec<Place<'a>>,
    met: HashSet<Place<'a>>,
    unknown: Vec<(Spot, String)>,
}

impl<'a> Visitor<'a> for Last<'a> {
    fn action(&mut self, action: &'a Action, at: &Path<'_>) {
        let has_branch = |on: &callroute_schema::On| on.contains_key(&Disposition::Failed);
        // What is only noted is left out.
        if matches!(action, Action::Set(_) | Action::Target(_))
            || action.on().is_some_and(has_branch)
        {
            return;
        }
        let tree = serde_json::to_value(action).unwrap_or_default();
        self.texts(&tree, at);
    }

    fn place(&mut self, place: Place<'a>, _at: &Path<'_>) {
        if self.met.insert(place) {
            self.places.push(place);
        }
    }
}

impl Last<'_> {
    /// The texts that an action begins with. The contract bounds how deep it nests, so this ends.
    fn texts(&mut self, tree: &Value, at: &Path<'_>) {
        match tree {
            Value::String(text) => {
                let unknown = |name: &&str| !KNOWN.contains(name) && !name.starts_with("hours.");
                if let Some(variable) = variables(text).find(unknown) {
                    self.unknown
                        .push((Spot::of(self.root, at), variable.to_owned()));
                }
            }
            Value::Array(list) => {
                for (index, item) in list.iter().enumerate() {
                    self.below(item, &at.index(index));
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    if !(is_spoken(key) && item.is_string()) {
                        self.below(item, &at.key(key));
                    }
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, item: &Value, at: &Path<'_>) {
        if !begins_later(item) {
            self.texts(item, at);
        }
    }
}
