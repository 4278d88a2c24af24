//! Numbers as keys, and the longest prefix of a number among millions.
//!
//! Every condition on digits is a prefix: a whole number is the prefix that ends with its end.
//! So one table answers for dialed numbers, callers, prefix decks and pressed keys alike.
//!
//! ```
//! use callroute_rules::prefix::{Key, PrefixTable};
//!
//! let mut table = PrefixTable::new();
//! for (text, value) in [("+1", 1), ("+1314", 2), ("+44", 3)] {
//!     table.insert(Key::prefix(text).ok_or("no prefix")?, value);
//! }
//! table.insert(Key::number("+13146523057").ok_or("no number")?, 4);
//! let longest = |number| table.longest(Key::call(number));
//! assert_eq!(longest("+13146523057"), Some(4));
//! assert_eq!(longest("+13146523058"), Some(2));
//! assert_eq!(longest("+3531"), None);
//! # Ok::<(), &str>(())
//! ```

mod table;

pub use callroute_schema::number::Key;

pub use self::table::PrefixTable;
pub(crate) use self::table::share;

#[cfg(test)]
mod tests;
