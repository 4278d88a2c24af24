//! Tests of the whole house; see `house.rs` and `main.rs`.
