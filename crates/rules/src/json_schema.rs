//! JSON Schema of the routing file (feature `json-schema`): completion and diagnostics in editors.
//!
//! A file names it in its first line, as in
//! `# yaml-language-server: $schema=./routes.schema.json`.
//!
//! The schema knows the shape of a file; whether names exist, hours parse and calls never go
//! round is for [`load`](crate::load()). What it finds wrong, `load` refuses as well.
//!
//! ```
//! let schema = callroute_rules::json_schema::routes();
//! assert_eq!(schema.as_value()["$ref"], "#/$defs/RoutingFile");
//! ```

mod unions;
mod yaml;

use std::collections::BTreeMap;

use callroute_schema::json_schema::document;
use callroute_schema::{Actions, AgentName, Menu, MenuName, TargetName, WebhookName};
use schemars::{JsonSchema, Schema};

use crate::table::{
    AgentEntry, CalendarEntry, CallersEntry, DestinationsEntry, HoursEntry, LookupEntry,
    OverrideEntry, PrefixesEntry, RotaEntry, Rules, WebhookEntry,
};

/// What a routing file holds.
#[must_use]
pub fn routes() -> Schema {
    let mut schema = document::<RoutingFile>();
    yaml::as_read(&mut schema);
    schema
}

/// A callroute routing file: where each call goes.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "only its shape is asked for; the table is read section by section"
)]
struct RoutingFile {
    /// The version of the language.
    #[schemars(extend("enum" = [1, "1"]))]
    version: serde_json::Value,
    /// What happens to a call when nothing else does.
    default: Actions,
    /// How national numbers in this file are read: a country's two letters in capitals (ISO
    /// 3166-1).
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    region: Option<String>,
    /// What may be dialed at all, by this file and by answers from outside; default everything.
    destinations: Option<DestinationsEntry>,
    /// Dates that hours may treat as holidays, by name.
    calendars: Option<BTreeMap<String, CalendarEntry>>,
    /// Opening hours, by name.
    hours: Option<BTreeMap<String, HoursEntry>>,
    /// Lists of callers, by name.
    callers: Option<BTreeMap<String, CallersEntry>>,
    /// Who else is asked about a caller, by name.
    lookups: Option<BTreeMap<String, LookupEntry>>,
    /// What the first digits of a number tell, by name.
    prefixes: Option<BTreeMap<String, PrefixesEntry>>,
    /// Switches that people turn, by name, and how each stands until they do.
    overrides: Option<BTreeMap<String, OverrideEntry>>,
    /// Servers that are asked where a call goes, by name.
    webhooks: Option<BTreeMap<WebhookName, WebhookEntry>>,
    /// Actions, or lists of them, by name: the name may stand wherever an action may.
    targets: Option<BTreeMap<TargetName, Actions>>,
    /// People who take calls, by name.
    agents: Option<BTreeMap<AgentName, AgentEntry>>,
    /// Who is on duty as time goes on, by name.
    rotas: Option<BTreeMap<AgentName, RotaEntry>>,
    /// Menus, by name.
    menus: Option<BTreeMap<MenuName, Menu>>,
    /// What happens to calls, by the dialed number: `+13146523057`, a prefix as in `+1314*`, or
    /// `*` for every number.
    numbers: Option<BTreeMap<String, Rules>>,
}

#[cfg(test)]
mod tests;
