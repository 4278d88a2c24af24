//! The routing file, condition by condition.
#![doc = include_str!("../ROUTING.md")]
