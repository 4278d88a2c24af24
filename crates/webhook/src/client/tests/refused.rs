//! Requests that a server refuses to look at, over HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{VOICEMAIL, voicemail};
use crate::testing::{ask, client, webhook};

/// Refuses each second request of a connection, and answers the others.
async fn serve(stream: TcpStream) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let mut number = 0;
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        number += 1;
        if number % 2 == 0 {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            continue;
        }
        let head = Response::builder().header("content-type", "application/json");
        let mut body = respond
            .send_response(head.body(()).unwrap(), false)
            .unwrap();
        body.send_data(Bytes::from_static(VOICEMAIL.as_bytes()), true)
            .unwrap();
    }
}

/// RFC 9113, section 8.7: a refused stream says nothing against its connection, and its request may
/// be sent again at once.
#[tokio::test]
async fn a_refused_stream_costs_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(serve(stream));
        }
    });
    let (client, webhook) = (client(), webhook(&[url], 5000).with_http2());
    for round in 0..10 {
        let asked = ask(&client, &webhook).await;
        assert_eq!(asked.result, Ok(voicemail()));
        assert_eq!(asked.attempts.len(), if round == 0 { 1 } else { 2 });
    }
    assert_eq!(accepted.load(Ordering::Relaxed), 1);
}

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Answers each request, and says before that that it takes no more (section 6.5.2).
async fn serve_none_after(mut stream: TcpStream) -> std::io::Result<()> {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await?;
        let (kind, flags) = (head[3], head[4]);
        let on = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        if kind == SETTINGS && flags & 1 == 0 {
            stream.write_all(&frame(SETTINGS, 1, 0, &[])).await?;
        }
        if on > 0 && flags & 1 == 1 {
            let none = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 0]);
            let headers = frame(HEADERS, 4, on, &[0x88]);
            let body = frame(DATA, 1, on, VOICEMAIL.as_bytes());
            stream.write_all(&[none, headers, body].concat()).await?;
        }
    }
}

/// A limit that a server changes holds from then on: nobody waits on a connection that takes no more.
#[tokio::test]
async fn a_connection_that_takes_no_more_is_not_joined() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_none_after(stream));
        }
    });
    let (client, webhook) = (client(), webhook(&[url], 5000).with_http2());
    for _ in 0..4 {
        let asked = ask(&client, &webhook).await;
        assert_eq!(asked.result, Ok(voicemail()));
        let attempts: Vec<bool> = asked.attempts.iter().map(|one| one.reused).collect();
        assert_eq!(attempts, [false], "each on a connection of its own");
    }
}
