//! Legs that hear one last sound, and are hung up then.

use std::time::Duration;

use callroute_media::{EndCause, LegId, PlayId, Sound};

use super::{Call, LegState};

/// How long a last sound may take.
const FAREWELL: Duration = Duration::from_secs(10);

impl Call {
    /// Lets a leg hear one last sound, and hangs it up then.
    pub(crate) fn farewell(&mut self, leg: LegId, sound: Sound) {
        if self.leg(leg) != LegState::Answered {
            return self.hangup(leg, EndCause::Normal);
        }
        let play = self.play_to(leg, sound);
        self.farewells.push((leg, play, self.after(FAREWELL)));
    }

    /// Hangs up whoever has heard its last sound.
    pub(crate) fn farewell_heard(&mut self, play: PlayId) {
        let over = self.farewells.iter().position(|(_, of, _)| *of == play);
        if let Some(index) = over {
            let (leg, _, _) = self.farewells.swap_remove(index);
            self.hangup(leg, EndCause::Normal);
        }
    }

    /// When the next last sound has taken too long.
    pub(crate) fn farewell_deadline(&self) -> Option<Duration> {
        self.farewells.iter().map(|(_, _, until)| *until).min()
    }

    pub(crate) fn farewells_due(&mut self) {
        let now = self.now.mono;
        let due: Vec<LegId> = self
            .farewells
            .extract_if(.., |(_, _, until)| *until <= now)
            .map(|(leg, _, _)| leg)
            .collect();
        for leg in due {
            self.hangup(leg, EndCause::Normal);
        }
    }
}
