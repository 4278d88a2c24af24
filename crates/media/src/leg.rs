//! Ids within one call.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id! {
    /// One leg of a call: one party's dialog. The caller is leg 0; the session numbers the others.
    LegId, "leg"
}
id! {
    /// One sound being played. Never used twice in a call.
    PlayId, "play"
}
id! {
    /// One recording. Never used twice in a call.
    RecordingId, "recording"
}

impl LegId {
    /// The caller's leg.
    pub const CALLER: Self = Self(0);
}
