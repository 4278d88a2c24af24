//! What must last or be shared: the calls in progress and the records of the last ones, in memory;
//! messages that callers left, in a folder; and rows of a database that rules ask for.
//!
//! The feature `sqlite` adds `SqliteRows`: rows of an SQLite file.
//!
//! ```
//! use callroute_store::{CallStore, MemoryCalls};
//!
//! let calls = MemoryCalls::new(100);
//! assert_eq!(calls.live(), 0);
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod calls;
mod memory;
mod messages;
mod rows;

pub use calls::{CallStore, StoredCall};
pub use memory::MemoryCalls;
pub use messages::{FolderMessages, MessageError, MessageStore, MessagesWaiting, StoredMessage};
#[cfg(feature = "sqlite")]
pub use rows::{OpenError, SqliteRows};
pub use rows::{QueryError, Row, RowSource, RowsFuture, Values};
