//! Opening hours: what is written, and whether it is open.
//!
//! What they mean stands at [`Hours`].

mod answer;
mod calendar;
mod compare;
mod day;
mod easter;
mod eval;
mod lexer;
mod next;
mod offsets;
mod parse;
mod schedule;
mod span;
mod when;

pub(crate) use calendar::Calendar;
pub(crate) use day::{Exception, Force, Plan, Rank, Rule};
pub(crate) use lexer::HoursError;
pub(crate) use offsets::Offsets;
pub(crate) use parse::{parse, parse_dates, parse_day};
pub(crate) use schedule::Schedule;
pub(crate) use span::Spans;
pub(crate) use when::{Dates, Days, EVERY_DAY, On, Point, Which};

pub use answer::{HoursAnswer, Layer};
pub use eval::Hours;
