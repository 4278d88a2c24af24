//! Sees what a call does to its legs: nothing to one that has ended, and never two members at
//! once for the caller.

use std::collections::{BTreeMap, BTreeSet};

use callroute_media::{Ability, Command, LegId, Notice, Referral};
use callroute_session::Settings;

/// Sees what one call does to its legs.
#[derive(Debug)]
pub(crate) struct Monitor {
    pub(crate) alive: BTreeSet<LegId>,
    pub(crate) ended: BTreeSet<LegId>,
    pub(crate) hung_up: BTreeSet<LegId>,
    answered: bool,
    /// Who hears whom.
    bridges: BTreeMap<LegId, LegId>,
    /// Legs that asked for transfers, how many of which nobody has told the end of.
    pub(crate) referring: BTreeMap<LegId, u32>,
}

impl Monitor {
    /// A call whose caller has come in.
    pub(crate) fn new() -> Self {
        Self {
            alive: BTreeSet::from([LegId::CALLER]),
            ended: BTreeSet::new(),
            hung_up: BTreeSet::new(),
            answered: false,
            bridges: BTreeMap::new(),
            referring: BTreeMap::new(),
        }
    }

    /// A call of ours, which has no caller yet.
    pub(crate) fn without_caller() -> Self {
        Self {
            alive: BTreeSet::new(),
            answered: true,
            ..Self::new()
        }
    }

    fn usable(&self, leg: LegId, command: &Command) {
        assert!(!self.ended.contains(&leg), "{command:?}: {leg} has ended");
        assert!(self.alive.contains(&leg), "{command:?}: {leg} never was");
    }

    /// What comes from a leg, before the session knows.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::LegEnded { leg, .. } => {
                self.ended.insert(*leg);
                self.alive.remove(leg);
                self.referring.remove(leg);
            }
            Notice::Refer { leg, .. }
                if self.alive.contains(leg) && !self.hung_up.contains(leg) =>
            {
                *self.referring.entry(*leg).or_default() += 1;
            }
            _ => {}
        }
    }

    pub(crate) fn command(&mut self, command: &Command, settings: &Settings) {
        let needs = match command {
            Command::Record { .. } => Some(Ability::Record),
            Command::Redirect { .. } => Some(Ability::Redirect),
            Command::Early { .. } => Some(Ability::EarlyMedia),
            Command::Join { .. } => Some(Ability::Rooms),
            _ => None,
        };
        let lacks = needs.filter(|ability| settings.cannot.contains(ability));
        assert_eq!(lacks, None, "{command:?}: the adapter cannot");
        match command {
            Command::Dial { leg, .. } => {
                assert!(self.alive.insert(*leg), "{leg} dialed twice");
            }
            Command::Bridge { a, b } => {
                for (leg, other) in [(a, b), (b, a)] {
                    self.usable(*leg, command);
                    assert!(!self.hung_up.contains(leg), "{leg} was hung up");
                    // Two members never both have the caller: whoever it talked with before has
                    // been parted from it, or is gone.
                    let before = self.bridges.get(leg).filter(|before| *before != other);
                    if let Some(before) = before {
                        assert!(
                            self.hung_up.contains(before) || self.ended.contains(before),
                            "{leg} talks with {before}, and shall talk with {other}"
                        );
                    }
                }
                self.bridges.insert(*a, *b);
                self.bridges.insert(*b, *a);
            }
            Command::Unbridge { a, b } => {
                self.usable(*a, command);
                self.usable(*b, command);
                self.bridges.remove(a);
                self.bridges.remove(b);
            }
            Command::Hangup { leg, .. } => {
                self.usable(*leg, command);
                assert!(self.hung_up.insert(*leg), "{leg} hung up twice");
                let open = self.referring.remove(leg);
                assert!(open.is_none(), "{leg} never hears of its transfer");
            }
            Command::Early { leg, from } => {
                self.usable(*leg, command);
                self.usable(*from, command);
            }
            Command::Answer { leg } => {
                self.usable(*leg, command);
                assert!(
                    !std::mem::replace(&mut self.answered, true),
                    "answered twice"
                );
            }
            Command::Ring { leg }
            | Command::Play { leg, .. }
            | Command::StopPlay { leg, .. }
            | Command::Record { leg, .. }
            | Command::StopRecord { leg, .. }
            | Command::Redirect { leg, .. }
            | Command::Join { leg, .. }
            | Command::Leave { leg }
            | Command::Referred {
                leg,
                outcome: Referral::Trying,
            } => {
                self.usable(*leg, command);
                assert!(
                    !self.hung_up.contains(leg),
                    "{command:?}: {leg} was hung up"
                );
            }
            Command::Referred {
                leg,
                outcome: Referral::Done | Referral::Failed | Referral::Refused(_),
            } => {
                self.usable(*leg, command);
                assert!(!self.hung_up.contains(leg), "{leg} was hung up");
                let open = self.referring.get_mut(leg).filter(|open| **open > 0);
                let Some(open) = open else {
                    panic!("{leg} hears of a transfer that it did not ask for");
                };
                *open -= 1;
                if *open == 0 {
                    self.referring.remove(leg);
                }
            }
            // The recording is thrown away, whatever became of its leg.
            Command::Discard { .. } => {}
            other => panic!("nobody watches {other:?}"),
        }
    }
}
