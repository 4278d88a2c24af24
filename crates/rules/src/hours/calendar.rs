//! A calendar of holidays.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

/// Dates, each with what it is, when that is known.
pub(crate) type Calendar = BTreeMap<NaiveDate, Option<Arc<str>>>;
