//! The clock that routing goes by.

use chrono::{DateTime, TimeDelta, Utc};

/// What time it is, for rules and events. Timers go by a clock of their own.
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// The system's clock, shifted: for demonstrations at any hour, and to try next week's table.
#[derive(Debug)]
pub struct ShiftedClock {
    shift: std::sync::Mutex<TimeDelta>,
}

impl ShiftedClock {
    /// A clock that shows this time now, and runs on from there.
    #[must_use]
    pub fn at(time: DateTime<Utc>) -> Self {
        let clock = Self {
            shift: std::sync::Mutex::new(TimeDelta::zero()),
        };
        clock.set(time);
        clock
    }

    /// Sets the clock; it runs on from there.
    pub fn set(&self, time: DateTime<Utc>) {
        *self.shift() = time - Utc::now();
    }

    fn shift(&self) -> std::sync::MutexGuard<'_, TimeDelta> {
        self.shift
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + *self.shift()
    }
}
