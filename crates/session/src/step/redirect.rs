//! Sending the caller's switch elsewhere.

use std::time::Duration;

use callroute_media::{Command, Deed, LegId, Notice};
use callroute_schema::{Disposition, On, Redirect};

use super::Step;
use super::ring::target;
use crate::call::{Call, LegState};
use crate::note::Note;
use crate::program::Flow;

/// How long the caller's switch may take to leave (64 × T1, RFC 3261, timer H, and some).
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Debug)]
pub(crate) struct Redirecting {
    on: On,
    deadline: Duration,
}

impl Redirecting {
    pub(crate) fn begin(call: &mut Call, redirect: Redirect) -> (Step, Flow) {
        let contacts: Vec<_> = redirect
            .contacts
            .iter()
            .filter_map(|party| target(call, party))
            .collect();
        if contacts.is_empty() {
            let why = "a redirect needs somebody to send the caller to";
            return (
                Step::New,
                Flow::failed_on(&redirect.on, Disposition::Failed, why),
            );
        }
        if !matches!(
            call.leg(LegId::CALLER),
            LegState::Early | LegState::Answered
        ) {
            let why = "the caller is gone and cannot be sent away";
            return (
                Step::New,
                Flow::failed_on(&redirect.on, Disposition::Failed, why),
            );
        }
        call.note(Note::Redirecting {
            contacts: redirect.contacts.iter().map(ToString::to_string).collect(),
        });
        call.command(Command::Redirect {
            leg: LegId::CALLER,
            contacts,
        });
        let step = Self {
            on: redirect.on,
            deadline: call.after(PATIENCE),
        };
        (Step::Redirecting(step), Flow::Stay)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, notice: &Notice) -> Flow {
        match notice {
            Notice::NotDone {
                deed: Deed::Redirect,
                reason,
                ..
            } => Flow::failed_on(
                &self.on,
                Disposition::Failed,
                format!("the caller could not be sent away: {reason}"),
            ),
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        Flow::failed_on(
            &self.on,
            Disposition::Failed,
            "the caller's switch did not leave",
        )
    }
}
