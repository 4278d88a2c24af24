//! Says what came of a changed routing file.

use std::sync::Arc;

use callroute_rules::Engine;
use callroute_tables::LoadError;

/// Says what came of a changed routing file. A faulty one changes nothing.
pub(crate) fn told(reload: Result<Arc<Engine>, LoadError>) {
    match reload {
        Ok(engine) => println!("routes reloaded: {}", engine.fingerprint()),
        Err(error) => eprintln!("the routes stay as they were:\n{error}"),
    }
}
