//! The routing table that a command works with.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use callroute_router::KeptTableError;
use callroute_rules::{Engine, Faults, Files};
use callroute_tables::{LoadError, SystemZones};

use crate::error::Error;
use crate::input::Input;

/// Longest routing file from standard input, in bytes: as for files.
const MAX_ROUTES: u64 = 16 * 1024 * 1024;

/// Loads a routing file. What one from standard input names is relative to the current folder.
///
/// # Errors
/// [`Error`]: it cannot be read, or everything that is wrong with it.
pub(crate) fn load(routes: &Input) -> Result<Arc<Engine>, Error> {
    let zones = SystemZones::new();
    let engine = match routes {
        Input::File(path) => callroute_tables::load(path, &zones)
            .map_err(|error| no_text(routes, &error).unwrap_or(error))?,
        Input::Stdin => {
            let bytes = routes.bytes(MAX_ROUTES)?;
            let name = routes.to_string();
            if let Some(faults) = Faults::not_text(&name, &bytes) {
                return Err(LoadError::Faults(faults).into());
            }
            // It is text, so that nothing is lost.
            let text = String::from_utf8_lossy(&bytes);
            callroute_rules::load(&name, &text, &CurrentFolder, &zones)
                .map_err(LoadError::Faults)?
        }
    };
    Ok(Arc::new(engine))
}

/// Where the bytes of a routing file that could not be read are no text.
fn no_text(routes: &Input, error: &LoadError) -> Option<LoadError> {
    let LoadError::Read { source, .. } = error else {
        return None;
    };
    if source.kind() != ErrorKind::InvalidData {
        return None;
    }
    let bytes = routes.bytes(MAX_ROUTES).ok()?;
    Faults::not_text(&routes.to_string(), &bytes).map(LoadError::Faults)
}

/// Loads the table that is kept beside a journal, under the fingerprint that its header names.
///
/// # Errors
/// [`Error`]: it is not there, or it is no table.
pub(crate) fn kept(journal: &Path, fingerprint: &str) -> Result<Arc<Engine>, Error> {
    callroute_router::kept_table(journal, fingerprint).map_err(|error| match error {
        KeptTableError::Read { .. } => Error::NoTable(error),
        KeptTableError::Table(faults) => faults.into(),
        other => Error::KeptTable(other),
    })
}

struct CurrentFolder;

impl Files for CurrentFolder {
    fn read(&self, relative: &str) -> Result<String, String> {
        Input::File(relative.into())
            .text(MAX_ROUTES)
            .map_err(|error| error.to_string())
    }
}
