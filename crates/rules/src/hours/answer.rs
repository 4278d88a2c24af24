//! What hours say about an instant.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};

/// What hours say about an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursAnswer {
    /// Whether it is open.
    pub open: bool,
    /// Which layer decided: that of the day whose span it is open by, else today's.
    pub layer: Layer,
    /// What the clock on the wall reads.
    pub local: NaiveDateTime,
    /// The first instant at which it is no longer so; `None`: not within 400 days.
    pub next_change: Option<DateTime<Utc>>,
    /// What the clock on the wall reads then.
    pub next_local: Option<NaiveDateTime>,
}

/// The layers of hours; an earlier one outranks the later ones.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layer {
    /// Forced open or closed, whatever else is written.
    Force {
        /// Why, when the file says so.
        reason: Option<Arc<str>>,
    },
    /// A date that is not like its weekday.
    Exception {
        /// Why, when the file says so.
        reason: Option<Arc<str>>,
    },
    /// A date of the named calendar.
    Holiday {
        /// Which one, when the calendar says so.
        name: Option<Arc<str>>,
    },
    /// The first, second, … or last of a weekday in its month.
    Nth,
    /// A stretch of the year.
    Season,
    /// The days of the week.
    Weekly,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, more) = match self {
            Self::Force { reason } => ("forced", reason),
            Self::Exception { reason } => ("exception", reason),
            Self::Holiday { name } => ("holiday", name),
            Self::Nth => ("nth weekday", &None),
            Self::Season => ("season", &None),
            Self::Weekly => ("weekly", &None),
        };
        match more {
            Some(more) => write!(f, "{word}: {more}"),
            None => f.write_str(word),
        }
    }
}

impl fmt::Display for HoursAnswer {
    /// `closed at Tue 2026-04-21 18:00 (weekly), opens Wed 2026-04-22 09:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WALL: &str = "%a %Y-%m-%d %H:%M";
        let (now, then) = match self.open {
            true => ("open", "closes"),
            false => ("closed", "opens"),
        };
        write!(f, "{now} at {} ({})", self.local.format(WALL), self.layer)?;
        match self.next_local {
            Some(next) => write!(f, ", {then} {}", next.format(WALL)),
            None => f.write_str(", and stays so for 400 days"),
        }
    }
}
