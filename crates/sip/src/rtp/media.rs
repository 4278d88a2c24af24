//! The task of a leg's media, and the two ends that hold it.

use std::sync::{Arc, Weak};

use callroute_audio::prompts::Prompts;
use callroute_audio::speech::Speech;
use callroute_audio::tone::Tones;
use callroute_media::LegId;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::notices::Notices;
use crate::rtp::command::MediaCommand;
use crate::rtp::out::RtpOut;
use crate::rtp::stream::Stream;
use crate::rtp::web::Web;

/// Commands that may wait for a leg's media.
const COMMANDS: usize = 64;

/// What the router's side of a leg holds: commands in, and the way to relay to it.
#[derive(Debug, Clone)]
pub(crate) struct MediaHandle {
    /// Each in a box, as a channel has room for 32 from its beginning.
    pub(crate) commands: mpsc::Sender<Box<MediaCommand>>,
    pub(crate) out: Weak<RtpOut>,
}

/// What the leg's own task holds: it ends the media before it ends the leg.
#[derive(Debug)]
pub(crate) struct MediaTask {
    commands: mpsc::Sender<Box<MediaCommand>>,
    stop: Option<oneshot::Sender<()>>,
    unbegun: Option<Unbegun>,
    task: Option<JoinHandle<()>>,
}

/// What the task is made of, until it begins: nobody waits for that.
#[derive(Debug)]
struct Unbegun {
    stream: Box<Stream>,
    told: mpsc::Receiver<Box<MediaCommand>>,
    stopped: oneshot::Receiver<()>,
}

impl MediaTask {
    /// Begins it, if it has not begun. Must run within a runtime.
    pub(crate) fn begin(&mut self) {
        if let Some(unbegun) = self.unbegun.take() {
            let Unbegun {
                stream,
                told,
                stopped,
            } = unbegun;
            let running = Box::pin(stream.run(told, stopped));
            self.task = Some(tokio::spawn(running));
        }
    }

    /// Tells the media something. A media that has ended hears nothing more.
    pub(crate) async fn tell(&mut self, command: MediaCommand) {
        self.begin();
        // discard: it has ended, and with it the leg.
        let _ = self.commands.send(Box::new(command)).await;
    }

    /// Ends the media: what plays and records is told to have ended, then the socket is free.
    pub(crate) async fn stop(&mut self) {
        // What it was told already it must answer.
        self.begin();
        if self.stop.take().is_some()
            && let Some(task) = &mut self.task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "a leg's media broke down");
        }
    }
}

/// Where sounds come from.
#[derive(Debug, Clone)]
pub(crate) struct Sounds {
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) speech: Arc<Speech>,
    pub(crate) tones: Tones,
    pub(crate) web: Arc<Web>,
}

/// A leg's media, which has yet to begin.
pub(crate) fn new(
    leg: LegId,
    out: RtpOut,
    sounds: Sounds,
    notices: Notices,
) -> (MediaHandle, MediaTask) {
    let (commands, told) = mpsc::channel(COMMANDS);
    let out = Arc::new(out.pressed_by(commands.downgrade()));
    let weak = Arc::downgrade(&out);
    let (stop, stopped) = oneshot::channel();
    let stream = Box::new(Stream::new(leg, out, sounds, notices));
    let handle = MediaHandle {
        commands: commands.clone(),
        out: weak,
    };
    (
        handle,
        MediaTask {
            commands,
            stop: Some(stop),
            unbegun: Some(Unbegun {
                stream,
                told,
                stopped,
            }),
            task: None,
        },
    )
}
