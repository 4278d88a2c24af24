//! Lines that wrap lines: to see what passes, and to spoil it on purpose.

mod fault;
mod trace;

pub use fault::{Fate, FaultInjector, FaultyLine, SeededFaults};
pub use trace::{LineObserver, TracedLine};

#[cfg(test)]
mod tests;
