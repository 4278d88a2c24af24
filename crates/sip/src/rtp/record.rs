//! Recordings: a thread of their own writes them, for a disk may be slow and sound must not wait.

use std::path::{Component, Path, PathBuf};

use callroute_audio::wav::Recorder;
use callroute_media::RecordingId;
use tokio::sync::{mpsc, oneshot};

use crate::rtp::heard::TimeLine;

/// Blocks of sound that may wait for the disk: about 10 s. More is lost, and told as an error.
const WAITING: usize = 512;
/// Stack of the thread that writes, in bytes.
const STACK: usize = 256 * 1024;

/// A recording that is being made.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) id: RecordingId,
    line: TimeLine,
    blocks: mpsc::Sender<Vec<i16>>,
    done: oneshot::Receiver<Recorded>,
    lost: usize,
}

/// What became of a recording.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) url: Option<String>,
    pub(crate) duration_ms: u64,
    pub(crate) error: Option<String>,
}

impl Recording {
    /// Begins to record to `path`.
    pub(crate) fn begin(id: RecordingId, path: PathBuf) -> Self {
        let (blocks, waiting) = mpsc::channel(WAITING);
        let (tell, done) = oneshot::channel();
        // A thread of its own, not one of the runtime's: recordings last, and must not take the
        // place of what fetches sounds.
        let name = "recording".to_owned();
        let thread = std::thread::Builder::new().name(name).stack_size(STACK);
        let spawned = thread.spawn(move || {
            // Nobody to tell means that the leg's task is gone; the file is whole nevertheless.
            let _ = tell.send(write(&path, waiting));
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for a recording");
        }
        Self {
            id,
            line: TimeLine::default(),
            blocks,
            done,
            lost: 0,
        }
    }

    /// Adds what was heard, at its place in time.
    pub(crate) fn push(&mut self, ssrc: u32, timestamp: u32, samples: &[i16]) {
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        let Some(gap) = self.line.place(ssrc, timestamp, count) else {
            return;
        };
        let mut block = vec![0; gap as usize];
        block.extend_from_slice(samples);
        if self.blocks.try_send(block).is_err() {
            self.lost += 1;
        }
    }

    /// Ends it, and waits until the disk has it.
    pub(crate) async fn finish(self) -> Recorded {
        drop(self.blocks);
        let mut recorded = self.done.await.unwrap_or_else(|_| Recorded {
            error: Some("the thread that writes it broke down".to_owned()),
            ..Recorded::default()
        });
        if self.lost > 0 && recorded.error.is_none() {
            recorded.error = Some(format!("the disk was too slow: {} blocks lost", self.lost));
        }
        recorded
    }
}

fn write(path: &Path, mut blocks: mpsc::Receiver<Vec<i16>>) -> Recorded {
    let failed = |error: String, duration_ms| Recorded {
        url: None,
        duration_ms,
        error: Some(error),
    };
    let mut recorder = match Recorder::create(path) {
        Ok(recorder) => recorder,
        Err(error) => {
            blocks.close();
            return failed(error.to_string(), 0);
        }
    };
    let mut fault = None;
    while let Some(block) = blocks.blocking_recv() {
        if let Err(error) = recorder.push(&block) {
            fault = Some(error.to_string());
            break;
        }
    }
    let so_far = recorder.duration_ms();
    match recorder.finish() {
        Ok(finished) => Recorded {
            url: Some(finished.path.display().to_string()),
            duration_ms: finished.duration_ms,
            error: fault,
        },
        Err(error) => failed(error.to_string(), so_far),
    }
}

/// The file of a recording: below `folder`, whatever its name says. Parts that would lead out of
/// the folder are left out, and characters that some file systems refuse become `_`.
pub(crate) fn path(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.to_owned();
    let mut any = false;
    for part in Path::new(name).components() {
        if let Component::Normal(part) = part {
            let part: String = part
                .to_string_lossy()
                .chars()
                .map(|c| {
                    if c.is_alphanumeric() || "-_.+@".contains(c) {
                        c
                    } else {
                        '_'
                    }
                })
                .take(128)
                .collect();
            path.push(part);
            any = true;
        }
    }
    if !any {
        path.push("recording");
    }
    let mut whole = path.into_os_string();
    whole.push(".wav");
    whole.into()
}

#[cfg(test)]
mod tests {
    use super::path;
    use proptest::prelude::*;
    use std::path::Path;

    #[test]
    fn a_recording_stays_in_its_folder() {
        let folder = Path::new("/var/rec");
        for (name, wanted) in [
            ("box/01J.2", "/var/rec/box/01J.2.wav"),
            ("../../etc/passwd", "/var/rec/etc/passwd.wav"),
            ("/etc/passwd", "/var/rec/etc/passwd.wav"),
            ("a\0b:c", "/var/rec/a_b_c.wav"),
            ("..", "/var/rec/recording.wav"),
            ("", "/var/rec/recording.wav"),
        ] {
            assert_eq!(path(folder, name), Path::new(wanted), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_out(name in "[./a\\\\]{0,24}") {
            let found = path(Path::new("/rec"), &name);
            prop_assert!(found.starts_with("/rec"));
            prop_assert!(!found.components().any(|c| c.as_os_str() == ".."));
        }
    }
}
