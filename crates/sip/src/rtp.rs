//! The media plane of a leg: a socket, what it sends, what it hears.

pub(crate) mod clock;
pub(crate) mod command;
pub(crate) mod control;
pub(crate) mod crypt;
pub(crate) mod dtmf;
pub(crate) mod ear;
pub(crate) mod heard;
pub(crate) mod latch;
pub(crate) mod media;
mod mono;
pub(crate) mod out;
mod pacer;
pub(crate) mod payloads;
pub(crate) mod play;
pub(crate) mod ports;
pub(crate) mod record;
pub(crate) mod room;
pub(crate) mod shape;
mod steady;
pub(crate) mod stream;
mod trickle;
pub(crate) mod voice;
pub(crate) mod web;

/// The length of a frame of ours, and of a packet where nobody asks for another, in milliseconds.
pub(crate) const FRAME_MS: u32 = 20;
/// The same as a time.
pub(crate) const FRAME: std::time::Duration = std::time::Duration::from_millis(FRAME_MS as u64);
