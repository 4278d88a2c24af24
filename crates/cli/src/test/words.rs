//! Words for how phones, servers and lookups behave.

use std::collections::BTreeMap;
use std::fmt;

use callroute_schema::Actions;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::file::Answers;

/// How a phone behaves: a word, or the answer in full.
#[derive(Debug, Clone)]
pub(crate) enum PhoneWords {
    /// It is answered.
    Answers(Answers),
    /// It rings, and nobody answers.
    NoAnswer,
    /// It fails with this SIP status.
    Fails(u16),
    /// Nothing is heard of it.
    Unreachable,
    /// A machine answers at once, and hears whatever is asked.
    Machine,
}

impl<'de> Deserialize<'de> for PhoneWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = PhoneWords;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "`answers`, `busy`, `no_answer`, `declines`, `unreachable`, `machine`, \
                     `no_such_number`, `out_of_order`, or {answers_after_s: …}",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<PhoneWords, E> {
                Ok(match text {
                    "answers" => PhoneWords::Answers(Answers::default()),
                    "busy" => PhoneWords::Fails(486),
                    "declines" => PhoneWords::Fails(603),
                    "no_such_number" => PhoneWords::Fails(404),
                    "out_of_order" => PhoneWords::Fails(503),
                    "no_answer" => PhoneWords::NoAnswer,
                    "unreachable" => PhoneWords::Unreachable,
                    "machine" => PhoneWords::Machine,
                    _ => return Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PhoneWords, A::Error> {
                Answers::deserialize(MapAccessDeserializer::new(map)).map(PhoneWords::Answers)
            }
        }

        deserializer.deserialize_any(Words)
    }
}

/// How a server behaves: a word, or what it answers.
#[derive(Debug, Clone)]
pub(crate) enum ServerWords {
    /// It answers.
    Answers(ServerAnswer),
    /// Nobody listens there.
    Down,
    /// It never answers.
    Silent,
    /// It says that it has a fault of its own.
    Error,
}

/// What a lookup finds: a word, or the row.
#[derive(Debug, Clone)]
pub(crate) enum LookupWords {
    /// By column.
    Row(BTreeMap<String, String>),
    /// There is no such row.
    Nobody,
    /// It cannot be asked.
    Down,
    /// It never answers.
    Silent,
}

impl<'de> Deserialize<'de> for LookupWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = LookupWords;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`nobody`, `down`, `silent`, or what is found, as in {tier: gold}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<LookupWords, E> {
                Ok(match text {
                    "nobody" => LookupWords::Nobody,
                    "down" => LookupWords::Down,
                    "silent" => LookupWords::Silent,
                    _ => return Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LookupWords, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(LookupWords::Row)
            }
        }

        deserializer.deserialize_any(Words)
    }
}

/// What a server answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerAnswer {
    /// What.
    pub(crate) answers: Actions,
    /// How long it takes; default 20 milliseconds.
    pub(crate) after_ms: Option<u64>,
}

impl<'de> Deserialize<'de> for ServerWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = ServerWords;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`down`, `silent`, `error`, or {answers: …}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ServerWords, E> {
                Ok(match text {
                    "down" => ServerWords::Down,
                    "silent" => ServerWords::Silent,
                    "error" => ServerWords::Error,
                    _ => return Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ServerWords, A::Error> {
                ServerAnswer::deserialize(MapAccessDeserializer::new(map)).map(ServerWords::Answers)
            }
        }

        deserializer.deserialize_any(Words)
    }
}
