//! Tests of the whole house; see `house.rs`, `main.rs` and `load.rs`. What README.md shows in
//! Rust is compiled and run as a doctest of this page:
#![doc = include_str!("../README.md")]
