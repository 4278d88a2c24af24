//! What a rule asks, as it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::text::Texts;

/// What a rule asks; all of it must hold.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(extend("minProperties" = 1))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    /// These hours are open.
    pub(crate) open: Option<String>,
    /// These hours are closed.
    pub(crate) closed: Option<String>,
    /// The call comes on such a date.
    pub(crate) date: Option<Box<DateWhen>>,
    /// What has to hold for the caller.
    pub(crate) caller: Option<Box<CallerWhen>>,
    /// What has to hold for the dialed number.
    pub(crate) dialed: Option<Box<NumberWhen>>,
    /// What the caller pressed last.
    pub(crate) digits: Option<Texts>,
    /// What lookups, earlier answers or the event say, by name.
    #[cfg_attr(feature = "json-schema", schemars(extend("minProperties" = 1)))]
    pub(crate) attribute: Option<BTreeMap<String, ValueWhen>>,
    /// What headers of the request say, by name, in any case.
    #[cfg_attr(feature = "json-schema", schemars(extend("minProperties" = 1)))]
    pub(crate) header: Option<BTreeMap<String, ValueWhen>>,
    /// One of these trunks brought the call.
    pub(crate) trunk: Option<Texts>,
    /// One of these transports brought the call: udp, tcp, tls or ws.
    pub(crate) transport: Option<Texts>,
    /// One of these agents, or somebody of these targets' groups, can take a call now.
    pub(crate) available: Option<Texts>,
    /// A part of all calls: `30` percent, or from one percentage to another, as in `30-50`. The
    /// same call is always on the same side.
    pub(crate) share: Option<Texts>,
    /// How many calls are on something now.
    pub(crate) calls: Option<Box<CallsWhen>>,
    /// One of these switches is on.
    #[serde(rename = "override")]
    pub(crate) switch: Option<Texts>,
    /// Who is on duty, by the rota's name.
    #[cfg_attr(feature = "json-schema", schemars(extend("minProperties" = 1)))]
    pub(crate) shift: Option<BTreeMap<String, Texts>>,
    /// One of these lookups, agents or targets could not be asked in time.
    pub(crate) missing: Option<Texts>,
    /// One of these has to hold.
    #[cfg_attr(feature = "json-schema", schemars(length(min = 1)))]
    pub(crate) any: Option<Vec<Self>>,
    /// All of these have to hold.
    #[cfg_attr(feature = "json-schema", schemars(length(min = 1)))]
    pub(crate) all: Option<Vec<Self>>,
    /// This must not hold.
    pub(crate) not: Option<Box<Self>>,
}

/// What a rule asks of the caller.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(extend("minProperties" = 1))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallerWhen {
    /// On one of these lists of `callers`.
    #[serde(rename = "in")]
    pub(crate) list: Option<Texts>,
    /// One of these numbers.
    pub(crate) is: Option<Texts>,
    /// A number that begins with one of these, or that one of these tables of `prefixes` knows.
    pub(crate) prefix: Option<Texts>,
    /// A number of one of these countries, by their two letters (ISO 3166-1).
    pub(crate) country: Option<Texts>,
    /// A number given out in one of these places: a state or province under +1 (`MO`), else a
    /// town or district as `callroute number` tells it.
    pub(crate) region: Option<Texts>,
    /// Whether the number is withheld.
    pub(crate) anonymous: Option<bool>,
    /// One of these kinds: known, vip, blocked, new or anonymous.
    #[serde(rename = "type")]
    pub(crate) kind: Option<Kinds>,
}

/// What a rule asks of the dialed number.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(extend("minProperties" = 1))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberWhen {
    /// One of these numbers.
    pub(crate) is: Option<Texts>,
    /// A number that begins with one of these, or that one of these tables of `prefixes` knows.
    pub(crate) prefix: Option<Texts>,
    /// A number of one of these countries, by their two letters (ISO 3166-1).
    pub(crate) country: Option<Texts>,
}

/// `when.date`: dates, and nth weekdays, of a zone.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "DateWhen")
)]
#[serde(deny_unknown_fields)]
pub(crate) struct DateWhen {
    /// The time zone, by its IANA name.
    pub(crate) zone: String,
    /// Which dates, as in `Dec 24-Jan 2`, `2026 Aug 3-14`, `Mo[1]` or `easter`; several with `;`.
    pub(crate) on: String,
}

/// `when.calls`: how many calls are on something now.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "CallsWhen", extend("anyOf" = [{ "required": ["below"] }, { "required": ["at_least"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallsWhen {
    /// A target, an agent or a number.
    pub(crate) on: String,
    /// Fewer than this.
    pub(crate) below: Option<u64>,
    /// This many or more.
    pub(crate) at_least: Option<u64>,
}

/// What a value has to be: one of some texts, or within bounds.
#[derive(Debug)]
pub(crate) enum ValueWhen {
    /// One of these, as they are written; one that ends with `*` covers what begins so.
    Is(Vec<String>),
    /// Within these bounds.
    Within(Bounds),
}

/// The bounds of a value.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(extend("minProperties" = 1))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bounds {
    /// Whether it is there at all.
    pub(crate) exists: Option<bool>,
    /// A number below this.
    pub(crate) below: Option<f64>,
    /// A number not below this.
    pub(crate) at_least: Option<f64>,
}

impl<'de> Deserialize<'de> for ValueWhen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsOrBounds;

        impl<'de> Visitor<'de> for TextsOrBounds {
            type Value = ValueWhen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a list of texts, or {exists, below, at_least}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ValueWhen, E> {
                Ok(ValueWhen::Is(vec![text.to_owned()]))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<ValueWhen, E> {
                self.visit_str(if value { "true" } else { "false" })
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<ValueWhen, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<ValueWhen, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<ValueWhen, A::Error> {
                let Texts(texts) = Texts::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(ValueWhen::Is(texts))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ValueWhen, A::Error> {
                Bounds::deserialize(MapAccessDeserializer::new(map)).map(ValueWhen::Within)
            }
        }

        deserializer.deserialize_any(TextsOrBounds)
    }
}

/// A kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallerKind {
    /// On any list of `callers` but `blocked`.
    Known,
    /// On the list of that name.
    Vip,
    /// On the list of that name.
    Blocked,
    /// A number that is on no list.
    New,
    /// The number is withheld.
    Anonymous,
}

/// One kind of caller, or several.
#[derive(Debug)]
pub(crate) struct Kinds(pub(crate) Vec<CallerKind>);

impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Kinds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a kind of caller, or a list of kinds")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Kinds, E> {
                let word = serde::de::value::StrDeserializer::new(text);
                Ok(Kinds(vec![CallerKind::deserialize(word)?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kinds, A::Error> {
                let mut kinds = Vec::new();
                while let Some(kind) = seq.next_element()? {
                    kinds.push(kind);
                }
                match kinds.is_empty() {
                    true => Err(A::Error::custom("expected at least one kind, found none")),
                    false => Ok(Kinds(kinds)),
                }
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}
