//! How far an attempt came: known from outside, so that one that is cut off can say where.

#![cfg(feature = "client")]

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::failure::{Failure, FailureClass};
use crate::net::counted::Received;

/// What an attempt is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// A free connection, or its turn to make one.
    Turn,
    Lookup,
    Connect,
    #[cfg(feature = "tls")]
    Handshake,
    Answer,
}

impl Phase {
    /// What is missing meanwhile, before a request is out.
    const BEFORE: [(Self, FailureClass, &'static str); PHASES] = [
        (Self::Turn, FailureClass::Connect, "no turn to connect"),
        (
            Self::Lookup,
            FailureClass::Dns,
            "no answer to the lookup of the host",
        ),
        (Self::Connect, FailureClass::Connect, "no connection"),
        #[cfg(feature = "tls")]
        (
            Self::Handshake,
            FailureClass::Tls,
            "no end of the handshake",
        ),
    ];
}

/// Whether the attempt wakes its ask when the time has come for which that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Alarm {
    /// No: the ask needs a timer of its own.
    None,
    /// It will.
    Set,
    /// The time has come.
    Over,
}

/// Phases before a request is out.
const PHASES: usize = if cfg!(feature = "tls") { 4 } else { 3 };

/// One attempt's progress. Most often it is written and read by one task.
#[derive(Debug)]
pub(crate) struct Progress {
    phase: AtomicU8,
    /// 0: none came.
    status: AtomicU16,
    reused: AtomicBool,
    alarm: AtomicU8,
    given_up: AtomicBool,
    /// The connection's count, and what it was when the request was sent.
    received: Mutex<Option<(Received, u64)>>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            phase: AtomicU8::new(Phase::Turn as u8),
            status: AtomicU16::new(0),
            reused: AtomicBool::new(false),
            alarm: AtomicU8::new(Alarm::None as u8),
            given_up: AtomicBool::new(false),
            received: Mutex::new(None),
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Whether it never got as far as to connect.
    pub(crate) fn is_before_dialing(&self) -> bool {
        self.phase.load(Ordering::Acquire) == Phase::Turn as u8
    }

    /// `received`: the connection's count; `None` where others share it.
    pub(crate) fn sent(&self, reused: bool, received: Option<Received>) {
        if let Some(received) = received {
            let before = received.bytes();
            *self.received() = Some((received, before));
        }
        self.reused.store(reused, Ordering::Release);
        self.enter(Phase::Answer);
    }

    pub(crate) fn set_alarm(&self) {
        self.alarm.store(Alarm::Set as u8, Ordering::Release);
    }

    pub(crate) fn on_alarm(&self) {
        self.alarm.store(Alarm::Over as u8, Ordering::Release);
    }

    pub(crate) fn alarm(&self) -> Alarm {
        let alarm = self.alarm.load(Ordering::Acquire);
        let all = [Alarm::Set, Alarm::Over];
        let found = all.into_iter().find(|one| *one as u8 == alarm);
        found.unwrap_or(Alarm::None)
    }

    /// Its ask stops it next, since another URL answered or time is up.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
    }

    /// Whether it is its ask that stops it; else it is whoever asked.
    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    pub(crate) fn answered(&self, status: u16) {
        self.status.store(status, Ordering::Release);
    }

    /// The status, if one came, and whether the connection was used before.
    pub(crate) fn said(&self) -> (Option<u16>, bool) {
        let status = self.status.load(Ordering::Acquire);
        ((status > 0).then_some(status), self.reused())
    }

    pub(crate) fn reused(&self) -> bool {
        self.reused.load(Ordering::Acquire)
    }

    /// Bytes of the answer so far; on a shared connection, whether its head has come.
    pub(crate) fn bytes(&self) -> u64 {
        match self.received().as_ref() {
            Some((received, before)) => received.bytes().saturating_sub(*before),
            None => u64::from(self.status.load(Ordering::Acquire)),
        }
    }

    fn received(&self) -> MutexGuard<'_, Option<(Received, u64)>> {
        let received = self.received.lock();
        received.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the request went out on a kept connection, and nothing has come back.
    pub(crate) fn is_silent(&self) -> bool {
        self.reused() && self.bytes() == 0
    }

    /// What was missing when the attempt was stopped.
    pub(crate) fn stopped(&self, elapsed: Duration, why: Stopped) -> Failure {
        let phase = self.phase.load(Ordering::Acquire);
        let before = Phase::BEFORE.iter().find(|(one, ..)| *one as u8 == phase);
        let (class, missing) = match before {
            Some((_, class, missing)) => (*class, *missing),
            None if self.bytes() == 0 => (FailureClass::TimeoutFirstByte, "no byte of an answer"),
            None => (FailureClass::TimeoutTotal, "no complete answer"),
        };
        let ms = elapsed.as_millis();
        let detail = match why {
            Stopped::Deadline => format!("{missing} within {ms} ms"),
            Stopped::Overtaken => format!("{missing} within {ms} ms, when another url answered"),
        };
        Failure::new(class, detail)
    }
}

/// Why an attempt was stopped before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Time is up.
    Deadline,
    /// Another URL gave an answer first.
    Overtaken,
}
