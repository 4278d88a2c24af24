//! A web server in a process of its own, so that it can be killed, and its sockets are not ours.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};

use crate::place::HANG_UP;

/// Where a server listens and how long it takes; set for the process that shall be one.
const ORDER: &str = "CALLROUTE_SERVE";

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Served {
    /// Starts one on any port of this address.
    pub(crate) fn start(ip: &str, takes: Duration) -> Self {
        Self::start_at(&format!("{ip}:0"), takes)
    }

    /// Starts one at this very address.
    pub(crate) fn start_at(address: &str, takes: Duration) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "served::serve", "--ignored", "--nocapture"])
            .env(ORDER, format!("{address} {}", takes.as_millis()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().strip_prefix("serving ")?.parse().ok())
            .unwrap();
        Self { address, child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Connections that it took, and requests.
    pub(crate) async fn counts(&self) -> (usize, usize) {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let request = Request::get("/counts")
            .body(Full::<Bytes>::default())
            .unwrap();
        let body = sender.send_request(request).await.unwrap().into_body();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
        let (connections, requests) = text.split_once(' ').unwrap();
        // This one does not count.
        (
            connections.parse::<usize>().unwrap() - 1,
            requests.parse().unwrap(),
        )
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server itself: not a test, but what a test's child process runs.
#[test]
#[ignore = "run by other tests, as a process of its own"]
fn serve() {
    let order = std::env::var(ORDER).expect("run by other tests only");
    let (address, takes) = order.split_once(' ').unwrap();
    let (address, takes) = (
        address.parse().unwrap(),
        Duration::from_millis(takes.parse().unwrap()),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build();
    runtime.unwrap().block_on(run(address, takes));
}

async fn run(address: SocketAddr, takes: Duration) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    let listener: TcpListener = socket.listen(4096).unwrap();
    println!("serving {}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        connections.fetch_add(1, Ordering::Relaxed);
        let (connections, requests) = (Arc::clone(&connections), Arc::clone(&requests));
        let service = service_fn(move |request| {
            reply(
                request,
                takes,
                Arc::clone(&connections),
                Arc::clone(&requests),
            )
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn reply(
    request: Request<Incoming>,
    takes: Duration,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = if request.method() == Method::GET {
        let all = (
            connections.load(Ordering::Relaxed),
            requests.load(Ordering::Relaxed),
        );
        Bytes::from(format!("{} {}", all.0, all.1))
    } else {
        // A body that breaks off comes from a client that gave up.
        let _ = request.into_body().collect().await;
        requests.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(takes).await;
        Bytes::from_static(HANG_UP.as_bytes())
    };
    let mut response = Response::new(Full::new(text));
    let json = http::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    Ok(response)
}
