//! Runs a program in a private folder, with a limit on its time and its output.

use super::choose::Choice;
use super::error::SpeechError;
use super::program::Kind;
use crate::pcm::Pcm;
use crate::wav::{self, WavError};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The text, the sound and the two outputs, as files of the private folder. Files rather than
/// pipes: a pipe that nobody reads, or that a grandchild keeps open, would hold us up.
const TEXT: &str = "text.txt";
const SOUND: &str = "speech.wav";
const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";
/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// How much of what a program writes to its standard error goes into an error.
const STDERR_BYTES: u64 = 500;
/// How much of a list of voices is read.
const STDOUT_BYTES: u64 = 256 * 1024;

/// Has the chosen program speak the text.
pub(super) fn render(choice: &Choice<'_>, text: &str, limit: Duration) -> Result<Pcm, SpeechError> {
    let folder = private_folder()?;
    let file = folder.path().join(TEXT);
    fs::write(&file, text).map_err(|source| SpeechError::Io { path: file, source })?;
    let mut args = Vec::new();
    if let Some(voice) = &choice.voice {
        args.extend([
            if choice.kind == Kind::Flite {
                "-voice"
            } else {
                "-v"
            },
            voice,
        ]);
    }
    args.extend(match choice.kind {
        Kind::Flite => ["-f", TEXT, "-o", SOUND].as_slice(),
        Kind::Espeak => &["-b", "1", "-f", TEXT, "-w", SOUND],
    });
    let status = run(choice.path, &args, folder.path(), limit)?;
    let sound = folder.path().join(SOUND);
    // flite ends with 0 even when it could not do anything.
    if !status.success() || !sound.exists() {
        let stderr = beginning(&folder.path().join(STDERR), STDERR_BYTES);
        return Err(SpeechError::Failed {
            program: choice.path.to_owned(),
            status,
            stderr,
        });
    }
    wav::read_file(&sound).map_err(|source| SpeechError::Sound {
        program: choice.path.to_owned(),
        source,
    })
}

/// What a program writes to its standard output.
pub(super) fn output(
    program: &Path,
    args: &[&str],
    limit: Duration,
) -> Result<String, SpeechError> {
    let folder = private_folder()?;
    let status = run(program, args, folder.path(), limit)?;
    if !status.success() {
        let stderr = beginning(&folder.path().join(STDERR), STDERR_BYTES);
        return Err(SpeechError::Failed {
            program: program.to_owned(),
            status,
            stderr,
        });
    }
    Ok(beginning(&folder.path().join(STDOUT), STDOUT_BYTES))
}

/// A folder that only this user can enter, removed when dropped: texts may be about callers.
fn private_folder() -> Result<TempDir, SpeechError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("callroute-speech-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().map_err(|source| SpeechError::Io {
        path: std::env::temp_dir(),
        source,
    })
}

fn run(
    program: &Path,
    args: &[&str],
    folder: &Path,
    limit: Duration,
) -> Result<ExitStatus, SpeechError> {
    let create = |name| {
        let path = folder.join(name);
        File::create(&path).map_err(|source| SpeechError::Io { path, source })
    };
    let failed = |source| SpeechError::Io {
        path: program.to_owned(),
        source,
    };
    let mut child = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(create(STDOUT)?)
        .stderr(create(STDERR)?)
        .spawn()
        .map_err(failed)?;
    match wait(&mut child, folder, limit) {
        Ok(Waited::Ended(status)) => Ok(status),
        Ok(Waited::TooMuch(bytes)) => {
            stop(&mut child).map_err(failed)?;
            let source = WavError::TooLarge {
                bytes,
                limit: wav::MAX_BYTES,
            };
            Err(SpeechError::Sound {
                program: program.to_owned(),
                source,
            })
        }
        Ok(Waited::TooLong) => {
            stop(&mut child).map_err(failed)?;
            let stderr = beginning(&folder.join(STDERR), STDERR_BYTES);
            Err(SpeechError::Slow {
                program: program.to_owned(),
                limit,
                stderr,
            })
        }
        Err(source) => {
            stop(&mut child).map_err(failed)?;
            Err(failed(source))
        }
    }
}

enum Waited {
    Ended(ExitStatus),
    TooLong,
    TooMuch(u64),
}

/// Looks again and again, for std cannot wait for a process with a limit.
fn wait(child: &mut Child, folder: &Path, limit: Duration) -> io::Result<Waited> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Waited::Ended(status));
        }
        if begun.elapsed() >= limit {
            return Ok(Waited::TooLong);
        }
        let size = |name| fs::metadata(folder.join(name)).map_or(0, |about| about.len());
        let bytes = [SOUND, STDOUT, STDERR].into_iter().map(size).sum();
        if bytes > wav::MAX_BYTES {
            return Ok(Waited::TooMuch(bytes));
        }
        thread::sleep(LOOK);
    }
}

/// Kills the program and collects it, so that no zombie stays.
fn stop(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
}

/// The beginning of a text file; empty if there is none, for it only adds to an error.
fn beginning(path: &Path, limit: u64) -> String {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
        Ok(_) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(_) => String::new(),
    }
}
