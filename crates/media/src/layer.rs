//! Lines that wrap lines: to see what passes, and to spoil it on purpose.

mod fault;
mod trace;

pub use fault::{Fate, Faults, FaultyLine, SeededFaults, failure};
pub use trace::{Observer, TracedLine};

#[cfg(test)]
mod tests;
