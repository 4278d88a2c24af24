//! Text to speech, by a program that this machine has. The one part of the crate that runs processes.

mod choose;
mod error;
mod program;
mod run;
mod slots;

pub use error::SpeechError;

use crate::cache::Cache;
use crate::pcm::Pcm;
use choose::choose;
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

/// What was asked for: text, language, voice.
type Key = (String, Option<String>, Option<String>);

/// Text to speech.
///
/// English is spoken by flite (voice `rms`) where it is installed, everything else by espeak-ng.
/// Neither is linked; each text is one run of the program, at most two at a time and ten seconds
/// each, and what was rendered is kept in memory (within bounds). Nothing of a text ever reaches
/// a shell or a command line.
///
/// All methods block: in an asynchronous program, call them on a thread for blocking work.
#[derive(Debug)]
pub struct Speech {
    programs: Vec<Program>,
    /// Programs that are there but did not answer.
    faults: Vec<SpeechError>,
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

    /// Changes how long a program may take over one text; 10 s unless set.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Whether there is any program.
    #[must_use]
    pub fn available(&self) -> bool {
        !self.programs.is_empty()
    }

    /// One line for the log: which programs were found, and what was wrong with others.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut parts: Vec<String> = self.programs.iter().map(Program::describe).collect();
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
    /// voice), no program, no turn within 30 s, and a program that failed, with what it wrote.
    pub fn render(
        &self,
        text: &str,
        language: Option<&str>,
        voice: Option<&str>,
    ) -> Result<Arc<Pcm>, SpeechError> {
        let text = clean(text)?;
        let choice = choose(&self.programs, language, voice)?;
        let key = (text, language.map(str::to_owned), voice.map(str::to_owned));
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
        let pcm = Arc::new(run::render(&choice, &key.0, self.time_limit)?);
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
