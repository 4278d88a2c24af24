//! Faults of DNS: a real resolver, and a name server that does what it is told.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callroute_webhook::{Connector, FailureClass as C, Pending, Stream, System};
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Resolver, TokioResolver};
use tokio::net::UdpSocket;
use tokio::time::sleep;

use crate::deeds::Deed::{Again, Close, Read, Write};
use crate::deeds::Server;
use crate::place::{self, HANG_UP, Kind, Place, json};

const ALLOWED: [u8; 4] = [127, 44, 0, 1];
const REFUSED: [u8; 4] = [127, 0, 0, 1];
const PRIVATE: [u8; 4] = [10, 0, 0, 1];

/// What is wrong with a name server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    NxDomain,
    ServFail,
    Refused,
    /// The name exists, and has no address.
    NoAddress,
    Silence,
    /// The answer takes 800 ms.
    Slow,
    Private,
    /// An address that may be connected to, and one that may not.
    Mixed,
    /// The first time an address that may be connected to, then one that may not.
    Rebinding,
    Garbage,
}

/// All of them.
pub(crate) fn faults() -> Vec<place::Fault> {
    use Fault as F;
    let of = |name: &str, expect, fault| place::Fault::of(name, expect, Kind::Dns(fault));
    vec![
        of("DNS that is well", Ok(()), F::None).alone_suffices(),
        of("DNS NXDOMAIN", Err(C::Dns), F::NxDomain),
        of("DNS SERVFAIL", Err(C::Dns), F::ServFail),
        of("DNS REFUSED", Err(C::Dns), F::Refused),
        of("DNS without an address", Err(C::Dns), F::NoAddress),
        of("DNS silence", Err(C::Dns), F::Silence),
        of("DNS garbage", Err(C::Dns), F::Garbage),
        of("DNS 800 ms", Ok(()), F::Slow).deadline(1500),
        of("DNS private", Err(C::RefusedAddress), F::Private),
        of("DNS mixed", Err(C::RefusedAddress), F::Mixed),
        of("DNS rebinding", Err(C::RefusedAddress), F::Rebinding).warm(),
    ]
}

impl Fault {
    pub(crate) async fn place(self) -> Place {
        // One request a connection, so that each ask looks the host up.
        let ends = self == Self::Rebinding;
        let deeds = vec![Read, Write(json(HANG_UP)), if ends { Close } else { Again }];
        let server = Server::start(ALLOWED, Arc::new(move |_| deeds.clone()), None).await;
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let name_server = socket.local_addr().unwrap();
        let serving = tokio::spawn(self.serve(socket));
        Place {
            url: format!("http://hook.example:{}/", server.address.port()),
            transport: Some(Arc::new(Over::new(name_server))),
            allow: "127.44.0.0/16",
            kept: vec![Box::new(Ends(serving.abort_handle()))],
            ..Place::at(server)
        }
    }

    async fn serve(self, socket: UdpSocket) {
        let (socket, asked) = (Arc::new(socket), AtomicUsize::new(0));
        let mut query = [0_u8; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            let nth = asked.fetch_add(1, Ordering::SeqCst);
            let Some(reply) = self.reply(&query[..length], nth) else {
                continue;
            };
            let socket = Arc::clone(&socket);
            tokio::spawn(async move {
                if self == Self::Slow {
                    sleep(Duration::from_millis(800)).await;
                }
                // Whoever asked may be gone.
                let _ = socket.send_to(&reply, from).await;
            });
        }
    }

    fn reply(self, query: &[u8], nth: usize) -> Option<Vec<u8>> {
        let (code, addresses): (u8, &[[u8; 4]]) = match self {
            Self::None | Self::Slow => (0, &[ALLOWED]),
            Self::NxDomain => (3, &[]),
            Self::ServFail => (2, &[]),
            Self::Refused => (5, &[]),
            Self::NoAddress => (0, &[]),
            Self::Silence => return None,
            Self::Private => (0, &[PRIVATE]),
            Self::Mixed => (0, &[ALLOWED, PRIVATE]),
            Self::Rebinding if nth == 0 => (0, &[ALLOWED]),
            Self::Rebinding => (0, &[REFUSED]),
            Self::Garbage => return Some(vec![0xff; 40]),
        };
        Some(answer(query, code, addresses))
    }
}

/// An answer of type A to a query (RFC 1035, section 4.1), valid for no time at all.
fn answer(query: &[u8], code: u8, addresses: &[[u8; 4]]) -> Vec<u8> {
    let labels = query[12..].iter().position(|byte| *byte == 0).unwrap();
    let question = &query[12..12 + labels + 5];
    let count = u8::try_from(addresses.len()).unwrap();
    let mut bytes = query[..2].to_vec();
    bytes.extend([0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
    bytes.extend(question);
    for address in addresses {
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        bytes.extend(address);
    }
    bytes
}

#[derive(Debug)]
struct Ends(tokio::task::AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The system's TCP, with a name server of its own.
#[derive(Debug)]
struct Over(TokioResolver);

impl Over {
    fn new(name_server: SocketAddr) -> Self {
        let mut connection = ConnectionConfig::udp();
        connection.port = name_server.port();
        let server = NameServerConfig::new(name_server.ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options: &mut ResolverOpts = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv4Only;
        options.cache_size = 0;
        Self(builder.build().unwrap())
    }
}

impl Connector for Over {
    fn lookup(&self, host: &str, port: u16) -> Pending<Vec<SocketAddr>> {
        let (resolver, host) = (self.0.clone(), format!("{host}."));
        Box::pin(async move {
            let found = resolver.lookup_ip(host).await.map_err(io::Error::other)?;
            Ok(found.iter().map(|ip| SocketAddr::new(ip, port)).collect())
        })
    }

    fn connect(&self, address: SocketAddr) -> Pending<Box<dyn Stream>> {
        System.connect(address)
    }
}

/// The system's TCP, where every host has this one address.
#[derive(Debug)]
pub(crate) struct Only(pub(crate) IpAddr);

impl Default for Only {
    fn default() -> Self {
        Self(Ipv4Addr::LOCALHOST.into())
    }
}

impl Connector for Only {
    fn lookup(&self, _: &str, port: u16) -> Pending<Vec<SocketAddr>> {
        let found = vec![SocketAddr::new(self.0, port)];
        Box::pin(async move { Ok(found) })
    }

    fn connect(&self, address: SocketAddr) -> Pending<Box<dyn Stream>> {
        System.connect(address)
    }
}
