//! INVITE transactions that end in a refusal or a redirection (RFC 3261, section 17.2.1); pure.
//!
//! ```text
//!   Proceeding ── answer ──> Completed ── ACK ──> Confirmed ── timer I ──> gone
//!    100 after 200 ms         timers G, H
//! ```
//!
//! Each keeps no more than its state needs: the request until it is answered, the answer until it
//! is acknowledged, then nothing but its name. It has one timer at a time. Most timers are as long
//! as all others of their kind, so they are queues; what is due later than it was is looked at
//! again when its turn comes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sipx_sip::{Message, Request};

use crate::endpoint::T2;
use crate::message::Reply;
use crate::named::{Hashes, Key};
use crate::redirect::shard::Datagram;

/// When who waits is told that we have heard (RFC 3261, section 17.2.1).
const TRYING: Duration = Duration::from_millis(200);
/// T4 of RFC 3261: how long copies of an ACK may still come.
const T4: Duration = Duration::from_secs(5);
/// What is acknowledged may be forgotten a little later, many at once.
const SLACK: Duration = Duration::from_millis(500);

#[derive(Debug)]
enum State {
    /// Not answered; the 100, once it was sent.
    Proceeding(Box<Request>, Option<Bytes>),
    /// Answered, and not acknowledged.
    Completed {
        answer: Bytes,
        /// The next pause between two copies.
        pause: Duration,
        /// When it is given up.
        ends: Duration,
    },
    /// Acknowledged.
    Confirmed,
}

#[derive(Debug)]
struct Transaction {
    /// Where its answers go.
    to: SocketAddr,
    /// When its timer fires.
    due: Duration,
    state: State,
}

/// The transactions of one shard.
#[derive(Debug)]
pub(super) struct Transactions {
    open: HashMap<Key, Transaction, Hashes>,
    t1: Duration,
    /// Began last: most are answered before they need a timer.
    fresh: Option<Key>,
    trying: VecDeque<(Duration, Key)>,
    repeated: VecDeque<(Duration, Key)>,
    repeated_again: BinaryHeap<Reverse<(Duration, Key)>>,
    confirmed: VecDeque<(Duration, Key)>,
}

impl Transactions {
    /// None yet.
    pub(super) fn new(t1: Duration) -> Self {
        Self {
            open: HashMap::default(),
            t1,
            fresh: None,
            trying: VecDeque::new(),
            repeated: VecDeque::new(),
            repeated_again: BinaryHeap::new(),
            confirmed: VecDeque::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there is this one.
    pub(super) fn has(&self, key: Key) -> bool {
        self.open.contains_key(&key)
    }

    /// An INVITE begins one.
    pub(super) fn begin(&mut self, now: Duration, key: Key, request: Request, to: SocketAddr) {
        self.settle();
        let transaction = Transaction {
            to,
            due: now + TRYING,
            state: State::Proceeding(Box::new(request), None),
        };
        self.open.insert(key, transaction);
        self.fresh = Some(key);
    }

    /// What is sent because a copy of its INVITE has come.
    pub(super) fn copied(&self, key: Key) -> Option<Datagram> {
        let transaction = self.open.get(&key)?;
        match &transaction.state {
            State::Proceeding(_, answer) => answer.clone(),
            State::Completed { answer, .. } => Some(answer.clone()),
            State::Confirmed => None,
        }
        .map(|answer| (answer, transaction.to))
    }

    /// The INVITE that is not answered yet, and where its answer goes.
    pub(super) fn waiting(&self, key: Key) -> Option<(&Request, SocketAddr)> {
        let transaction = self.open.get(&key)?;
        match &transaction.state {
            State::Proceeding(request, _) => Some((request, transaction.to)),
            _ => None,
        }
    }

    /// A final answer to it was sent.
    pub(super) fn answered(&mut self, now: Duration, key: Key, answer: Bytes) {
        if let Some(transaction) = self.open.get_mut(&key) {
            transaction.due = now + self.t1;
            transaction.state = State::Completed {
                answer,
                pause: (self.t1 * 2).min(T2),
                ends: now + self.t1 * 64,
            };
            self.repeated.push_back((transaction.due, key));
        }
    }

    /// Its ACK has come.
    pub(super) fn acknowledged(&mut self, now: Duration, key: Key) {
        if let Some(transaction) = self.open.get_mut(&key)
            && matches!(transaction.state, State::Completed { .. })
        {
            transaction.due = now + T4;
            transaction.state = State::Confirmed;
            self.confirmed.push_back((transaction.due, key));
        }
    }

    /// It is forgotten.
    pub(super) fn forget(&mut self, key: Key) {
        self.open.remove(&key);
    }

    /// When the next timer fires.
    pub(super) fn next(&mut self) -> Option<Duration> {
        self.settle();
        let open = &self.open;
        let live = |(at, key): &(Duration, Key)| {
            let transaction = open.get(key);
            transaction.is_some_and(|transaction| transaction.due == *at)
        };
        for queue in [&mut self.trying, &mut self.repeated] {
            while queue.front().is_some_and(|timer| !live(timer)) {
                queue.pop_front();
            }
        }
        while self.repeated_again.peek().is_some_and(|t| !live(&t.0)) {
            self.repeated_again.pop();
        }
        let heads = [
            self.trying.front().map(|timer| timer.0),
            self.repeated.front().map(|timer| timer.0),
            self.repeated_again.peek().map(|timer| timer.0.0),
            self.confirmed.front().map(|timer| timer.0 + SLACK),
        ];
        heads.into_iter().flatten().min()
    }

    /// Fires a timer that is due; `None` when no other is.
    pub(super) fn fire(&mut self, now: Duration) -> Option<Option<Datagram>> {
        self.settle();
        let of = |queue: &mut VecDeque<(Duration, Key)>| {
            let due = queue.front().is_some_and(|(at, _)| *at <= now);
            if due { queue.pop_front() } else { None }
        };
        let timer = of(&mut self.trying)
            .or_else(|| of(&mut self.repeated))
            .or_else(|| of(&mut self.confirmed));
        let (at, key) = match timer {
            Some(timer) => timer,
            None => {
                let Reverse(timer) = *self.repeated_again.peek()?;
                if timer.0 > now {
                    return None;
                }
                self.repeated_again.pop();
                timer
            }
        };
        Some(self.fired(now, at, key))
    }

    fn fired(&mut self, now: Duration, at: Duration, key: Key) -> Option<Datagram> {
        let transaction = self.open.get_mut(&key)?;
        if transaction.due != at {
            return None;
        }
        let to = transaction.to;
        match &mut transaction.state {
            State::Proceeding(request, trying) => {
                let response = Reply::new(100).to(request).ok()?;
                let bytes = Message::Response(response).to_bytes();
                *trying = Some(bytes.clone());
                transaction.due = Duration::MAX;
                Some((bytes, to))
            }
            State::Completed { ends, .. } if *ends <= now => {
                self.open.remove(&key);
                None
            }
            State::Completed {
                answer,
                pause,
                ends,
            } => {
                transaction.due = (now + *pause).min(*ends);
                *pause = (*pause * 2).min(T2);
                self.repeated_again.push(Reverse((transaction.due, key)));
                Some((answer.clone(), to))
            }
            State::Confirmed => {
                self.open.remove(&key);
                None
            }
        }
    }

    /// Whoever began last needs a timer, unless it is answered already.
    fn settle(&mut self) {
        if let Some(key) = self.fresh.take()
            && let Some(transaction) = self.open.get(&key)
            && matches!(transaction.state, State::Proceeding(..))
        {
            self.trying.push_back((transaction.due, key));
        }
    }
}
