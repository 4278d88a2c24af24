//! Numbers as keys, and the longest prefix of a number among millions.
//!
//! Every condition on digits is a prefix: a whole number is the prefix that ends with its end.
//! So one table answers for dialed numbers, callers, prefix decks and pressed keys alike.
//!
//! ```
//! use callroute_rules::prefix::{Key, PrefixTable};
//!
//! let prefixes = [("+1", 1), ("+1314", 2), ("+44", 3)];
//! let prefixes = prefixes.map(|(text, value)| Some((Key::prefix(text)?, value)));
//! let prefixes: Option<Vec<(Key, u32)>> = prefixes.into_iter().collect();
//! let mut table = PrefixTable::from(prefixes.ok_or("no prefix")?);
//! table.insert(Key::number("+13146523057").ok_or("no number")?, 4);
//! let longest = |number| table.longest(Key::call(number));
//! assert_eq!(longest("+13146523057"), Some(4));
//! assert_eq!(longest("+13146523058"), Some(2));
//! assert_eq!(longest("+3531"), None);
//! # Ok::<(), &str>(())
//! ```

mod cells;
mod open;
mod packed;
mod table;

pub use callroute_schema::number::Key;

pub(crate) use self::cells::share;
pub use self::table::PrefixTable;

#[cfg(test)]
mod tests;
