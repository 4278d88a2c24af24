//! A file of JSON lines, with a bound. Several processes may write to one file: each writes whole
//! lines at its end, and whichever finds it full begins it anew for all.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::LinesSink;

/// Bytes that are written together, unless one line has more.
const TOGETHER: usize = 64 * 1024;

/// The file, open.
#[derive(Debug)]
pub(crate) struct Lines {
    sink: LinesSink,
    file: File,
    /// Whole lines that are not written yet.
    pending: Vec<u8>,
    /// Bytes in the file when it was written to last.
    length: u64,
    /// Whether it may end in the middle of a line, since the disk took no more.
    torn: bool,
}

impl Lines {
    pub(crate) fn open(sink: LinesSink) -> io::Result<Self> {
        let file = open(&sink.path)?;
        Ok(Self {
            length: file.metadata()?.len(),
            file,
            sink,
            pending: Vec::new(),
            torn: false,
        })
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, json: &str) -> io::Result<()> {
        let size = json.len() + 1;
        if self.is_full(size) || self.pending.len() + size > TOGETHER {
            // Tells how long the file is by now, too.
            self.write()?;
        }
        if self.length > 0 && self.is_full(size) {
            self.turn()?;
        }
        self.pending.extend_from_slice(json.as_bytes());
        self.pending.push(b'\n');
        Ok(())
    }

    fn is_full(&self, size: usize) -> bool {
        let more = (self.pending.len() + size) as u64;
        self.length.saturating_add(more) > self.sink.max_bytes
    }

    /// Puts what was added on the disk.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.write()?;
        self.file.sync_data()
    }

    fn write(&mut self) -> io::Result<()> {
        if !is_at(&self.file, &self.sink.path)? {
            // Another process has begun it anew.
            self.file = open(&self.sink.path)?;
            self.torn = false;
        }
        if self.torn {
            self.file.write_all(b"\n")?;
        }
        // At once: what others write comes before or after it.
        self.torn = !self.pending.is_empty();
        self.file.write_all(&self.pending)?;
        self.torn = false;
        self.pending.clear();
        self.length = self.file.metadata()?.len();
        Ok(())
    }

    /// Begins the file anew, and keeps the old one under its second name.
    fn turn(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        // Of two processes one does it, and the other finds it done.
        self.file.lock()?;
        if is_at(&self.file, &self.sink.path)? {
            let mut old = self.sink.path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&self.sink.path, PathBuf::from(old))?;
        }
        self.file = open(&self.sink.path)?;
        self.length = self.file.metadata()?.len();
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Whether a file is the one that has this name now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere nobody else can rename a file that is open.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use crate::config::LinesSink;

    #[test]
    fn a_file_never_grows_beyond_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let sink = LinesSink {
            path: path.clone(),
            max_bytes: 100,
        };
        let mut lines = Lines::open(sink.clone()).unwrap();
        for n in 0..50 {
            lines.add(&format!("{{\"n\":{n:04}}}")).unwrap();
        }
        lines.flush().unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let (new, old) = (read("events.jsonl"), read("events.jsonl.1"));
        assert!(
            new.len() <= 100 && old.len() <= 100,
            "{} and {}",
            new.len(),
            old.len()
        );
        assert!(new.ends_with("{\"n\":0049}\n"));
        drop(lines);
        let mut again = Lines::open(sink).unwrap();
        again.add("{}").unwrap();
        again.flush().unwrap();
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .contains("0049}\n{}\n"),
            "what it held is kept"
        );
    }
    /// Two routers with one file: neither cuts the other's lines, nor throws away what it keeps.
    #[test]
    fn two_that_share_a_file_write_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let sink = LinesSink {
            path: folder.path().join("events.jsonl"),
            max_bytes: 200_000,
        };
        let open = || Lines::open(sink.clone()).unwrap();
        let (mut one, mut two) = (open(), open());
        let filler = "x".repeat(9_000);
        for n in 0..30 {
            for (name, lines) in [("one", &mut one), ("two", &mut two)] {
                lines
                    .add(&format!("{{\"{name}\":{n},\"filler\":\"{filler}\"}}"))
                    .unwrap();
                if n % 3 == 2 {
                    lines.flush().unwrap();
                }
            }
        }
        let mut all = String::new();
        for name in ["events.jsonl.1", "events.jsonl"] {
            let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
            assert!(text.len() <= 300_000, "{}", text.len());
            all.push_str(&text);
        }
        for line in all.lines() {
            assert!(
                serde_json::from_str::<serde_json::Value>(line).is_ok(),
                "{line}"
            );
        }
        for n in 20..30 {
            for name in ["one", "two"] {
                assert!(all.contains(&format!("{{\"{name}\":{n},")), "{name} {n}");
            }
        }
    }
}
