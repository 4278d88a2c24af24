//! What is asked, noted and passed on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::On;
use crate::map::unique;
use crate::name::WebhookName;

/// Ask a server what to do next. One of `name` and `url` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// A webhook of the routing file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<WebhookName>,
    /// A URL of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How long the whole ask may take, in milliseconds (50 to 10,000); outranks the webhook's
    /// own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// `failed`: what to do when no usable answer comes; outranks the webhook's own fallback.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// Note something about the call: rules and webhooks find attributes, the next leg gets headers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Attributes of the call.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub attributes: BTreeMap<String, String>,
    /// SIP headers for the legs that follow; their names begin with `X-`.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub headers: BTreeMap<String, String>,
    /// Accepted as for every action; noting does not fail.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// Go on with the next rule of the table, as if this one had not held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Continue {
    /// Accepted as for every action; going on does not fail.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}
