//! Waiting for a conversation's end.

use std::time::Duration;

use callroute_media::{Command, EndCause, LegId, Notice};
use callroute_schema::EventKind;

use super::ends;
use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;

/// No conversation is longer; a leg whose end was lost does not live for ever.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);

#[derive(Debug)]
pub(crate) struct Bridged {
    peer: LegId,
    deadline: Duration,
}

impl Bridged {
    pub(crate) fn begin(call: &mut Call, peer: LegId, member: String) -> Self {
        call.command(Command::Bridge {
            a: LegId::CALLER,
            b: peer,
        });
        call.note(Note::Bridged { member });
        let event = call.event_now(EventKind::CallAnswered);
        call.emit(event);
        Self {
            peer,
            deadline: call.after(LONGEST),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, notice: &Notice) -> Flow {
        if ends(notice, self.peer) {
            return Flow::End {
                cause: EndCause::Normal,
                why: "the other side hung up".to_owned(),
            };
        }
        Flow::Stay
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        Flow::End {
            cause: EndCause::Normal,
            why: "the longest conversation is over".to_owned(),
        }
    }
}
