//! callroute-examples
