//! Waiting for a sound's end.

use std::time::Duration;

use callroute_media::{Notice, PlayEnd, PlayId, Sound};
use callroute_schema::{Play, Say};

use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;

/// No prompt and no text is longer than this.
pub(super) const LONGEST: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(crate) struct Playing {
    play: PlayId,
    deadline: Duration,
}

impl Playing {
    pub(crate) fn say(call: &mut Call, say: Say) -> Self {
        Self::begin(call, speech(say))
    }

    pub(crate) fn prompt(call: &mut Call, play: Play) -> Self {
        Self::begin(call, Sound::Prompt(play.prompt))
    }

    fn begin(call: &mut Call, sound: Sound) -> Self {
        Self {
            play: call.play(sound),
            deadline: call.after(LONGEST),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match ended(notice, self.play) {
            Some(PlayEnd::Failed) => {
                call.note(Note::PlayFailed);
                Flow::Next
            }
            Some(_) => Flow::Next,
            None => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        call.stop_play(self.play);
        Flow::Next
    }
}

/// How a playing ended, if the notice says so.
pub(super) fn ended(notice: &Notice, wanted: PlayId) -> Option<PlayEnd> {
    match notice {
        Notice::PlayEnded { play, end, .. } if *play == wanted => Some(*end),
        _ => None,
    }
}

/// A text as a sound.
pub(super) fn speech(say: Say) -> Sound {
    Sound::Speech {
        text: say.text,
        language: say.language,
        voice: say.voice,
    }
}
