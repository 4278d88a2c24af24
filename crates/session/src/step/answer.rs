//! Waiting for the caller's ACK, before an action that needs sound.

use std::time::Duration;

use callroute_media::{EndCause, LegId, Notice};
use callroute_schema::Action;

use super::Step;
use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;

/// Longer than a 2xx is retransmitted (64 × T1 = 32 s, RFC 3261, section 13.3.1.4).
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Debug)]
pub(crate) struct Answering {
    then: Option<Action>,
    deadline: Duration,
}

impl Answering {
    pub(crate) fn begin(call: &mut Call, then: Action) -> Self {
        call.note(Note::Answering);
        call.answer();
        Self {
            then: Some(then),
            deadline: call.after(PATIENCE),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        let confirmed = matches!(notice, Notice::LegAnswered { leg } if *leg == LegId::CALLER);
        match self.then.take_if(|_| confirmed) {
            Some(action) => {
                let (step, flow) = Step::go_on(call, action);
                match flow {
                    Flow::Stay => Flow::Switch(Box::new(step)),
                    other => other,
                }
            }
            None => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        Flow::End {
            cause: EndCause::Normal,
            why: "the caller did not confirm our answer".to_owned(),
        }
    }
}
