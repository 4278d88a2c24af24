//! One party's dialog: a task for each leg, from its INVITE to its BYE.

pub(crate) mod answers;
pub(crate) mod callee;
pub(crate) mod caller;
pub(crate) mod closing;
pub(crate) mod direct;
pub(crate) mod early;
pub(crate) mod established;
mod offering;
mod reliable;
pub(crate) mod session_timer;
pub(crate) mod taking;

use std::sync::{Arc, Mutex, PoisonError};

use callroute_media::{EndCause, Referral};
use callroute_schema::Cause;
use tokio::sync::{mpsc, oneshot};

use crate::count::Count;
use crate::leg::direct::Ask;
use crate::notices::LegNotices;
use crate::routes::{Entry, LegRequest};
use crate::rtp::command::MediaCommand;
use crate::rtp::media::MediaTask;
use crate::sdp::{Described, Local, Remote};
use crate::stack::Stack;

/// Commands that may wait for a leg's task.
pub(crate) const COMMANDS: usize = 16;

/// One deed of a leg's task.
#[derive(Debug)]
pub(crate) enum LegCommand {
    /// Send 180.
    Ring,
    /// Send 183 with our description, so that sound flows before the answer.
    Early,
    /// Send the far end to the first of these that will do: 302, or REFER once it is answered.
    Redirect(Vec<String>),
    /// Send 200.
    Answer,
    /// End it.
    Hangup(EndCause),
    /// Tell what became of the transfer that it asked for.
    Referred(Referral),
    /// Refuse an INVITE with this very status.
    Refuse(u16),
    /// Something of direct sound.
    Direct(Ask),
    /// Put the far end on hold, or take it back, by a re-INVITE.
    Hold(bool, oneshot::Sender<Result<(), Cause>>),
}

/// What a leg's task has, whichever end called.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) stack: Arc<Stack>,
    pub(crate) commands: mpsc::Receiver<LegCommand>,
    pub(crate) requests: mpsc::Receiver<LegRequest>,
    pub(crate) notices: LegNotices,
    pub(crate) media: MediaTask,
    pub(crate) local: Local,
    pub(crate) log: Log,
    pub(crate) held: bool,
    /// Keeps requests coming; `None` for a leg that is not entered yet.
    pub(crate) entry: Option<Entry>,
    pub(crate) alive: Option<Count>,
    pub(crate) calls: Option<Arc<Count>>,
    /// From its end for the router to the end of its dialog.
    pub(crate) closing: Option<Count>,
    /// What the far end has said of itself last, where it may be handed on.
    pub(crate) described: Option<Box<Described>>,
    /// On the trunk that it goes through, until its end.
    pub(crate) trunk: Option<Count>,
    /// The Q.850 cause that our BYE tells (RFC 3326).
    pub(crate) parting: Option<u8>,
}

/// What a phone wants to know beside notices: the Reason of a CANCEL or BYE.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Option<String>>>);

impl Log {
    /// Notes a reason.
    pub(crate) fn note(&self, reason: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// The last reason noted.
    pub(crate) fn reason(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Leg {
    /// What still waits for it is answered: its transactions would wait for ever.
    fn drop(&mut self) {
        self.requests.close();
        while let Ok(request) = self.requests.try_recv() {
            self.stack.not_brought(request, 481);
        }
    }
}

impl Leg {
    /// A description was agreed on; from now on sound flows. Tells when the far end holds or
    /// takes back.
    pub(crate) async fn agree(&mut self, remote: Remote) {
        let held = remote.held;
        if !self.stack.config.direct_media.is_empty() {
            self.described = Described::of(&remote).map(Box::new);
        }
        let remote = self.local.agree(remote);
        let key = self.local.key.clone();
        let agreed = MediaCommand::Agree(Box::new(remote), key);
        self.media.tell(agreed).await;
        if held != self.held {
            self.held = held;
            let leg = self.notices.leg();
            self.notices
                .tell_if_room(callroute_media::Notice::Held { leg, held });
        }
    }

    /// Ends the leg for the router: the media is gone, and its end is told. What is left of the
    /// dialog is closed after that. A second end does nothing.
    pub(crate) async fn end(&mut self, cause: Cause) {
        if self.notices.has_ended() {
            return;
        }
        self.parting = cause.q850;
        self.media.stop().await;
        self.closing = Some(self.stack.counts.closing.count());
        // Counted down before it is told, so that who hears of the end finds it so.
        self.alive = None;
        self.trunk = None;
        self.calls = None;
        self.notices.end(cause).await;
    }
}
