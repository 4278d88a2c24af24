//! The texts that a table is made of, and how one file of it names another.

use serde::{Deserialize, Serialize};

/// One file, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name: as given to [`load`](crate::load), or as a `file:` entry names it.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// How `file:` entries of a routing file are read; the engine itself opens nothing.
pub trait Files {
    /// The text of a file, named relative to the routing file.
    ///
    /// # Errors
    /// A message for whoever wrote the `file:` entry.
    fn read(&self, relative: &str) -> Result<String, String>;
}

/// No files: every `file:` entry is a fault.
impl Files for () {
    fn read(&self, _relative: &str) -> Result<String, String> {
        Err("this routing file was loaded without access to further files".to_owned())
    }
}

fn find(sources: &[SourceFile], relative: &str) -> Result<String, String> {
    sources
        .iter()
        .find(|source| source.name == relative)
        .map(|source| source.text.clone())
        .ok_or_else(|| "it is not among the files given".to_owned())
}

impl Files for [SourceFile] {
    fn read(&self, relative: &str) -> Result<String, String> {
        find(self, relative)
    }
}

impl Files for &[SourceFile] {
    fn read(&self, relative: &str) -> Result<String, String> {
        find(self, relative)
    }
}

impl Files for Vec<SourceFile> {
    fn read(&self, relative: &str) -> Result<String, String> {
        find(self, relative)
    }
}

/// A hash over the texts (FNV-1a, 128 bits, as 32 hex digits): the same texts give the same
/// fingerprint on every machine, wherever the routing file lies and whatever it is called there. It tells tables apart; it proves nothing against forgery.
pub(crate) fn fingerprint(sources: &[SourceFile]) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut hash = OFFSET;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    };
    for (index, source) in sources.iter().enumerate() {
        // The first is the routing file; the others are named by it.
        let name = if index == 0 { "" } else { &source.name };
        for part in [name, &source.text] {
            add(&(part.len() as u64).to_le_bytes());
            add(part.as_bytes());
        }
    }
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::{Files, SourceFile, fingerprint};

    fn source(name: &str, text: &str) -> SourceFile {
        SourceFile {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn fingerprints_tell_names_and_texts_apart() {
        assert_eq!(fingerprint(&[]), "6c62272e07bb014262b821756295c58d");
        assert_ne!(
            fingerprint(&[source("r", ""), source("a", "bc")]),
            fingerprint(&[source("r", ""), source("ab", "c")])
        );
        assert_eq!(
            fingerprint(&[source("./routes.yaml", "x")]),
            fingerprint(&[source("routes.yaml", "x")])
        );
        assert_ne!(
            fingerprint(&[source("r", "x")]),
            fingerprint(&[source("r", "y")])
        );
        assert_eq!(
            fingerprint(&[source("a", "b")]),
            fingerprint(&[source("a", "b")])
        );
    }

    #[test]
    fn finds_sources_by_name() {
        let files = vec![source("vip.csv", "number\n")];
        assert_eq!(files.read("vip.csv").unwrap(), "number\n");
        assert!(files.read("other.csv").is_err());
        assert!(().read("vip.csv").is_err());
    }
}
