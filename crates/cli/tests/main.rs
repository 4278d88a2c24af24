//! The command as a process: one module a command.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers may fail loudly"
)]

mod check;
mod decide;
mod explain;
mod number;
mod place;
mod replay;
mod route;
mod schema;
mod suite;
mod test;
mod trigger;
mod urls;
mod usage;
mod way;
