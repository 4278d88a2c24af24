//! An HTTP/1.1 connection that is moved by whoever uses it, in the same task: between a request and
//! its answer no other task is woken, on this thread or on another.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::net::alarm::Alarm;
use crate::net::bell::{Bell, Moved};
use crate::net::connect::MAX_HEAD;
use crate::net::counted::Counted;
use crate::net::crowd::Crowds;
use crate::net::transport::Stream;
use crate::progress::Progress;

/// How often a connection that has more to do is moved before other tasks have their turn.
const ROUNDS: usize = 8;

/// One connection, which takes one request at a time.
pub(crate) struct Link {
    sender: http1::SendRequest<Full<Bytes>>,
    motor: Motor,
}

/// Who moves a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mover {
    /// Whoever uses it.
    User,
    /// A crowd, from now on.
    NewCrowd,
    /// A crowd.
    Crowd,
}

/// What moves a connection's bytes.
pub(crate) struct Motor {
    /// `None`: it is over, or with its bell, where a crowd moves it.
    moved: Option<Box<Moved>>,
    bell: Arc<Bell>,
    alarm: Alarm,
}

impl Link {
    pub(crate) async fn start(stream: Counted<Box<dyn Stream>>) -> hyper::Result<Self> {
        // Events are short: to copy one behind its head costs less than to hand over two pieces.
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .writev(false)
            .handshake(TokioIo::new(stream))
            .await?;
        let bell = Arc::new(Bell::new());
        let motor = Motor {
            moved: Some(Box::new(Moved::new(connection, &bell))),
            alarm: Alarm::new(&bell),
            bell,
        };
        Ok(Self { sender, motor })
    }

    /// Whether it is over, as far as is known.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether it takes a request now.
    pub(crate) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Nobody uses it from here on; `keeper` is told when something happens to it.
    pub(crate) fn rest(&self, keeper: &Arc<Notify>) {
        self.motor.bell.keep(keeper);
        self.motor.bell.rest();
    }

    /// Somebody uses it from here on.
    pub(crate) fn take_up(&self) {
        self.motor.bell.enter();
    }

    /// Sees what happened while nobody used it; whether it is over.
    pub(crate) fn look(&mut self) -> bool {
        if self.motor.bell.has_rung() {
            self.motor.bell.enter();
            self.motor.advance();
            self.motor.bell.rest();
        }
        self.is_closed()
    }

    /// What sends a request, and the motor, which has to run for its answer.
    pub(crate) fn parts(&mut self) -> (&mut http1::SendRequest<Full<Bytes>>, &mut Motor) {
        (&mut self.sender, &mut self.motor)
    }

    pub(crate) fn motor(&mut self) -> &mut Motor {
        &mut self.motor
    }

    /// Runs the motor until the connection takes requests again; whether it does.
    pub(crate) async fn ready(&mut self) -> bool {
        let ready = self.sender.ready();
        self.motor.run(pin!(ready)).await.is_ok()
    }
}

impl Motor {
    /// Moves the connection and, with it, work that waits for nothing else.
    pub(crate) async fn run<F: Future>(&mut self, mut work: Pin<&mut F>) -> F::Output {
        poll_fn(|context| self.poll(work.as_mut(), context)).await
    }

    /// Whether a task of this runtime can move the connection, with those of all others.
    pub(crate) fn can_join(&self, crowds: &Crowds) -> bool {
        let Ok(runtime) = Handle::try_current() else {
            return false;
        };
        let crowd = match self.bell.crowd() {
            Some(crowd) => crowd,
            None => match crowds.here(&runtime) {
                Some(crowd) => self.bell.belong(crowd),
                None => return false,
            },
        };
        crowd.is_of(&runtime)
    }

    /// The same; by this time, if there is one, whoever waits is woken, and `progress` says so.
    pub(crate) async fn run_until<F: Future>(
        &mut self,
        mut work: Pin<&mut F>,
        due: Option<Instant>,
        progress: &Progress,
        mut mover: Mover,
    ) -> F::Output {
        if let Some(due) = due {
            self.alarm.set(due);
            progress.set_alarm();
        }
        poll_fn(|context| {
            let polled = match mover {
                Mover::User => self.poll(work.as_mut(), context),
                _ => self.follow(work.as_mut(), context, &mut mover),
            };
            if polled.is_pending() && due.is_some() && self.alarm.is_over() {
                progress.on_alarm();
            }
            polled
        })
        .await
    }

    /// A crowd moves the connection, and what it brings wakes whoever waits for the work.
    fn follow<F: Future>(
        &mut self,
        mut work: Pin<&mut F>,
        context: &mut Context<'_>,
        mover: &mut Mover,
    ) -> Poll<F::Output> {
        let is_new = std::mem::replace(mover, Mover::Crowd) == Mover::NewCrowd;
        if !is_new {
            self.bell.look();
        }
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.bell.calm();
            return polled;
        }
        let user = context.waker();
        let goes_on = match is_new {
            true => {
                if let Some(moved) = self.moved.take() {
                    self.bell.put(moved);
                }
                self.bell.hand_over(user)
            }
            false => self.bell.look_away(user),
        };
        if goes_on {
            return polled;
        }
        *mover = Mover::User;
        self.poll(work, context)
    }

    fn poll<F: Future>(
        &mut self,
        mut work: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        for _ in 0..ROUNDS {
            self.bell.enter();
            self.advance();
            // It is looked at whenever the connection was moved, and need not wake anybody.
            let polled = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if polled.is_ready() {
                self.bell.calm();
                return polled;
            }
            if self.bell.leave(context.waker()) {
                return polled;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn advance(&mut self) {
        if self.moved.is_none() {
            self.take_back();
        }
        if let Some(moved) = &mut self.moved
            && moved.advance().is_ready()
        {
            self.moved = None;
        }
    }

    /// No crowd moves it any more, if it is not over.
    #[cold]
    #[inline(never)]
    fn take_back(&mut self) {
        self.moved = self.bell.take();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.motor.take_back();
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
