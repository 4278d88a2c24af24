//! Recordings of a leg: begun, ended, and told of when the disk has them.

use std::path::PathBuf;

use callroute_media::{Notice, RecordOptions, RecordingId};

use super::Stream;
use crate::rtp::record::Recording;

impl Stream {
    /// Records, in place of what is recorded.
    pub(super) fn record(&mut self, id: RecordingId, path: PathBuf, options: RecordOptions) {
        self.stop_record();
        let recording = Recording::begin(id, path, options, self.out.band());
        self.out.tap(recording.hears());
        self.recording = Some(recording);
    }

    /// Ends the recording. Nobody waits for the disk here: what comes meanwhile is to be relayed and
    /// heard.
    pub(super) fn stop_record(&mut self) {
        if self.recording.is_some() {
            // What is held back for a packet that is missing belongs to it.
            for heard in self.ear.rest() {
                self.heard(heard);
            }
        }
        let Some(recording) = self.recording.take() else {
            return;
        };
        self.out.tap(None);
        // Those that are told of already.
        while self.written.try_join_next().is_some() {}
        let (leg, id, notices) = (self.leg, recording.id, self.notices.clone());
        self.written.spawn(async move {
            let recorded = recording.finish().await;
            if let (Some(url), Some(error)) = (&recorded.url, &recorded.error) {
                tracing::warn!(%leg, %url, %error, "a recording is not whole");
            }
            let ended = Notice::RecordEnded {
                leg,
                recording: id,
                url: recorded.url,
                duration_ms: recorded.duration_ms,
                error: recorded.error,
            };
            notices.tell(ended).await;
        });
    }

    /// Waits until the end of each recording was told.
    pub(super) async fn written(&mut self) {
        while let Some(written) = self.written.join_next().await {
            if let Err(error) = written {
                tracing::error!(%error, leg = %self.leg, "the end of a recording was not told");
            }
        }
    }
}
