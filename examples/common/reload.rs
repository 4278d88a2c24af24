//! The routing file as it is opened, and what came of a change of it.

use std::path::Path;
use std::sync::Arc;

use callroute_router::{Lookups, check};
use callroute_rules::Engine;
use callroute_tables::{FileTable, LoadError};

/// Opens a routing file. What would make this fail makes a change of the file fail later.
pub(crate) fn open(path: &Path, lookups: &Lookups) -> Result<FileTable, LoadError> {
    let lookups = lookups.clone();
    FileTable::open(path)?.held_to(move |engine| check(engine, &lookups))
}

/// Says what came of a changed routing file. A faulty one changes nothing.
pub(crate) fn told(reload: Result<Arc<Engine>, LoadError>) {
    match reload {
        Ok(engine) => println!("routes reloaded: {}", engine.fingerprint()),
        Err(error) => eprintln!("the routes stay as they were:\n{error}"),
    }
}
