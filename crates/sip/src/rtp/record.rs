//! Recordings: a thread of their own writes them, for a disk may be slow and sound must not wait.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callroute_audio::codec::Band;
use callroute_audio::wav::{Recorder, WavError};
use callroute_media::{RecordOptions, RecordingId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use crate::rtp::ear::Heard;
use crate::rtp::mono::{Block, Mono};
use crate::rtp::shape::{Trim, is_silent};
use crate::rtp::voice::Voice;
use crate::rtp::{FRAME, FRAME_MS};

/// Blocks of sound that may wait for the disk: about 10 s. More is lost, and told as an error.
const WAITING: usize = 512;
/// Stack of the thread that writes, in bytes.
const STACK: usize = 256 * 1024;
/// The longest that is waited for a silence or an end: no recording is that long.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
/// Silence is written in pieces of 100 ms or more.
static SILENCE: [i16; 1600] = [0; 1600];

/// A recording that is being made.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) id: RecordingId,
    kind: Kind,
    blocks: mpsc::Sender<Block>,
    done: oneshot::Receiver<Recorded>,
    lost: usize,
    began: Instant,
    /// It ends then at the latest.
    until: Option<Instant>,
    /// It ends after so much silence, which began then.
    silence: Option<(Duration, Instant)>,
}

#[derive(Debug)]
enum Kind {
    /// What the party says, packet by packet.
    Mono(Mono),
    /// What it says on the left and what it hears on the right, every 20 ms.
    Stereo {
        says: Voice,
        hears: Arc<Mutex<Voice>>,
        pacer: Interval,
    },
}

/// What became of a recording.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) url: Option<String>,
    pub(crate) duration_ms: u64,
    pub(crate) error: Option<String>,
}

/// What a recording that goes on wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// 20 ms have passed.
    Frame,
    /// There was silence for long enough, it is as long as it may be, or it cannot be written.
    Over,
}

impl Recording {
    /// Begins to record to `path`, in this band.
    pub(crate) fn begin(
        id: RecordingId,
        path: PathBuf,
        options: RecordOptions,
        band: Band,
    ) -> Self {
        let (blocks, waiting) = mpsc::channel(WAITING);
        let (tell, done) = oneshot::channel();
        // A thread of its own, not one of the runtime's: recordings last, and must not take the
        // place of what fetches sounds.
        let name = "recording".to_owned();
        let thread = std::thread::Builder::new().name(name).stack_size(STACK);
        let spawned = thread.spawn(move || {
            // Nobody to tell means that the leg's task is gone; the file is whole nevertheless.
            let _ = tell.send(write(&path, waiting, options, band));
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for a recording");
        }
        let kind = if options.both {
            let mut pacer = interval(FRAME);
            pacer.set_missed_tick_behavior(MissedTickBehavior::Burst);
            Kind::Stereo {
                says: Voice::new(band),
                hears: Arc::new(Mutex::new(Voice::new(band))),
                pacer,
            }
        } else {
            Kind::Mono(Mono::new(band, options.max_ms))
        };
        let began = Instant::now();
        let wait = |ms: Option<u64>| ms.map(|ms| Duration::from_millis(ms).min(LONGEST));
        Self {
            id,
            kind,
            blocks,
            done,
            lost: 0,
            began,
            until: wait(options.max_ms).map(|most| began + most),
            silence: wait(options.silence_ms).map(|most| (most, began)),
        }
    }

    /// Where what the leg hears is to be told, if that is recorded too.
    pub(crate) fn hears(&self) -> Option<Arc<Mutex<Voice>>> {
        match &self.kind {
            Kind::Mono(_) => None,
            Kind::Stereo { hears, .. } => Some(Arc::clone(hears)),
        }
    }

    /// Adds what was heard, at its place in time.
    pub(crate) fn push(&mut self, source: u32, heard: &Heard) {
        let now = Instant::now();
        if let Some((_, since)) = &mut self.silence
            && !is_silent(&heard.samples)
        {
            *since = now;
        }
        match &mut self.kind {
            Kind::Mono(line) => {
                if let Some(block) = line.push(source, heard, now - self.began) {
                    self.write(block);
                }
            }
            Kind::Stereo { says, .. } => says.push(source, heard.at, heard.band, &heard.samples),
        }
    }

    /// The party pauses, and says how loud its silence is.
    pub(crate) fn pauses(&mut self, level: u8) {
        match &mut self.kind {
            Kind::Mono(_) => {}
            Kind::Stereo { says, .. } => says.pause(level),
        }
    }

    /// Waits until 20 ms are to be written, or it is over: there was silence for long enough, it is
    /// as long as it may be, or what writes it has given up.
    pub(crate) async fn turn(recording: &mut Option<Self>) -> Turn {
        let Some(recording) = recording else {
            return std::future::pending().await;
        };
        let silent = recording.silence.map(|(most, since)| since + most);
        let over = silent.into_iter().chain(recording.until).min();
        let blocks = &recording.blocks;
        let over = async move {
            match over {
                Some(over) => tokio::select! {
                    () = sleep_until(over) => {}
                    () = blocks.closed() => {}
                },
                None => blocks.closed().await,
            }
        };
        match &mut recording.kind {
            Kind::Mono(_) => {
                over.await;
                Turn::Over
            }
            Kind::Stereo { pacer, .. } => tokio::select! {
                () = over => Turn::Over,
                _ = pacer.tick() => Turn::Frame,
            },
        }
    }

    /// Writes 20 ms of both sides.
    pub(crate) fn frame(&mut self) {
        let Kind::Stereo { says, hears, .. } = &mut self.kind else {
            return;
        };
        let says_band = says.band();
        let silence = || vec![0; says_band.samples_in(FRAME_MS)];
        let says = says.take().unwrap_or_else(silence);
        let hears = hears.lock().unwrap_or_else(PoisonError::into_inner).take();
        let hears = hears.unwrap_or_else(silence);
        if let Some((_, since)) = &mut self.silence
            && !is_silent(&hears)
        {
            *since = Instant::now();
        }
        let pairs = says.iter().zip(&hears);
        let sound = pairs.flat_map(|(left, right)| [*left, *right]).collect();
        self.write(Block { silence: 0, sound });
    }

    fn write(&mut self, block: Block) {
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

fn write(
    path: &Path,
    mut blocks: mpsc::Receiver<Block>,
    options: RecordOptions,
    band: Band,
) -> Recorded {
    let failed = |error: String, duration_ms| Recorded {
        url: None,
        duration_ms,
        error: Some(error),
    };
    let channels = if options.both { 2 } else { 1 };
    let mut recorder = match Recorder::with_format(path, channels, band) {
        Ok(recorder) => recorder,
        Err(error) => {
            blocks.close();
            return failed(error.to_string(), 0);
        }
    };
    let mut trim = options.trim.then(|| Trim::new(channels.into(), band));
    let mut fault = None;
    while let Some(block) = blocks.blocking_recv() {
        if let Err(error) = put(&mut recorder, trim.as_mut(), &block) {
            fault = Some(error.to_string());
            // Whoever records is told now, not when it would have ended.
            blocks.close();
            break;
        }
    }
    if let (Some(trim), None) = (trim, &fault)
        && let Err(error) = recorder.push(&trim.finish())
    {
        fault = Some(error.to_string());
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

/// Writes a block, piece by piece: a long silence is never in memory as a whole.
fn put(
    recorder: &mut Recorder,
    mut trim: Option<&mut Trim>,
    block: &Block,
) -> Result<(), WavError> {
    let (whole, rest) = (block.silence / SILENCE.len(), block.silence % SILENCE.len());
    let silence = std::iter::repeat_n(SILENCE.as_slice(), whole);
    let rest = SILENCE.get(..rest).unwrap_or_default();
    for piece in silence.chain([rest, &block.sound]) {
        match &mut trim {
            Some(trim) => recorder.push(&trim.push(piece))?,
            None => recorder.push(piece)?,
        }
    }
    Ok(())
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
    use super::{Recording, Turn, path};
    use callroute_audio::codec::Band;
    use callroute_media::{RecordOptions, RecordingId};
    use proptest::prelude::*;
    use std::path::Path;
    use std::time::Duration;

    #[tokio::test]
    async fn what_cannot_be_written_is_over_at_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for both in [false, true] {
            // A file is no folder.
            let path = file.path().join("a.wav");
            let options = RecordOptions {
                both,
                ..RecordOptions::default()
            };
            let begun = Recording::begin(RecordingId(1), path, options, Band::Narrow);
            let mut recording = Some(begun);
            let over = async { while Recording::turn(&mut recording).await != Turn::Over {} };
            let over = tokio::time::timeout(Duration::from_secs(30), over).await;
            over.expect("it is over");
            let recorded = recording.unwrap().finish().await;
            assert_eq!(recorded.url, None);
            assert!(recorded.error.is_some());
        }
    }

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
