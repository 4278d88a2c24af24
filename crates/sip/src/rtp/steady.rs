//! Sound that is decoded on its way to a peer: what comes unevenly is given on every 20 ms.
//!
//! What is only relayed does not come here: the far end has a jitter buffer of its own, and a
//! second one would only delay.

use callroute_audio::codec::Band;

use crate::rtp::ear::Heard;
use crate::rtp::out::RtpOut;
use crate::rtp::pacer::Pacer;
use crate::rtp::voice::Voice;

/// Turns without sound after which nobody speaks any more: 5 s.
const MAX_IDLE: u32 = 250;

/// What evens it out.
#[derive(Debug)]
pub(crate) struct Steady {
    voice: Voice,
    pacer: Pacer,
    idle: u32,
}

impl Steady {
    /// For a peer that speaks in this band. Must begin within a runtime.
    pub(crate) fn new(band: Band) -> Self {
        Self {
            voice: Voice::new(band),
            pacer: Pacer::of_frames(),
            idle: 0,
        }
    }

    /// The one there is, or a new one where there is none in the peer's band.
    pub(crate) fn of<'s>(steady: &'s mut Option<Self>, peer: &RtpOut) -> &'s mut Self {
        let band = peer.band();
        let known = steady.take().filter(|known| known.voice.band() == band);
        steady.insert(known.unwrap_or_else(|| Self::new(band)))
    }

    /// Sound has come.
    pub(crate) fn push(&mut self, heard: &Heard) {
        self.idle = 0;
        // The ear has one time line for all sources of the leg.
        self.voice.push(0, heard.at, heard.band, &heard.samples);
    }

    /// The far end pauses, and says how loud its silence is (RFC 3389).
    pub(crate) fn pause(&mut self, level: u8) {
        self.idle = 0;
        self.voice.pause(level);
    }

    /// Waits until something is to be given on; for ever without one.
    pub(crate) async fn turn(steady: &mut Option<Self>) {
        match steady {
            Some(steady) => steady.pacer.turn().await,
            None => std::future::pending().await,
        }
    }

    /// Gives 20 ms on. `false` when nothing has come for long, and nothing is expected.
    pub(crate) fn give(&mut self, peer: &RtpOut) -> bool {
        let Some(frame) = self.voice.take() else {
            self.idle += 1;
            return self.idle < MAX_IDLE;
        };
        // Who takes comfort noise makes the sound of a pause by itself.
        let said = self.voice.paused().is_some_and(|level| peer.hush(level));
        if !said {
            peer.mixed(self.voice.band(), &frame);
        }
        true
    }
}
