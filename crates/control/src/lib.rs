//! Status callbacks: what happens to calls, told to others.
//!
//! ```text
//!   a call's task ──event──▶ queue ──▶ one thread ──▶ outbox on disk ──▶ POST, again and again
//!    (never waits)          (bounded)        └──────▶ a file of JSON lines   (bounded)
//! ```
//!
//! [`StatusCallbacks`] watches a router and hands each event to its sinks. Nothing of it stands on a
//! call's path: a queue that is full loses events, counts them and says so, and no call waits.
//!
//! What is on the disk, counted by [`StatusCallbacks::kept`], is told until it is taken, at least once
//! and each time with the same `webhook-id`, whatever happens to the process or the machine. It
//! gets there at once, in groups: all that came while the disk was busy is put there next, by one
//! `fdatasync`. A process that stops in good order ([`StatusCallbacks::flush`], or dropping it) loses
//! nothing; one that is killed loses what was not yet there, the events of its last instants,
//! since waiting for a disk has no place on a call's path. A call's events are told in order;
//! calls do not wait for each other: of those at which a server fails only the places are kept in
//! memory, and the others go on. That a server fails is said, and that it is well again. A sink that
//! is dead costs memory and disk within stated bounds:
//!
//! | what | bound |
//! |---|---|
//! | the queue of a sink | 8,192 events, 16 MiB |
//! | events that are told to a webhook at once | 32, 8 MiB |
//! | what is known of those in its outbox | some 50 bytes an event, 250 a call |
//! | the outbox of a webhook, for each process | [`WebhookSink::max_bytes`], by default 256 MiB |
//! | a file of JSON lines | twice [`LinesSink::max_bytes`], by default 1 GiB |
//!
//! ```
//! use std::sync::Arc;
//!
//! use callroute_control::{LinesSink, Sink, StatusCallbacks};
//! use callroute_router::{Observer, Silent};
//! use callroute_webhook::ClientConfig;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("events.jsonl");
//! # let event = callroute_schema::Event::from_json(br#"{"event":"call_answered","from":"+14155550123",
//! #     "to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#)?;
//!
//! let sinks = vec![Sink::Lines(LinesSink::new(path.clone()))];
//! let client = ClientConfig::default();
//! let callbacks = StatusCallbacks::start(sinks, &client, Arc::new(Silent))?;
//! callbacks.event(&event); // a router does this, whose `RouterConfig::observer` it is
//! drop(callbacks);
//! assert!(std::fs::read_to_string(path)?.contains("call_answered"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod callbacks;
mod config;
mod deliver;
mod lines;
mod outbox;
mod queue;

pub use callbacks::StatusCallbacks;
pub use config::{LinesSink, Sink, StatusCallbackError, WebhookSink};
pub use outbox::{Stray, outbox_of, strays};
