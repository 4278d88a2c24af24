//! A connection, and who is told that something happened to it: whoever uses it, or the crowd that
//! moves it for them; while it rests, its keeper.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;

use crate::net::counted::Counted;
use crate::net::crowd::Crowd;
use crate::net::transport::Stream;

/// Something happened that nobody has looked at.
const RUNG: u8 = 1;
/// Somebody is about to look, and sees what happens meanwhile.
const BUSY: u8 = 2;
/// Nobody uses the connection.
const RESTING: u8 = 4;
/// A crowd moves it for whoever uses it.
const CARRIED: u8 = 8;
/// Whoever uses it looks at what the crowd has read, and rings by that, most often for nothing.
const LOOKED_AT: u8 = 16;

pub(crate) type Connection = http1::Connection<TokioIo<Counted<Box<dyn Stream>>>, Full<Bytes>>;

/// One connection with its waker, whoever uses it.
pub(crate) struct Bell {
    state: AtomicU8,
    user: Mutex<Option<Waker>>,
    keeper: OnceLock<Arc<Notify>>,
    crowd: OnceLock<Arc<Crowd>>,
    /// The connection, once a crowd moves it; it holds this bell, so that whoever drops it has to
    /// close it.
    moved: Mutex<Option<Box<Moved>>>,
}

/// What came of a crowd's turn to move a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried {
    /// It was not moved: its exchange is over.
    Not,
    Done,
    /// It has to be moved once more.
    Again,
}

/// A connection that is moved.
pub(crate) struct Moved {
    connection: Connection,
    /// Rings its bell: the same for all requests, so that it is not registered anew.
    waker: Waker,
}

impl Moved {
    pub(crate) fn new(connection: Connection, bell: &Arc<Bell>) -> Self {
        let waker = Waker::from(Arc::clone(bell));
        Self { connection, waker }
    }

    /// Moves its bytes; ready when it is over.
    pub(crate) fn advance(&mut self) -> Poll<()> {
        let mut context = Context::from_waker(&self.waker);
        // A fault reaches the request under way as well, which reports it.
        Pin::new(&mut self.connection).poll(&mut context).map(drop)
    }
}

impl Bell {
    /// It has rung: nobody has looked at a new connection.
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(RUNG),
            user: Mutex::new(None),
            keeper: OnceLock::new(),
            crowd: OnceLock::new(),
            moved: Mutex::new(None),
        }
    }

    /// Here is the connection that a crowd is to move.
    pub(crate) fn put(&self, moved: Box<Moved>) {
        *lock(&self.moved) = Some(moved);
    }

    /// The connection that a crowd moved, unless it is over.
    pub(crate) fn take(&self) -> Option<Box<Moved>> {
        lock(&self.moved).take()
    }

    /// Moves the connection that is here.
    fn advance(&self) {
        let mut place = lock(&self.moved);
        if let Some(moved) = place.as_mut()
            && moved.advance().is_ready()
        {
            *place = None;
        }
    }

    /// Its crowd, once there is one.
    pub(crate) fn crowd(&self) -> Option<&Arc<Crowd>> {
        self.crowd.get()
    }

    /// Its crowd from here on, unless it has one.
    pub(crate) fn belong(&self, crowd: Arc<Crowd>) -> &Arc<Crowd> {
        self.crowd.get_or_init(|| crowd)
    }

    /// The crowd moves it from here on, until the exchange is over; `user` is woken when it cannot, or
    /// when time is up. Whether there still is a crowd.
    pub(crate) fn hand_over(self: &Arc<Self>, user: &Waker) -> bool {
        self.wait(user);
        self.state.store(CARRIED | RUNG, Ordering::Release);
        let crowd = self.crowd.get();
        crowd.is_some_and(|crowd| crowd.send(Arc::clone(self)))
    }

    /// The crowd moves it, if it still has to.
    pub(crate) fn carry(&self) -> Carried {
        let wanted = self.state.compare_exchange(
            CARRIED | RUNG,
            CARRIED | BUSY,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        // Else the exchange is over, and the next may have begun.
        if wanted.is_err() {
            return Carried::Not;
        }
        self.advance();
        let before = self.state.fetch_and(!BUSY, Ordering::AcqRel);
        // Whoever looks at it sees to the rest.
        match before & !BUSY == CARRIED | RUNG {
            true => Carried::Again,
            false => Carried::Done,
        }
    }

    /// The crowd is to move it; if there is none any more, whoever uses it is told.
    pub(crate) fn ring_crowd(self: &Arc<Self>) {
        let crowd = self.crowd.get();
        if !crowd.is_some_and(|crowd| crowd.ring(Arc::clone(self))) {
            self.tell();
        }
    }

    /// Looks at what the crowd has read.
    pub(crate) fn look(&self) {
        self.state.fetch_or(LOOKED_AT, Ordering::AcqRel);
    }

    /// Done with looking, and there is more to come: `user` is woken when the crowd cannot bring it,
    /// or when time is up. Whether there still is a crowd.
    pub(crate) fn look_away(self: &Arc<Self>, user: &Waker) -> bool {
        self.wait(user);
        let rang = self.state.fetch_and(!LOOKED_AT, Ordering::AcqRel) & RUNG != 0;
        let crowd = self.crowd.get().filter(|crowd| !crowd.is_over());
        crowd.is_some_and(|crowd| !rang || crowd.ring(Arc::clone(self)))
    }

    fn wait(&self, user: &Waker) {
        let mut known = self.user();
        if !known.as_ref().is_some_and(|known| known.will_wake(user)) {
            *known = Some(user.clone());
        }
    }

    /// Tells whoever uses it.
    pub(crate) fn tell(&self) {
        let user = self.user().take();
        if let Some(user) = user {
            user.wake();
        }
    }

    pub(crate) fn has_rung(&self) -> bool {
        self.state.load(Ordering::Acquire) & RUNG != 0
    }

    /// Somebody looks, at all that happened up to now.
    pub(crate) fn enter(&self) {
        self.state.swap(BUSY, Ordering::AcqRel);
    }

    /// Done with looking; `user` is woken when it rings. Whether it has not rung meanwhile: then
    /// somebody has to look again.
    pub(crate) fn leave(&self, user: &Waker) -> bool {
        if self.has_rung() {
            return false;
        }
        self.wait(user);
        self.state
            .compare_exchange(BUSY, 0, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Done with looking, and with all that there was to do. Whoever ends an exchange rings once
    /// more, for nothing; that something else happened in this moment is found out by the next use.
    pub(crate) fn calm(&self) {
        self.state.store(0, Ordering::Release);
    }

    /// Who is told what happens while nobody uses the connection.
    pub(crate) fn keep(&self, keeper: &Arc<Notify>) {
        self.keeper.get_or_init(|| Arc::clone(keeper));
    }

    /// Nobody uses the connection from here on, until somebody looks.
    pub(crate) fn rest(&self) {
        self.state.fetch_or(RESTING, Ordering::AcqRel);
    }

    /// Rings, but not for a keeper.
    pub(crate) fn ring_if_used(self: &Arc<Self>) {
        // Written, though nothing is changed: whoever takes the connection up later sees all that
        // happened before this.
        match self.state.fetch_or(0, Ordering::AcqRel) {
            state if state & RESTING != 0 => {}
            state if state & CARRIED != 0 => self.tell(),
            _ => self.wake_by_ref(),
        }
    }

    fn user(&self) -> MutexGuard<'_, Option<Waker>> {
        lock(&self.user)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = self.state.fetch_or(RUNG, Ordering::AcqRel);
        if before & RUNG != 0 {
            return;
        }
        if before & RESTING != 0 {
            if let Some(keeper) = self.keeper.get() {
                keeper.notify_one();
            }
        } else if before & (BUSY | LOOKED_AT) == 0 {
            match before & CARRIED {
                0 => self.tell(),
                _ => self.ring_crowd(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};
    use std::time::Duration;

    use tokio::runtime::Handle;
    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::{Bell, Carried};
    use crate::net::crowd::Crowds;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn its_user_is_woken_once_for_all_that_happens_until_he_looks() {
        let (bell, woken) = (Arc::new(Bell::new()), Arc::new(Woken::default()));
        let (rings, user) = (
            Waker::from(Arc::clone(&bell)),
            Waker::from(Arc::clone(&woken)),
        );
        let count = || woken.0.load(Ordering::SeqCst);
        assert!(bell.has_rung(), "nobody has looked at a new one");
        for round in 1..4 {
            bell.enter();
            assert!(bell.leave(&user));
            rings.wake_by_ref();
            rings.wake_by_ref();
            assert_eq!(count(), round);
        }
    }

    #[test]
    fn what_happens_while_somebody_looks_is_looked_at() {
        let (bell, woken) = (Arc::new(Bell::new()), Arc::new(Woken::default()));
        let user = Waker::from(Arc::clone(&woken));
        bell.enter();
        bell.wake_by_ref();
        assert!(!bell.leave(&user));
        bell.enter();
        assert!(bell.leave(&user));
        assert_eq!(woken.0.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_crowd_moves_it_once_for_all_that_happened() {
        let (bell, woken) = (Arc::new(Bell::new()), Arc::new(Woken::default()));
        let user = Waker::from(Arc::clone(&woken));
        bell.belong(Crowds::default().here(&Handle::current()).unwrap());
        bell.enter();
        // That the pool is gone, and its crowds with it, is known at once.
        assert!(!bell.hand_over(&user));
        assert_eq!((bell.carry(), bell.carry()), (Carried::Done, Carried::Not));
        bell.wake_by_ref();
        bell.wake_by_ref();
        let count = || woken.0.load(Ordering::SeqCst);
        assert_eq!((bell.carry(), count()), (Carried::Done, 1));
        bell.look();
        bell.wake_by_ref();
        assert_eq!(
            (bell.carry(), count()),
            (Carried::Not, 1),
            "it is looked at"
        );
        assert!(!bell.look_away(&user));
        assert_eq!(bell.carry(), Carried::Done);
        bell.look();
        bell.wake_by_ref();
        bell.calm();
        assert_eq!((bell.carry(), count()), (Carried::Not, 1), "it is over");
    }

    #[tokio::test]
    async fn while_it_rests_its_keeper_is_told() {
        let (bell, keeper) = (Arc::new(Bell::new()), Arc::new(Notify::new()));
        bell.enter();
        bell.calm();
        bell.keep(&keeper);
        bell.rest();
        bell.wake_by_ref();
        keeper.notified().await;
        assert!(bell.has_rung());
        bell.enter();
        bell.wake_by_ref();
        let told = timeout(Duration::from_millis(20), keeper.notified()).await;
        assert!(told.is_err(), "somebody uses it");
    }
}
