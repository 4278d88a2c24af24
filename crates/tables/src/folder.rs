//! The files of one table: read from a folder, and remembered for finding changes.

use std::cell::RefCell;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use callroute_rules::Files;

/// Longest file that is accepted, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// What was read from where: a hash of the text, or of the kind of error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    path: PathBuf,
    hash: u64,
}

impl Seen {
    /// Whether reading it again gives something else.
    pub(crate) fn changed(&self) -> bool {
        hash(&read(&self.path)) != self.hash
    }
}

/// Reads files relative to a folder.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    seen: RefCell<Vec<Seen>>,
}

impl Folder {
    /// The folder that a routing file is in.
    pub(crate) fn of(path: &Path) -> Self {
        Self {
            root: path.parent().map(Path::to_path_buf).unwrap_or_default(),
            seen: RefCell::new(Vec::new()),
        }
    }

    /// Reads a file, and remembers what was found.
    pub(crate) fn open(&self, path: &Path) -> io::Result<String> {
        let text = read(path);
        self.seen.borrow_mut().push(Seen {
            path: path.to_path_buf(),
            hash: hash(&text),
        });
        text
    }

    /// What was read so far, in order.
    pub(crate) fn seen(self) -> Vec<Seen> {
        self.seen.into_inner()
    }
}

impl Files for Folder {
    fn read(&self, relative: &str) -> Result<String, String> {
        self.open(&self.root.join(relative))
            .map_err(|error| error.to_string())
    }
}

fn read(path: &Path) -> io::Result<String> {
    // A pipe or a device would never end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        let message = format!("it has more than {MAX_FILE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("it is no UTF-8 text: byte {at} is no character");
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

fn hash(text: &io::Result<String>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match text {
        Ok(text) => text.hash(&mut hasher),
        Err(error) => error.kind().hash(&mut hasher),
    }
    hasher.finish()
}
