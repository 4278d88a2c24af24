//! Who hears whom: bridges, rooms, and sound before the answer.

use callroute_media::{Deed, LegId, Notice};
use tokio::sync::oneshot;

use super::SipLine;
use crate::leg::{LegCommand, direct};
use crate::rtp::command::MediaCommand;

impl SipLine {
    /// Whether a leg is answered; `None` when there is no such leg.
    pub(super) fn is_answered(&self, leg: LegId) -> Option<bool> {
        self.legs.get(&leg).map(|leg| leg.answered)
    }

    /// Lets a leg hear something; a caller that is not answered by 183. `false` when it cannot.
    pub(super) fn opens(&mut self, leg: LegId) -> bool {
        if leg != LegId::CALLER || self.is_answered(leg).unwrap_or(true) {
            return true;
        }
        if self.offered {
            self.tell(leg, LegCommand::Early);
        }
        self.offered
    }

    pub(super) fn early(&mut self, leg: LegId, from: LegId) {
        if self.opens(leg) {
            return self.bridge(leg, from);
        }
        let reason = "the caller offers no sound before the answer".to_owned();
        let deed = Deed::Early;
        self.notice(Notice::NotDone { leg, deed, reason });
    }

    pub(super) fn bridge(&mut self, a: LegId, b: LegId) {
        let ends = self.legs.get(&a).zip(self.legs.get(&b));
        let Some((out_a, out_b)) = ends
            .map(|(a, b)| (a.media.out.clone(), b.media.out.clone()))
            .filter(|_| a != b)
        else {
            tracing::debug!(%a, %b, "a bridge with a leg that is not there");
            return;
        };
        for leg in [a, b] {
            if let Some(other) = self.bridges.remove(&leg) {
                self.bridges.remove(&other);
                if other != a && other != b {
                    self.lossless(other, MediaCommand::Unbridge);
                }
            }
        }
        self.return_to_us(a);
        self.return_to_us(b);
        self.bridges.insert(a, b);
        self.bridges.insert(b, a);
        self.connect_directly(a, b);
        self.lossless(a, MediaCommand::Bridge(out_b));
        self.lossless(b, MediaCommand::Bridge(out_a));
    }

    /// Lets the sound of two legs go directly, where that is asked for and they can.
    fn connect_directly(&mut self, a: LegId, b: LegId) {
        let asked = !self.stack.config.direct_media.is_empty();
        if !asked || self.recorded.contains(&a) || self.recorded.contains(&b) {
            return;
        }
        if let (Some(end_a), Some(end_b)) = (self.legs.get(&a), self.legs.get(&b)) {
            let (kept, stop) = oneshot::channel();
            let (end_a, end_b) = (end_a.commands.downgrade(), end_b.commands.downgrade());
            self.stack
                .runtime
                .spawn(direct::connect(end_a, end_b, stop));
            self.directs.push((a, b, kept));
        }
    }

    /// The sound of this leg comes by us again.
    pub(super) fn return_to_us(&mut self, leg: LegId) {
        self.directs.retain(|(a, b, _)| *a != leg && *b != leg);
    }

    pub(super) fn unbridge(&mut self, a: LegId, b: LegId) {
        self.return_to_us(a);
        if self.bridges.get(&a) == Some(&b) {
            self.bridges.remove(&a);
            self.bridges.remove(&b);
            self.lossless(a, MediaCommand::Unbridge);
            self.lossless(b, MediaCommand::Unbridge);
        }
    }

    pub(super) fn join(&mut self, leg: LegId, room: &str, muted: bool) {
        let out = match self.legs.get(&leg) {
            Some(handle) if handle.answered => handle.media.out.clone(),
            // It has ended: the command is ignored.
            None => return,
            Some(_) => {
                let reason = "only an answered leg can join a room".to_owned();
                let deed = Deed::Join;
                return self.notice(Notice::NotDone { leg, deed, reason });
            }
        };
        self.return_to_us(leg);
        let runtime = self.stack.runtime.clone();
        let _within = runtime.enter();
        match self.stack.rooms.join(room, out, muted) {
            Ok(seat) => {
                if let Some(other) = self.bridges.remove(&leg) {
                    self.bridges.remove(&other);
                    self.lossless(other, MediaCommand::Unbridge);
                }
                self.lossless(leg, MediaCommand::Join(seat));
                self.notice(Notice::Joined { leg });
            }
            Err(full) => {
                let (deed, reason) = (Deed::Join, full.to_string());
                self.notice(Notice::NotDone { leg, deed, reason });
            }
        }
    }
}
