//! The entries of a routing file's sections, as they are written.

use std::collections::BTreeMap;
use std::fmt;

use callroute_schema::{Actions, Party};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::text::Texts;

/// `calendars`: dates that hours may treat as holidays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalendarEntry {
    pub(crate) dates: Vec<String>,
}

/// `hours`: as a text of opening hours, or as plain data.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoursEntry {
    pub(crate) zone: String,
    pub(crate) open: Option<String>,
    pub(crate) weekly: Option<WeeklyEntry>,
    #[serde(default)]
    pub(crate) exceptions: BTreeMap<String, ExceptionEntry>,
    pub(crate) holidays: Option<String>,
}

/// `hours.weekly`: spans a weekday; a day that is left out is closed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeeklyEntry {
    #[serde(default)]
    pub(crate) mon: Vec<String>,
    #[serde(default)]
    pub(crate) tue: Vec<String>,
    #[serde(default)]
    pub(crate) wed: Vec<String>,
    #[serde(default)]
    pub(crate) thu: Vec<String>,
    #[serde(default)]
    pub(crate) fri: Vec<String>,
    #[serde(default)]
    pub(crate) sat: Vec<String>,
    #[serde(default)]
    pub(crate) sun: Vec<String>,
}

/// `hours.exceptions`: a date that is not like its weekday.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionEntry {
    pub(crate) closed: Option<bool>,
    pub(crate) open: Option<Vec<String>>,
    pub(crate) reason: Option<String>,
}

/// `callers`: a list of numbers, here or in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallersEntry {
    pub(crate) numbers: Option<Vec<String>>,
    pub(crate) file: Option<String>,
}

/// `webhooks`: a server that is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookEntry {
    pub(crate) urls: Vec<String>,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) secret: Option<SecretEntry>,
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    pub(crate) fallback: Option<Actions>,
}

/// `webhooks.secret`: `{env: NAME}`, or the secret itself.
#[derive(Debug)]
pub(crate) enum SecretEntry {
    Env(String),
    Text(String),
}

impl<'de> Deserialize<'de> for SecretEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct FromEnv {
            env: String,
        }

        struct EnvOrText;

        impl<'de> Visitor<'de> for EnvOrText {
            type Value = SecretEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{env: NAME}, or the secret as a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SecretEntry, E> {
                Ok(SecretEntry::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretEntry, A::Error> {
                let from: FromEnv = FromEnv::deserialize(MapAccessDeserializer::new(map))?;
                Ok(SecretEntry::Env(from.env))
            }
        }

        deserializer.deserialize_any(EnvOrText)
    }
}

/// `agents`: somebody who takes calls.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentEntry {
    pub(crate) to: Party,
}

/// One rule of `numbers`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleEntry {
    pub(crate) name: Option<String>,
    pub(crate) when: Option<When>,
    pub(crate) then: Actions,
}

/// What a rule asks; all of it must hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    pub(crate) open: Option<String>,
    pub(crate) closed: Option<String>,
    pub(crate) caller: Option<CallerWhen>,
    pub(crate) dialed: Option<NumberWhen>,
    pub(crate) digits: Option<Texts>,
    pub(crate) any: Option<Vec<Self>>,
    pub(crate) all: Option<Vec<Self>>,
    pub(crate) not: Option<Box<Self>>,
}

/// What a rule asks of the caller.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallerWhen {
    #[serde(rename = "in")]
    pub(crate) list: Option<Texts>,
    pub(crate) is: Option<Texts>,
    pub(crate) prefix: Option<Texts>,
    pub(crate) anonymous: Option<bool>,
}

/// What a rule asks of the dialed number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberWhen {
    pub(crate) is: Option<Texts>,
    pub(crate) prefix: Option<Texts>,
}
