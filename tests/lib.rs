//! callroute-tests
