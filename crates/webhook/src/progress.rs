//! How far an attempt came: known from outside, so that one that is cut off can say where.

#![cfg(feature = "client")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::failure::{Failure, FailureClass};
use crate::net::counted::Received;

/// What an attempt is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A free connection, or its turn to make one.
    Turn,
    Lookup,
    Connect,
    #[cfg(feature = "tls")]
    Handshake,
    Answer,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    status: Option<u16>,
    reused: bool,
    /// The connection's count, and what it was when the request was sent.
    received: Option<(Received, u64)>,
}

/// One attempt's progress.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<State>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            phase: Phase::Turn,
            status: None,
            reused: false,
            received: None,
        }))
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.state().phase = phase;
    }

    /// `received`: the connection's count; `None` where others share it.
    pub(crate) fn sent(&self, reused: bool, received: Option<Received>) {
        let mut state = self.state();
        state.phase = Phase::Answer;
        state.reused = reused;
        state.received = received.map(|received| {
            let before = received.bytes();
            (received, before)
        });
    }

    pub(crate) fn answered(&self, status: u16) {
        self.state().status = Some(status);
    }

    /// The status, if one came, and whether the connection was used before.
    pub(crate) fn said(&self) -> (Option<u16>, bool) {
        let state = self.state();
        (state.status, state.reused)
    }

    pub(crate) fn reused(&self) -> bool {
        self.state().reused
    }

    /// Bytes of the answer so far; on a shared connection, whether its head has come.
    pub(crate) fn bytes(&self) -> u64 {
        let state = self.state();
        match &state.received {
            Some((received, before)) => received.bytes().saturating_sub(*before),
            None => state.status.map_or(0, u64::from),
        }
    }

    /// Whether the request went out on a kept connection, and nothing has come back.
    pub(crate) fn is_silent(&self) -> bool {
        self.reused() && self.bytes() == 0
    }

    /// What was missing when the attempt was stopped.
    pub(crate) fn stopped(&self, elapsed: Duration, why: Stopped) -> Failure {
        let bytes = self.bytes();
        let (class, missing) = match self.state().phase {
            Phase::Turn => (FailureClass::Connect, "no turn to connect"),
            Phase::Lookup => (FailureClass::Dns, "no answer to the lookup of the host"),
            Phase::Connect => (FailureClass::Connect, "no connection"),
            #[cfg(feature = "tls")]
            Phase::Handshake => (FailureClass::Tls, "no end of the handshake"),
            Phase::Answer if bytes == 0 => (FailureClass::TimeoutFirstByte, "no byte of an answer"),
            Phase::Answer => (FailureClass::TimeoutTotal, "no complete answer"),
        };
        let ms = elapsed.as_millis();
        let detail = match why {
            Stopped::Deadline => format!("{missing} within {ms} ms"),
            Stopped::Overtaken => format!("{missing} within {ms} ms, when another url answered"),
        };
        Failure::new(class, detail)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
