//! callroute-benches
