//! How many asks may be under way, of one webhook and of all: so that one webhook's dead server
//! takes nothing from the others.

#![cfg(feature = "client")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::endpoint::Endpoint;
use crate::failure::{Failure, FailureClass};

/// Entries beyond which those without asks are forgotten.
const MANY: usize = 1024;

/// What may be under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) one: usize,
    pub(crate) all: usize,
}

/// Why an ask may not begin: how many are under way already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// Of its webhook.
    One(usize),
    /// Of all webhooks together.
    All(usize),
}

/// Asks under way; each holds a share of these, so that they need not be counted back.
#[derive(Debug)]
pub(crate) struct Bulkhead {
    bounds: Bounds,
    all: Arc<()>,
    /// By first URL and name: webhooks that come out of answers all have the same name.
    rooms: Mutex<BTreeMap<Arc<str>, Vec<Arc<Room>>>>,
}

/// Where one webhook's asks are.
#[derive(Debug)]
pub(crate) struct Room {
    name: String,
}

/// One ask's place; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    _one: Arc<Room>,
    _all: Arc<()>,
}

impl Bulkhead {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            all: Arc::default(),
            rooms: Mutex::default(),
        }
    }

    /// A place for an ask of the webhook with this name and first URL.
    pub(crate) fn enter(self: &Arc<Self>, name: &str, first: &Endpoint) -> Result<Place, Full> {
        let find = || self.room(name, first.key());
        let near = first.near().room(self, find);
        // The same URL may stand first in webhooks of several names.
        let one = if near.name == name { near } else { find() };
        let all = Arc::clone(&self.all);
        // This one is among them, and one is the bulkhead's own.
        let inside = Arc::strong_count(&all).saturating_sub(2);
        if inside >= self.bounds.all {
            return Err(Full::All(inside));
        }
        let inside = Arc::strong_count(&one).saturating_sub(2);
        if inside >= self.bounds.one {
            return Err(Full::One(inside));
        }
        Ok(Place {
            _one: one,
            _all: all,
        })
    }

    /// The room of this webhook, made if it is not there.
    fn room(&self, name: &str, url: &Arc<str>) -> Arc<Room> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= MANY && !rooms.contains_key(url) {
            rooms.retain(|_, list| !keep_used(list).is_empty());
        }
        let list = match rooms.get_mut(url) {
            Some(list) => list,
            None => rooms.entry(Arc::clone(url)).or_default(),
        };
        if let Some(room) = list.iter().find(|room| room.name == name) {
            return Arc::clone(room);
        }
        if list.len() >= MANY {
            keep_used(list);
        }
        let room = Arc::new(Room {
            name: name.to_owned(),
        });
        list.push(Arc::clone(&room));
        room
    }
}

impl Full {
    /// The failure of an ask that did not begin.
    pub(crate) fn failure(self, name: &str) -> Failure {
        Failure::new(
            FailureClass::Deadline,
            format!("{self}: no time to wait for one to end; webhook `{name}` was not asked"),
        )
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(asks) => write!(f, "{asks} asks of this webhook are under way"),
            Self::All(asks) => write!(f, "{asks} asks are under way"),
        }
    }
}

fn keep_used(list: &mut Vec<Arc<Room>>) -> &[Arc<Room>] {
    list.retain(|room| Arc::strong_count(room) > 1);
    list
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{Bounds, Bulkhead, Full, MANY};
    use crate::endpoint::Endpoint;

    fn bulkhead(one: usize, all: usize) -> Arc<Bulkhead> {
        Arc::new(Bulkhead::new(Bounds { one, all }))
    }

    fn url(text: &str) -> Endpoint {
        Endpoint::new(text).unwrap()
    }

    #[test]
    fn one_webhook_takes_nothing_from_another() {
        let bulkhead = bulkhead(2, 5);
        let (here, there) = (url("http://a:80/"), url("http://b:80/"));
        let first = bulkhead.enter("x", &here).unwrap();
        let _second = bulkhead.enter("x", &here).unwrap();
        assert_eq!(bulkhead.enter("x", &here).unwrap_err(), Full::One(2));
        let _name = bulkhead.enter("y", &here).unwrap();
        let _url = bulkhead.enter("x", &there).unwrap();
        drop(first);
        let _third = bulkhead.enter("x", &here).unwrap();
        let _last = bulkhead.enter("z", &there).unwrap();
        assert_eq!(bulkhead.enter("z", &there).unwrap_err(), Full::All(5));
    }

    #[test]
    fn webhooks_without_asks_are_forgotten() {
        let bulkhead = bulkhead(1, 9);
        let kept = url("http://kept/");
        let _kept = bulkhead.enter("x", &kept).unwrap();
        for n in 0..3 * MANY {
            bulkhead.enter("x", &url(&format!("http://{n}/"))).unwrap();
            bulkhead.enter(&n.to_string(), &kept).unwrap();
        }
        let rooms = bulkhead.rooms.lock().unwrap();
        assert!(rooms.len() <= MANY && rooms[kept.key()].len() <= MANY);
        drop(rooms);
        assert_eq!(bulkhead.enter("x", &kept).unwrap_err(), Full::One(1));
    }

    proptest! {
        #[test]
        fn the_bounds_hold_and_places_come_back(
            deeds in proptest::collection::vec((any::<bool>(), 0_usize..4), 0..200),
        ) {
            let bulkhead = bulkhead(3, 7);
            let url = url("http://a:80/");
            let mut inside = Vec::new();
            for (enter, pick) in deeds {
                let of = |name| inside.iter().filter(|(known, _)| *known == name).count();
                if enter {
                    let entered = bulkhead.enter(&pick.to_string(), &url);
                    prop_assert_eq!(entered.is_ok(), of(pick) < 3 && inside.len() < 7);
                    inside.extend(entered.ok().map(|place| (pick, place)));
                } else if !inside.is_empty() {
                    inside.swap_remove(pick % inside.len());
                }
            }
        }
    }
}
