//! Recorded prompts by name: one's own folders first, then the built-in ones, then those of the
//! common core-sounds package.

use crate::cache::Cache;
use crate::file::{self, ENDINGS, FileError};
use crate::pcm::Pcm;
use crate::tone::Tone;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The longest name of a prompt, in bytes.
const MAX_NAME: usize = 128;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../prompts/", $name, ".wav")))),*]
    };
}

/// The prompts that are in the program itself; `prompts/README.md` tells how they were made.
const BUILT_IN: &[(&str, &[u8])] = built_in![
    "general",
    "goodbye",
    "invalid",
    "menu",
    "message",
    "office_closed",
    "thank_you",
    "unavailable"
];
/// Made from a tone rather than a file.
const BEEP: &str = "beep";

/// Where Asterisk's sounds are put, by packages and by its own installer. Of the folders in it that
/// are named by a language, those in English are looked into.
const CORE_SOUNDS: &[&str] = &[
    "/usr/share/asterisk/sounds",
    "/var/lib/asterisk/sounds",
    "/usr/local/share/asterisk/sounds",
];

/// Why there is no such prompt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The name could not be one.
    #[error(
        "`{name}` is not a prompt's name: at most 128 letters, digits, `_`, `-`, `.` and `/`, \
         and no part between slashes may be empty or begin with a dot"
    )]
    Name {
        /// The name, cut to 128 characters.
        name: String,
    },
    /// Neither a folder nor the program has it.
    #[error("no prompt `{name}`, neither in {} nor built in", list(.folders))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The folders that were looked at.
        folders: Vec<PathBuf>,
    },
    /// It is there but cannot be read.
    #[error("prompt `{name}`: {}: {source}", path.display())]
    File {
        /// The name asked for.
        name: String,
        /// The file found under it.
        path: PathBuf,
        /// What is wrong with it.
        source: FileError,
    },
}

fn list(folders: &[PathBuf]) -> String {
    if folders.is_empty() {
        return "any folder (none is set)".to_owned();
    }
    folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// What tells one state of a file from the next: when it was written and its size.
type Stamp = (Option<SystemTime>, u64);

/// Named prompts, kept in memory once read (within bounds).
///
/// A name is looked up in the folders of one's own, in the order in which they were given; then
/// among the built-in prompts, so that what routing relies on says the same on every machine; then
/// in the sounds of the common core-sounds package, if they are asked for
/// ([`with_core_sounds`](Self::with_core_sounds)). In a folder, the prompt `digits/1` is the first
/// there is of `digits/1.wav`, `.opus`, `.ogg` (both with feature `opus`), `.ulaw`, `.alaw` and
/// `.g722` (see [`file::read_file`]).
///
/// A file that is replaced is read anew. [`get`](Self::get) blocks on the disk for as long as a
/// file takes to read; share one value behind an [`Arc`] among threads.
#[derive(Debug)]
pub struct Prompts {
    folders: Vec<PathBuf>,
    /// Folders that are looked into last.
    core: Vec<PathBuf>,
    cache: Mutex<Cache<(PathBuf, Stamp)>>,
    built_in: Mutex<Cache<&'static str>>,
}

impl Default for Prompts {
    fn default() -> Self {
        Self::builtin()
    }
}

impl Prompts {
    /// Only the built-in prompts; see [`builtin_names`](Self::builtin_names).
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            folders: Vec::new(),
            core: Vec::new(),
            cache: Mutex::new(Cache::new()),
            built_in: Mutex::new(Cache::new()),
        }
    }

    /// Looks into this folder before the built-in prompts, and after folders named earlier.
    #[must_use]
    pub fn with_folder(mut self, dir: PathBuf) -> Self {
        self.folders.push(dir);
        self
    }

    /// Looks for names that nobody else has in the English sounds of Asterisk, where they are
    /// installed (Debian: `asterisk-core-sounds-en-wav`): `vm-intro`, `digits/7` and some five
    /// hundred more. Without them this does nothing; see [`core_sounds`](Self::core_sounds).
    #[must_use]
    pub fn with_core_sounds(mut self) -> Self {
        self.core = CORE_SOUNDS
            .iter()
            .flat_map(|root| english(Path::new(root)))
            .collect();
        self
    }

    /// The folders of core sounds that were found.
    #[must_use]
    pub fn core_sounds(&self) -> &[PathBuf] {
        &self.core
    }

    /// The names of the built-in prompts, sorted.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        std::iter::once(BEEP).chain(BUILT_IN.iter().map(|(name, _)| *name))
    }

    /// The prompt of this name; the ending of a file that was found first may be left out.
    ///
    /// # Errors
    /// [`PromptError::Name`] for a name that could lead out of the folder, [`PromptError::Unknown`]
    /// if there is none, [`PromptError::File`] if it cannot be read. A broken file is an error
    /// even where a built-in prompt has the same name, for somebody meant it to be heard.
    pub fn get(&self, name: &str) -> Result<Arc<Pcm>, PromptError> {
        if !is_name(name) {
            return Err(PromptError::Name {
                name: name.chars().take(MAX_NAME).collect(),
            });
        }
        let ending = |ending: &&str| name.strip_suffix(*ending)?.strip_suffix('.');
        let bare = ENDINGS.iter().find_map(ending).unwrap_or(name);
        if let Some(pcm) = self.in_folders(&self.folders, name, bare)? {
            return Ok(pcm);
        }
        if let Some(pcm) = self.in_program(bare)? {
            return Ok(pcm);
        }
        let core = self.in_folders(&self.core, name, bare)?;
        core.ok_or_else(|| PromptError::Unknown {
            name: name.to_owned(),
            folders: [self.folders.as_slice(), &self.core].concat(),
        })
    }

    fn in_folders(
        &self,
        folders: &[PathBuf],
        name: &str,
        bare: &str,
    ) -> Result<Option<Arc<Pcm>>, PromptError> {
        for folder in folders {
            for ending in ENDINGS {
                let path = folder.join(format!("{bare}.{ending}"));
                match self.in_folder(&path) {
                    Ok(None) => {}
                    Ok(found) => return Ok(found),
                    Err(source) => {
                        return Err(PromptError::File {
                            name: name.to_owned(),
                            path,
                            source,
                        });
                    }
                }
            }
        }
        Ok(None)
    }

    /// `None` if there is no such file.
    fn in_folder(&self, path: &Path) -> Result<Option<Arc<Pcm>>, FileError> {
        let about = match fs::metadata(path) {
            Ok(about) => about,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(source) => {
                return Err(FileError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let key = (path.to_owned(), (about.modified().ok(), about.len()));
        if let Some(pcm) = lock(&self.cache).get(&key) {
            return Ok(Some(pcm));
        }
        // Read without the lock: one slow disk must not hold up those whose prompt is in memory.
        let pcm = Arc::new(file::read_file(path)?);
        lock(&self.cache).put(key, Arc::clone(&pcm));
        Ok(Some(pcm))
    }

    fn in_program(&self, name: &str) -> Result<Option<Arc<Pcm>>, PromptError> {
        let Some(name) = Self::builtin_names().find(|known| *known == name) else {
            return Ok(None);
        };
        if let Some(pcm) = lock(&self.built_in).get(&name) {
            return Ok(Some(pcm));
        }
        let pcm = match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((_, bytes)) => file::read(bytes).map_err(|source| PromptError::File {
                name: name.to_owned(),
                path: PathBuf::from("built in"),
                source,
            })?,
            None => Tone::Beep.render(400),
        };
        let pcm = Arc::new(pcm);
        lock(&self.built_in).put(name, Arc::clone(&pcm));
        Ok(Some(pcm))
    }
}

/// The folders of an English voice: `en`, `en_US_f_Allison`; the plain one first.
fn english(root: &Path) -> Vec<PathBuf> {
    // No such folder is what is expected nearly everywhere.
    let Ok(found) = fs::read_dir(root) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = found
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let name = name.to_str()?;
            let english = name == "en" || name.starts_with("en_") || name.starts_with("en-");
            (english && entry.path().is_dir()).then(|| entry.path())
        })
        .collect();
    folders.sort();
    folders
}

/// A cache is whole between any two of its calls, so a panic elsewhere does not spoil it.
fn lock<K>(cache: &Mutex<Cache<K>>) -> std::sync::MutexGuard<'_, Cache<K>> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names come from webhooks: none may lead out of the folder or to a hidden file.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.starts_with('.')
            && !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    name.len() <= MAX_NAME && name.split('/').all(part)
}

#[cfg(test)]
mod tests;
