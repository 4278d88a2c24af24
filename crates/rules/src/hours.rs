//! Opening hours: what is written, and whether it is open.
//!
//! Open if and only if the clock on the wall of the zone reads inside a span. Spans are half
//! open, and each belongs wholly to the day it starts on: Friday 22:00-04:00 still runs on
//! Saturday at 02:00, whatever Saturday itself says. (OpenStreetMap differs where an overriding
//! day meets an overnight span.) Priority: force, exception, holiday, nth weekday, season,
//! weekly.

mod answer;
mod calendar;
mod day;
mod easter;
mod eval;
mod lexer;
mod next;
mod parse;
mod span;
mod when;

pub(crate) use calendar::Calendar;
pub(crate) use day::{Exception, Force, Plan, Rank, Rule};
pub(crate) use lexer::HoursError;
pub(crate) use parse::{parse, parse_day};
pub(crate) use span::Spans;
pub(crate) use when::{Dates, Days, EVERY_DAY, On, Point, Which};

pub use answer::{HoursAnswer, Layer};
pub use eval::Hours;
