//! An incoming call, as an adapter hands it over.

use std::collections::BTreeMap;
use std::fmt;

use callroute_schema::{Address, Caller, SourceInfo};

/// An incoming call, before it has an id or a time of ours.
#[derive(Clone, PartialEq, Eq)]
pub struct OfferedCall {
    /// Who calls.
    pub from: Caller,
    /// What was dialed.
    pub to: Address,
    /// The caller's display name.
    pub from_name: Option<String>,
    /// The caller's URI as received.
    pub from_uri: Option<String>,
    /// The dialed URI as received.
    pub to_uri: Option<String>,
    /// Where it came from, on the network.
    pub source: SourceInfo,
    /// Headers that routing may look at, by lower-case name.
    pub headers: BTreeMap<String, String>,
}

/// Numbers are masked; names, URIs and headers, which tell of people, are left out.
impl fmt::Debug for OfferedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfferedCall")
            .field("from", &self.from)
            .field("to", &self.to)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
