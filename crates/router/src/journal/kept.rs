//! The tables that are kept beside journals.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callroute_rules::{Engine, SourceFile};
use callroute_tables::{LoadError, SystemZones};

/// Longest table kept beside a journal, in bytes.
const MAX_KEPT: u64 = 256 * 1024 * 1024;

/// Why the table that a journal names cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeptTableError {
    /// A journal's header names its table with something that is no fingerprint.
    #[error(
        "{}: line 1: `table` should be a fingerprint of hex digits, found {found:?}",
        journal.display()
    )]
    Fingerprint {
        /// The journal.
        journal: PathBuf,
        /// What stands there.
        found: String,
    },
    /// It is not there, or cannot be read.
    #[error("cannot read the table that the call began with, {}: {source}", path.display())]
    Read {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not a list of files.
    #[error(
        "{}: not a kept table, which is a JSON list of {{\"name\", \"text\"}}: {detail}",
        path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// It is one, and cannot be loaded any more.
    #[error(transparent)]
    Table(LoadError),
}

/// Loads the table that is kept beside a journal, under the fingerprint that its header names.
///
/// # Errors
/// [`KeptTableError`]: it is not there, or it is no table.
pub fn kept_table(journal: &Path, fingerprint: &str) -> Result<Arc<Engine>, KeptTableError> {
    // The header may say anything; it shall not choose a file elsewhere.
    let is_fingerprint =
        |text: &str| (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit());
    if !is_fingerprint(fingerprint) {
        return Err(KeptTableError::Fingerprint {
            journal: journal.to_owned(),
            found: fingerprint.chars().take(64).collect(),
        });
    }
    let folder = journal.parent().unwrap_or(Path::new("")).join("tables");
    let path = folder.join(format!("{fingerprint}.json"));
    let shape = |detail: String| KeptTableError::Shape {
        path: path.clone(),
        detail,
    };
    let bytes = read(&path).map_err(|source| KeptTableError::Read {
        path: path.clone(),
        source,
    })?;
    if bytes.len() as u64 > MAX_KEPT {
        return Err(shape(format!("it is longer than {MAX_KEPT} bytes")));
    }
    let sources: Vec<SourceFile> =
        serde_json::from_slice(&bytes).map_err(|error| shape(error.to_string()))?;
    let Some((routes, others)) = sources.split_first() else {
        return Err(shape("the list is empty".to_owned()));
    };
    let engine = callroute_rules::load(&routes.name, &routes.text, &others, &SystemZones::new())
        .map_err(|faults| KeptTableError::Table(LoadError::Faults(faults)))?;
    Ok(Arc::new(engine))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_KEPT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
