#![doc = include_str!("../ROUTING.md")]
//! The routing file, condition by condition.
