//! A sound on its way to a leg: fetched, then given out in frames of 20 ms.

use std::sync::{Arc, OnceLock};

use callroute_audio::codec::Band;
use callroute_audio::pcm::Pcm;
use callroute_audio::prompts::Prompts;
use callroute_audio::tone::{Cadence, Tone, ToneSource, Tones};
use callroute_media::Sound;

use crate::rtp::FRAME_MS;
use crate::rtp::command::PlaySound;
use crate::rtp::media::Sounds;

/// How long a tone of the network is that is played by its name: 10 s.
const TONE: usize = 80_000;
/// How long the beep is, in milliseconds.
const BEEP_MS: u32 = 400;
/// The prompt that stands for what cannot be played.
const STAND_IN: &str = "message";
/// The prompt that is music on hold, where there is one.
const MUSIC: &str = "music";

/// Where frames come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Samples, and how many frames of them were given out.
    Samples(Arc<Pcm>, usize),
    /// Samples that begin anew when they are over, and how many frames were given out.
    Again(Arc<Pcm>, usize),
    /// A tone without end.
    Tone(ToneSource),
}

impl Source {
    /// The next 20 ms, in the wide band where that is wanted and there; `None` when there is no more.
    pub(crate) fn next(&mut self, wanted: Band) -> Option<(Band, Vec<i16>)> {
        match self {
            Self::Samples(pcm, at) => {
                let (band, all) = of(pcm, wanted);
                let length = band.samples_in(FRAME_MS);
                let rest = all.get(*at * length..).filter(|rest| !rest.is_empty())?;
                let mut frame: Vec<i16> = rest.iter().take(length).copied().collect();
                frame.resize(length, 0);
                *at += 1;
                Some((band, frame))
            }
            Self::Again(pcm, at) => {
                let (band, all) = of(pcm, wanted);
                let length = band.samples_in(FRAME_MS);
                let begin = (*at * length).checked_rem(all.len())?;
                let rest = all.get(begin..).unwrap_or_default();
                let frame = rest.iter().chain(all.iter().cycle()).take(length);
                *at += 1;
                Some((band, frame.copied().collect()))
            }
            Self::Tone(tone) => {
                let mut frame = vec![0; Band::Narrow.samples_in(FRAME_MS)];
                tone.fill(&mut frame);
                Some((Band::Narrow, frame))
            }
        }
    }
}

fn of(pcm: &Pcm, wanted: Band) -> (Band, &[i16]) {
    match (wanted, pcm.wide()) {
        (Band::Wide, Some(wide)) => (Band::Wide, wide),
        _ => (Band::Narrow, pcm.samples()),
    }
}

/// What fetching a sound came to.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// What will be heard; `None` when not even the stand-in is there.
    pub(crate) source: Option<Source>,
    /// What should have been heard, or in whose voice, and why it could not be.
    pub(crate) substituted: Option<(String, String)>,
}

impl Fetched {
    fn pcm(pcm: Arc<Pcm>) -> Self {
        Self {
            source: Some(Source::Samples(pcm, 0)),
            substituted: None,
        }
    }

    fn again(pcm: Arc<Pcm>) -> Self {
        Self {
            source: Some(Source::Again(pcm, 0)),
            substituted: None,
        }
    }

    fn cadence(cadence: Cadence) -> Self {
        Self {
            source: Some(Source::Tone(ToneSource::cadence(cadence))),
            substituted: None,
        }
    }

    fn tone(tone: Tone) -> Self {
        Self {
            source: Some(Source::Tone(ToneSource::new(tone))),
            substituted: None,
        }
    }

    /// What is heard in place of what could not be had.
    fn stand_in(prompts: &Prompts, wanted: (String, String)) -> Self {
        let source = prompts.get(STAND_IN).ok();
        Self {
            source: source.map(|pcm| Source::Samples(pcm, 0)),
            substituted: Some(wanted),
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

/// Fetches a sound: from the web, from the disk, or from a voice that is rendered.
pub(crate) async fn fetch(sound: PlaySound, sounds: Sounds) -> Fetched {
    if let PlaySound::Named(Sound::Url(url)) = &sound {
        return match sounds.web.get(url).await {
            Ok(pcm) => Fetched::pcm(pcm),
            Err(error) => {
                let wanted = (url.clone(), error.to_string());
                let stand_in = move || Fetched::stand_in(&sounds.prompts, wanted);
                blocking(stand_in).await
            }
        };
    }
    blocking(move || fetch_here(sound, &sounds)).await
}

async fn blocking(fetch: impl FnOnce() -> Fetched + Send + 'static) -> Fetched {
    match tokio::task::spawn_blocking(fetch).await {
        Ok(fetched) => fetched,
        Err(error) => Fetched::failed(error.to_string()),
    }
}

fn fetch_here(sound: PlaySound, sounds: &Sounds) -> Fetched {
    let Sounds {
        prompts,
        speech,
        tones,
        ..
    } = sounds;
    let sound = match sound {
        PlaySound::Samples(pcm) => return Fetched::pcm(pcm),
        PlaySound::Tone(hz) => return Fetched::tone(Tone::Sine { hz }),
        PlaySound::Named(sound) => sound,
    };
    // Spoken by another voice than it should be, which is told.
    let mut instead = None;
    let mut spoken = |text: &str, language: Option<&str>, voice: Option<&str>| {
        let spoken = speech
            .speak(text, language, voice)
            .map_err(|e| (text.to_owned(), e.to_string()))?;
        instead = spoken.instead.map(|reason| (text.to_owned(), reason));
        Ok(spoken.sound)
    };
    let named = |name: &str| {
        let found = prompts.get(name);
        // The network's tones have names, too, which a prompt of one's own outranks.
        found.or_else(|error| match of_network(tones, name) {
            Some(tone) => Ok(tone),
            None => Err((name.to_owned(), error.to_string())),
        })
    };
    let fetched = match &sound {
        Sound::Beep => Ok(Arc::new(Tone::Beep.render(BEEP_MS))),
        Sound::Ringback => return Fetched::cadence(tones.ringback),
        // The house's own, if it has a prompt of that name.
        Sound::Music => return Fetched::again(prompts.get(MUSIC).unwrap_or_else(|_| built_in())),
        Sound::Loop(name) => {
            return match named(name) {
                Ok(pcm) => Fetched::again(pcm),
                Err(wanted) => Fetched {
                    substituted: Some(wanted),
                    ..Fetched::again(built_in())
                },
            };
        }
        Sound::Prompt(name) => named(name),
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
        Ok(pcm) => Fetched {
            substituted: instead,
            ..Fetched::pcm(pcm)
        },
        Err(wanted) => Fetched::stand_in(prompts, wanted),
    }
}

/// Ten seconds of a tone of the network, by its name as a prompt.
fn of_network(tones: &Tones, name: &str) -> Option<Arc<Pcm>> {
    let cadence = match name {
        "tone/ringback" => tones.ringback,
        "tone/busy" => tones.busy,
        "tone/congestion" => tones.congestion,
        _ => return None,
    };
    let mut samples = vec![0; TONE];
    ToneSource::cadence(cadence).fill(&mut samples);
    Some(Arc::new(Pcm::new(samples)))
}

/// The music that is in the program, made once.
fn built_in() -> Arc<Pcm> {
    static MADE: OnceLock<Arc<Pcm>> = OnceLock::new();
    Arc::clone(MADE.get_or_init(|| Arc::new(callroute_audio::music())))
}

#[cfg(test)]
mod tests {
    use super::Source;
    use callroute_audio::codec::Band;
    use callroute_audio::pcm::Pcm;
    use std::sync::Arc;

    #[test]
    fn the_last_frame_is_filled_up_with_silence() {
        let mut source = Source::Samples(Arc::new(Pcm::new(vec![7; 161])), 0);
        assert_eq!(source.next(Band::Wide), Some((Band::Narrow, vec![7; 160])));
        let (_, frame) = source.next(Band::Narrow).unwrap();
        assert_eq!((frame[0], frame[1], frame.len()), (7, 0, 160));
        assert_eq!(source.next(Band::Narrow), None);
    }

    #[test]
    fn what_goes_on_for_ever_has_no_seam() {
        let pcm = Arc::new(Pcm::new((0..100).collect()));
        let mut source = Source::Again(pcm, 0);
        let mut heard = Vec::new();
        for _ in 0..10 {
            heard.extend(source.next(Band::Narrow).unwrap().1);
        }
        assert!(
            heard
                .iter()
                .enumerate()
                .all(|(at, sample)| at % 100 == *sample as usize)
        );
        let mut nothing = Source::Again(Arc::new(Pcm::new(Vec::new())), 0);
        assert_eq!(nothing.next(Band::Narrow), None);
    }

    #[test]
    fn who_hears_the_wide_band_is_given_it_and_may_change() {
        let pcm = Arc::new(Pcm::from_rate(16_000, &[500; 3200]));
        let mut source = Source::Samples(pcm, 0);
        let mut lengths = Vec::new();
        for wanted in [Band::Wide, Band::Narrow, Band::Wide] {
            let (band, frame) = source.next(wanted).unwrap();
            assert_eq!(band, wanted);
            lengths.push(frame.len());
        }
        assert_eq!(lengths, [320, 160, 320]);
        let rest = std::iter::from_fn(|| source.next(Band::Wide)).count();
        assert_eq!(rest, 7, "200 ms are ten frames");
    }
}
