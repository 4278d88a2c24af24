//! What a group, or one of its members, does beside ringing.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digit::Digit;
use crate::menu::Prompt;
use crate::party::Number;

/// Whoever answers has to press a key: `true`, or which key and what is heard before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// The key; default `1`.
    pub digit: Option<Digit>,
    /// What is heard; default a request for the key.
    pub prompt: Option<Prompt>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename = "ConfirmBy")]
pub(crate) struct ConfirmFields {
    /// The key; default `1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digit: Option<Digit>,
    /// What is heard; default a request for the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<Prompt>,
}

impl Serialize for Confirm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.digit.is_none() && self.prompt.is_none() {
            return serializer.serialize_bool(true);
        }
        ConfirmFields {
            digit: self.digit,
            prompt: self.prompt.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Confirm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TrueOrFields;

        impl<'de> Visitor<'de> for TrueOrFields {
            type Value = Confirm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, or {digit: KEY, prompt: …}")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<Confirm, E> {
                if on {
                    return Ok(Confirm {
                        digit: None,
                        prompt: None,
                    });
                }
                Err(E::custom("to do without confirmation, leave `confirm` out"))
            }

            // Unquoted words of YAML arrive as text.
            fn visit_str<E: Error>(self, text: &str) -> Result<Confirm, E> {
                match text {
                    "true" => self.visit_bool(true),
                    "false" => self.visit_bool(false),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Confirm, A::Error> {
                let fields =
                    ConfirmFields::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Confirm {
                    digit: fields.digit,
                    prompt: fields.prompt,
                })
            }
        }

        deserializer.deserialize_any(TrueOrFields)
    }
}

/// What the caller hears while phones ring: `ringing`, `music`, or a prompt's name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ringback {
    /// The ringing tone.
    Ringing,
    /// Music on hold.
    Music,
    /// A prompt, again and again.
    Prompt(String),
}

impl Serialize for Ringback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Ringing => "ringing",
            Self::Music => "music",
            Self::Prompt(name) => name,
        })
    }
}

impl<'de> Deserialize<'de> for Ringback {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "" => Err(D::Error::custom(
                "expected `ringing`, `music` or a prompt's name, found nothing",
            )),
            "ringing" => Ok(Self::Ringing),
            "music" => Ok(Self::Music),
            _ => Ok(Self::Prompt(text)),
        }
    }
}

/// Which number the called party sees: `caller`, `dialed`, `anonymous`, or a number of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallerId {
    /// The caller's own number.
    Caller,
    /// The number that was dialed.
    Dialed,
    /// None.
    Anonymous,
    /// This one.
    Number(Number),
}

impl Serialize for CallerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Caller => "caller",
            Self::Dialed => "dialed",
            Self::Anonymous => "anonymous",
            Self::Number(number) => number.as_str(),
        })
    }
}

impl<'de> Deserialize<'de> for CallerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "caller" => Ok(Self::Caller),
            "dialed" => Ok(Self::Dialed),
            "anonymous" => Ok(Self::Anonymous),
            _ => Number::new(text).map(Self::Number).map_err(|error| {
                D::Error::custom(format_args!(
                    "expected `caller`, `dialed`, `anonymous` or a number: {error}"
                ))
            }),
        }
    }
}

/// What becomes of sound that a member sends before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EarlyMedia {
    /// It is not passed on: the caller hears the ringback.
    Ignore,
    /// The caller hears it, of the first member that sends any.
    Relay,
}
