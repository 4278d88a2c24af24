//! A server that does to each connection exactly what it is told, byte by byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// One deed on a connection.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// Reads one request of HTTP/1.1, head and body.
    Read,
    /// Reads one request of HTTP/2: up to the frame that ends its stream.
    ReadHttp2,
    /// Reads HTTP/2 frames up to the request's head; its body may be held up.
    ReadHttp2Head,
    Write(Vec<u8>),
    Wait(u64),
    /// Writes these bytes one by one, so many milliseconds apart.
    Drip(Vec<u8>, u64),
    /// Writes this again and again, so many milliseconds apart, until the other side is gone.
    Forever(Vec<u8>, u64),
    /// Says nothing until the other side is gone.
    Silence,
    /// Reads nothing and says nothing, for a minute.
    Deaf,
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// From the first deed again.
    Again,
}

/// What each connection goes through, by its number.
pub(crate) type Script = Arc<dyn Fn(usize) -> Vec<Deed> + Send + Sync>;

/// A server on a loopback address.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Server {
    /// Serves by this script, over TLS where an acceptor is given.
    pub(crate) async fn start(ip: [u8; 4], script: Script, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((ip, 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                // What is small goes out at once, as the scripts say.
                stream.set_nodelay(true).unwrap();
                let (deeds, seen, tls) = (script(number), Arc::clone(&seen), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => act(stream, &deeds, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                act(stream, &deeds, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            requests,
            task: task.abort_handle(),
        }
    }

    /// Requests that were read.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A stream whose end can be chosen.
trait Ends: AsyncRead + AsyncWrite + Unpin {
    fn reset(&mut self);
}

impl Ends for TcpStream {
    fn reset(&mut self) {
        self.set_zero_linger().unwrap();
    }
}

impl Ends for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(&mut self) {
        self.get_ref().0.set_zero_linger().unwrap();
    }
}

async fn act(mut stream: impl Ends, deeds: &[Deed], seen: &AtomicUsize) {
    let mut preface = false;
    loop {
        let mut again = false;
        for deed in deeds {
            match deed {
                Deed::Read => match read_request(&mut stream).await {
                    Some(()) => _ = seen.fetch_add(1, Ordering::SeqCst),
                    None => return,
                },
                Deed::ReadHttp2 | Deed::ReadHttp2Head => {
                    let whole = matches!(deed, Deed::ReadHttp2);
                    match read_http2(&mut stream, &mut preface, whole).await {
                        Some(()) => _ = seen.fetch_add(1, Ordering::SeqCst),
                        None => return,
                    }
                }
                Deed::Write(bytes) => {
                    if write(&mut stream, bytes).await.is_none() {
                        return;
                    }
                }
                Deed::Wait(ms) => sleep(Duration::from_millis(*ms)).await,
                Deed::Drip(bytes, ms) => {
                    for byte in bytes {
                        if write(&mut stream, &[*byte]).await.is_none() {
                            return;
                        }
                        sleep(Duration::from_millis(*ms)).await;
                    }
                }
                Deed::Forever(bytes, ms) => {
                    while write(&mut stream, bytes).await.is_some() {
                        match ms {
                            0 => tokio::task::yield_now().await,
                            ms => sleep(Duration::from_millis(*ms)).await,
                        }
                    }
                    return;
                }
                Deed::Silence => {
                    let mut sink = [0_u8; 4096];
                    while matches!(stream.read(&mut sink).await, Ok(1..)) {}
                    return;
                }
                Deed::Deaf => sleep(Duration::from_secs(60)).await,
                Deed::Close => {
                    // A TLS server that ends well says so first.
                    let _ = stream.shutdown().await;
                    return;
                }
                Deed::Reset => {
                    stream.reset();
                    return;
                }
                Deed::Again => again = true,
            }
        }
        if !again {
            return;
        }
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Option<()> {
    stream.write_all(bytes).await.ok()?;
    stream.flush().await.ok()
}

/// One request, head and body; `None` when the other side is gone.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(())
}

/// HTTP/2 frames up to the end of a request, or of its head (RFC 9113, section 4.1).
async fn read_http2(
    stream: &mut (impl AsyncRead + Unpin),
    preface: &mut bool,
    whole: bool,
) -> Option<()> {
    const HEADERS: u8 = 1;
    const DATA: u8 = 0;
    const END_STREAM: u8 = 1;
    if !*preface {
        let mut bytes = [0_u8; 24];
        stream.read_exact(&mut bytes).await.ok()?;
        assert_eq!(&bytes, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        *preface = true;
    }
    loop {
        let mut head = [0_u8; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.ok()?;
        let ends = head[4] & END_STREAM != 0;
        match head[3] {
            HEADERS if ends || !whole => return Some(()),
            DATA if ends => return Some(()),
            _ => {}
        }
    }
}
