//! What actions need of the adapter, known before a call comes.

use std::fmt;

use callroute_media::{Ability, Capabilities};
use callroute_rules::Engine;
use callroute_schema::{
    Action, ActionKind, Destination, EarlyMedia, Forward, Prompt, Queue, RingGroup, Ringback,
};

/// Something that an action needs of the adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) ability: Ability,
    /// Without it the action comes to nothing; else it is done, and goes without.
    pub(crate) vital: bool,
}

/// What an action itself needs, without its branches.
pub(crate) fn needs(action: &Action) -> Vec<Need> {
    let mut list = List::default();
    match action {
        Action::Say(_) => list.vital(Ability::Play).also(Ability::Speech, true),
        Action::Play(_) => list.vital(Ability::Play),
        Action::Menu(menu) => list.vital(Ability::Play).spoken(menu.prompt.as_ref()),
        Action::Collect(collect) => list.vital(Ability::Play).spoken(collect.prompt.as_ref()),
        Action::Voicemail(_) => list
            .vital(Ability::Record)
            .vital(Ability::Play)
            .also(Ability::RecordOptions, true),
        Action::Record(record) if !record.stop => list
            .vital(Ability::Record)
            .asked(Ability::Play, record.consent.is_some())
            .spoken(record.consent.as_ref())
            .also(Ability::RecordOptions, true),
        Action::Redirect(_) => list.vital(Ability::Redirect),
        Action::Park(_) => list.vital(Ability::Rooms).vital(Ability::Play),
        Action::Conference(_) => list.vital(Ability::Rooms),
        Action::Set(set) => list.also(Ability::Headers, !set.headers.is_empty()),
        Action::Queue(queue) => list.queue(queue),
        Action::Forward(forward) => list.forward(forward),
        _ => &mut list,
    };
    list.0
}

#[derive(Default)]
struct List(Vec<Need>);

impl List {
    fn vital(&mut self, ability: Ability) -> &mut Self {
        self.asked(ability, true)
    }

    fn asked(&mut self, ability: Ability, asked: bool) -> &mut Self {
        let vital = true;
        self.0.extend(asked.then_some(Need { ability, vital }));
        self
    }

    fn also(&mut self, ability: Ability, asked: bool) -> &mut Self {
        let vital = false;
        self.0.extend(asked.then_some(Need { ability, vital }));
        self
    }

    fn spoken(&mut self, prompt: Option<&Prompt>) -> &mut Self {
        self.also(Ability::Speech, matches!(prompt, Some(Prompt::Say(_))))
    }

    fn queue(&mut self, queue: &Queue) -> &mut Self {
        let headers = queue.members.iter().any(|m| !m.headers.is_empty());
        self.vital(Ability::Play)
            .also(Ability::Speech, queue.announce.is_some())
            .spoken(queue.whisper.as_ref())
            .also(Ability::Originate, queue.callback.is_some())
            .also(Ability::Headers, headers)
    }

    fn forward(&mut self, forward: &Forward) -> &mut Self {
        match &forward.destination {
            Destination::Conference(_) => self.vital(Ability::Rooms),
            Destination::Queue(_) => self.vital(Ability::Play),
            Destination::RingGroup(group) => self.group(group),
            _ => self,
        }
    }

    fn group(&mut self, group: &RingGroup) -> &mut Self {
        let members = &group.members;
        let confirm = group.confirm.is_some() || members.iter().any(|m| m.confirm.is_some());
        let sound = matches!(group.ringback, Some(Ringback::Music | Ringback::Prompt(_)));
        let relay = group.early_media == Some(EarlyMedia::Relay);
        self.also(Ability::Play, confirm || group.whisper.is_some())
            .also(Ability::EarlyPlay, sound)
            .also(Ability::EarlyMedia, relay)
            .also(
                Ability::Headers,
                members.iter().any(|m| !m.headers.is_empty()),
            )
    }
}

/// Something that a table wants and the adapter cannot do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Where the first action of the table stands that wants it.
    pub at: String,
    /// Which action that is.
    pub action: ActionKind,
    /// What the adapter cannot do.
    pub ability: Ability,
    /// The adapter.
    pub adapter: &'static str,
    /// The action comes to nothing: its branch for failure is taken. Else it is done, and goes
    /// without.
    pub vital: bool,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            action,
            ability,
            adapter,
            vital,
        } = self;
        let action = action.as_str();
        write!(f, "{at}: the adapter `{adapter}` cannot {ability}: ")?;
        match vital {
            true => write!(f, "`{action}` would always fail"),
            false => write!(f, "`{action}` goes without"),
        }
    }
}

/// What a table wants and an adapter cannot do, one for each kind of action and ability: the
/// first place of each. A call that comes to such an action all the same, as by a webhook's
/// answer, is told so by a [`Note::Cannot`](crate::Note::Cannot) and takes the branch for
/// failure; see [`Settings::cannot`](crate::Settings::cannot).
#[must_use]
pub fn unmet(engine: &Engine, capabilities: &Capabilities) -> Vec<Unmet> {
    let mut found: Vec<Unmet> = Vec::new();
    engine.each_action(|action, at| {
        let Some(kind) = action.kind() else {
            return;
        };
        for need in needs(action) {
            let known = found
                .iter()
                .any(|unmet| unmet.action == kind && unmet.ability == need.ability);
            if !known && !capabilities.can(need.ability) {
                found.push(Unmet {
                    at: at.to_string(),
                    action: kind,
                    ability: need.ability,
                    adapter: capabilities.name,
                    vital: need.vital,
                });
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use callroute_rules::{ChronoTz, load};

    use super::*;

    #[test]
    fn what_a_table_wants_is_named_once_with_its_place() {
        let table = r#"
version: 1
default: { action: voicemail, message: general }
targets:
  team: { action: forward, destination: { type: ring_group, members: ["+12"], strategy: simultaneous, ringback: music, early_media: relay, confirm: true } }
  box: { action: voicemail, message: other }
numbers:
  "+1": [{ action: set, headers: { X-A: b } }, team]
  "+2": { action: conference, name: all, on: { failed: { action: redirect, contacts: ["+3"] } } }
"#;
        let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
        let found: Vec<String> = unmet(&engine, &Capabilities::basic("none"))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "default: the adapter `none` cannot record: `voicemail` would always fail",
                "default: the adapter `none` cannot play sounds: `voicemail` would always fail",
                "default: the adapter `none` cannot cut off silence, or end a recording after silence: `voicemail` goes without",
                "targets.team: the adapter `none` cannot play sounds: `forward` goes without",
                "targets.team: the adapter `none` cannot play to a caller that is not answered: `forward` goes without",
                "targets.team: the adapter `none` cannot pass on what a callee sends before it answers: `forward` goes without",
                "+1 rule 1: the adapter `none` cannot send headers of the routing's choice: `set` goes without",
                "+2 rule 1: the adapter `none` cannot let calls meet: `conference` would always fail",
                "+2 rule 1.on.failed: the adapter `none` cannot send callers elsewhere: `redirect` would always fail",
            ]
        );
        let mut able = Capabilities::basic("able");
        able.play = true;
        able.record = true;
        able.rooms = true;
        able.redirect = true;
        assert!(unmet(&engine, &able).iter().all(|unmet| !unmet.vital));
    }
}
