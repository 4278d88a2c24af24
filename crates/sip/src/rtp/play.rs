//! A sound on its way to a leg: fetched, then given out in frames of 20 ms.

use std::sync::Arc;

use callroute_audio::pcm::Pcm;
use callroute_audio::prompts::Prompts;
use callroute_audio::speech::Speech;
use callroute_audio::tone::{Tone, ToneSource};
use callroute_media::Sound;

use crate::rtp::command::PlaySound;

/// Samples of one frame: 20 ms.
pub(crate) const FRAME: usize = 160;
/// How long the beep is, in milliseconds.
const BEEP_MS: u32 = 400;
/// The prompt that stands for what cannot be played.
const STAND_IN: &str = "message";

/// Where frames come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Samples, and how many of them were given out.
    Samples(Arc<Pcm>, usize),
    /// A tone without end.
    Tone(ToneSource),
}

impl Source {
    /// The next 20 ms; `false` when there is no more.
    pub(crate) fn fill(&mut self, frame: &mut [i16; FRAME]) -> bool {
        match self {
            Self::Samples(pcm, at) => {
                let rest = pcm.samples().get(*at..).unwrap_or_default();
                if rest.is_empty() {
                    return false;
                }
                frame.fill(0);
                for (out, sample) in frame.iter_mut().zip(rest) {
                    *out = *sample;
                }
                *at += FRAME;
                true
            }
            Self::Tone(tone) => {
                tone.fill(frame);
                true
            }
        }
    }
}

/// What fetching a sound came to.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// What will be heard; `None` when not even the stand-in is there.
    pub(crate) source: Option<Source>,
    /// What should have been heard, and why it could not be.
    pub(crate) substituted: Option<(String, String)>,
}

impl Fetched {
    fn pcm(pcm: Arc<Pcm>) -> Self {
        Self {
            source: Some(Source::Samples(pcm, 0)),
            substituted: None,
        }
    }

    /// For a fetch that broke down.
    pub(crate) fn failed(reason: String) -> Self {
        Self {
            source: None,
            substituted: Some((String::new(), reason)),
        }
    }
}

/// Fetches a sound. Blocks: on the disk, or on a voice that is rendered.
pub(crate) fn fetch(sound: PlaySound, prompts: &Prompts, speech: &Speech) -> Fetched {
    let sound = match sound {
        PlaySound::Samples(pcm) => return Fetched::pcm(pcm),
        PlaySound::Tone(hz) => {
            let source = Source::Tone(ToneSource::new(Tone::Sine { hz }));
            return Fetched {
                source: Some(source),
                substituted: None,
            };
        }
        PlaySound::Named(sound) => sound,
    };
    let spoken = |text: &str, language: Option<&str>, voice: Option<&str>| {
        speech
            .render(text, language, voice)
            .map_err(|e| (text.to_owned(), e.to_string()))
    };
    let fetched = match &sound {
        Sound::Beep => Ok(Arc::new(Tone::Beep.render(BEEP_MS))),
        Sound::Ringback => {
            let source = Source::Tone(ToneSource::new(Tone::Ringback));
            return Fetched {
                source: Some(source),
                substituted: None,
            };
        }
        Sound::Prompt(name) => prompts.get(name).map_err(|e| (name.clone(), e.to_string())),
        Sound::Speech {
            text,
            language,
            voice,
        } => spoken(text, language.as_deref(), voice.as_deref()),
        Sound::PromptOr { prompt, text } => {
            prompts.get(prompt).or_else(|_| spoken(text, None, None))
        }
        other => Err((
            format!("{other:?}"),
            "this adapter does not know such a sound".to_owned(),
        )),
    };
    match fetched {
        Ok(pcm) => Fetched::pcm(pcm),
        Err(wanted) => Fetched {
            source: prompts
                .get(STAND_IN)
                .ok()
                .map(|pcm| Source::Samples(pcm, 0)),
            substituted: Some(wanted),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAME, Source};
    use callroute_audio::pcm::Pcm;
    use std::sync::Arc;

    #[test]
    fn the_last_frame_is_filled_up_with_silence() {
        let mut source = Source::Samples(Arc::new(Pcm::new(vec![7; FRAME + 1])), 0);
        let mut frame = [0; FRAME];
        assert!(source.fill(&mut frame) && frame == [7; FRAME]);
        assert!(source.fill(&mut frame));
        assert_eq!((frame[0], frame[1]), (7, 0));
        assert!(!source.fill(&mut frame));
    }
}
