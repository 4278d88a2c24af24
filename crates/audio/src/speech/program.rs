//! The programs: where they are, which voices they have, how they are called.

use super::error::SpeechError;
use super::run;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a program may take to list its voices.
const LIST_LIMIT: Duration = Duration::from_secs(5);

/// What a program is, and so how to speak with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flite,
    Espeak,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Flite => "flite",
            Self::Espeak => "espeak-ng",
        }
    }
}

/// A program that works.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
    /// Language tags in lower case; flite's is English only and not listed.
    pub(super) languages: Vec<String>,
    /// Voices of flite, variants of espeak-ng.
    pub(super) voices: Vec<String>,
}

impl Program {
    /// Asks the program for its voices.
    pub(super) fn open(kind: Kind, path: &Path) -> Result<Self, SpeechError> {
        // Programs run in a folder of their own, so a relative path would not hold.
        let path = std::path::absolute(path).map_err(|source| SpeechError::Io {
            path: path.to_owned(),
            source,
        })?;
        let (languages, voices) = match kind {
            Kind::Flite => (
                Vec::new(),
                flite_voices(&run::output(&path, &["-lv"], LIST_LIMIT)?),
            ),
            Kind::Espeak => (
                espeak_languages(&run::output(&path, &["--voices"], LIST_LIMIT)?),
                espeak_variants(&run::output(&path, &["--voices=variant"], LIST_LIMIT)?),
            ),
        };
        Ok(Self {
            kind,
            path,
            languages,
            voices,
        })
    }

    pub(super) fn describe(&self) -> String {
        match self.kind {
            Kind::Flite => format!("flite ({}): {}", self.path.display(), self.voices.join(" ")),
            Kind::Espeak => format!(
                "espeak-ng ({}): {} languages",
                self.path.display(),
                self.languages.len()
            ),
        }
    }

    /// The voice of this name, in whatever case.
    pub(super) fn voice(&self, name: &str) -> Option<&str> {
        self.voices
            .iter()
            .find(|voice| voice.eq_ignore_ascii_case(name))
            .map(String::as_str)
    }
}

/// The first executable file of this name in `PATH`.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?)
        // A relative folder would mean another program in every working directory.
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// `Voices available: kal awb rms slt`.
fn flite_voices(output: &str) -> Vec<String> {
    let list = output.split_once(':').map_or("", |(_, list)| list);
    list.split_whitespace().map(str::to_owned).collect()
}

/// A table: priority, language, age/gender, name, file, then more languages as `(zh 5)`.
fn espeak_languages(output: &str) -> Vec<String> {
    let mut languages = Vec::new();
    for line in output.lines().skip(1) {
        languages.extend(line.split_whitespace().nth(1).map(str::to_ascii_lowercase));
        let more = line
            .split('(')
            .skip(1)
            .filter_map(|part| part.split_once(')'));
        // Names of voices have brackets too, but no priority inside them.
        languages.extend(more.filter_map(|(inside, _)| {
            let (tag, priority) = inside.split_once(' ')?;
            priority
                .parse::<u8>()
                .is_ok()
                .then(|| tag.to_ascii_lowercase())
        }));
    }
    languages.sort_unstable();
    languages.dedup();
    languages
}

/// The same table; a variant is called by its file's name, `!v/f3`.
fn espeak_variants(output: &str) -> Vec<String> {
    let file = |line: &str| {
        line.split_whitespace()
            .find_map(|word| word.strip_prefix("!v/").map(str::to_owned))
    };
    output.lines().filter_map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flite_lists_its_voices_on_one_line() {
        assert_eq!(
            flite_voices("Voices available: kal awb_time rms slt \n"),
            ["kal", "awb_time", "rms", "slt"]
        );
        assert!(flite_voices("").is_empty());
    }

    #[test]
    fn espeak_lists_languages_in_two_places() {
        let table = "Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn              (zh-cmn 5)(zh 5)
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 5  pt-BR           --/M      Portuguese_(Brazil) roa/pt-BR            (pt 6)
";
        assert_eq!(
            espeak_languages(table),
            ["cmn", "en", "en-gb", "pt", "pt-br", "zh", "zh-cmn"]
        );
        assert!(espeak_languages("").is_empty());
    }

    #[test]
    fn espeak_variants_are_called_by_their_file() {
        let table =
            "Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  variant         --/F      female3            !v/f3                
";
        assert_eq!(espeak_variants(table), ["f3"]);
    }
}
