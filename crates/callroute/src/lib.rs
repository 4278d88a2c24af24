//! Call routing: an incoming call comes in, rules say where it goes, and a phone system does it.
//!
//! ```text
//!             routes.yaml                                     webhooks
//!                  |                                             ^ |
//!                  v                                             | v
//!   event  ->  Engine::decide  ->  actions  ->  Session  ->  commands  ->  SIP, your switch
//!     ^                                            |
//!     +--------------- what happened --------------+
//! ```
//!
//! A decision is a pure function of event and table: the code that routes also explains and
//! replays. A call is a pure state machine, which always has something to do next.
//!
//! | you want | take the features |
//! |---|---|
//! | the words only: events, actions, their JSON | none: [`schema`] is always there |
//! | the decision only, in your own PBX | `rules`; `tables` for files with hot reload |
//! | calls driven to their end on your own switch | `session`, with an adapter after `media` |
//! | the same with webhooks, journals, tokio | `router`; `webhook-tls` for `https`, `mail` for messages by mail, `sqlite` for lookups |
//! | a router that answers SIP calls with sound | `full`; of it, `opus` is the codec, `speech-server` a web server that speaks |
//! | what happens to calls told to others; counters and times of webhooks | `control`; `metrics` |
//! | a server that is asked; the client as a `tower::Service` | `webhook-verify`; `webhook-tower` |
//! | tests of a routing file in virtual time | `sim` |
//! | telephone numbers of every country; JSON Schema | `numbers`; `json-schema` |
//!
//! `webhook`, `store`, `audio` and `sip` can be taken alone too. A feature only adds names.
#![cfg_attr(feature = "rules", doc = "```")]
#![cfg_attr(not(feature = "rules"), doc = "```ignore")]
//! use callroute::rules::{ChronoTz, Facts, Outcome, load};
//! use callroute::schema::Event;
//!
//! let table = "version: 1\ndefault: { action: voicemail, message: general }\n";
//! let engine = load("routes.yaml", table, &(), &ChronoTz)?;
//! let event = Event::from_json(br#"{"event":"incoming_call","from":"+14155550123",
//!     "to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#)?;
//! let Outcome::Decided(decision) = engine.decide(&event, &Facts::default()) else { return Ok(()) };
//! assert_eq!(decision.rule().to_string(), "default");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "audio")]
pub use callroute_audio as audio;
#[cfg(feature = "control")]
pub use callroute_control as control;
#[cfg(feature = "media")]
pub use callroute_media as media;
#[cfg(feature = "router")]
pub use callroute_router as router;
#[cfg(feature = "rules")]
pub use callroute_rules as rules;
pub use callroute_schema as schema;
#[cfg(feature = "session")]
pub use callroute_session as session;
#[cfg(feature = "sim")]
pub use callroute_sim as sim;
#[cfg(feature = "sip")]
pub use callroute_sip as sip;
#[cfg(feature = "store")]
pub use callroute_store as store;
#[cfg(feature = "tables")]
pub use callroute_tables as tables;
#[cfg(feature = "webhook")]
pub use callroute_webhook as webhook;
