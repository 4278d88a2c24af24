//! Real programs where they are installed, and scripts that misbehave in every way.

use super::*;
use crate::level::rms;

#[test]
fn nothing_is_spoken_without_a_program() {
    let speech = Speech::none();
    assert!(!speech.available());
    assert!(speech.describe().starts_with("no text to speech"));
    let error = speech.render("Hello", None, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no program to speak `en`: install flite or espeak-ng"
    );
}

#[test]
fn texts_have_bounds() {
    let speech = Speech::none();
    assert!(matches!(
        speech.render(" \n\0 ", None, None),
        Err(SpeechError::Empty)
    ));
    let error = speech.render(&"é".repeat(1001), None, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the text to speak has 1001 characters, at most 1000 are taken"
    );
    assert!(matches!(
        speech.render(&"é".repeat(1000), None, None),
        Err(SpeechError::NoProgram { .. })
    ));
}

#[test]
fn what_programs_would_misread_is_taken_out() {
    assert_eq!(clean("a\0b\r\nc [[[x]]").unwrap(), "a b  c [ [[x]]");
}

#[test]
fn installed_programs_speak() {
    let speech = Speech::find();
    if !speech.available() {
        println!("skipped: {}", speech.describe());
        return;
    }
    let hello = speech
        .render("You have three new messages.", None, None)
        .unwrap();
    assert!(
        (1000..6000).contains(&hello.duration_ms()),
        "{} ms",
        hello.duration_ms()
    );
    assert!(rms(hello.samples()) > 200.0);
    assert!(Arc::ptr_eq(
        &hello,
        &speech
            .render("You have three new messages.", None, None)
            .unwrap()
    ));
    // Neither an option nor a file to read.
    for text in [
        "-o /tmp/never.wav",
        "--version",
        "/etc/passwd",
        "$(id) `id` ; id | id",
        "'\"\\",
    ] {
        assert!(speech.render(text, None, None).is_ok(), "{text}");
    }
    if speech
        .programs
        .iter()
        .all(|program| program.kind != Kind::Espeak)
    {
        println!("skipped other languages: {}", speech.describe());
        return;
    }
    let hola = speech.render("Buenos días", Some("es-MX"), None).unwrap();
    assert!(rms(hola.samples()) > 200.0);
    assert!(matches!(
        speech.render("hi", Some("qqq"), None),
        Err(SpeechError::Language { .. })
    ));
}

#[cfg(unix)]
mod scripts {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// A flite made of a shell script: `-lv` lists one voice, all else is up to `body`.
    fn fake(body: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let sound = folder.path().join("sound.wav");
        fs::write(&sound, include_bytes!("../../prompts/goodbye.wav")).unwrap();
        let path = folder.path().join("flite");
        let here = folder.path().display();
        let script = format!(
            "#!/bin/sh\nHERE='{here}'\n[ \"$1\" = -lv ] && echo 'Voices available: rms' && exit 0\n{body}\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        (folder, path)
    }

    fn open(path: &Path) -> Speech {
        // Another test's fork may hold the script open for writing a moment longer (ETXTBSY).
        let busy = |error: &SpeechError| matches!(error, SpeechError::Io { source, .. } if source.kind() == std::io::ErrorKind::ExecutableFileBusy);
        loop {
            match Speech::with_programs(Some(path), None) {
                Err(error) if busy(&error) => std::thread::yield_now(),
                other => return other.unwrap(),
            }
        }
    }

    #[test]
    fn the_text_reaches_the_program_in_a_private_file() {
        let (folder, path) = fake(
            "cp text.txt $HERE/heard; ls -ld . | cut -c1-10 > $HERE/mode; echo \"$@\" > $HERE/args; cp $HERE/sound.wav speech.wav",
        );
        let pcm = open(&path)
            .render("-voice $(id) \"x\"", None, None)
            .unwrap();
        assert!(pcm.duration_ms() > 500);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("heard"), "-voice $(id) \"x\"");
        assert_eq!(read("args"), "-voice rms -f text.txt -o speech.wav\n");
        assert_eq!(read("mode"), "drwx------\n");
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let (_folder, path) = fake("echo 'no such luck' >&2; exit 3");
        let error = open(&path).render("x", None, None).unwrap_err();
        assert!(
            matches!(&error, SpeechError::Failed { status, stderr, .. } if status.code() == Some(3) && stderr == "no such luck"),
            "{error}"
        );
        assert!(error.to_string().contains("flite failed"), "{error}");
    }

    #[test]
    fn what_is_quoted_is_bounded() {
        let (_folder, path) = fake("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1");
        let error = open(&path).render("x", None, None).unwrap_err();
        assert!(matches!(&error, SpeechError::Failed { stderr, .. } if stderr.len() == 500));
    }

    #[test]
    fn success_without_sound_is_none() {
        let (_folder, path) = fake("exit 0");
        assert!(matches!(
            open(&path).render("x", None, None),
            Err(SpeechError::Failed { .. })
        ));
        let (_folder, path) = fake("echo nonsense > speech.wav");
        assert!(matches!(
            open(&path).render("x", None, None),
            Err(SpeechError::Sound { .. })
        ));
    }

    #[test]
    fn a_program_that_hangs_is_stopped() {
        let (folder, path) = fake("echo $$ > $HERE/pid; echo waiting >&2; exec sleep 600");
        let speech = open(&path).time_limit(Duration::from_millis(300));
        let error = speech.render("x", None, None).unwrap_err();
        assert!(matches!(&error, SpeechError::Slow { .. }), "{error}");
        // Gone, and not even a zombie: the script's number is no process any more.
        if let Ok(pid) = fs::read_to_string(folder.path().join("pid")) {
            assert!(!Path::new("/proc").join(pid.trim()).exists());
        }
    }

    #[test]
    fn a_program_that_fills_the_disk_is_stopped() {
        let (_folder, path) = fake("exec cat /dev/zero");
        let error = open(&path)
            .time_limit(Duration::from_secs(120))
            .render("x", None, None)
            .unwrap_err();
        assert!(
            matches!(
                &error,
                SpeechError::Sound {
                    source: crate::wav::WavError::TooLarge { .. },
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn at_most_two_run_at_once_and_equal_texts_share() {
        let (folder, path) = fake(
            "mkdir -p $HERE/now; touch $HERE/now/$$; ls $HERE/now | wc -l >> $HERE/log; sleep 0.1; rm $HERE/now/$$; cp $HERE/sound.wav speech.wav",
        );
        let speech = open(&path);
        std::thread::scope(|scope| {
            for n in 0..6 {
                let speech = &speech;
                scope.spawn(move || speech.render(&format!("text {n}"), None, None).unwrap());
            }
        });
        let log = fs::read_to_string(folder.path().join("log")).unwrap();
        let counts: Vec<u32> = log
            .lines()
            .map(|line| line.trim().parse().unwrap())
            .collect();
        assert_eq!(counts.len(), 6);
        assert!(counts.iter().all(|&count| count <= 2), "{counts:?}");
        let again = speech.render("text 3", None, None).unwrap();
        assert!(Arc::ptr_eq(
            &again,
            &speech.render("text 3", None, None).unwrap()
        ));
        assert_eq!(
            fs::read_to_string(folder.path().join("log")).unwrap(),
            log,
            "nothing ran again"
        );
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = Speech::with_programs(None, Some(Path::new("/nowhere/espeak-ng"))).unwrap_err();
        assert!(
            error.to_string().starts_with("/nowhere/espeak-ng: "),
            "{error}"
        );
    }
}
