//! Tests of telling again.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Mutex;

use callroute_rules::{ChronoTz, load};
use callroute_schema::Event;
use callroute_store::{FolderMessages, MessageError, MessageStore, MessagesWaiting};
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::*;
use crate::fakes::{Seen, event, message};
use crate::mail::{Mail, Sending};

#[tokio::test(start_paused = true)]
async fn it_is_tried_again_after_1_and_10_and_60_seconds_and_then_given_up() {
    let (began, tries) = (Instant::now(), RefCell::new(Vec::new()));
    let warnings = Seen::default();
    let attempt = || {
        tries.borrow_mut().push(began.elapsed().as_secs());
        std::future::ready(Err("no"))
    };
    keep_trying(&warnings, "x was not done", attempt).await;
    assert_eq!(*tries.borrow(), [0, 1, 11, 71]);
    assert_eq!(began.elapsed().as_secs(), 71, "and nothing is waited for");
    let told = warnings.warnings();
    assert_eq!(told[0], "x was not done: no; again in 1 s");
    assert_eq!(told[3], "x was not done, and it is given up: no");
}

/// Reads a request; its head.
async fn head(stream: &mut TcpStream) -> String {
    let mut asked = Vec::new();
    while !asked.ends_with(b"}") {
        assert!(stream.read_buf(&mut asked).await.unwrap() > 0);
    }
    String::from_utf8(asked).unwrap().to_lowercase()
}

/// However often it is told, its receiver knows it again.
#[tokio::test]
async fn a_notice_keeps_its_id_when_it_is_told_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut ids = Vec::new();
        for status in ["500 No", "200 OK"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = head(&mut stream).await;
            let id = head.lines().find(|line| line.starts_with("webhook-id:"));
            ids.push(id.unwrap().to_owned());
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        ids
    });
    let table = "version: 1\ndefault: { action: busy }\n";
    let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
    let client = Client::new(ClientConfig {
        second_uses: false,
        ..ClientConfig::default()
    });
    let config = RouterConfig::new(TableHandle::new(engine.into()), client);
    let allow = ["127.0.0.0/8".to_owned()];
    let endpoints = Endpoints::new("log", &[url], Duration::from_secs(5), &allow).unwrap();
    let event = br#"{"event":"voicemail_recorded","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"c1"}"#;
    let event = Event::from_json(event).unwrap();
    let which = "message c1 in box sales".to_owned();
    tell(Arc::new(config), endpoints, event, which).await;
    let ids = serving.await.unwrap();
    assert_eq!(ids[0], ids[1]);
}

/// A store whose disk waits until it is let go.
#[derive(Debug)]
struct SlowDisk {
    go: Mutex<std::sync::mpsc::Receiver<()>>,
    kept: FolderMessages,
}

impl MessageStore for SlowDisk {
    fn keep(&self, message: StoredMessage) -> Result<(), MessageError> {
        self.go.lock().unwrap().recv().unwrap();
        self.kept.keep(message)
    }
    fn list(&self, mailbox: &str) -> Vec<StoredMessage> {
        self.kept.list(mailbox)
    }
    fn waiting(&self, mailbox: &str) -> MessagesWaiting {
        self.kept.waiting(mailbox)
    }
    fn mark(&self, mailbox: &str, id: &str, heard: bool) -> Result<(), MessageError> {
        self.kept.mark(mailbox, id, heard)
    }
    fn delete(&self, mailbox: &str, id: &str) -> Result<StoredMessage, MessageError> {
        self.kept.delete(mailbox, id)
    }
}

#[derive(Debug)]
struct NoServer;

impl Mail for NoServer {
    fn send<'a>(&'a self, _: &'a Message) -> Sending<'a> {
        Box::pin(std::future::pending())
    }
}

/// Nobody waits for a disk or a mail server but the router's stop, and that for the disk alone.
#[tokio::test]
async fn messages_are_kept_beside_the_calls_and_before_the_stop() {
    let table = "version: 1\ndefault: { action: busy }\n";
    let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
    let client = Client::new(ClientConfig::default());
    let (go, waits) = std::sync::mpsc::channel();
    let disk = Arc::new(SlowDisk {
        go: Mutex::new(waits),
        kept: FolderMessages::in_memory(),
    });
    let warnings = Arc::new(Seen::default());
    let mut config = RouterConfig::new(TableHandle::new(engine.into()), client);
    config.messages = disk.clone();
    config.observer = warnings.clone();
    config.mail = Some(Arc::new(NoServer));
    let (config, posts) = (Arc::new(config), Arc::new(Posts::default()));
    let event = event("c1", "+13146523057");
    let take = |url| {
        take(
            &config,
            &posts,
            &event,
            &HashMap::new(),
            message(&event, url),
        )
    };
    let (mut first, mut second) = (take("sales/c1.wav"), take("sales/c1-2.wav"));
    assert!(first.try_recv().is_err() && second.try_recv().is_err());
    go.send(()).unwrap();
    first.await.unwrap();
    assert_eq!(disk.list("sales").len(), 1);
    go.send(()).unwrap();
    posts.drain(Duration::ZERO, warnings.as_ref()).await;
    assert_eq!(disk.list("sales").len(), 2);
    let told = warnings.warnings();
    let given_up = "webhooks or mails of messages were not told yet, and are given up: 2, among them \
                    mail of message c1 in box sales, mail of message c1-2 in box sales";
    assert_eq!(told, [given_up]);
    // What comes still later is kept, too.
    go.send(()).unwrap();
    take("sales/c1-3.wav").await.unwrap();
    assert_eq!(disk.list("sales").len(), 3);
    assert_eq!(warnings.warnings().len(), 2);
}
