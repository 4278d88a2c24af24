//! Opening hours: what is written, and whether it is open.
//!
//! Open if and only if the clock on the wall of the zone reads inside a span. Spans are half
//! open, and each belongs wholly to the day it starts on: Friday 22:00-04:00 still runs on
//! Saturday at 02:00, whatever Saturday itself says. (OpenStreetMap differs where an overriding
//! day meets an overnight span.) Priority: exception, holiday, season, weekly.

mod answer;
mod day;
mod eval;
mod lexer;
mod next;
mod parse;
mod span;

pub(crate) use day::{Exception, Plan};
pub(crate) use lexer::HoursError;
pub(crate) use parse::{parse, parse_day};
pub(crate) use span::Spans;

pub use answer::{HoursAnswer, Layer};
pub use eval::Hours;
