//! A peer made of plain text, for what a well-behaved phone does not do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::support::LONG;

pub(crate) struct Raw {
    pub(crate) socket: UdpSocket,
    pub(crate) addr: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) call_id: String,
}

pub(crate) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n\
    t=0 0\r\nm=audio 40000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

impl Raw {
    pub(crate) async fn new(ip: &str, peer: SocketAddr) -> Self {
        let socket = UdpSocket::bind((ip, 0)).await.unwrap();
        let addr = socket.local_addr().unwrap();
        Self {
            addr,
            socket,
            peer,
            call_id: format!("raw-{}", addr.port()),
        }
    }

    /// A request with the usual headers; `extra` are further header lines, each with its CR LF.
    pub(crate) fn request(
        &self,
        method: &str,
        branch: &str,
        sequence: u32,
        to_tag: &str,
        extra: &str,
        body: &str,
    ) -> String {
        let (addr, peer, call_id) = (self.addr, self.peer, &self.call_id);
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let hops = if extra.contains("Max-Forwards") {
            ""
        } else {
            "Max-Forwards: 70\r\n"
        };
        let number = method.split(' ').next().unwrap();
        format!(
            "{number} sip:+1314@{peer} SIP/2.0\r\nVia: SIP/2.0/UDP {addr};branch=z9hG4bK{branch}\r\n\
             From: <sip:ann@{addr}>;tag=raw\r\nTo: <sip:+1314@{peer}>{to_tag}\r\n\
             Call-ID: {call_id}\r\nCSeq: {sequence} {number}\r\nContact: <sip:ann@{addr}>\r\n{hops}\
             {extra}{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// A response to a request that came, with our tag in To.
    pub(crate) fn response(
        &self,
        request: &str,
        status: &str,
        tag: &str,
        extra: &str,
        body: &str,
    ) -> String {
        let copied: String = ["Via", "From", "To", "Call-ID", "CSeq"]
            .into_iter()
            .map(|name| {
                let value = header(request, name).unwrap();
                let tag = if name == "To" && !value.contains("tag=") {
                    tag
                } else {
                    ""
                };
                format!("{name}: {value}{tag}\r\n")
            })
            .collect();
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "SIP/2.0 {status}\r\n{copied}Contact: <sip:bob@{}>\r\n{extra}{kind}\
             Content-Length: {}\r\n\r\n{body}",
            self.addr,
            body.len()
        )
    }

    /// A request of the callee's, whose tag is `b`, in the dialog that this INVITE of ours has begun.
    pub(crate) fn within(&self, invite: &str, method: &str, number: u32, body: &str) -> String {
        let of = |name| header(invite, name).unwrap();
        let branch = format!("w{number}{method}");
        let text = self.request(method, &branch, number, "", "", body);
        let lines = text.split("\r\n").map(|line| match line.split(':').next() {
            Some("From") => format!("From: {};tag=b", of("To")),
            Some("To") => format!("To: {}", of("From")),
            Some("Call-ID") => format!("Call-ID: {}", of("Call-ID")),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\r\n")
    }

    pub(crate) async fn send(&self, text: &str) {
        self.socket
            .send_to(text.as_bytes(), self.peer)
            .await
            .unwrap();
    }

    /// The next message, whatever it is.
    pub(crate) async fn next(&mut self) -> String {
        let mut buffer = vec![0; 65_536];
        let received = timeout(LONG, self.socket.recv_from(&mut buffer)).await;
        let (length, from) = received.expect("a message").unwrap();
        self.peer = from;
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// The next message that begins so; others are passed over.
    pub(crate) async fn until(&mut self, start: &str) -> String {
        loop {
            let message = self.next().await;
            if message.starts_with(start) {
                return message;
            }
        }
    }

    /// Whether nothing that begins so comes for a while.
    pub(crate) async fn quiet(&mut self, start: &str, within: Duration) -> bool {
        timeout(within, self.until(start)).await.is_err()
    }
}

/// The value of the first header of this name.
pub(crate) fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message
        .split("\r\n")
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
}

/// `;tag=…` of To.
pub(crate) fn to_tag(message: &str) -> String {
    let to = header(message, "To").unwrap();
    to[to.find(";tag=").expect("a tag")..].to_owned()
}

/// The next message of a stream.
pub(crate) async fn message(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let read = async {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            text.push(stream.read_u8().await.unwrap());
            // Line ends before a message keep the connection open.
            if text == b"\r\n" {
                text.clear();
            }
        }
        let length = header(std::str::from_utf8(&text).unwrap(), "Content-Length").unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        text.extend(body);
        String::from_utf8(text).unwrap()
    };
    timeout(LONG, read).await.expect("a message")
}
