//! The command callroute.
fn main() {}
