//! Whom a webhook trusts instead of the operating system's roots, and how it names itself.

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, InconsistentKeys, RootCertStore};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::net::tls::{add_system_roots, builder, speak_http};

/// What texts are called in errors.
const CA: &str = "CA";
const CERTIFICATE: &str = "certificate";
const KEY: &str = "key";
const PAIR: &str = "certificate with its key";

/// TLS of one webhook: a CA of its own, a certificate to show, or both. Clones share it.
#[derive(Clone)]
pub struct Trust {
    /// Tells settings apart, so that connections are shared only under the same.
    key: [u8; 32],
    config: Arc<ClientConfig>,
}

/// Why TLS settings are refused. Keys are never repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Neither a CA nor a certificate.
    #[error("give a CA, or a certificate with its key, or both")]
    Nothing,
    /// A text that should hold certificates or a key.
    #[error("the {what} is not PEM: {source}")]
    Pem {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A text without any certificate.
    #[error("the {what} holds no certificate; it starts with -----BEGIN CERTIFICATE-----")]
    NoCertificate {
        /// What it should be.
        what: &'static str,
    },
    /// A certificate, or a key, that cannot be used.
    #[error("the {what} cannot be used: {source}")]
    Unusable {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The system has no roots, and no CA is given.
    #[error("{why}")]
    NoRoots {
        /// What was looked for.
        why: String,
    },
}

impl TrustError {
    /// Which of the three files is at fault, as the routing file calls them: `ca`, `cert` or
    /// `key`; `None`: this machine is.
    #[must_use]
    pub fn key(&self) -> Option<&'static str> {
        let (Self::Pem { what, .. } | Self::NoCertificate { what } | Self::Unusable { what, .. }) =
            self
        else {
            return None;
        };
        [
            (CA, "ca"),
            (CERTIFICATE, "cert"),
            (KEY, "key"),
            (PAIR, "key"),
        ]
        .into_iter()
        .find_map(|(known, key)| (known == *what).then_some(key))
    }
}

/// Root certificates that a client trusts beside those of the operating system, for all webhooks
/// without a [`Trust`] of their own. The default holds none.
#[derive(Clone)]
pub struct Roots(RootCertStore);

impl Default for Roots {
    fn default() -> Self {
        Self(RootCertStore::empty())
    }
}

impl Roots {
    /// From a PEM text of one certificate or several.
    ///
    /// # Errors
    /// [`TrustError`] when it holds none, or one of them cannot be used.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TrustError> {
        let mut roots = Self::default();
        for der in certificates(pem, CA)? {
            roots.0.add(der).map_err(|error| unusable(CA, error))?;
        }
        Ok(roots)
    }

    pub(crate) fn store(&self) -> &RootCertStore {
        &self.0
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

impl Trust {
    /// From PEM texts. With a CA, servers whose certificates lead to it are trusted and no
    /// others; without one, those that the operating system trusts. With an identity (the
    /// certificate, then those that signed it, and its key) we show it to servers that ask for
    /// one (RFC 8446, section 4.4.2).
    ///
    /// # Errors
    /// [`TrustError`] names the text that is wrong.
    pub fn from_pem(
        ca: Option<&[u8]>,
        identity: Option<(&[u8], &[u8])>,
    ) -> Result<Self, TrustError> {
        let mut hash = Sha256::new();
        let roots = match (ca, identity) {
            (None, None) => return Err(TrustError::Nothing),
            (Some(pem), _) => {
                hash.update(pem);
                Roots::from_pem(pem)?.0
            }
            (None, Some(_)) => {
                let mut roots = RootCertStore::empty();
                add_system_roots(&mut roots).map_err(|why| TrustError::NoRoots { why })?;
                roots
            }
        };
        hash.update([0]);
        let config = builder()
            .map_err(|error| unusable("TLS library", error))?
            .with_root_certificates(roots);
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some((chain, key)) => {
                hash.update(chain);
                let identity = identity_of(certificates(chain, CERTIFICATE)?, key)?;
                config.with_client_cert_resolver(Arc::new(identity))
            }
        };
        speak_http(&mut config);
        Ok(Self {
            key: hash.finalize().into(),
            config: Arc::new(config),
        })
    }

    /// Tells settings apart in a text.
    pub(crate) fn mark(&self) -> String {
        self.key.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }
}

/// A certificate with its key, whose bytes are overwritten once they are taken apart.
fn identity_of(
    chain: Vec<CertificateDer<'static>>,
    key: &[u8],
) -> Result<SingleCertAndKey, TrustError> {
    let der = PrivateKeyDer::from_pem_slice(key);
    let der = Zeroizing::new(der.map_err(|error| not_pem(KEY, error))?);
    let unusable = |error| unusable(PAIR, error);
    let identity = CertifiedKey::new(chain, any_supported_type(&der).map_err(unusable)?);
    match identity.keys_match() {
        // Not every key says what belongs to it; then the server will tell.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
            Ok(identity.into())
        }
        Err(source) => Err(unusable(source)),
    }
}

fn not_pem(what: &'static str, error: pem::Error) -> TrustError {
    let source = error.into();
    TrustError::Pem { what, source }
}

fn unusable(what: &'static str, error: rustls::Error) -> TrustError {
    let source = error.into();
    TrustError::Unusable { what, source }
}

fn certificates(
    pem: &[u8],
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let list: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
    let list = list.map_err(|error| not_pem(what, error))?;
    if list.is_empty() {
        return Err(TrustError::NoCertificate { what });
    }
    Ok(list)
}

impl fmt::Debug for Trust {
    /// Never shows a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust(…)")
    }
}

impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Trust {}

impl PartialOrd for Trust {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Trust {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}
