//! Text to speech, by a web server or by a program that this machine has. The one part of the crate
//! that runs processes and, with feature `speech-server`, connects to anybody.

mod choose;
mod error;
mod program;
mod run;
#[cfg(feature = "speech-server")]
pub mod server;
mod slots;

pub use error::SpeechError;
#[cfg(feature = "speech-server")]
pub use server::{ServerError, SpeechKey, SpeechServer};

use crate::cache::Cache;
use crate::pcm::Pcm;
use choose::{check, choose};
use program::{Kind, Program};
use slots::Slots;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The longest text, in characters.
pub const MAX_CHARS: usize = 1000;
/// How many programs run at once: rendering is all CPU, and the calls need some too.
const AT_ONCE: usize = 2;
/// How long a program may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long one waits for its turn before it is told that there is none.
const TURN_LIMIT: Duration = Duration::from_secs(30);

/// Who spoke it, and what was asked for: text, language, voice.
type Key = (Who, String, Option<String>, Option<String>);

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    #[cfg(feature = "speech-server")]
    Server,
    Program,
}

/// A text that was spoken.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// The sound.
    pub sound: Arc<Pcm>,
    /// Why it is not the voice that should have spoken: what the server failed at.
    pub instead: Option<String>,
}

/// Text to speech.
///
/// English is spoken by flite (voice `rms`) where it is installed, everything else by espeak-ng.
/// Neither is linked; each text is one run of the program, at most two at a time and ten seconds
/// each, and what was rendered is kept in memory (within bounds). Nothing of a text ever reaches
/// a shell or a command line. Where a server is set (feature `speech-server`), it is asked first,
/// and a program speaks what it did not.
///
/// All methods block: in an asynchronous program, call them on a thread for blocking work.
#[derive(Debug)]
pub struct Speech {
    programs: Vec<Program>,
    /// Programs that are there but did not answer.
    faults: Vec<SpeechError>,
    #[cfg(feature = "speech-server")]
    server: Option<SpeechServer>,
    time_limit: Duration,
    slots: Slots,
    cache: Mutex<Cache<Key>>,
}

impl Speech {
    /// Looks for `flite` and `espeak-ng` in `PATH` and asks each for its voices, which runs them.
    ///
    /// Finding none is no error: see [`available`](Self::available). A program that is there but
    /// does not work is left out, and [`describe`](Self::describe) says so.
    #[must_use]
    pub fn find() -> Self {
        let mut speech = Self::none();
        for kind in [Kind::Flite, Kind::Espeak] {
            if let Some(path) = program::in_path(kind.name()) {
                match Program::open(kind, &path) {
                    Ok(program) => speech.programs.push(program),
                    Err(fault) => speech.faults.push(fault),
                }
            }
        }
        speech
    }

    /// No program: every [`render`](Self::render) is an error.
    #[must_use]
    pub fn none() -> Self {
        Self {
            programs: Vec::new(),
            faults: Vec::new(),
            #[cfg(feature = "speech-server")]
            server: None,
            time_limit: TIME_LIMIT,
            slots: Slots::new(AT_ONCE),
            cache: Mutex::new(Cache::new()),
        }
    }

    /// The programs at these paths rather than those in `PATH`; `None` goes without that one.
    ///
    /// # Errors
    /// If a program cannot be run or does not list its voices.
    pub fn with_programs(
        flite: Option<&Path>,
        espeak_ng: Option<&Path>,
    ) -> Result<Self, SpeechError> {
        let mut speech = Self::none();
        for (kind, path) in [(Kind::Flite, flite), (Kind::Espeak, espeak_ng)] {
            if let Some(path) = path {
                speech.programs.push(Program::open(kind, path)?);
            }
        }
        Ok(speech)
    }

    /// Has a server speak, and programs only what it fails at.
    #[cfg(feature = "speech-server")]
    #[must_use]
    pub fn with_server(mut self, server: SpeechServer) -> Self {
        self.server = Some(server);
        self
    }

    /// Changes how long a program may take over one text; 10 s unless set.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Whether there is any program, or a server.
    #[must_use]
    pub fn available(&self) -> bool {
        #[cfg(feature = "speech-server")]
        if self.server.is_some() {
            return true;
        }
        !self.programs.is_empty()
    }

    /// One line for the log: the server, which programs were found, and what was wrong with others.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut parts = Vec::new();
        #[cfg(feature = "speech-server")]
        parts.extend(self.server.as_ref().map(SpeechServer::describe));
        parts.extend(self.programs.iter().map(Program::describe));
        if parts.is_empty() {
            parts.push(
                "no text to speech: neither flite nor espeak-ng is installed and works".to_owned(),
            );
        }
        parts.extend(self.faults.iter().map(|fault| format!("left out: {fault}")));
        parts.join("; ")
    }

    /// Speaks `text`.
    ///
    /// `language` is a tag such as `en`, `es-MX` or `pt_BR`; `None` means English; a region that
    /// no program knows falls back to the language. `voice` is a voice of flite (English only) or
    /// a variant of espeak-ng; `None` is the usual one. Both hold at most 35 letters, digits, `_`
    /// and `-`. Control characters in the text count as blanks.
    ///
    /// # Errors
    /// [`SpeechError`] tells bad input (empty, more than 1,000 characters, unknown language or
    /// voice), no program, no turn within 30 s, and a program that failed, with what it wrote; with
    /// a server, what it failed at, too.
    pub fn render(
        &self,
        text: &str,
        language: Option<&str>,
        voice: Option<&str>,
    ) -> Result<Arc<Pcm>, SpeechError> {
        Ok(self.speak(text, language, voice)?.sound)
    }

    /// Speaks `text` as [`render`](Self::render), and tells if that was not by the server that
    /// should have.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn speak(
        &self,
        text: &str,
        language: Option<&str>,
        voice: Option<&str>,
    ) -> Result<Spoken, SpeechError> {
        let text = clean(text)?;
        check("language", language)?;
        check("voice", voice)?;
        #[cfg(feature = "speech-server")]
        if let Some(server) = &self.server {
            return self.by_server(server, text, language, voice);
        }
        let sound = self.by_program(text, language, voice)?;
        Ok(Spoken {
            sound,
            instead: None,
        })
    }

    /// Renders texts (with language and voice) before anybody waits for them, one after the other,
    /// and keeps them as [`render`](Self::render) does. Gives those that could not be spoken, or
    /// not by the server that should have, each with why.
    pub fn prepare<'t>(
        &self,
        texts: impl IntoIterator<Item = (&'t str, Option<&'t str>, Option<&'t str>)>,
    ) -> Vec<(&'t str, String)> {
        let texts = texts.into_iter();
        let failed = texts.filter_map(|(text, language, voice)| {
            let spoken = self.speak(text, language, voice);
            let why = spoken.map_or_else(|error| Some(error.to_string()), |it| it.instead)?;
            Some((text, why))
        });
        failed.collect()
    }

    #[cfg(feature = "speech-server")]
    fn by_server(
        &self,
        server: &SpeechServer,
        text: String,
        language: Option<&str>,
        voice: Option<&str>,
    ) -> Result<Spoken, SpeechError> {
        let key = key(Who::Server, text, language, voice);
        if let Some(sound) = self.kept(&key) {
            let instead = None;
            return Ok(Spoken { sound, instead });
        }
        let error = match server.render(&key.1, language, voice) {
            Ok(pcm) => {
                let sound = Arc::new(pcm);
                self.lock().put(key, Arc::clone(&sound));
                let instead = None;
                return Ok(Spoken { sound, instead });
            }
            Err(error) => error,
        };
        // A voice of the server is none of a program.
        match self.by_program(key.1, language, None) {
            Ok(sound) => Ok(Spoken {
                sound,
                instead: Some(error.to_string()),
            }),
            Err(program) => Err(SpeechError::Server {
                server: Box::new(error),
                program: Box::new(program),
            }),
        }
    }

    fn by_program(
        &self,
        text: String,
        language: Option<&str>,
        voice: Option<&str>,
    ) -> Result<Arc<Pcm>, SpeechError> {
        let choice = choose(&self.programs, language, voice)?;
        let key = key(Who::Program, text, language, voice);
        if let Some(pcm) = self.kept(&key) {
            return Ok(pcm);
        }
        let turn = self
            .slots
            .take(TURN_LIMIT)
            .ok_or(SpeechError::Busy { waited: TURN_LIMIT })?;
        // Whoever was before us in the queue may have had the same text.
        if let Some(pcm) = self.kept(&key) {
            return Ok(pcm);
        }
        let pcm = Arc::new(run::render(&choice, &key.1, self.time_limit)?);
        drop(turn);
        self.lock().put(key, Arc::clone(&pcm));
        Ok(pcm)
    }

    fn kept(&self, key: &Key) -> Option<Arc<Pcm>> {
        self.lock().get(key)
    }

    /// The cache is whole between any two of its calls, so a panic elsewhere does not spoil it.
    fn lock(&self) -> std::sync::MutexGuard<'_, Cache<Key>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(who: Who, text: String, language: Option<&str>, voice: Option<&str>) -> Key {
    let (language, voice) = (language.map(str::to_owned), voice.map(str::to_owned));
    (who, text, language, voice)
}

/// The text as it is spoken: blanks for what would confuse a program.
fn clean(text: &str) -> Result<String, SpeechError> {
    let found = text.chars().count();
    if found > MAX_CHARS {
        return Err(SpeechError::TooLong {
            found,
            limit: MAX_CHARS,
        });
    }
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // espeak-ng would take what is in double brackets for phonemes.
    let text = text.trim().replace("[[", "[ [");
    if text.is_empty() {
        Err(SpeechError::Empty)
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
