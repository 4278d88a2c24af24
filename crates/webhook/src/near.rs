//! What a client keeps under an endpoint's name, at hand with the endpoint itself: looked up once,
//! not for each request.

#![cfg(feature = "client")]

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use crate::book::{Book, Record};
use crate::bulkhead::{Bulkhead, Room};
use crate::net::pool::Pool;
use crate::net::pool::lane::Lane;

/// One endpoint's part of what its client keeps; copies of the endpoint share it.
#[derive(Clone, Default)]
pub(crate) struct Nearby(Arc<Parts>);

#[derive(Default)]
struct Parts {
    record: Near<Book, Record>,
    lane: Near<Pool, Lane>,
    room: Near<Bulkhead, Room>,
}

impl Nearby {
    /// The endpoint's record in this book.
    pub(crate) fn record(&self, book: &Arc<Book>, key: &Arc<str>) -> Arc<Record> {
        self.0.record.find(book, || book.record(key))
    }

    /// A room of this bulkhead: that of the webhook that first came with this endpoint; `find` looks
    /// it up.
    pub(crate) fn room(
        &self,
        bulkhead: &Arc<Bulkhead>,
        find: impl FnOnce() -> Arc<Room>,
    ) -> Arc<Room> {
        self.0.room.find(bulkhead, find)
    }

    /// The endpoint's connections in this pool; `find` looks them up.
    pub(crate) fn lane(&self, pool: &Arc<Pool>, find: impl FnOnce() -> Arc<Lane>) -> Arc<Lane> {
        self.0.lane.find(pool, find)
    }
}

/// It says nothing about an endpoint.
impl PartialEq for Nearby {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Nearby {}

impl fmt::Debug for Nearby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nearby")
    }
}

/// Where the first owner that came keeps its value. It stays the owner's: when the owner drops
/// it, it is gone, and looked up again.
struct Near<O, T>(OnceLock<(Weak<O>, Weak<T>)>);

impl<O, T> Default for Near<O, T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<O, T> Near<O, T> {
    fn find(&self, owner: &Arc<O>, look_up: impl FnOnce() -> Arc<T>) -> Arc<T> {
        let known = self.0.get();
        // No other owner can have its address: a weak reference keeps the place.
        if let Some((of, value)) = known
            && std::ptr::eq(of.as_ptr(), Arc::as_ptr(owner))
            && let Some(value) = value.upgrade()
        {
            return value;
        }
        let value = look_up();
        self.0
            .get_or_init(|| (Arc::downgrade(owner), Arc::downgrade(&value)));
        value
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Near;

    #[test]
    fn each_owner_finds_its_own() {
        let near = Near::default();
        let (first, second) = (Arc::new("first"), Arc::new("second"));
        let (here, there) = (Arc::new(1), Arc::new(2));
        assert_eq!(*near.find(&first, || Arc::clone(&here)), 1);
        assert_eq!(*near.find(&first, || unreachable!("at hand")), 1);
        assert_eq!(*near.find(&second, || Arc::clone(&there)), 2);
        assert_eq!(*near.find(&first, || unreachable!("at hand")), 1);
    }

    #[test]
    fn what_its_owner_dropped_is_looked_up_again() {
        let near = Near::default();
        let owner = Arc::new(());
        assert_eq!(*near.find(&owner, || Arc::new(1)), 1);
        assert_eq!(*near.find(&owner, || Arc::new(2)), 2);
    }
}
