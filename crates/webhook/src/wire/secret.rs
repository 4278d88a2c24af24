//! What requests are signed with: kept out of sight, and overwritten in memory when it is over.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Marks a secret in base64 (Standard Webhooks, "signature scheme").
const MARK: &str = "whsec_";
/// Longest key that is accepted, in bytes.
const MAX_KEY: usize = 1024;
/// Base64 whose padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A signing secret. Clones share it; the last one to go overwrites it.
///
/// `Debug` never shows it, and comparing two takes the same time wherever they differ.
#[derive(Clone)]
pub struct SigningSecret(Arc<Zeroizing<Vec<u8>>>);

/// Why a text is no secret. The text itself is never repeated.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Nothing at all, or nothing behind `whsec_`.
    #[error("a secret must not be empty; `openssl rand -base64 32` makes a good one")]
    Empty,
    /// `whsec_` and then no base64.
    #[error("what follows `whsec_` in a secret must be base64; without `whsec_` any text will do")]
    Encoding,
    /// White space inside.
    #[error(
        "a secret must not hold white space: it stands between two secrets; write what was meant as \
         `whsec_` and base64"
    )]
    Blank,
    /// More than any key is.
    #[error("a secret has {found} bytes; at most {MAX_KEY} are accepted")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// An environment variable that is not set.
    #[error("the environment has no variable `{name}` for a secret; set it")]
    NotSet {
        /// The variable.
        name: String,
    },
    /// An environment variable that is not UTF-8.
    #[error(
        "the environment variable `{name}` is not UTF-8; write its secret as `whsec_` and base64"
    )]
    NotText {
        /// The variable.
        name: String,
    },
    /// A file that cannot be read.
    #[error("the secret's file {} cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
}

impl PartialEq for SecretError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl SigningSecret {
    /// A secret from its text: `whsec_` and base64 (Standard Webhooks), or any other text as it
    /// is, without white space inside: servers take that for what stands between two secrets.
    /// White space around it, such as a file's last line end, is left out.
    ///
    /// # Errors
    /// [`SecretError`] when there is none, when it holds white space, or when what follows
    /// `whsec_` is not base64.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        if text.contains(char::is_whitespace) {
            return Err(SecretError::Blank);
        }
        let mut key = Zeroizing::new(Vec::new());
        match text.strip_prefix(MARK) {
            // Decoding never needs more room than the text has; so nothing is left behind where
            // the key was before it grew.
            Some(encoded) => {
                key.reserve_exact(encoded.len().min(2 * MAX_KEY) + 4);
                if encoded.len() > 2 * MAX_KEY {
                    return Err(SecretError::TooLong {
                        found: encoded.len(),
                    });
                }
                BASE64
                    .decode_vec(encoded, &mut key)
                    .map_err(|_| SecretError::Encoding)?;
            }
            None => {
                key.reserve_exact(text.len());
                key.extend_from_slice(text.as_bytes());
            }
        }
        match key.len() {
            0 => Err(SecretError::Empty),
            found if found > MAX_KEY => Err(SecretError::TooLong { found }),
            _ => Ok(Self(Arc::new(key))),
        }
    }

    /// A secret out of the environment variable of this name.
    ///
    /// # Errors
    /// [`SecretError`] when it is not set, or holds no secret.
    pub fn from_env(name: &str) -> Result<Self, SecretError> {
        match std::env::var(name) {
            Ok(text) => Self::new(&Zeroizing::new(text)),
            Err(std::env::VarError::NotPresent) => Err(SecretError::NotSet { name: name.into() }),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(SecretError::NotText { name: name.into() })
            }
        }
    }

    /// A secret out of a file; a line end after it is left out.
    ///
    /// # Errors
    /// [`SecretError`] when it cannot be read, or holds no secret.
    pub fn from_file(path: &Path) -> Result<Self, SecretError> {
        let failed = |source| SecretError::File {
            path: path.to_owned(),
            source: Arc::new(source),
        };
        // One byte more than fits, so that what is too long is seen to be.
        let most = (2 * MAX_KEY + 64) as u64;
        let mut text = Zeroizing::new(String::with_capacity(2 * MAX_KEY + 64));
        let file = File::open(path).map_err(failed)?;
        file.take(most).read_to_string(&mut text).map_err(failed)?;
        Self::new(&text)
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for SigningSecret {
    fn eq(&self, other: &Self) -> bool {
        self.key().ct_eq(other.key()).into()
    }
}

impl Eq for SigningSecret {}

impl fmt::Debug for SigningSecret {
    /// Never shows the secret itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{SecretError, SigningSecret};

    #[test]
    fn both_ways_of_writing_are_read() {
        assert_eq!(
            SigningSecret::new("whsec_c2FsZXM=").unwrap().key(),
            b"sales"
        );
        assert_eq!(SigningSecret::new("whsec_c2FsZXM").unwrap().key(), b"sales");
        assert_eq!(SigningSecret::new("sales\n").unwrap().key(), b"sales");
        assert_eq!(SigningSecret::new("c2FsZXM=").unwrap().key(), b"c2FsZXM=");
        assert_eq!(
            SigningSecret::new("sales"),
            SigningSecret::new("whsec_c2FsZXM=")
        );
        assert_ne!(SigningSecret::new("sales"), SigningSecret::new("salesx"));
    }

    #[test]
    fn what_is_no_secret_is_told_and_never_shown() {
        assert_eq!(SigningSecret::new(" \n"), Err(SecretError::Empty));
        assert_eq!(SigningSecret::new("whsec_"), Err(SecretError::Empty));
        let faulty = SigningSecret::new("whsec_hunter2!").unwrap_err();
        assert_eq!(faulty, SecretError::Encoding);
        assert!(!format!("{faulty} {faulty:?}").contains("hunter"));
        let blank = SigningSecret::new("correct horse battery staple").unwrap_err();
        assert_eq!(blank, SecretError::Blank);
        assert!(!format!("{blank} {blank:?}").contains("horse"));
        let long = SigningSecret::new(&"x".repeat(1025)).unwrap_err();
        assert_eq!(long, SecretError::TooLong { found: 1025 });
        let long = format!("whsec_{}", "A".repeat(1_000_000));
        assert!(matches!(
            SigningSecret::new(&long),
            Err(SecretError::TooLong { .. })
        ));
        assert!(SigningSecret::new(&"x".repeat(1024)).is_ok());
        assert_eq!(
            format!("{:?}", SigningSecret::new("hunter2").unwrap()),
            "SigningSecret(…)"
        );
    }

    #[test]
    fn a_file_is_read() {
        let folder = std::env::temp_dir().join(format!("callroute-secret-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("secret");
        std::fs::write(&path, "whsec_c2FsZXM=\n").unwrap();
        assert_eq!(SigningSecret::from_file(&path).unwrap().key(), b"sales");
        std::fs::write(&path, "x".repeat(1_000_000)).unwrap();
        let long = SigningSecret::from_file(&path).unwrap_err();
        assert!(matches!(long, SecretError::TooLong { .. }), "{long}");
        std::fs::remove_dir_all(&folder).unwrap();
        let missing = SigningSecret::from_file(&path).unwrap_err();
        assert!(matches!(missing, SecretError::File { .. }), "{missing}");
    }

    #[test]
    fn the_environment_is_read() {
        // The one variable that every test run has.
        assert!(
            SigningSecret::from_env("CARGO_PKG_NAME").is_ok()
                || std::env::var("CARGO_PKG_NAME").is_err()
        );
        let missing = SigningSecret::from_env("CALLROUTE_NO_SUCH_SECRET").unwrap_err();
        assert_eq!(
            missing.to_string(),
            "the environment has no variable `CALLROUTE_NO_SUCH_SECRET` for a secret; set it"
        );
    }
}
