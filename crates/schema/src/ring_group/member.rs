//! One member of a ring group.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::options::{CallerId, Confirm};
use crate::map::unique;
use crate::party::Party;

/// Most members of one ring group.
const MAX_MEMBERS: usize = 1_000;

/// One member of a ring group. On the wire a plain string, or an object when it has settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "MemberObject")
)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Whom to ring.
    pub to: Party,
    /// How long this member rings, in seconds (1 to 600); default the group's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_s: Option<u32>,
    /// How long to wait before this member rings, in seconds (0 to 600), counted from the
    /// beginning of its wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_s: Option<u32>,
    /// How likely it is to be early under `weighted_random` (0 to 1,000); 0: it comes when nobody else
    /// is left; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Lower rings first (0 to 1,000); the strategy orders members of the same one; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// Which tier it belongs to under `tiered` (0 to 1,000); lower rings first; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u32>,
    /// Whether this member has to confirm; default the group's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// Which number this member sees; default the group's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_id: Option<CallerId>,
    /// SIP headers for this member; their names begin with `X-`, or `Alert-Info` for a
    /// ring of its own (RFC 3261, section 20.4).
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub headers: BTreeMap<String, String>,
    /// It is left out while it is in another call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_if_busy: bool,
}

impl From<Party> for Member {
    fn from(to: Party) -> Self {
        Self {
            to,
            ring_s: None,
            delay_s: None,
            weight: None,
            priority: None,
            tier: None,
            confirm: None,
            caller_id: None,
            headers: BTreeMap::new(),
            skip_if_busy: false,
        }
    }
}

impl Member {
    /// Whether it has no settings, and a plain string says it all.
    fn is_plain(&self) -> bool {
        let Self {
            to: _,
            ring_s: None,
            delay_s: None,
            weight: None,
            priority: None,
            tier: None,
            confirm: None,
            caller_id: None,
            headers,
            skip_if_busy: false,
        } = self
        else {
            return false;
        };
        headers.is_empty()
    }
}

/// A member as a group lists it: a plain string, or the object.
#[derive(Debug)]
pub(crate) struct Listed(Member);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrObject;

        impl<'de> Visitor<'de> for StringOrObject {
            type Value = Member;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member: a string, or an object with `to`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Member, E> {
                Party::new(text).map(Member::from).map_err(E::custom)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Member, A::Error> {
                Member::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_any(StringOrObject).map(Self)
    }
}

/// Writes a group's members: those without settings as plain strings.
pub(crate) fn write<S: Serializer>(members: &[Member], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Form<'a> {
        Plain(&'a Party),
        Object(&'a Member),
    }

    serializer.collect_seq(members.iter().map(|member| {
        if member.is_plain() {
            Form::Plain(&member.to)
        } else {
            Form::Object(member)
        }
    }))
}

/// Reads a group's members: at least one, and not too many.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Member>, D::Error> {
    let list = read_some(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("a ring group needs at least one member"));
    }
    Ok(list)
}

/// Reads members: not too many, perhaps none.
pub(crate) fn read_some<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Member>, D::Error> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Vec<Member>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of members")
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut seq: A,
        ) -> Result<Vec<Member>, A::Error> {
            let mut list = Vec::new();
            while let Some(Listed(member)) = seq.next_element()? {
                if list.len() == MAX_MEMBERS {
                    return Err(A::Error::custom(format_args!(
                        "at most {MAX_MEMBERS} members are allowed"
                    )));
                }
                list.push(member);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_seq(List)
}
