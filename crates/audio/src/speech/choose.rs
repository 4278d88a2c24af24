//! Which program speaks a text, and how it is told the language and the voice.

use super::error::SpeechError;
use super::program::{Kind, Program};
use std::path::Path;

/// The longest language tag or voice, in characters (RFC 5646, section 4.4.1, advises 35).
const MAX_NAME: usize = 35;
/// flite's voices in the order of preference.
const PREFERRED: [&str; 2] = ["rms", "slt"];

/// A program and all that it must be told except the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice<'a> {
    pub(super) kind: Kind,
    pub(super) path: &'a Path,
    /// What follows `-voice` or `-v`; `None` leaves it to the program.
    pub(super) voice: Option<String>,
}

/// English goes to flite if it has the voice asked for, all else to espeak-ng.
pub(super) fn choose<'a>(
    programs: &'a [Program],
    language: Option<&str>,
    voice: Option<&str>,
) -> Result<Choice<'a>, SpeechError> {
    let tag = language
        .unwrap_or("en")
        .to_ascii_lowercase()
        .replace('_', "-");
    let english = tag.split('-').next() == Some("en");
    let find = |kind| programs.iter().find(|program| program.kind == kind);
    let flite = find(Kind::Flite).filter(|_| english);
    let espeak = find(Kind::Espeak);

    if let Some(program) = flite {
        let chosen = match voice {
            Some(name) => program.voice(name).map(Some),
            None => Some(PREFERRED.iter().find_map(|name| program.voice(name))),
        };
        if let Some(voice) = chosen {
            return Ok(Choice {
                kind: program.kind,
                path: &program.path,
                voice: voice.map(str::to_owned),
            });
        }
    }
    let unknown_voice = |name: &str| {
        let known = flite
            .into_iter()
            .chain(espeak)
            .flat_map(|program| &program.voices);
        SpeechError::Voice {
            voice: name.to_owned(),
            language: tag.clone(),
            known: known.map(String::as_str).collect::<Vec<_>>().join(" "),
        }
    };
    let Some(program) = espeak else {
        return Err(match voice {
            Some(name) if flite.is_some() => unknown_voice(name),
            _ => SpeechError::NoProgram {
                install: if english {
                    "flite or espeak-ng"
                } else {
                    "espeak-ng"
                },
                language: tag,
            },
        });
    };
    let Some(known) = known_language(program, &tag) else {
        return Err(SpeechError::Language {
            language: tag,
            program: program.kind.name(),
        });
    };
    let voice = match voice {
        Some(name) => format!(
            "{known}+{}",
            program.voice(name).ok_or_else(|| unknown_voice(name))?
        ),
        None => known.to_owned(),
    };
    Ok(Choice {
        kind: program.kind,
        path: &program.path,
        voice: Some(voice),
    })
}

/// The tag, or what is left of it when regions and scripts are taken off its end one by one.
fn known_language<'a>(program: &Program, tag: &'a str) -> Option<&'a str> {
    let mut tag = tag;
    loop {
        if program.languages.iter().any(|language| language == tag) {
            return Some(tag);
        }
        tag = tag.rsplit_once('-')?.0;
    }
}

/// These become arguments of a program: nothing that it could take for an option or a path.
pub(super) fn check(what: &'static str, name: Option<&str>) -> Result<(), SpeechError> {
    let Some(name) = name else { return Ok(()) };
    let good = name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if good {
        Ok(())
    } else {
        Err(SpeechError::Name {
            what,
            found: name.chars().take(MAX_NAME).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(kind: Kind, languages: &[&str], voices: &[&str]) -> Program {
        let owned = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect();
        Program {
            kind,
            path: kind.name().into(),
            languages: owned(languages),
            voices: owned(voices),
        }
    }

    fn flite() -> Program {
        program(Kind::Flite, &[], &["kal", "rms", "slt"])
    }

    fn espeak() -> Program {
        program(
            Kind::Espeak,
            &["en", "en-us", "es", "es-mx", "zh"],
            &["f3", "Annie"],
        )
    }

    fn chosen(programs: &[Program], language: Option<&str>, voice: Option<&str>) -> String {
        match choose(programs, language, voice) {
            Ok(choice) => format!(
                "{} {}",
                choice.kind.name(),
                choice.voice.unwrap_or_default()
            ),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn english_is_for_flite_and_the_rest_for_espeak() {
        let both = [flite(), espeak()];
        for (language, voice, expected) in [
            (None, None, "flite rms"),
            (Some("en-GB"), None, "flite rms"),
            (None, Some("SLT"), "flite slt"),
            (None, Some("annie"), "espeak-ng en+Annie"),
            (Some("es_MX"), None, "espeak-ng es-mx"),
            (Some("es-ES"), None, "espeak-ng es"),
            (Some("zh-Hans-CN"), None, "espeak-ng zh"),
            (Some("es"), Some("f3"), "espeak-ng es+f3"),
            (Some("enx"), None, "espeak-ng does not speak `enx`"),
            (
                Some("es"),
                Some("rms"),
                "no voice `rms` for `es`, there are: f3 Annie",
            ),
            (
                None,
                Some("bob"),
                "no voice `bob` for `en`, there are: kal rms slt f3 Annie",
            ),
        ] {
            assert_eq!(
                chosen(&both, language, voice),
                expected,
                "{language:?} {voice:?}"
            );
        }
    }

    #[test]
    fn one_program_does_what_it_can() {
        assert_eq!(chosen(&[espeak()], None, None), "espeak-ng en");
        assert_eq!(chosen(&[espeak()], Some("en-AU"), None), "espeak-ng en");
        assert_eq!(
            chosen(&[flite()], Some("es"), None),
            "no program to speak `es`: install espeak-ng"
        );
        assert_eq!(
            chosen(&[flite()], None, Some("f3")),
            "no voice `f3` for `en`, there are: kal rms slt"
        );
        assert_eq!(
            chosen(&[program(Kind::Flite, &[], &["kal"])], None, None),
            "flite "
        );
        assert_eq!(
            chosen(&[], None, None),
            "no program to speak `en`: install flite or espeak-ng"
        );
    }

    #[test]
    fn names_that_could_be_options_or_paths_are_refused() {
        let long = "a".repeat(36);
        for name in [
            "",
            "-q",
            "../rms",
            "/tmp/evil.flitevox",
            "en us",
            "en+f3",
            "é",
            "_x",
            &long,
        ] {
            for (language, voice) in [(Some(name), None), (None, Some(name))] {
                let checked = check("language", language).and_then(|()| check("voice", voice));
                let error = checked.unwrap_err();
                assert!(
                    matches!(error, SpeechError::Name { .. }),
                    "{name:?}: {error}"
                );
            }
        }
    }
}
