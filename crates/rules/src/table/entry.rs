//! The entries of a routing file's sections, as they are written.

use std::fmt;

use callroute_schema::Actions;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
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
    /// What requests are signed with; a list of two while they are changed.
    pub(crate) secret: Option<SecretsEntry>,
    /// A file of certificates in PEM: who is trusted instead of the operating system's roots.
    pub(crate) ca: Option<String>,
    /// A file in PEM: the certificate that we show to a server that asks for one.
    pub(crate) cert: Option<String>,
    /// A file in PEM: the certificate's key.
    pub(crate) key: Option<String>,
    /// Whether the last answer for the same number and menu choice may stand in when nobody
    /// answers, as long as its receiver allowed by `Cache-Control: stale-if-error`; default
    /// false.
    #[serde(default)]
    pub(crate) last_good: bool,
    /// Address ranges outside the public internet that may be asked, as in 127.0.0.0/8.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    /// What is done when no usable answer comes; default the file's `default`.
    pub(crate) fallback: Option<Actions>,
}

/// `destinations`: what may be dialed at all, by this file and by answers from outside.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Destinations", extend("minProperties" = 1))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationsEntry {
    /// Numbers and prefixes as in `+1314*`, and SIP hosts as in `sip:*@pbx.example`; without it,
    /// everything that is not denied.
    pub(crate) allow: Option<Vec<String>>,
    /// The same, of what may not be dialed though it is allowed.
    #[serde(default)]
    pub(crate) deny: Vec<String>,
}

/// `webhooks.secret`: one secret, or a list of them.
#[derive(Debug)]
pub(crate) struct SecretsEntry(pub(crate) Vec<SecretEntry>);

impl<'de> Deserialize<'de> for SecretsEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = SecretsEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{env: NAME}, {file: PATH}, the secret as a text, or a list of these")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SecretsEntry, E> {
                Ok(SecretsEntry(vec![SecretEntry::Text(text.to_owned())]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretsEntry, A::Error> {
                let one = SecretEntry::deserialize(MapAccessDeserializer::new(map))?;
                Ok(SecretsEntry(vec![one]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<SecretsEntry, A::Error> {
                let mut list = Vec::new();
                while let Some(one) = seq.next_element()? {
                    list.push(one);
                }
                Ok(SecretsEntry(list))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

/// One secret: `{env: NAME}`, `{file: PATH}`, or the secret itself.
pub(crate) enum SecretEntry {
    Env(String),
    File(String),
    Text(String),
}

impl fmt::Debug for SecretEntry {
    /// Never shows the secret itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text(_) => f.write_str("Text(…)"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Elsewhere {
            env: Option<String>,
            file: Option<String>,
        }

        struct EnvOrText;

        impl<'de> Visitor<'de> for EnvOrText {
            type Value = SecretEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{env: NAME}, {file: PATH}, or the secret as a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SecretEntry, E> {
                Ok(SecretEntry::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretEntry, A::Error> {
                let from = Elsewhere::deserialize(MapAccessDeserializer::new(map))?;
                match (from.env, from.file) {
                    (Some(name), None) => Ok(SecretEntry::Env(name)),
                    (None, Some(path)) => Ok(SecretEntry::File(path)),
                    _ => Err(A::Error::custom("a secret has either `env` or `file`")),
                }
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
