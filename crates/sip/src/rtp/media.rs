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
    pub(crate) commands: mpsc::Sender<MediaCommand>,
    pub(crate) out: Weak<RtpOut>,
}

/// What the leg's own task holds: it ends the media before it ends the leg.
#[derive(Debug)]
pub(crate) struct MediaTask {
    commands: mpsc::Sender<MediaCommand>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl MediaTask {
    /// Tells the media something. A media that has ended hears nothing more.
    pub(crate) async fn tell(&self, command: MediaCommand) {
        // discard: it has ended, and with it the leg.
        let _ = self.commands.send(command).await;
    }

    /// Ends the media: what plays and records is told to have ended, then the socket is free.
    pub(crate) async fn stop(&mut self) {
        if self.stop.take().is_some()
            && let Err(error) = (&mut self.task).await
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

/// Begins a leg's media.
pub(crate) fn begin(
    leg: LegId,
    out: RtpOut,
    sounds: Sounds,
    notices: Notices,
) -> (MediaHandle, MediaTask) {
    let out = Arc::new(out);
    let weak = Arc::downgrade(&out);
    let (commands, told) = mpsc::channel(COMMANDS);
    let (stop, stopped) = oneshot::channel();
    let stream = Box::new(Stream::new(leg, out, sounds, notices));
    let task = tokio::spawn(Box::pin(stream.run(told, stopped)));
    let handle = MediaHandle {
        commands: commands.clone(),
        out: weak,
    };
    (
        handle,
        MediaTask {
            commands,
            stop: Some(stop),
            task,
        },
    )
}
