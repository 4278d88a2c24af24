//! Menus as decision trees: a pure walk from key to key.
//!
//! A [`Walk`] is told what the caller does and says what comes next: hear this, wait for a
//! further key, do these actions, or give up. Submenus, the way back, hearing it again, patterns,
//! extensions and a PIN are resolved here, so that no key costs a round trip. It holds no timer:
//! whoever drives it waits as long as it says and tells it that the time is over.
//!
//! ```
//! use callroute_rules::menu::{Next, Walk};
//! use callroute_rules::{ChronoTz, load};
//! use callroute_schema::Digit;
//!
//! let engine = load("routes.yaml", r#"
//! version: 1
//! default: { action: voicemail, message: general }
//! menus:
//!   main: { prompt: { say: "Press 1 for sales" }, options: { 1: { action: voicemail, message: sales } } }
//! "#, &(), &ChronoTz)?;
//! let menu = engine.menu("main").cloned().unwrap_or_default();
//! let (mut walk, first) = Walk::begin(menu);
//! assert!(matches!(first, Next::Hear { attempt: 1, .. }));
//! let next = walk.press(&engine, Digit::new('1')?);
//! assert!(matches!(next, Next::Do { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod level;
mod walk;

pub use self::walk::{Choice, Next, Stopped, Walk};

#[cfg(test)]
mod tests;
