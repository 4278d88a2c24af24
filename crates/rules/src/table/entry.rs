//! The entries of a routing file's sections, as they are written.

use std::fmt;

use callroute_schema::Actions;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::when::When;

/// `calendars`: dates that hours may treat as holidays, here or in a file.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Calendar", extend("anyOf" = [{ "required": ["dates"] }, { "required": ["file"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalendarEntry {
    /// The dates, as in 2026-12-25.
    #[cfg_attr(
        feature = "json-schema",
        schemars(inner(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")))
    )]
    pub(crate) dates: Option<Vec<String>>,
    /// An iCalendar file (`.ics`) of whole days, or a CSV file of `date,name`.
    pub(crate) file: Option<String>,
}

/// `webhooks`: a server that is asked.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "WebhookServer")
)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookEntry {
    /// Where it is asked; the next when one fails. 1 to 16.
    #[cfg_attr(feature = "json-schema", schemars(length(min = 1, max = 16)))]
    pub(crate) urls: Vec<String>,
    /// How long the whole ask may take, in milliseconds (50 to 10,000); default 1,500.
    pub(crate) deadline_ms: Option<u64>,
    /// What requests are signed with.
    pub(crate) secret: Option<SecretEntry>,
    /// Address ranges outside the public internet that may be asked, as in 127.0.0.0/8.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    /// What is done when no usable answer comes; default the file's `default`.
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

/// One rule of `numbers`.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Rule")
)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleEntry {
    /// What `explain` calls it.
    #[cfg_attr(feature = "json-schema", schemars(length(min = 1)))]
    pub(crate) name: Option<String>,
    /// What has to hold; without, it always does.
    pub(crate) when: Option<Box<When>>,
    /// What is done then: an action, a list of actions or a target's name.
    pub(crate) then: Actions,
}
