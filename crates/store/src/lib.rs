//! What must last or be shared: the calls in progress and the records of the last ones, in memory;
//! messages that callers left, in a folder.
//!
//! ```
//! use callroute_store::{Calls, MemoryCalls};
//!
//! let calls = MemoryCalls::new(100);
//! assert_eq!(calls.live(), 0);
//! ```

mod calls;
mod memory;
mod messages;

pub use calls::{CallRecord, Calls};
pub use memory::MemoryCalls;
pub use messages::{FolderMessages, MessageError, Messages, MessagesWaiting, StoredMessage};
