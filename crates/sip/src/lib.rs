//! Media adapter for SIP and RTP.
mod adapter;
mod config;
mod convert;
mod count;
mod dialog;
mod dispatch;
mod error;
mod leg;
mod line;
mod message;
mod notices;
pub mod phone;
mod routes;
mod rtp;
mod sdp;
mod stack;

pub use adapter::{SipAdapter, SipHandle, Stats};
pub use config::Config;
pub use error::BindError;
pub use line::SipLine;
