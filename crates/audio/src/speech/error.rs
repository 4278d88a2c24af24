//! Why a text could not be spoken.

use crate::wav::WavError;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a text could not be spoken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpeechError {
    /// Nothing to say.
    #[error("the text to speak is empty")]
    Empty,
    /// More text than is taken at once.
    #[error("the text to speak has {found} characters, at most {limit} are taken")]
    TooLong {
        /// Characters found.
        found: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A language or voice that cannot be the name of one.
    #[error(
        "`{found}` is not the name of a {what}: at most 35 letters, digits, `_` and `-`, \
         the first a letter or digit"
    )]
    Name {
        /// `language` or `voice`.
        what: &'static str,
        /// What was given, cut to 35 characters.
        found: String,
    },
    /// No program is there that speaks this language.
    #[error("no program to speak `{language}`: install {install}")]
    NoProgram {
        /// The language asked for, `en` if none was.
        language: String,
        /// What would help.
        install: &'static str,
    },
    /// The program does not know the language.
    #[error("{program} does not speak `{language}`")]
    Language {
        /// The language asked for.
        language: String,
        /// The program that was asked.
        program: &'static str,
    },
    /// No program has the voice.
    #[error("no voice `{voice}` for `{language}`, there are: {known}")]
    Voice {
        /// The voice asked for.
        voice: String,
        /// The language asked for, `en` if none was.
        language: String,
        /// The voices there are, with blanks between.
        known: String,
    },
    /// Too many texts at once.
    #[error("other texts are being rendered, and none was done within {waited:?}")]
    Busy {
        /// How long this one waited for its turn.
        waited: Duration,
    },
    /// A file around the program, or its start, failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The program or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program did not end and was stopped.
    #[error("{} took longer than {limit:?} and was stopped; it wrote: {stderr:?}", program.display())]
    Slow {
        /// The program.
        program: PathBuf,
        /// How long it may take.
        limit: Duration,
        /// The beginning of what it wrote to its standard error.
        stderr: String,
    },
    /// The program ended without doing its work.
    #[error("{} failed ({status}); it wrote: {stderr:?}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended. Some programs claim success and leave no sound.
        status: ExitStatus,
        /// The beginning of what it wrote to its standard error.
        stderr: String,
    },
    /// What the program made is not a sound.
    #[error("what {} made cannot be read: {source}", program.display())]
    Sound {
        /// The program.
        program: PathBuf,
        /// What is wrong with its file.
        source: WavError,
    },
    /// Neither the server nor a program spoke it.
    #[cfg(feature = "speech-server")]
    #[error("{server}; and no program spoke it instead: {program}")]
    Server {
        /// What the server failed at.
        server: Box<super::server::ServerError>,
        /// What a program failed at.
        program: Box<Self>,
    },
}
