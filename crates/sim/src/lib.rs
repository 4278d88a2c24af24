//! Scripted calls in virtual time.
