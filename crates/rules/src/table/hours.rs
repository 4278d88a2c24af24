//! The entries of `hours`, as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::text::Places;

/// `hours`: as a text of opening hours, or as plain data.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(
        rename = "Hours",
        extend(
            "oneOf" = [{ "required": ["open"] }, { "required": ["weekly"] }],
            "dependentRequired" = { "seasons": ["weekly"], "nth": ["weekly"] },
        )
    )
)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoursEntry {
    /// The time zone, by its IANA name, as in America/New_York.
    pub(crate) zone: String,
    /// When it is open, as in `Mo-Fr 09:00-17:30; PH off`.
    pub(crate) open: Option<String>,
    /// When it is open, day by day.
    pub(crate) weekly: Option<WeeklyEntry>,
    /// With `weekly`: stretches of the year that are not like it; the last that covers a date
    /// counts.
    #[serde(default)]
    pub(crate) seasons: Vec<SeasonEntry>,
    /// With `weekly`: the first, second, … or last of a weekday in its month.
    #[serde(default)]
    pub(crate) nth: Vec<NthEntry>,
    /// Dates that are not like their weekday: 2026-12-24, or 12-24 of every year.
    #[cfg_attr(feature = "json-schema", schemars(extend("propertyNames" = { "pattern": "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$" })))]
    #[serde(default)]
    pub(crate) exceptions: BTreeMap<String, ExceptionEntry>,
    /// The calendar whose dates are holidays.
    pub(crate) holidays: Option<String>,
    /// Open or closed whatever else is written, until an instant.
    pub(crate) force: Option<ForceEntry>,
}

/// `hours.seasons`: a stretch of the year, or of one year.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Season", extend("oneOf" = [{ "required": ["closed"] }, { "required": ["open"] }, { "required": ["weekly"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeasonEntry {
    /// Its first date: 06-01 of every year, or 2026-06-01.
    #[cfg_attr(
        feature = "json-schema",
        schemars(regex(pattern = "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"))
    )]
    pub(crate) from: String,
    /// Its last date, written as the first is; without a year it may lie beyond the new year.
    #[cfg_attr(
        feature = "json-schema",
        schemars(regex(pattern = "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"))
    )]
    pub(crate) to: String,
    /// `true`: closed on every day of it.
    #[cfg_attr(feature = "json-schema", schemars(extend("const" = true)))]
    pub(crate) closed: Option<bool>,
    /// Spans on every day of it, as in 10:00-14:00.
    pub(crate) open: Option<Vec<String>>,
    /// When it is open, day by day; a day that is left out is closed.
    pub(crate) weekly: Option<WeeklyEntry>,
}

/// `hours.nth`: the first, second, … or last of a weekday in its month.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Nth", extend("oneOf" = [{ "required": ["closed"] }, { "required": ["open"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct NthEntry {
    /// The weekday.
    pub(crate) day: WeekdayWord,
    /// 1 for the first of the month to 5; -1 for its last to -5; or a list of these.
    pub(crate) nth: Places,
    /// `true`: closed all day.
    #[cfg_attr(feature = "json-schema", schemars(extend("const" = true)))]
    pub(crate) closed: Option<bool>,
    /// Spans on these days, as in 10:00-14:00.
    pub(crate) open: Option<Vec<String>>,
}

/// A weekday's name.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Weekday")
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WeekdayWord {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// `hours.force`: open or closed whatever else is written.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Force")
)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForceEntry {
    /// What it is until then.
    pub(crate) state: OpenOrClosed,
    /// When it ends: an instant with its offset from UTC, as in 2026-04-21T18:00:00-04:00.
    #[cfg_attr(
        feature = "json-schema",
        schemars(regex(
            pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
        ))
    )]
    pub(crate) until: String,
    /// Why; `explain` shows it.
    pub(crate) reason: Option<String>,
}

/// Open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum OpenOrClosed {
    Open,
    Closed,
}

/// `hours.weekly`: spans a weekday; a day that is left out is closed.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Weekly")
)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeeklyEntry {
    /// Spans on Mondays, as in 09:00-17:30; one that ends before it begins runs into the next day.
    #[serde(default)]
    pub(crate) mon: Vec<String>,
    /// Spans on Tuesdays.
    #[serde(default)]
    pub(crate) tue: Vec<String>,
    /// Spans on Wednesdays.
    #[serde(default)]
    pub(crate) wed: Vec<String>,
    /// Spans on Thursdays.
    #[serde(default)]
    pub(crate) thu: Vec<String>,
    /// Spans on Fridays.
    #[serde(default)]
    pub(crate) fri: Vec<String>,
    /// Spans on Saturdays.
    #[serde(default)]
    pub(crate) sat: Vec<String>,
    /// Spans on Sundays.
    #[serde(default)]
    pub(crate) sun: Vec<String>,
}

/// `hours.exceptions`: a date that is not like its weekday.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Exception", extend("oneOf" = [{ "required": ["closed"] }, { "required": ["open"] }]))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionEntry {
    /// `true`: closed all day.
    #[cfg_attr(feature = "json-schema", schemars(extend("const" = true)))]
    pub(crate) closed: Option<bool>,
    /// Spans on this date, as in 10:00-14:00.
    pub(crate) open: Option<Vec<String>>,
    /// Why; `explain` shows it.
    pub(crate) reason: Option<String>,
}
