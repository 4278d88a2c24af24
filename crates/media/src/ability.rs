//! What an adapter may or may not be able to do, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::adapter::Capabilities;

/// Something that not every adapter can do; see the flag of the same name of [`Capabilities`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ability {
    /// To play prompts.
    Play,
    /// To record.
    Record,
    /// To speak text.
    Speech,
    /// To play to a caller that has not been answered.
    EarlyPlay,
    /// To pass on what a callee sends before it answers.
    EarlyMedia,
    /// To send callers elsewhere.
    Redirect,
    /// To let legs of one call or of several meet.
    Rooms,
    /// To tell of transfers.
    Transfer,
    /// To make calls of our own.
    Originate,
    /// To send headers of the routing's choice.
    Headers,
    /// To record both sides, cut off silence, and end a recording after silence or at a longest.
    RecordOptions,
}

impl Ability {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Play,
        Self::Record,
        Self::Speech,
        Self::EarlyPlay,
        Self::EarlyMedia,
        Self::Redirect,
        Self::Rooms,
        Self::Transfer,
        Self::Originate,
        Self::Headers,
        Self::RecordOptions,
    ];
}

/// As what an adapter "cannot" do.
impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Play => "play sounds",
            Self::Record => "record",
            Self::Speech => "speak text",
            Self::EarlyPlay => "play to a caller that is not answered",
            Self::EarlyMedia => "pass on what a callee sends before it answers",
            Self::Redirect => "send callers elsewhere",
            Self::Rooms => "let calls meet",
            Self::Transfer => "tell of transfers",
            Self::Originate => "make calls of our own",
            Self::Headers => "send headers of the routing's choice",
            Self::RecordOptions => "cut off silence, or end a recording after silence",
        })
    }
}

impl Capabilities {
    /// Whether the adapter can do this.
    #[must_use]
    pub fn can(&self, ability: Ability) -> bool {
        match ability {
            Ability::Play => self.play,
            Ability::Record => self.record,
            Ability::Speech => self.speech,
            Ability::EarlyPlay => self.early_play,
            Ability::EarlyMedia => self.early_media,
            Ability::Redirect => self.redirect,
            Ability::Rooms => self.rooms,
            Ability::Transfer => self.transfer,
            Ability::Originate => self.originate,
            Ability::Headers => self.headers,
            Ability::RecordOptions => self.record_options,
        }
    }

    /// What the adapter cannot do.
    pub fn lacking(&self) -> impl Iterator<Item = Ability> {
        Ability::ALL
            .into_iter()
            .filter(|ability| !self.can(*ability))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_has_its_ability() {
        let none = Capabilities::basic("none");
        assert_eq!(none.lacking().collect::<Vec<_>>(), Ability::ALL);
        let some = Capabilities {
            rooms: true,
            redirect: true,
            ..none
        };
        let can: Vec<Ability> = Ability::ALL
            .into_iter()
            .filter(|ability| some.can(*ability))
            .collect();
        assert_eq!(can, [Ability::Redirect, Ability::Rooms]);
    }
}
