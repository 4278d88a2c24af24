//! Where a forward leads.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::AgentName;
use crate::party::{Number, Party, SipUri};
use crate::tagged::tagged;

/// Most members of one ring group.
const MAX_MEMBERS: usize = 1_000;

/// Where a forward leads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// A telephone number, through a trunk.
    Number(NumberDestination),
    /// A SIP URI.
    Sip(SipDestination),
    /// An agent of the routing file.
    Agent(AgentDestination),
    /// Several parties.
    RingGroup(RingGroup),
}

tagged! {
    enum Destination, kind DestinationKind, tag "type",
    expecting "a destination, as in {\"type\":\"number\",\"number\":\"+16822306467\"}",
    {
        /// A telephone number, through a trunk.
        Number(NumberDestination) = "number",
        /// A SIP URI.
        Sip(SipDestination) = "sip",
        /// An agent of the routing file.
        Agent(AgentDestination) = "agent",
        /// Several parties.
        RingGroup(RingGroup) = "ring_group",
    }
}

/// A telephone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberDestination {
    /// The number to dial.
    pub number: Number,
}

/// A SIP URI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SipDestination {
    /// The URI to dial.
    pub uri: SipUri,
}

/// An agent of the routing file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentDestination {
    /// The agent's name.
    pub name: AgentName,
}

/// In which order the members of a group ring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Strategy {
    /// All at once; the first answer wins and the others are cancelled.
    #[default]
    Simultaneous,
    /// One after the other, in written order.
    Sequential,
}

/// Several parties, of whom one shall answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RingGroup {
    /// Who rings; at least one, at most 1,000.
    #[serde(deserialize_with = "members")]
    pub members: Vec<Member>,
    /// In which order.
    #[serde(default)]
    pub strategy: Strategy,
    /// How long each member rings, in seconds (1 to 600); default 30 when simultaneous, 20 when
    /// one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_s: Option<u32>,
}

fn members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Member>, D::Error> {
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
            while let Some(member) = seq.next_element()? {
                if list.len() == MAX_MEMBERS {
                    return Err(A::Error::custom(format_args!(
                        "a ring group has at most {MAX_MEMBERS} members"
                    )));
                }
                list.push(member);
            }
            if list.is_empty() {
                return Err(A::Error::custom("a ring group needs at least one member"));
            }
            Ok(list)
        }
    }

    deserializer.deserialize_seq(List)
}

/// One member of a ring group: a plain string, or an object when it has settings of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Whom to ring.
    pub to: Party,
    /// How long this member rings, in seconds (1 to 600); default: the group's.
    pub ring_s: Option<u32>,
    /// How long to wait before this member rings, in seconds, counted from the group's start;
    /// for groups that ring all at once.
    pub delay_s: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberObject {
    to: Party,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ring_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_s: Option<u32>,
}

impl From<Party> for Member {
    fn from(to: Party) -> Self {
        Self {
            to,
            ring_s: None,
            delay_s: None,
        }
    }
}

impl Serialize for Member {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.ring_s.is_none() && self.delay_s.is_none() {
            return self.to.serialize(serializer);
        }
        MemberObject {
            to: self.to.clone(),
            ring_s: self.ring_s,
            delay_s: self.delay_s,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Member {
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
                let object =
                    MemberObject::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Member {
                    to: object.to,
                    ring_s: object.ring_s,
                    delay_s: object.delay_s,
                })
            }
        }

        deserializer.deserialize_any(StringOrObject)
    }
}
