//! A file of JSON lines, with a bound.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::config::LinesSink;

/// The file, open.
#[derive(Debug)]
pub(crate) struct Lines {
    sink: LinesSink,
    file: BufWriter<File>,
    length: u64,
}

impl Lines {
    pub(crate) fn open(sink: LinesSink) -> io::Result<Self> {
        let (file, length) = open(&sink.path)?;
        Ok(Self { sink, file, length })
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, json: &str) -> io::Result<()> {
        let size = json.len() as u64 + 1;
        if self.length > 0 && self.length.saturating_add(size) > self.sink.max_bytes {
            self.turn()?;
        }
        // Counted first: a line that fails half-way takes room as well.
        self.length = self.length.saturating_add(size);
        self.file.write_all(json.as_bytes())?;
        self.file.write_all(b"\n")
    }

    /// Puts what was added on the disk.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }

    /// Begins the file anew, and keeps the old one under its second name.
    fn turn(&mut self) -> io::Result<()> {
        self.flush()?;
        let mut old = self.sink.path.clone().into_os_string();
        old.push(".1");
        std::fs::rename(&self.sink.path, PathBuf::from(old))?;
        (self.file, self.length) = open(&self.sink.path)?;
        Ok(())
    }
}

fn open(path: &PathBuf) -> io::Result<(BufWriter<File>, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((BufWriter::new(file), length))
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
}
