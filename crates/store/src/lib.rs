//! What must last or be shared: for now the calls in progress and the records of the last ones,
//! in memory.
//!
//! ```
//! use callroute_store::{Calls, MemoryCalls};
//!
//! let calls = MemoryCalls::new(100);
//! assert_eq!(calls.live(), 0);
//! ```

mod calls;
mod memory;

pub use calls::{CallRecord, Calls};
pub use memory::MemoryCalls;
