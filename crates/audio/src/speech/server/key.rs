//! The key of a server: shown by nothing, wiped when it is dropped.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use super::ServerError;

/// Longest key that is read, in bytes.
const MAX: usize = 4096;

/// A key of a server. Its `Debug` output hides it.
#[derive(Clone)]
pub struct SpeechKey(Zeroizing<String>);

impl SpeechKey {
    /// The key itself; blanks around it are left out.
    ///
    /// # Errors
    /// [`ServerError::Key`] for what cannot be one: it is empty, longer than 4,096 bytes, or has
    /// blanks or other than ASCII characters in it.
    pub fn new(key: &str) -> Result<Self, ServerError> {
        Self::of(key, "the key that was given")
    }

    /// The key that an environment variable holds.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where there is no such variable.
    pub fn from_env(name: &str) -> Result<Self, ServerError> {
        let place = format!("environment variable {name}");
        let Ok(key) = std::env::var(name).map(Zeroizing::new) else {
            let why = "it is not set, or no text";
            return Err(ServerError::Key { place, why });
        };
        Self::of(&key, &place)
    }

    /// The key that a file holds.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, ServerError> {
        let key = std::fs::read_to_string(path).map(Zeroizing::new);
        let key = key.map_err(|source| ServerError::KeyFile {
            path: path.to_owned(),
            source,
        })?;
        Self::of(&key, &path.display().to_string())
    }

    fn of(key: &str, place: &str) -> Result<Self, ServerError> {
        let key = key.trim();
        let fault = |why| {
            let place = place.to_owned();
            Err(ServerError::Key { place, why })
        };
        if key.is_empty() {
            return fault("it is empty");
        }
        if key.len() > MAX {
            return fault("it is longer than 4096 bytes");
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return fault("it has blanks or other than ASCII characters in it");
        }
        Ok(Self(Zeroizing::new(key.to_owned())))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SpeechKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpeechKey(..)")
    }
}
