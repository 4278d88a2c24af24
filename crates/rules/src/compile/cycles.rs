//! Targets, menus and webhooks that lead back to themselves: a call would go round for ever.
//!
//! An arrow is what happens without the caller's doing: a target in a list, in a branch of `on`
//! for a failure, a webhook's fallback, and what a menu does when nobody presses anything. What a
//! menu's keys lead to is the caller's choice, so by these a menu may lead back to itself.

use std::collections::HashMap;

use callroute_schema::Action;

use super::Compiler;
use crate::by_itself::{Place, Visitor, leaving};
use crate::engine::{MAX_DEPTH, MAX_EXPANDED, Named};
use crate::path::{Path, Spot};

/// A place on the way, and the arrows from it that are still to be followed.
struct Step<'a> {
    place: Place<'a>,
    arrows: Vec<Place<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    OnTheWay,
    Done,
}

impl Compiler<'_> {
    /// Reports cycles, and targets that come to too much.
    pub(super) fn cycles(&mut self, named: &Named) {
        let mut marks: HashMap<Place<'_>, Mark> = HashMap::new();
        let mut sizes: HashMap<&str, Size> = HashMap::new();
        let table = self.table;
        let targets = table.targets.names().map(Place::Target);
        let webhooks = table.webhooks.names().map(Place::Webhook);
        let menus = table.menus.names().map(Place::Menu);
        for start in targets.chain(webhooks).chain(menus) {
            if marks.contains_key(&start) {
                continue;
            }
            // The way is a list and no recursion: a file may chain a hundred thousand targets.
            marks.insert(start, Mark::OnTheWay);
            let mut way = vec![step(start, named)];
            while let Some(last) = way.last_mut() {
                let Some(next) = last.arrows.pop() else {
                    let place = last.place;
                    way.pop();
                    marks.insert(place, Mark::Done);
                    self.measure(place, named, &mut sizes);
                    continue;
                };
                match marks.get(&next) {
                    None => {
                        marks.insert(next, Mark::OnTheWay);
                        way.push(step(next, named));
                    }
                    Some(Mark::Done) => {}
                    Some(Mark::OnTheWay) => self.cycle(&way, next, named),
                }
            }
        }
    }

    fn cycle(&mut self, way: &[Step<'_>], back_to: Place<'_>, named: &Named) {
        const SHOWN: usize = 12;
        let on_cycle = way.iter().skip_while(|step| step.place != back_to);
        let mut names: Vec<String> = on_cycle.map(|step| step.place.to_string()).collect();
        if names.len() > SHOWN {
            names.truncate(SHOWN);
            names.push("…".to_owned());
        }
        names.push(back_to.to_string());
        let message = format!(
            "a call would go round for ever: {}; end one of these in another way",
            names.join(" -> ")
        );
        // Paths are only worth their while where something is told.
        let mut back = None;
        if let Some(last) = way.last() {
            let mut show = Show(|place, at: &Path<'_>| {
                if place == back_to && back.is_none() {
                    back = Some(Spot::of(self.root, at));
                }
            });
            leaving(last.place, named, &mut show);
        }
        let (section, name) = back_to.entry();
        let section = Path::ROOT.key(section);
        let begin = Spot::of_key(self.root, &section.key(name));
        let back = back.unwrap_or_else(|| begin.clone());
        self.report
            .between_spots(&back, message, (&begin, "and so round again from here"));
    }

    /// What a target comes to when its targets are followed; they were measured before it.
    fn measure<'n>(
        &mut self,
        place: Place<'n>,
        named: &'n Named,
        sizes: &mut HashMap<&'n str, Size>,
    ) {
        let Place::Target(name) = place else {
            return;
        };
        let Some(list) = named.targets.get(name) else {
            return;
        };
        let mut size = Size::default();
        for action in list.as_slice() {
            let part = match action {
                Action::Target(name) => sizes.get(name.as_str()).copied().unwrap_or_default(),
                _ => Size {
                    actions: 1,
                    depth: 0,
                },
            };
            size.actions = size.actions.saturating_add(part.actions);
            size.depth = size.depth.max(part.depth);
        }
        size.depth = size.depth.saturating_add(1);
        if size.actions > MAX_EXPANDED || size.depth > MAX_DEPTH {
            let message = format!(
                "`{name}` comes to {} actions through {} targets in each other; expected at most \
                 {MAX_EXPANDED} and {MAX_DEPTH}",
                size.actions, size.depth
            );
            self.fault(&Path::ROOT.key("targets").key(name), message);
        }
        sizes.insert(name, size);
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Size {
    actions: usize,
    depth: usize,
}

/// Is shown every arrow, and where it stands.
struct Show<F>(F);

impl<'a, F: FnMut(Place<'a>, &Path<'_>)> Visitor<'a> for Show<F> {
    fn place(&mut self, place: Place<'a>, at: &Path<'_>) {
        (self.0)(place, at);
    }
}

fn step<'a>(place: Place<'a>, named: &'a Named) -> Step<'a> {
    let mut arrows = Vec::new();
    let mut show = Show(|place, _: &Path<'_>| arrows.push(place));
    leaving(place, named, &mut show);
    // The last is followed first.
    arrows.reverse();
    Step { place, arrows }
}
