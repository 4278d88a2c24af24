//! Sessions in virtual time: the mission's calls, and every order of inputs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers may fail loudly"
)]

mod abilities;
mod callbacks;
mod chaos;
mod common;
mod deadlines;
mod destinations;
mod forward;
mod groups;
mod interrupted;
mod messages;
mod people;
mod pushes;
mod queues;
mod recordings;
mod scenarios;
mod transfers;
mod unknown;
