//! What a leg tells the line, and the promise that its last word is its end.

use callroute_media::{LegId, Notice};
use callroute_schema::{Cause, Disposition};
use tokio::sync::mpsc;

/// Notices that may wait for the router.
pub(crate) const NOTICES: usize = 256;
/// Room that keys, holds and other things that may be lost leave for those that may not.
const RESERVED: usize = 64;

/// The way from a leg to its line. Each in a box, as a channel has room for 32 from its beginning.
#[derive(Debug, Clone)]
pub(crate) struct Notices(mpsc::Sender<Box<Notice>>);

impl Notices {
    /// Into this channel.
    pub(crate) fn new(sender: mpsc::Sender<Box<Notice>>) -> Self {
        Self(sender)
    }

    /// Tells what must not be lost. Waits when the router is slow; there is at most one such
    /// notice for each command, so it hardly ever does.
    pub(crate) async fn tell(&self, notice: Notice) {
        // discard: the line was dropped, and nobody wants to know.
        let _ = self.0.send(Box::new(notice)).await;
    }

    /// Tells what may be lost when a party floods us: keys, holds, substitutions.
    pub(crate) fn tell_if_room(&self, notice: Notice) {
        if self.0.capacity() > RESERVED {
            // discard: as above.
            let _ = self.0.try_send(Box::new(notice));
        }
    }
}

/// A leg's own way: it ends the leg exactly once, at the latest when it is dropped.
#[derive(Debug)]
pub(crate) struct LegNotices {
    leg: LegId,
    notices: Option<Notices>,
}

impl LegNotices {
    /// For a leg that begins.
    pub(crate) fn new(leg: LegId, notices: Notices) -> Self {
        Self {
            leg,
            notices: Some(notices),
        }
    }

    /// The leg's id.
    pub(crate) fn leg(&self) -> LegId {
        self.leg
    }

    /// Whether the leg's end was told.
    pub(crate) fn has_ended(&self) -> bool {
        self.notices.is_none()
    }

    /// Tells what must not be lost, unless the leg has ended.
    pub(crate) async fn tell(&self, notice: Notice) {
        if let Some(notices) = &self.notices {
            notices.tell(notice).await;
        }
    }

    /// Tells what may be lost, unless the leg has ended.
    pub(crate) fn tell_if_room(&self, notice: Notice) {
        if let Some(notices) = &self.notices {
            notices.tell_if_room(notice);
        }
    }

    /// Tells the end; nothing comes after it.
    pub(crate) async fn end(&mut self, cause: Cause) {
        if let Some(notices) = self.notices.take() {
            notices
                .tell(Notice::LegEnded {
                    leg: self.leg,
                    cause,
                })
                .await;
        }
    }
}

impl Drop for LegNotices {
    fn drop(&mut self) {
        if let Some(Notices(sender)) = self.notices.take() {
            let cause = Cause::local(Disposition::Failed);
            // discard: the line was dropped, or is so far behind that it is lost anyway.
            let _ = sender.try_send(Box::new(Notice::LegEnded {
                leg: self.leg,
                cause,
            }));
        }
    }
}
