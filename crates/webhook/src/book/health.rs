//! The health of one endpoint: healthy, resting, or probing. Pure: time and chance come in as
//! arguments.
//!
//! ```text
//! Healthy ──5 failures in a row, or half of 20 in 10 s──▶ Resting ──time over──▶ Probing
//!    ▲                                                      ▲ 0.5 s, doubling to 30 s │
//!    └───────────── the one probe was answered ─────────────┼─────────── it failed ───┘
//!                                 Retry-After (up to 60 s) ─┘
//! ```
//!
//! Each request that may go out holds a [`Ticket`] of the state in which it began; an outcome
//! that belongs to an earlier state says nothing about this one.

use std::time::Duration;

/// Failures in a row after which an endpoint rests.
const IN_A_ROW: u32 = 5;
/// Outcomes within [`SLOTS`] seconds from which on their share of failures counts.
const ENOUGH: u32 = 20;
/// Seconds over which outcomes are counted.
const SLOTS: u64 = 10;
/// The first rest.
const FIRST_REST: Duration = Duration::from_millis(500);
/// The longest rest of our own making.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// The longest rest that a server may ask for.
pub(crate) const LONGEST_WISH: Duration = Duration::from_secs(60);

/// How an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It is asked.
    Healthy,
    /// It failed lately, or asked for a rest; others are asked instead.
    Resting,
    /// Its rest is over, and one call finds out.
    Probing,
}

/// Leave to send one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    era: u64,
    /// Whether this request decides if the rest is over.
    pub(crate) probe: bool,
}

/// What a request says about its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It reacts, be it with an answer that is of no use.
    Alive,
    /// It failed, or was so slow that it was given up.
    Failed,
    /// It asked to be left alone for so long (RFC 9110, section 10.2.3).
    Rest(Duration),
    /// Nothing: it was given up early, or never sent.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Healthy,
    Resting { until: Duration },
    Probing,
}

/// Watches one endpoint. All times count from one fixed moment.
#[derive(Debug)]
pub(crate) struct Watch {
    state: State,
    /// Counts the changes of state.
    era: u64,
    in_a_row: u32,
    /// Rests since it was last healthy.
    rests: u32,
    window: Window,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Healthy,
            era: 0,
            in_a_row: 0,
            rests: 0,
            window: Window::default(),
        }
    }

    /// Leave to send a request, or how long the endpoint still rests; zero while another call
    /// probes it.
    pub(crate) fn admit(&mut self, now: Duration) -> Result<Ticket, Duration> {
        match self.state {
            State::Healthy => Ok(self.ticket(false)),
            State::Resting { until } if now < until => Err(until.saturating_sub(now)),
            State::Resting { .. } => {
                self.enter(State::Probing);
                Ok(self.ticket(true))
            }
            State::Probing => Err(Duration::ZERO),
        }
    }

    /// Leave in any case: nobody else is left to be asked.
    pub(crate) fn insist(&mut self, now: Duration) -> Ticket {
        match self.admit(now) {
            Ok(ticket) => ticket,
            Err(_) => self.ticket(false),
        }
    }

    /// What came of a request. `chance` gives any number; it spreads the rests of many endpoints.
    pub(crate) fn settle(
        &mut self,
        ticket: Ticket,
        verdict: Verdict,
        now: Duration,
        chance: impl FnOnce() -> u64,
    ) {
        let current = ticket.era == self.era;
        match (self.state, verdict) {
            // What a server wishes now holds, whenever it was asked.
            (_, Verdict::Rest(wish)) if !wish.is_zero() => self.grant(now, wish),
            _ if !current => {}
            (State::Healthy, Verdict::Alive) => {
                self.in_a_row = 0;
                self.window.count(now, false);
            }
            (State::Healthy, Verdict::Failed | Verdict::Rest(_)) => {
                self.in_a_row += 1;
                self.window.count(now, true);
                if self.in_a_row >= IN_A_ROW || self.window.is_bad(now) {
                    self.rest(now, chance());
                }
            }
            (State::Probing, Verdict::Failed | Verdict::Rest(_)) => self.rest(now, chance()),
            (State::Probing, Verdict::Nothing) => self.enter(State::Resting { until: now }),
            (State::Probing | State::Resting { .. }, Verdict::Alive) => {
                self.rests = 0;
                self.enter(State::Healthy);
            }
            (State::Healthy, Verdict::Nothing)
            | (State::Resting { .. }, Verdict::Failed | Verdict::Rest(_) | Verdict::Nothing) => {}
        }
    }

    /// How long it still rests.
    pub(crate) fn rest_left(&self, now: Duration) -> Duration {
        match self.state {
            State::Resting { until } => until.saturating_sub(now),
            State::Healthy | State::Probing => Duration::ZERO,
        }
    }

    pub(crate) fn health(&self) -> Health {
        match self.state {
            State::Healthy => Health::Healthy,
            State::Resting { .. } => Health::Resting,
            State::Probing => Health::Probing,
        }
    }

    fn rest(&mut self, now: Duration, chance: u64) {
        let whole = FIRST_REST.saturating_mul(1 << self.rests.min(6));
        let whole = whole.min(LONGEST_REST);
        // Four to six fifths of it.
        let spread = u32::try_from(chance % 401).unwrap_or(200);
        let rest = (whole / 1000).saturating_mul(800 + spread);
        self.rests = self.rests.saturating_add(1);
        self.enter(State::Resting {
            until: now.saturating_add(rest.min(LONGEST_REST)),
        });
    }

    fn grant(&mut self, now: Duration, wish: Duration) {
        let wished = now.saturating_add(wish.min(LONGEST_WISH));
        match &mut self.state {
            State::Resting { until } => *until = wished.max(*until),
            State::Healthy | State::Probing => self.enter(State::Resting { until: wished }),
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.era += 1;
        self.in_a_row = 0;
        self.window = Window::default();
    }

    fn ticket(&self, probe: bool) -> Ticket {
        Ticket {
            era: self.era,
            probe,
        }
    }
}

/// Outcomes of the last seconds.
#[derive(Debug, Default)]
struct Window([Slot; SLOTS as usize]);

#[derive(Debug, Default)]
struct Slot {
    second: u64,
    all: u32,
    failed: u32,
}

impl Window {
    fn count(&mut self, now: Duration, failed: bool) {
        let second = now.as_secs();
        let place = usize::try_from(second % SLOTS).unwrap_or_default();
        let Some(slot) = self.0.get_mut(place) else {
            return;
        };
        if slot.second != second {
            *slot = Slot {
                second,
                ..Slot::default()
            };
        }
        slot.all = slot.all.saturating_add(1);
        slot.failed = slot.failed.saturating_add(u32::from(failed));
    }

    /// Whether there are enough outcomes, and at least half of them failures.
    fn is_bad(&self, now: Duration) -> bool {
        let live = |slot: &&Slot| slot.second.saturating_add(SLOTS) > now.as_secs();
        let (mut all, mut failed) = (0_u32, 0_u32);
        for slot in self.0.iter().filter(live) {
            all = all.saturating_add(slot.all);
            failed = failed.saturating_add(slot.failed);
        }
        all >= ENOUGH && failed.saturating_mul(2) >= all
    }
}

#[cfg(test)]
mod tests;
