//! Recordings that a crash has broken off.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::{WavError, at};
use super::record::{Finished, HEADER, Shape, complete};

/// Folders below the first that are looked into.
const DEPTH: usize = 4;

/// What was found of recordings that were never finished.
#[derive(Debug, Default)]
pub struct Recovered {
    /// These are whole now, as far as they go.
    pub whole: Vec<Finished>,
    /// These are not, and stay as they are.
    pub failed: Vec<WavError>,
}

/// Completes the recordings below a folder that a crash has broken off (`NAME.wav.part`): each is
/// given its header and its name. Those that are being made, by whatever process, are left alone; so
/// are those without any sound, and those whose name is taken. A folder that is not there has none.
#[must_use]
pub fn recover(folder: &Path) -> Recovered {
    let mut recovered = Recovered::default();
    walk(folder, DEPTH, &mut recovered);
    recovered
}

fn walk(folder: &Path, depth: usize, recovered: &mut Recovered) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = entry.path();
        if kind.is_dir() && depth > 0 {
            walk(&path, depth - 1, recovered);
        } else if let Some(whole) = named(&path).filter(|_| kind.is_file()) {
            match finish(&path, &whole) {
                Ok(Some(finished)) => recovered.whole.push(finished),
                Ok(None) => {}
                Err(error) => recovered.failed.push(error),
            }
        }
    }
}

/// The name that a part will have; `None` for what is none.
fn named(part: &Path) -> Option<PathBuf> {
    let whole = part.with_extension("");
    let is_part = part
        .extension()
        .is_some_and(|extension| extension == "part");
    let is_wav = whole
        .extension()
        .is_some_and(|extension| extension == "wav");
    (is_part && is_wav).then_some(whole)
}

fn finish(part: &Path, path: &Path) -> Result<Option<Finished>, WavError> {
    let open = OpenOptions::new().read(true).write(true).open(part);
    let mut file = open.map_err(at(part))?;
    // Who makes a recording holds its lock.
    if file.try_lock().is_err() || path.exists() {
        return Ok(None);
    }
    let length = file.metadata().map_err(at(part))?.len();
    let data = length.saturating_sub(HEADER as u64);
    let Some(shape) = shape(&mut file).filter(|_| data > 0) else {
        return Ok(None);
    };
    let frame = 2 * u64::from(shape.channels);
    let samples = data / frame * u64::from(shape.channels);
    file.set_len(HEADER as u64 + samples * 2)
        .map_err(at(part))?;
    let path = complete(&mut file, part, path, shape, samples)?;
    let duration_ms = shape.duration_ms(samples);
    Ok(Some(Finished { path, duration_ms }))
}

/// What a header of ours says; `None` for any other.
fn shape(file: &mut File) -> Option<Shape> {
    let mut header = [0; HEADER];
    file.read_exact(&mut header).ok()?;
    Shape::read(&header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Band;
    use crate::tone::Tone;
    use crate::wav::{Recorder, read_file};

    #[test]
    fn what_a_crash_has_broken_off_is_completed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let sound = Tone::Busy.render(1000);
        let mut recorder = Recorder::create(&at("made.wav")).unwrap();
        recorder.push(sound.samples()).unwrap();
        recorder.finish().unwrap();
        // As a crash leaves it: the sizes unknown, and half a sample at the end.
        let mut bytes = fs::read(at("made.wav")).unwrap();
        for place in [4, 40] {
            bytes[place..place + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        }
        bytes.push(1);
        fs::create_dir_all(at("box")).unwrap();
        fs::write(at("box/broken.wav.part"), &bytes).unwrap();
        fs::write(at("made.wav.part"), &bytes).unwrap();
        fs::write(at("empty.wav.part"), &bytes[..HEADER]).unwrap();
        fs::write(at("strange.wav.part"), [7; 100]).unwrap();
        fs::write(at("notes.part"), &bytes).unwrap();
        let mut alive = Recorder::with_format(&at("alive.wav"), 2, Band::Wide).unwrap();
        alive.push(&[1; 16_000]).unwrap();

        let recovered = recover(folder.path());
        let path = at("box/broken.wav");
        let duration_ms = 1000;
        assert_eq!(recovered.whole, [Finished { path, duration_ms }]);
        assert!(recovered.failed.is_empty());
        assert_eq!(read_file(&at("box/broken.wav")).unwrap(), sound);
        for left in ["made", "empty", "strange", "alive"] {
            assert!(at(&format!("{left}.wav.part")).exists(), "{left}");
        }
        assert!(recover(folder.path()).whole.is_empty());
        assert!(recover(&at("nowhere")).whole.is_empty());
        alive.finish().unwrap();
        assert!(at("alive.wav").exists());
    }
}
