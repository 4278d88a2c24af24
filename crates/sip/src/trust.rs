//! Whom we believe who he is when we connect by TLS.

use sipx_transport::tls::{ClientTls, TlsError, TrustAnchors};
use tokio::sync::OnceCell;

/// The system's certificates and those of the settings; they are read when the first connection
/// needs them, for reading the system's takes time and most endpoints never connect by TLS.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    roots: Vec<Vec<u8>>,
    client: OnceCell<ClientTls>,
}

impl Trust {
    /// The system's certificates and these, PEM.
    ///
    /// # Errors
    /// One of these is no certificate.
    pub(crate) fn new(roots: &[Vec<u8>]) -> Result<Self, TlsError> {
        let mut anchors = TrustAnchors::only();
        for root in roots {
            anchors.add_pem(root)?;
        }
        Ok(Self {
            roots: roots.to_vec(),
            client: OnceCell::new(),
        })
    }

    /// What connects by TLS.
    pub(crate) async fn client(&self) -> Result<&ClientTls, TlsError> {
        let read = || async {
            let mut anchors = TrustAnchors::system();
            for root in &self.roots {
                anchors.add_pem(root)?;
            }
            ClientTls::new(&anchors)
        };
        self.client.get_or_try_init(read).await
    }
}
