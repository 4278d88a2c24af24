//! Transfers: by feature codes, and by REFER (RFC 3515) with or without Replaces (RFC 3891).
//!
//! `by` transfers `other` to a third party. Blind: `by` is not needed any more. Attended: `by`
//! talks with the third first, and connects the two by hanging up. Whatever goes wrong, `other`
//! is back with `by` while that one is there.

mod notices;

use std::time::Duration;

use callroute_media::{Ability, Command, EndCause, LegId, Notice, PlayId, Referral, Sound};
use callroute_schema::{Digit, Disposition, Party};

use super::refusal::{forbidden, may_dial, refused};
use super::{Talk, gone};
use crate::call::{Call, seconds};
use crate::note::Note;
use crate::program::Flow;
use crate::shared::{HubReply, HubRequest};
use crate::step::ring::{Ringing, Rung, Spec, Winner};
use crate::step::{Meeting, carried_on};

/// How long the first key of a number may take, and each further one.
pub(crate) const FIRST_KEY: Duration = Duration::from_secs(10);
pub(crate) const NEXT_KEY: Duration = Duration::from_secs(4);
/// Longest number.
const MAX_DIGITS: usize = 32;
/// How long the third party rings.
pub(crate) const RING_S: u32 = 30;
/// How long the other call may take to be found.
pub(crate) const FOUND: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blind,
    Attended,
}

#[derive(Debug)]
pub(super) enum Transfer {
    /// The number is being pressed; the other one hears music.
    Number {
        by: LegId,
        other: LegId,
        kind: Kind,
        digits: String,
        until: Duration,
    },
    /// The third party rings. `by` is `None` once it is gone; `refer` when it asked by REFER.
    Ringing {
        by: Option<LegId>,
        other: LegId,
        kind: Kind,
        refer: bool,
        ringing: Box<Ringing>,
        hears: PlayId,
    },
    /// `by` talks with the third party.
    Consulting {
        by: LegId,
        other: LegId,
        third: LegId,
        until: Duration,
    },
    /// The call in which `by` talks with the third party is being looked for.
    Replacing {
        by: LegId,
        other: LegId,
        until: Duration,
    },
}

impl Transfer {
    /// The number is asked for; the other one hears music meanwhile.
    pub(super) fn number(call: &mut Call, by: LegId, other: LegId, kind: Kind) -> Self {
        call.command(Command::Unbridge { a: by, b: other });
        call.play_to(other, Sound::Music);
        let prompt = Sound::PromptOr {
            prompt: "transfer".to_owned(),
            text: "Transfer. Enter the number, then hash.".to_owned(),
        };
        call.play_to(by, prompt);
        Self::Number {
            by,
            other,
            kind,
            digits: String::new(),
            until: call.after(FIRST_KEY),
        }
    }

    pub(super) fn deadline(&self) -> Duration {
        match self {
            Self::Number { until, .. }
            | Self::Consulting { until, .. }
            | Self::Replacing { until, .. } => *until,
            Self::Ringing { ringing, .. } => ringing.deadline(),
        }
    }

    pub(super) fn abandon(&mut self, call: &mut Call) {
        let asked = match self {
            Self::Ringing {
                ringing, by, refer, ..
            } => {
                ringing.abandon(call);
                by.filter(|_| *refer)
            }
            Self::Replacing { by, .. } => Some(*by),
            Self::Number { .. } | Self::Consulting { .. } => None,
        };
        // Whoever asked by REFER is told, or its phone shows a transfer under way for ever.
        if let Some(by) = asked
            && call.is_live(by)
        {
            refused(call, by);
        }
    }
}

impl Talk {
    /// A party asks for a transfer by REFER.
    pub(super) fn referred(
        &mut self,
        call: &mut Call,
        by: LegId,
        to: &Party,
        replaces: Option<String>,
    ) -> Flow {
        let other = self.other(by);
        call.note(Note::Refer {
            leg: by,
            to: to.to_string(),
        });
        if by == LegId::CALLER && !call.settings.caller_transfers {
            call.note(Note::TransferDenied { leg: by });
            return forbidden(call, by);
        }
        if replaces.is_none() && !may_dial(call, by, to) {
            return forbidden(call, by);
        }
        if let Some(dialog) = replaces {
            if call.cannot(Ability::Rooms, "connecting two calls") {
                return refused(call, by);
            }
            call.share(HubRequest::Replace { dialog });
            self.transfer = Some(Transfer::Replacing {
                by,
                other,
                until: call.after(FOUND),
            });
            return Flow::Stay;
        }
        call.command(Command::Referred {
            leg: by,
            outcome: Referral::Trying,
        });
        call.command(Command::Unbridge { a: by, b: other });
        self.ring_third(call, Some(by), other, Kind::Blind, true, to)
    }

    /// The third party's phone is called; whoever waits for it hears ringback.
    fn ring_third(
        &mut self,
        call: &mut Call,
        by: Option<LegId>,
        other: LegId,
        kind: Kind,
        refer: bool,
        to: &Party,
    ) -> Flow {
        let listener = match (kind, by) {
            (Kind::Attended, Some(by)) => by,
            _ => other,
        };
        let hears = call.play_to(listener, Sound::Ringback);
        let spec = Spec::party(call, to, seconds(RING_S));
        let (ringing, rung) = Ringing::begin(call, spec);
        self.transfer = Some(Transfer::Ringing {
            by,
            other,
            kind,
            refer,
            ringing: Box::new(ringing),
            hears,
        });
        self.rung(call, rung)
    }

    pub(super) fn transfer_due(&mut self, call: &mut Call) -> Flow {
        match &mut self.transfer {
            Some(Transfer::Number { .. }) => self.number_done(call),
            Some(Transfer::Ringing { ringing, .. }) => {
                let rung = ringing.on_wake(call);
                self.rung(call, rung)
            }
            Some(Transfer::Replacing { by, .. }) => {
                let by = *by;
                self.transfer = None;
                refused(call, by)
            }
            Some(Transfer::Consulting { third, .. }) => {
                let third = *third;
                call.hangup(third, EndCause::Normal);
                self.back(call)
            }
            None => Flow::Stay,
        }
    }

    /// The other call was found, or not.
    pub(super) fn replaced(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        let Some(Transfer::Replacing { by, other, .. }) = &self.transfer else {
            return Flow::Stay;
        };
        let (by, other) = (*by, *other);
        match shared {
            HubReply::Meet { room } => {
                self.transfer = None;
                self.settle(call);
                call.command(Command::Referred {
                    leg: by,
                    outcome: Referral::Done,
                });
                let flow = Meeting::enter(call, vec![other], room.clone());
                call.hangup(by, EndCause::Normal);
                flow
            }
            HubReply::NotFound => {
                self.transfer = None;
                refused(call, by)
            }
            _ => Flow::Stay,
        }
    }

    /// A key of the number.
    fn dialed(&mut self, call: &mut Call, digit: Digit) -> Flow {
        let next = call.after(NEXT_KEY);
        let Some(Transfer::Number { digits, until, .. }) = &mut self.transfer else {
            return Flow::Stay;
        };
        if digit.as_char() != '#' && digits.len() < MAX_DIGITS {
            digits.push(digit.as_char());
            *until = next;
            return Flow::Stay;
        }
        self.number_done(call)
    }

    /// The number is whole.
    fn number_done(&mut self, call: &mut Call) -> Flow {
        let Some(Transfer::Number {
            by,
            other,
            kind,
            digits,
            ..
        }) = &self.transfer
        else {
            return Flow::Stay;
        };
        let (by, other, kind) = (*by, *other, *kind);
        let Ok(party @ Party::Number(_)) = Party::new(digits) else {
            return self.back(call);
        };
        if !may_dial(call, by, &party) {
            return self.back(call);
        }
        match kind {
            Kind::Attended => self.ring_third(call, Some(by), other, kind, false, &party),
            Kind::Blind => {
                call.hangup(by, EndCause::Normal);
                self.ring_third(call, None, other, kind, false, &party)
            }
        }
    }

    /// What the third party's phone did.
    fn rung(&mut self, call: &mut Call, rung: Rung) -> Flow {
        match rung {
            Rung::On => Flow::Stay,
            Rung::Won(winner) => self.won(call, winner),
            Rung::Lost => self.lost(call),
        }
    }

    fn won(&mut self, call: &mut Call, winner: Winner) -> Flow {
        let Some(Transfer::Ringing {
            by,
            other,
            kind,
            refer,
            ..
        }) = &self.transfer
        else {
            return Flow::Stay;
        };
        let (by, other, kind, refer) = (*by, *other, *kind, *refer);
        call.member_talks(winner.leg, winner.who, winner.attempt, 0);
        match (kind, by) {
            (Kind::Attended, Some(by)) => {
                call.command(Command::Bridge {
                    a: by,
                    b: winner.leg,
                });
                call.note(Note::Reconnected {
                    a: by,
                    b: winner.leg,
                });
                self.transfer = Some(Transfer::Consulting {
                    by,
                    other,
                    third: winner.leg,
                    until: self.until,
                });
                Flow::Stay
            }
            _ => {
                if let (Some(by), true) = (by, refer) {
                    call.command(Command::Referred {
                        leg: by,
                        outcome: Referral::Done,
                    });
                }
                let flow = self.now_talk(call, other, winner.leg);
                if let Some(by) = by {
                    call.hangup(by, EndCause::Normal);
                }
                flow
            }
        }
    }

    /// The third party did not answer.
    fn lost(&mut self, call: &mut Call) -> Flow {
        let Some(Transfer::Ringing {
            by,
            other,
            ringing,
            refer,
            ..
        }) = &mut self.transfer
        else {
            return Flow::Stay;
        };
        let (by, other) = (*by, *other);
        let disposition = ringing.disposition();
        // Who has asked by REFER is told why, and once.
        let asked = std::mem::take(refer);
        match by {
            Some(by) if !gone(call, by) => {
                if asked {
                    let outcome = Referral::Refused(disposition);
                    call.command(Command::Referred { leg: by, outcome });
                }
                self.back(call)
            }
            _ => {
                self.transfer = None;
                self.stranded(call, other, disposition)
            }
        }
    }

    /// Whoever transfers hung up while the third party's phone rings: the other one waits.
    fn by_left(&mut self, call: &mut Call) -> Flow {
        if let Some(Transfer::Ringing {
            by, other, hears, ..
        }) = &mut self.transfer
        {
            *by = None;
            *hears = call.play_to(*other, Sound::Ringback);
        }
        Flow::Stay
    }

    /// The one who is transferred hung up: nothing is left to do.
    fn left(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        if let Some(mut transfer) = self.transfer.take() {
            transfer.abandon(call);
        }
        self.over(call, notice.leg(), carried_on(notice))
    }

    /// The two talk again as before.
    fn back(&mut self, call: &mut Call) -> Flow {
        let Some(mut transfer) = self.transfer.take() else {
            return Flow::Stay;
        };
        transfer.abandon(call);
        let (a, b) = (self.a, self.b);
        if gone(call, a) || gone(call, b) {
            let left = if gone(call, a) { b } else { a };
            return self.stranded(call, left, Disposition::Canceled);
        }
        self.now_talk(call, a, b)
    }

    /// Nobody is left for this leg to talk with.
    fn stranded(&mut self, call: &mut Call, left: LegId, disposition: Disposition) -> Flow {
        self.settle(call);
        if left == LegId::CALLER {
            return Flow::failed(disposition, "the transfer came to nothing");
        }
        Flow::End {
            cause: EndCause::Normal,
            why: "the transfer came to nothing".to_owned(),
        }
    }
}
