//! What a leg's media is told.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use callroute_audio::pcm::Pcm;
use callroute_media::{PlayId, RecordOptions, RecordingId, Sound};
use callroute_schema::Digit;

use crate::rtp::out::RtpOut;
use crate::rtp::room::Seat;
use crate::sdp::{Keys, Remote};

/// One thing for a leg's media to do.
#[derive(Debug)]
pub(crate) enum MediaCommand {
    /// A description was agreed on; with our keys, should it be encrypted.
    Agree(Box<Remote>, Option<Keys>),
    /// Play a sound, in place of what plays.
    Play(PlayId, PlaySound),
    /// Stop this playing.
    StopPlay(PlayId),
    /// Record what is heard to this file.
    Record(RecordingId, PathBuf, RecordOptions),
    /// Stop this recording.
    StopRecord(RecordingId),
    /// Relay what is heard to this peer, and nothing to any other.
    Bridge(Weak<RtpOut>),
    /// Relay to nobody.
    Unbridge,
    /// Speak and listen in a room, and nowhere else.
    Join(Seat),
    /// Leave the room.
    Leave,
    /// Press a key: the far end is sent it, as a telephone event or, where it takes none, as its sound.
    Press(Digit),
    /// The far end has pressed a key, and has said so by its signalling: the peer is sent it.
    Pressed(Digit),
    /// Keep what is heard here.
    Tap(Arc<Mutex<Vec<i16>>>),
}

/// What is played.
#[derive(Debug, Clone)]
pub(crate) enum PlaySound {
    /// What the router asked for; a text or prompt is fetched first.
    Named(Sound),
    /// Samples at hand.
    Samples(Arc<Pcm>),
    /// A steady tone, until stopped.
    Tone(u16),
}
