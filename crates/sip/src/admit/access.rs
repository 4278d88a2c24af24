//! Who may call, and what our side of the network is made of: trunks, users, certificates.

use std::net::SocketAddr;
use std::time::Duration;

use callroute_schema::Network;

use crate::admit::secret::Secret;

/// Who may begin a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Access {
    /// Anybody who reaches us: for a laboratory, or behind a firewall. A user who is known by
    /// password is still known. What a stranger is answered over UDP is repeated (but for one more
    /// 2xx) only as far as he has sent as much, until an ACK of his shows that he is there; and where
    /// his description names another address than his signalling comes from, he is sent five packets of
    /// sound a second until he is heard from there. Peers over a network that loses packets, and those
    /// whose sound comes from elsewhere, belong in
    /// [`Protection::exempt`](crate::Protection::exempt).
    #[default]
    Anybody,
    /// Trunks, by their addresses, and users, by their passwords. Strangers are asked for a
    /// password, or refused (403) where there are no users.
    Known,
}

/// A way to the telephone network: a carrier, a gateway, another switch.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// Its name, as routing rules see it.
    pub name: String,
    /// Where it is, a SIP URI without a user: `sip:carrier.example;transport=tls`. A name without
    /// a port is looked up by NAPTR and SRV records, and all that they name are tried.
    pub uri: String,
    /// Addresses from which it calls us. Its identities (P-Asserted-Identity) are believed, and
    /// no limits apply to it. Who registers from there shows a password all the same.
    pub networks: Vec<Network>,
    /// What we prove when it asks for a password.
    pub credentials: Option<Credentials>,
    /// Whether we register there, so that it finds us.
    pub register: Option<Registration>,
    /// How often it is asked by OPTIONS whether it is there; `None` for never. One that is not is
    /// dialed only when no other is left.
    pub ping: Option<Duration>,
    /// Most calls through it at a time, in both directions. Default no limit.
    pub max_calls: usize,
}

impl Trunk {
    /// A trunk that is only dialed.
    #[must_use]
    pub fn new(name: &str, uri: &str) -> Self {
        Self {
            name: name.to_owned(),
            uri: uri.to_owned(),
            networks: Vec::new(),
            credentials: None,
            register: None,
            ping: None,
            max_calls: usize::MAX,
        }
    }
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name of the digest.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How we register at a trunk (RFC 3261, section 10).
#[derive(Debug, Clone)]
pub struct Registration {
    /// The user part of the address of record.
    pub user: String,
    /// For how long, if the registrar agrees. It is renewed in time. Default one hour.
    pub expires: Duration,
}

impl Registration {
    /// An hour at a time, as this user.
    #[must_use]
    pub fn new(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            expires: Duration::from_secs(3600),
        }
    }
}

/// How TLS is listened for.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Where; 5061 is the usual port.
    pub listen: SocketAddr,
    /// The certificate and its chain, PEM.
    pub certificate: Vec<u8>,
    /// Its key, PEM.
    pub key: Secret,
}
