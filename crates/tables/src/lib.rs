//! Routing tables from files, with hot reload.
//!
//! ```text
//! routes.yaml + vip.csv  ->  FileTable  ->  TableHandle  ->  Arc<Engine> for each call
//! ```
//!
//! A [`FileTable`] loads a routing file and what it names, and puts each new version in place of
//! the last; a file with a fault changes nothing, nor does one that lacks something that its tables
//! are [held to](FileTable::held_to). Calls take the engine from a [`TableHandle`]
//! and keep it to their end. Time zones come from the system ([`SystemZones`]).
//!
//! ```
//! use callroute_tables::FileTable;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("routes.yaml");
//!
//! std::fs::write(&path, "version: 1\ndefault: { action: voicemail, message: general }\n")?;
//! let table = FileTable::open(&path)?;
//! let before = table.current();
//!
//! std::fs::write(&path, "version: 1\ndefault: nobody\n")?;
//! let fault = table.reload().unwrap_err();
//! assert!(fault.to_string().contains("unknown target `nobody`"));
//! assert_eq!(table.current().fingerprint(), before.fingerprint());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod file;
mod folder;
mod handle;
mod watch;
mod zones;

pub use file::{FileTable, LoadError, Reload, load};
pub use handle::TableHandle;
pub use watch::Watch;
pub use zones::SystemZones;
