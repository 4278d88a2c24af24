//! Menus: the caller chooses by keys.

mod guard;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::guard::{Extensions, Pin};
use crate::action::{On, Say};
use crate::answer::Actions;
use crate::digit::{Digit, Digits};
use crate::digit_pattern::DigitPattern;
use crate::map::unique;
use crate::name::{MenuName, TargetName};

/// A menu: by its `name` in the routing file, or written out with a prompt and options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// A menu of the routing file; then nothing else is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<MenuName>,
    /// What the caller hears; a key cuts it short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// What the caller hears when the menu is heard again; default `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_prompt: Option<Prompt>,
    /// What the caller enters before anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// What each key, or run of keys, does.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub options: BTreeMap<Digits, Actions>,
    /// What runs of keys do that fit a pattern, as in `2XX`; an option outranks a pattern.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub patterns: BTreeMap<DigitPattern, Actions>,
    /// Extensions that may be dialed here; options and patterns outrank them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Extensions>,
    /// The key that leads back to the menu before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Digits>,
    /// The key that lets the menu be heard again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Digits>,
    /// The key that ends a run of keys, so that no further one is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminator: Option<Digit>,
    /// How long to wait for the first key after the prompt, in seconds (1 to 60); default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// How long to wait for a further key where options have several, in seconds (1 to 60);
    /// default 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digit_timeout_s: Option<u32>,
    /// How often the menu is heard at most, for whatever reason (1 to 20); default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u32>,
    /// What silence and wrong keys do.
    #[serde(default, skip_serializing_if = "MenuBranches::is_empty")]
    pub on: MenuBranches,
}

/// What silence and wrong keys do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MenuBranches {
    /// Nothing was pressed in time. Without: the menu is repeated once, then the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Branch>,
    /// A key was pressed that the menu does not have. Without: as for `timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Branch>,
}

impl MenuBranches {
    pub(crate) fn is_empty(&self) -> bool {
        self.timeout.is_none() && self.invalid.is_none()
    }
}

/// What the caller hears at a menu: `{say: …}` or `{play: NAME}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompt {
    /// A text to speak.
    Say(Say),
    /// A prompt to play, by its name.
    Play(String),
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct PromptFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    say: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    play: Option<String>,
}

impl Serialize for Prompt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Say(say) => PromptFields {
                say: Some(say.text.clone()),
                language: say.language.clone(),
                voice: say.voice.clone(),
                play: None,
            },
            Self::Play(play) => PromptFields {
                say: None,
                language: None,
                voice: None,
                play: Some(play.clone()),
            },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Prompt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = PromptFields::deserialize(deserializer)?;
        match fields {
            PromptFields {
                say: Some(text),
                language,
                voice,
                play: None,
            } => Ok(Self::Say(Say {
                text,
                language,
                voice,
                on: On::new(),
            })),
            PromptFields {
                say: None,
                language: None,
                voice: None,
                play: Some(prompt),
            } => Ok(Self::Play(prompt)),
            _ => Err(D::Error::custom(
                "a prompt is either {say: TEXT}, with language and voice if wanted, or {play: NAME}",
            )),
        }
    }
}

/// What a branch of a menu does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Branch {
    /// These actions, at once.
    Actions(Actions),
    /// The menu again, a few times, then the actions.
    Repeat(Repeat),
}

/// The menu again, `repeat` times, then the actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// How many times the menu is heard again (0 to 10).
    pub repeat: u32,
    /// What is done after that.
    pub then: Actions,
}

impl Serialize for Branch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Actions(actions) => actions.serialize(serializer),
            Self::Repeat(repeat) => repeat.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Branch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ActionsOrRepeat;

        impl<'de> Visitor<'de> for ActionsOrRepeat {
            type Value = Branch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action, a list, a target's name, or {repeat: N, then: …}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Branch, E> {
                let name = TargetName::new(text).map_err(E::custom)?;
                Ok(Branch::Actions(Actions::target(name)))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Branch, A::Error> {
                Actions::deserialize(serde::de::value::SeqAccessDeserializer::new(seq))
                    .map(Branch::Actions)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Branch, A::Error> {
                let Some(first) = map.next_key::<String>()? else {
                    return Err(A::Error::missing_field("action"));
                };
                crate::tree::branch(first, map)
            }
        }

        deserializer.deserialize_any(ActionsOrRepeat)
    }
}
