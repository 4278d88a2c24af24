//! Writes a recording to disk while it is made.

use super::error::{WavError, at};
use crate::codec::Band;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The longest recording, in milliseconds: four hours.
pub const MAX_MS: u64 = 4 * 3600 * 1000;
/// Mono or stereo.
const MAX_CHANNELS: u8 = 2;
/// RIFF header, format and the head of the data.
pub(super) const HEADER: usize = 44;
/// Stands in for a size not yet known; readers take the data as far as it goes.
const UNKNOWN: u32 = u32::MAX;
/// Most recordings of one name; the next one is an error.
const MAX_OF_NAME: u32 = 10_000;

/// A WAV file (16 bit; 8 kHz and mono unless told otherwise) that grows as sound is pushed.
///
/// It is written as `NAME.wav.part` and takes its final name only when it is whole, safe on disk
/// and its header right: whoever watches the folder for `*.wav` never sees half a message. After
/// a crash the `.part` stays behind, and [`read`](super::read()) and most players can read it;
/// [`recover`](super::recover()) completes it. It is locked while it is made.
///
/// It never takes the place of another: where its name is taken, whole or as a `.part`, it is
/// `NAME-2.wav`, `NAME-3.wav` and so on; [`Finished`] says which.
///
/// Dropping a recorder without [`finish`](Self::finish) or [`discard`](Self::discard) finishes
/// it too, for a caller's words are worth keeping; only the errors are lost then, and a recording
/// without a sample is removed.
#[derive(Debug)]
pub struct Recorder {
    /// `None` once finished or discarded.
    file: Option<BufWriter<File>>,
    part: PathBuf,
    path: PathBuf,
    shape: Shape,
    /// Of all channels.
    samples: u64,
}

/// How the samples of a recording are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) channels: u8,
    pub(super) band: Band,
}

impl Shape {
    /// How long so many samples of all channels are.
    pub(super) fn duration_ms(self, samples: u64) -> u64 {
        samples / u64::from(self.channels) * 1000 / u64::from(self.band.rate())
    }

    /// What a header of ours says, whatever its sizes; `None` for any other.
    pub(super) fn read(found: &[u8; HEADER]) -> Option<Self> {
        let bands = [Band::Narrow, Band::Wide];
        let mut all =
            (1..=MAX_CHANNELS).flat_map(|channels| bands.map(|band| Self { channels, band }));
        all.find(|shape| {
            let ours = shape.header(None);
            let same = |from: usize, to: usize| ours.get(from..to) == found.get(from..to);
            same(0, 4) && same(8, 40)
        })
    }

    /// The 44 bytes before the samples; `None` while their size is not known.
    fn header(self, data: Option<u32>) -> [u8; HEADER] {
        let (count, rate) = (u16::from(self.channels), self.band.rate());
        let mut out = [0; HEADER];
        let fields: [&[u8]; 13] = [
            b"RIFF",
            &data
                .map_or(UNKNOWN, |size| size.saturating_add(HEADER as u32 - 8))
                .to_le_bytes(),
            b"WAVE",
            b"fmt ",
            &16u32.to_le_bytes(),
            &1u16.to_le_bytes(),
            &count.to_le_bytes(),
            &rate.to_le_bytes(),
            &(rate * 2 * u32::from(count)).to_le_bytes(),
            &(2 * count).to_le_bytes(),
            &16u16.to_le_bytes(),
            b"data",
            &data.unwrap_or(UNKNOWN).to_le_bytes(),
        ];
        for (place, byte) in out.iter_mut().zip(fields.into_iter().flatten()) {
            *place = *byte;
        }
        out
    }
}

/// A recording that is whole and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in milliseconds.
    pub duration_ms: u64,
}

impl Recorder {
    /// Begins a recording that will be at `path`, or beside it where that is taken; missing folders
    /// are made.
    ///
    /// # Errors
    /// [`WavError::Io`] if a folder or the file cannot be made.
    pub fn create(path: &Path) -> Result<Self, WavError> {
        Self::with_format(path, 1, Band::Narrow)
    }

    /// The same with one or two channels, and 8 or 16 kHz; samples are pushed interleaved, in whole
    /// frames.
    ///
    /// # Errors
    /// [`WavError::Io`] if a folder or the file cannot be made; [`WavError::Channels`] if they are
    /// neither one nor two.
    pub fn with_format(path: &Path, channels: u8, band: Band) -> Result<Self, WavError> {
        if !(1..=MAX_CHANNELS).contains(&channels) {
            let found = channels.into();
            return Err(WavError::Channels { found });
        }
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        let shape = Shape { channels, band };
        let (path, part, file) = claim(path)?;
        let mut file = BufWriter::new(file);
        file.write_all(&shape.header(None)).map_err(at(&part))?;
        Ok(Self {
            file: Some(file),
            part,
            path,
            shape,
            samples: 0,
        })
    }

    /// Adds sound.
    ///
    /// # Errors
    /// [`WavError::Io`] if the disk refuses; [`WavError::TooLong`] at four hours, where the
    /// recording holds all that fits and can still be finished.
    pub fn push(&mut self, samples: &[i16]) -> Result<(), WavError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let Shape { channels, band } = self.shape;
        let most = MAX_MS * u64::from(band.rate()) / 1000 * u64::from(channels);
        let room = usize::try_from(most - self.samples).unwrap_or(usize::MAX);
        let fits = samples.get(..room).unwrap_or(samples);
        let bytes: Vec<u8> = fits
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        file.write_all(&bytes).map_err(at(&self.part))?;
        self.samples += fits.len() as u64;
        if fits.len() < samples.len() {
            return Err(WavError::TooLong { limit_ms: MAX_MS });
        }
        Ok(())
    }

    /// Milliseconds recorded so far.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.shape.duration_ms(self.samples)
    }

    /// Completes the header, waits until the disk has it all, and gives the file its name.
    ///
    /// # Errors
    /// [`WavError::Io`]; the `.part` then stays as it is.
    pub fn finish(mut self) -> Result<Finished, WavError> {
        self.complete()?;
        Ok(Finished {
            path: self.path.clone(),
            duration_ms: self.duration_ms(),
        })
    }

    /// Gives the recording up and removes its file.
    ///
    /// # Errors
    /// [`WavError::Io`] if the file cannot be removed.
    pub fn discard(mut self) -> Result<(), WavError> {
        self.remove()
    }

    fn complete(&mut self) -> Result<(), WavError> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        file.flush().map_err(at(&self.part))?;
        self.path = complete(
            file.get_mut(),
            &self.part,
            &self.path,
            self.shape,
            self.samples,
        )?;
        Ok(())
    }

    fn remove(&mut self) -> Result<(), WavError> {
        if self.file.take().is_none() {
            return Ok(());
        }
        fs::remove_file(&self.part).map_err(at(&self.part))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // A destructor has nobody to tell; what fails here leaves the `.part`.
        drop(if self.samples == 0 {
            self.remove()
        } else {
            self.complete()
        });
    }
}

/// The names that a recording may have, the one that is wanted first.
fn names(path: &Path) -> impl Iterator<Item = PathBuf> {
    let numbered = |number: u32| {
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{number}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    };
    std::iter::once(path.to_owned()).chain((2..=MAX_OF_NAME).map(numbered))
}

fn taken(path: &Path) -> WavError {
    at(path)(io::ErrorKind::AlreadyExists.into())
}

/// Makes and locks the part of a recording under the first name that is free.
fn claim(path: &Path) -> Result<(PathBuf, PathBuf, File), WavError> {
    for name in names(path) {
        if name.exists() {
            continue;
        }
        let mut part = name.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = match File::create_new(&part) {
            // Somebody is making it, or a crash has left it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made.map_err(at(&part))?,
        };
        match file.try_lock() {
            // Where there are no locks, it is made without.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok((name, part, file)),
            // Whoever completes what crashes have left looks at it just now.
            Err(TryLockError::WouldBlock) => fs::remove_file(&part).map_err(at(&part))?,
        }
    }
    Err(taken(path))
}

/// Gives a part the first name that is free, and tells it.
fn give_name(part: &Path, path: &Path) -> Result<PathBuf, WavError> {
    for name in names(path) {
        // A link takes the place of nothing, as renaming would.
        match fs::hard_link(part, &name) {
            Ok(()) => {
                fs::remove_file(part).map_err(at(part))?;
                return Ok(name);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Some file systems have no links.
            Err(_) if name.exists() => {}
            Err(_) => {
                fs::rename(part, &name).map_err(at(&name))?;
                return Ok(name);
            }
        }
    }
    Err(taken(path))
}

/// Gives a part its header, waits until the disk has it all, and gives it its name, which is told.
pub(super) fn complete(
    file: &mut File,
    part: &Path,
    path: &Path,
    shape: Shape,
    samples: u64,
) -> Result<PathBuf, WavError> {
    // At most 461 MB a channel by the bound on length, below what the header can say.
    let size = u32::try_from(samples * 2).unwrap_or(UNKNOWN);
    let write = |file: &mut File| {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&shape.header(Some(size)))?;
        file.sync_all()
    };
    write(file).map_err(at(part))?;
    let path = give_name(part, path)?;
    sync_folder(&path)?;
    Ok(path)
}

/// A new name is on disk only when its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), WavError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at(folder))
}

/// Other systems do not let a folder be opened; theirs is the order of the journal.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> Result<(), WavError> {
    Ok(())
}

#[cfg(test)]
mod tests;
