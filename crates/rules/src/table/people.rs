//! The entries of `callers`, `lookups`, `prefixes`, `agents`, `rotas` and `overrides`, as they are
//! written.

use std::collections::BTreeMap;
use std::fmt;

use callroute_schema::{AgentName, Party};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// `callers`: a list of numbers, here or in a file; or a lookup that knows the caller.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Callers", extend("anyOf" = [{ "required": ["numbers"] }, { "required": ["file"] }, { "required": ["lookup"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallersEntry {
    /// Numbers, prefixes as in `+1900*`, and `anonymous`.
    pub(crate) numbers: Option<Vec<String>>,
    /// A CSV file beside this one, with a column `number`; rules and texts may use the others.
    pub(crate) file: Option<String>,
    /// One of the file's lookups: whom it finds is on the list.
    pub(crate) lookup: Option<String>,
}

/// `lookups`: who else is asked about a caller.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "LookupSource", extend("oneOf" = [{ "required": ["sql"] }, { "required": ["webhook"] }, { "required": ["custom"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupEntry {
    /// A query of one row; `:from`, `:to` and `:call_id` stand for the call's.
    pub(crate) sql: Option<String>,
    /// One of the file's webhooks: it answers with an object of texts.
    pub(crate) webhook: Option<String>,
    /// A name that the program knows.
    pub(crate) custom: Option<String>,
    /// How long it may take, in milliseconds (1 to 5,000); default 50.
    pub(crate) budget_ms: Option<u64>,
}

/// `prefixes`: what the first digits of a number tell.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Prefixes", extend("anyOf" = [{ "required": ["entries"] }, { "required": ["file"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrefixesEntry {
    /// By prefix, as in `"+1314": { label: St. Louis, number: "+13145550100" }`.
    #[serde(default)]
    pub(crate) entries: BTreeMap<String, BTreeMap<String, String>>,
    /// A CSV file beside this one, with a column `prefix`; `latitude` and `longitude` in degrees.
    pub(crate) file: Option<String>,
    /// Another table with latitudes and longitudes: a number that no prefix here covers gets the
    /// entry that is nearest to where that table says the number is.
    pub(crate) near: Option<String>,
}

/// `agents`: somebody who takes calls.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Agent")
)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentEntry {
    /// Where the agent is reached: a number or a SIP URI.
    pub(crate) to: Party,
    /// When the agent works: hours and rotas, of which one must be open or name the agent.
    /// Without, always.
    #[serde(default)]
    pub(crate) shifts: Vec<String>,
}

/// `rotas`: who is on duty, as time goes on. A rota's name may stand wherever an agent's may.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Rota", extend("oneOf" = [{ "required": ["who", "from", "every", "zone"] }, { "required": ["steps"] }, { "required": ["file"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotaEntry {
    /// Agents who take turns.
    pub(crate) who: Option<Vec<AgentName>>,
    /// With `who`: when the first turn begins by the clock on the wall, as in 2026-01-05 09:00.
    pub(crate) from: Option<String>,
    /// With `who`: how long a turn is, as in `12h`, `1d` or `1w`.
    pub(crate) every: Option<String>,
    /// The time zone, by its IANA name: needed with `who`; with `steps` and `file`, whose times are
    /// then by the clock on its wall.
    pub(crate) zone: Option<String>,
    /// Who is on duty from which instant on.
    pub(crate) steps: Option<Vec<StepEntry>>,
    /// A CSV file of `from,who`.
    pub(crate) file: Option<String>,
}

/// `rotas.steps`: who is on duty from an instant on.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Step")
)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepEntry {
    /// The instant with its offset from UTC, as in 2026-04-21T09:00:00-04:00; in a rota with a
    /// `zone` by the clock on its wall, as in 2026-04-21 09:00.
    pub(crate) from: String,
    /// The agent; without, nobody.
    pub(crate) who: Option<AgentName>,
}

/// `overrides`: a switch that people turn, and how it stands until they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OverrideEntry(pub(crate) bool);

impl<'de> Deserialize<'de> for OverrideEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnOrOff;

        impl Visitor<'_> for OnOrOff {
            type Value = OverrideEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`on` or `off`")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<OverrideEntry, E> {
                Ok(OverrideEntry(on))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<OverrideEntry, E> {
                match text {
                    "on" | "true" => Ok(OverrideEntry(true)),
                    "off" | "false" => Ok(OverrideEntry(false)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(OnOrOff)
    }
}
