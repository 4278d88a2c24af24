//! What may go wrong before the first call.

use std::io;
use std::net::{IpAddr, SocketAddr};

/// Why the adapter could not begin to listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The address could not be bound.
    #[error("cannot listen on {addr} ({transport}): {}{}", reason(.source), advice(.source))]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// `udp`, `tcp`, `tls` or `ws`.
        transport: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The name server cannot be asked.
    #[error("cannot ask the name server {server}: {source}")]
    NameServer {
        /// Which.
        server: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The registrations of before cannot be read.
    #[error(transparent)]
    Registrations(#[from] crate::reach::kept::RegistrationsError),
    /// A certificate or its key cannot be used.
    #[error("{setting}: {source}")]
    Certificate {
        /// Which setting: `tls` or `roots`.
        setting: &'static str,
        /// What is wrong with it.
        source: sipx_transport::tls::TlsError,
    },
    /// A trunk, a contact or an application is no SIP URI.
    #[error("{setting} is no SIP URI: {found:?}; write for example sip:127.0.0.1:5070")]
    Uri {
        /// Which setting: `trunk`, `contact` with its number, or `application` with its name.
        setting: String,
        /// What was found.
        found: String,
    },
    /// A `sips:` URI that names UDP, by which it is never asked.
    #[error(
        "{setting} is a sips URI, which is never sent over UDP: {found:?}; leave its transport out"
    )]
    SecureUri {
        /// Which setting, as before.
        setting: String,
        /// What was found.
        found: String,
    },
    /// The address that is advertised is that of nobody, or of many.
    #[error(
        "{found} cannot be advertised: nobody reaches us there; name an address of this machine, or of the NAT before it"
    )]
    Advertised {
        /// What was found.
        found: IpAddr,
    },
    /// The range of RTP ports holds no even port.
    #[error("the RTP port range {first}-{last} holds no even port; write for example 20000-29999")]
    RtpPorts {
        /// First port of the range.
        first: u16,
        /// Last port of the range.
        last: u16,
    },
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another SIP server runs there? choose another address to listen on"
        }
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::PermissionDenied => {
            "; choose another address to listen on"
        }
        _ => "",
    }
}
