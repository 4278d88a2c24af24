//! Route tests: what a test file says, how it is played, and whether it went as expected.

mod expect;
mod file;
mod judge;
mod names;
mod scene;
mod words;

pub(crate) use self::file::{Case, TestFile};
pub(crate) use self::judge::judge;
pub(crate) use self::names::unknown;
pub(crate) use self::scene::play;
