//! Tests of the whole house; see `house.rs`, `main.rs` and `load.rs`. What README.md shows in
//! Rust is compiled and run as a doctest of this page.
// Not on the page itself: README's links are for who reads it in its folder.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
