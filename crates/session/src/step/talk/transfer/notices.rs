//! What happens on the legs while a transfer is under way.

use callroute_media::{EndCause, LegId, Notice};
use callroute_schema::Digit;

use super::Transfer;
use crate::call::Call;
use crate::program::Flow;
use crate::step::talk::Talk;
use crate::step::talk::features::Feature;
use crate::step::{carried_on, ends};

impl Talk {
    /// A notice while a transfer is under way.
    pub(in crate::step::talk) fn transferring(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match &self.transfer {
            Some(Transfer::Number { by, other, .. } | Transfer::Replacing { by, other, .. }) => {
                let (by, other) = (*by, *other);
                self.asking(call, notice, by, other)
            }
            Some(Transfer::Ringing { by, other, .. }) => {
                let (by, other) = (*by, *other);
                self.ringing(call, notice, by, other)
            }
            Some(Transfer::Consulting {
                by, other, third, ..
            }) => {
                let (by, other, third) = (*by, *other, *third);
                self.consulting(call, notice, by, other, third)
            }
            None => Flow::Stay,
        }
    }

    /// While the number, or the other call, is not known yet.
    fn asking(&mut self, call: &mut Call, notice: &Notice, by: LegId, other: LegId) -> Flow {
        if ends(notice, by) || ends(notice, other) {
            return self.over(call, notice.leg(), carried_on(notice));
        }
        match pressed(notice, by) {
            Some(digit) => self.dialed(call, digit),
            None => Flow::Stay,
        }
    }

    /// While the third party's phone rings.
    fn ringing(
        &mut self,
        call: &mut Call,
        notice: &Notice,
        by: Option<LegId>,
        other: LegId,
    ) -> Flow {
        if ends(notice, other) {
            return self.left(call, notice);
        }
        if let Some(by) = by {
            if ends(notice, by) {
                return self.by_left(call);
            }
            if let Some(digit) = pressed(notice, by) {
                return match self.feature(call, by, digit) {
                    Some(Feature::Cancel) => self.back(call),
                    _ => Flow::Stay,
                };
            }
        }
        let Some(Transfer::Ringing { ringing, .. }) = &mut self.transfer else {
            return Flow::Stay;
        };
        let rung = ringing.on_notice(call, notice);
        self.rung(call, rung)
    }

    /// While whoever transfers talks with the third party.
    fn consulting(
        &mut self,
        call: &mut Call,
        notice: &Notice,
        by: LegId,
        other: LegId,
        third: LegId,
    ) -> Flow {
        if ends(notice, by) {
            // Whoever transfers has hung up: the other two are connected.
            return self.now_talk(call, other, third);
        }
        if ends(notice, third) {
            return self.back(call);
        }
        if ends(notice, other) {
            return self.left(call, notice);
        }
        let feature = pressed(notice, by).and_then(|digit| self.feature(call, by, digit));
        match feature {
            Some(Feature::Cancel) => {
                call.hangup(third, EndCause::Normal);
                self.back(call)
            }
            Some(Feature::Conference) => self.three(call, third),
            _ => Flow::Stay,
        }
    }
}

/// The key that was pressed on this leg, if one was.
fn pressed(notice: &Notice, by: LegId) -> Option<Digit> {
    match notice {
        Notice::Digit { leg, digit } if *leg == by => Some(*digit),
        _ => None,
    }
}
