//! Waiting for a sound's end.

use std::time::Duration;

use callroute_media::{Notice, PlayEnd, PlayId, Sound};
use callroute_schema::{Disposition, On, Play, Say};

use crate::call::Call;
use crate::note::Note;
use crate::program::{Flow, branch};

/// No prompt and no text is longer than this.
pub(crate) const LONGEST: Duration = Duration::from_secs(600);
/// How long after a sound that nobody stopped, or a recording that ended by itself, the end of its
/// leg may be told: a leg's sounds and recordings end before it does.
pub(crate) const PARTING: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Playing {
    play: PlayId,
    on: On,
    deadline: Duration,
}

impl Playing {
    pub(crate) fn say(call: &mut Call, mut say: Say) -> Self {
        let on = std::mem::take(&mut say.on);
        Self::begin(call, speech(say), on)
    }

    /// A play with neither prompt nor URL is refused before it comes here; its name is then
    /// empty, and the adapter says that there is no such prompt.
    pub(crate) fn prompt(call: &mut Call, play: Play) -> Self {
        let sound = match play.url {
            Some(url) => Sound::Url(url),
            None => Sound::Prompt(play.prompt.unwrap_or_default()),
        };
        Self::begin(call, sound, play.on)
    }

    fn begin(call: &mut Call, sound: Sound, on: On) -> Self {
        Self {
            play: call.play(sound),
            on,
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
                match branch(&self.on, Disposition::Failed) {
                    Some(actions) => Flow::Branch {
                        actions: actions.clone(),
                        why: "the sound could not be played".to_owned(),
                    },
                    None => Flow::Next,
                }
            }
            Some(PlayEnd::Stopped) => {
                self.deadline = call.after(PARTING);
                Flow::Stay
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
pub(crate) fn speech(say: Say) -> Sound {
    Sound::Speech {
        text: say.text,
        language: say.language,
        voice: say.voice,
    }
}
