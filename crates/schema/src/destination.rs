//! Where a forward leads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::map::unique;
use crate::name::{AgentName, ConferenceName, QueueName, TrunkName, UserName};
use crate::party::Number;
use crate::ring_group::RingGroup;
use crate::sip_uri::SipUri;
use crate::tagged::tagged;

/// Where a forward leads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// A telephone number, through a trunk.
    Number(NumberDestination),
    /// A SIP URI.
    Sip(SipDestination),
    /// A user that registers phones with us.
    User(UserDestination),
    /// An agent of the routing file.
    Agent(AgentDestination),
    /// A number through a trunk of the routing's choice.
    Trunk(TrunkDestination),
    /// Several parties.
    RingGroup(Box<RingGroup>),
    /// A queue.
    Queue(QueueDestination),
    /// A conference.
    Conference(ConferenceDestination),
    /// A program of the switch.
    Application(ApplicationDestination),
}

tagged! {
    enum Destination, kind DestinationKind, tag "type",
    expecting "a destination, as in {\"type\":\"number\",\"number\":\"+16822306467\"}",
    {
        /// A telephone number, through a trunk.
        Number(NumberDestination) = "number",
        /// A SIP URI.
        Sip(SipDestination) = "sip",
        /// A user that registers phones with us.
        User(UserDestination) = "user",
        /// An agent of the routing file.
        Agent(AgentDestination) = "agent",
        /// A number through a trunk of the routing's choice.
        Trunk(TrunkDestination) = "trunk",
        /// Several parties.
        RingGroup(Box<RingGroup>) = "ring_group",
        /// A queue.
        Queue(QueueDestination) = "queue",
        /// A conference.
        Conference(ConferenceDestination) = "conference",
        /// A program of the switch.
        Application(ApplicationDestination) = "application",
    }
}

/// A telephone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NumberDestination {
    /// The number to dial.
    pub number: Number,
}

/// A SIP URI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SipDestination {
    /// The URI to dial.
    pub uri: SipUri,
}

/// A user that registers phones with us; all of them ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserDestination {
    /// The user's name.
    pub name: UserName,
}

/// An agent of the routing file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgentDestination {
    /// The agent's name.
    pub name: AgentName,
}

/// A number through a trunk of the routing's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrunkDestination {
    /// The trunk's name.
    pub name: TrunkName,
    /// The number to dial; default the dialed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueueDestination {
    /// The queue's name.
    pub name: QueueName,
}

/// A conference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConferenceDestination {
    /// The conference's name.
    pub name: ConferenceName,
}

/// A program of the switch that carries the call, such as one of its own dialplan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApplicationDestination {
    /// The program's name.
    pub name: String,
    /// What it is given.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub arguments: BTreeMap<String, String>,
}
