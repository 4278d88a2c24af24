//! Requests that a server refuses to look at, over HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Response;
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
