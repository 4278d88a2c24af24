//! Actions that never happen, and members who ring twice at once.

use std::collections::HashMap;

use callroute_schema::tree::Node;
use callroute_schema::{Action, Actions, Destination, Party, RingGroup, Strategy};

use super::Review;
use super::used::each_list;
use crate::check::Sink;
use crate::engine::{Dialed, Engine};
use crate::number;
use crate::path::{Path, Spot};

impl Review<'_> {
    pub(super) fn deeds(&mut self) {
        let mut deeds = Deeds {
            root: self.root,
            engine: self.engine,
            found: Vec::new(),
        };
        each_list(self.table, &mut deeds);
        for (here, message, there, label) in deeds.found {
            self.report.between_spots(&here, message, (&there, label));
        }
    }
}

struct Deeds<'r> {
    root: &'r Node,
    engine: &'r Engine,
    /// Where, what, and where else.
    found: Vec<(Spot, String, Spot, &'static str)>,
}

impl Sink for Deeds<'_> {
    fn list(&mut self, list: &Actions, at: &Path<'_>) {
        let list = list.as_slice();
        let ends = list.iter().position(|action| ending(action).is_some());
        let Some((place, word)) = ends.and_then(|place| Some((place, ending(list.get(place)?)?)))
        else {
            return;
        };
        if list.len() > place + 1 {
            let message = format!(
                "this never happens: `{word}` ends the call before it; take one of them out"
            );
            let here = Spot::of(self.root, &at.index(place + 1));
            let there = Spot::of(self.root, &at.index(place));
            self.found
                .push((here, message, there, "the call ends here"));
        }
    }

    fn action(&mut self, action: &Action, at: &Path<'_>) {
        if let Action::Forward(forward) = action
            && let Destination::RingGroup(group) = &forward.destination
            && group.strategy == Strategy::Simultaneous
        {
            let at = at.key("destination");
            self.twice(group, &at.key("members"));
        }
    }
}

impl Deeds<'_> {
    /// Members whose phone rings already when they are rung.
    fn twice(&mut self, group: &RingGroup, at: &Path<'_>) {
        let mut seen = HashMap::new();
        for (index, member) in group.members.iter().enumerate() {
            // One who is to ring again later is rung again on purpose.
            let whom = (self.reached(&member.to), member.delay_s.unwrap_or(0));
            if let Some(first) = seen.get(&whom) {
                let message = format!(
                    "`{}` is rung here already, at the same time; take one of both out",
                    member.to
                );
                let here = Spot::of(self.root, &at.index(index));
                let there = Spot::of(self.root, &at.index(*first));
                self.found.push((here, message, there, "the same phone"));
                continue;
            }
            seen.insert(whom, index);
        }
    }

    /// Where a party is reached, written in one way.
    fn reached(&self, party: &Party) -> String {
        match party {
            Party::Agent(name) => match self.engine.agent(name.as_str()) {
                Some(agent) if !matches!(agent.to, Party::Agent(_)) => self.reached(&agent.to),
                // Whoever is on duty.
                _ => name.as_str().to_owned(),
            },
            Party::Number(number) => {
                let region = self.engine.tables.region;
                match number::exact(number.as_str(), region) {
                    Ok(Dialed::Key(key)) => key.to_string(),
                    _ => number.as_str().to_owned(),
                }
            }
            Party::Sip(uri) => uri.as_str().to_owned(),
        }
    }
}

/// The word of an action that ends every call.
fn ending(action: &Action) -> Option<&'static str> {
    match action {
        Action::Hangup(_) => Some("hangup"),
        Action::Reject(_) => Some("reject"),
        Action::Busy(_) => Some("busy"),
        _ => None,
    }
}
