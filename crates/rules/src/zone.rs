//! Time zones, which come in as an argument: the rules of a zone change several times a year.

use std::fmt;
use std::sync::Arc;

use chrono::{NaiveDateTime, Offset, TimeZone};

/// Where zone rules come from.
pub trait Zones {
    /// The zone of an IANA name, as in `America/New_York`; `None` when there is none.
    fn zone(&self, name: &str) -> Option<Arc<dyn Zone>>;

    /// Which release of the zone data is in force, as in `2025b`.
    fn release(&self) -> String;
}

/// One time zone.
pub trait Zone: Send + Sync + fmt::Debug {
    /// Seconds to add to UTC for the clock on the wall, at an instant in UTC.
    fn offset_at_utc(&self, utc: NaiveDateTime) -> i32;
}

/// The zone data compiled into `chrono-tz`: always there, and as old as this build.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChronoTz;

#[derive(Debug)]
struct Compiled(chrono_tz::Tz);

impl Zone for Compiled {
    fn offset_at_utc(&self, utc: NaiveDateTime) -> i32 {
        self.0
            .offset_from_utc_datetime(&utc)
            .fix()
            .local_minus_utc()
    }
}

impl Zones for ChronoTz {
    fn zone(&self, name: &str) -> Option<Arc<dyn Zone>> {
        let zone: chrono_tz::Tz = name.parse().ok()?;
        Some(Arc::new(Compiled(zone)))
    }

    fn release(&self) -> String {
        chrono_tz::IANA_TZDB_VERSION.to_owned()
    }
}

/// The known zone's name that is nearest to a text, for a hint.
pub(crate) fn nearest_zone(name: &str) -> Option<&'static str> {
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    callroute_schema::hint::nearest(name, names)
}
