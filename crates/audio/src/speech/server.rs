//! Voices of a web server: `POST /v1/audio/speech`, as OpenAI and what imitates it take it.

mod ask;
mod error;
mod health;
mod key;

pub use error::ServerError;
pub use key::SpeechKey;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use hyper::Uri;
use tokio_rustls::rustls::ClientConfig;

use super::slots::Slots;
use crate::pcm::Pcm;
use health::Health;

/// Where such servers take texts, if the URL names no path.
const PATH: &str = "/v1/audio/speech";
/// How many texts are with the server at once.
const AT_ONCE: usize = 4;
/// How long a text may take, from the connection to the last byte.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// A server that speaks texts.
///
/// It is asked by `POST` with JSON `{"model", "input", "voice", "response_format": "wav"}` and
/// answers with a WAV file. A text takes one connection, at most four at a time unless set
/// otherwise; at most 8 MiB are read, and nothing is waited for longer than the time limit. After a
/// failure it rests for five seconds; then one text tries whether it is back, and the others do not
/// wait for that.
pub struct SpeechServer {
    uri: Uri,
    model: String,
    voice: String,
    voices: Vec<(String, String)>,
    key: Option<SpeechKey>,
    roots: Vec<Vec<u8>>,
    /// What comes of the roots, once it was wanted.
    trust: OnceLock<Arc<ClientConfig>>,
    time_limit: Duration,
    slots: Slots,
    health: Health,
}

impl SpeechServer {
    /// The server at a URL with `http` or `https`; without a path, `/v1/audio/speech` is meant.
    ///
    /// Unless set otherwise, the model is `tts-1`, the voice `alloy`, and no key is sent.
    ///
    /// # Errors
    /// [`ServerError::Url`] for what is no such URL.
    pub fn new(url: &str) -> Result<Self, ServerError> {
        let fault = |why| ServerError::Url {
            url: url.chars().take(200).collect(),
            why,
        };
        let given: Uri = url.parse().map_err(|_| fault("it cannot be read"))?;
        let (Some(scheme), Some(authority)) = (given.scheme_str(), given.authority()) else {
            return Err(fault("it does not begin with http:// or https://"));
        };
        if !["http", "https"].contains(&scheme) {
            return Err(fault("it does not begin with http:// or https://"));
        }
        // A password in it would come into logs.
        if authority.as_str().contains('@') {
            return Err(fault("it names a user; a key is set apart"));
        }
        let path = match given.path_and_query().map(|path| path.as_str()) {
            None | Some("" | "/") => PATH,
            Some(path) => path,
        };
        let whole = Uri::builder().scheme(scheme).authority(authority.as_str());
        let uri = whole.path_and_query(path).build();
        Ok(Self {
            uri: uri.map_err(|_| fault("it cannot be read"))?,
            model: "tts-1".to_owned(),
            voice: "alloy".to_owned(),
            voices: Vec::new(),
            key: None,
            roots: Vec::new(),
            trust: OnceLock::new(),
            time_limit: TIME_LIMIT,
            slots: Slots::new(AT_ONCE),
            health: Health::default(),
        })
    }

    /// The model that is asked for.
    #[must_use]
    pub fn model(mut self, model: &str) -> Self {
        model.clone_into(&mut self.model);
        self
    }

    /// The voice that speaks where a call names none.
    #[must_use]
    pub fn voice(mut self, voice: &str) -> Self {
        voice.clone_into(&mut self.voice);
        self
    }

    /// The voice that speaks a language (`es`, or narrower `es-MX`) where a call names none.
    #[must_use]
    pub fn voice_for(mut self, language: &str, voice: &str) -> Self {
        self.voices.push((tag(language), voice.to_owned()));
        self
    }

    /// The key that is sent as `Authorization: Bearer`.
    #[must_use]
    pub fn key(mut self, key: SpeechKey) -> Self {
        self.key = Some(key);
        self
    }

    /// A certificate (PEM) that is trusted beside those of the system, for a server of one's own.
    #[must_use]
    pub fn root(mut self, pem: &[u8]) -> Self {
        self.roots.push(pem.to_vec());
        self.trust = OnceLock::new();
        self
    }

    /// How long a text may take; 10 s unless set.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How many texts may be with the server at once; 4 unless set, at least 1.
    #[must_use]
    pub fn at_once(mut self, texts: usize) -> Self {
        self.slots = Slots::new(texts.max(1));
        self
    }

    pub(super) fn describe(&self) -> String {
        format!("{} (model {}, voice {})", self.uri, self.model, self.voice)
    }

    /// Has the server speak a text. Blocks.
    pub(super) fn render(
        &self,
        text: &str,
        language: Option<&str>,
        voice: Option<&str>,
    ) -> Result<Pcm, ServerError> {
        let begun = Instant::now();
        self.health.look(begun)?;
        // Waiting for one's turn is part of the time.
        let Some(turn) = self.slots.take(self.time_limit) else {
            let waited = self.time_limit;
            return Err(ServerError::Busy { waited });
        };
        let ask = self.health.ask(Instant::now())?;
        let voice = voice.unwrap_or_else(|| self.voice_of(language));
        let left = self.time_limit.saturating_sub(begun.elapsed());
        let spoken = ask::ask(self, text, voice, left);
        // A text that the server does not like says nothing of the next one.
        let fails = spoken.as_ref().is_err_and(ServerError::is_of_the_server);
        ask.done(fails, Instant::now());
        // Not before it is known whether the next one is to ask.
        drop(turn);
        spoken
    }

    /// The voice of a language, the narrowest that was set.
    fn voice_of(&self, language: Option<&str>) -> &str {
        let wanted = language.map(tag);
        let mut wanted = wanted.as_deref();
        while let Some(now) = wanted {
            if let Some((_, voice)) = self.voices.iter().find(|(tag, _)| tag == now) {
                return voice;
            }
            wanted = now.rsplit_once('-').map(|(wider, _)| wider);
        }
        &self.voice
    }
}

fn tag(language: &str) -> String {
    language.to_ascii_lowercase().replace('_', "-")
}

impl fmt::Debug for SpeechServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeechServer")
            .field("uri", &self.uri)
            .field("model", &self.model)
            .field("voice", &self.voice)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
