//! Transactions that are over but for copies of their messages, which may still come; pure.
//!
//! RFC 3261 and RFC 6026 keep a transaction 32 s after its last answer. All that it does in that
//! time is here, and all that it needs for it: its name, and what is sent when a copy comes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use bytes::Bytes;
use sipx_transport::Target;

use crate::endpoint::{Back, Role};
use crate::named::{Hashes, Key};

/// What is over may be forgotten a little later, many at once.
const SLACK: Duration = Duration::from_millis(500);

/// What is left of a request of the far end's.
#[derive(Debug)]
pub(super) enum Served {
    /// It was answered: copies get the same answer (timer J).
    Answered(Bytes, Box<Back>),
    /// It is an INVITE that was accepted: copies get nothing, as whoever has accepted it sends the
    /// 2xx again; an ACK is that one's (timer L of RFC 6026).
    Accepted(Box<Back>),
}

/// What is left of an INVITE of ours that was refused: copies of the refusal get the same ACK
/// (timer D).
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) ack: Bytes,
    pub(super) target: Box<Target>,
}

/// Transactions that are over.
#[derive(Debug, Default)]
pub(super) struct Rests {
    served: HashMap<Key, Served, Hashes>,
    refused: HashMap<Key, Refused, Hashes>,
    ends: BinaryHeap<Reverse<(Duration, Key, Role)>>,
}

impl Rests {
    /// Keeps what is left of a request of the far end's until then.
    pub(super) fn keep(&mut self, key: Key, rest: Served, until: Duration) {
        self.served.insert(key, rest);
        self.ends.push(Reverse((until, key, Role::Server)));
    }

    /// Keeps what is left of an INVITE of ours until then.
    pub(super) fn keep_refused(&mut self, key: Key, rest: Refused, until: Duration) {
        self.refused.insert(key, rest);
        self.ends.push(Reverse((until, key, Role::Client)));
    }

    /// What is left of a request of the far end's.
    pub(super) fn served(&self, key: Key) -> Option<&Served> {
        self.served.get(&key)
    }

    /// What is left of an INVITE of ours.
    pub(super) fn refused(&self, key: Key) -> Option<&Refused> {
        self.refused.get(&key)
    }

    /// How many are the far end's, and how many ours.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.served.len(), self.refused.len())
    }

    /// When it is time to forget some.
    pub(super) fn next(&self) -> Option<Duration> {
        self.ends.peek().map(|Reverse((until, ..))| *until + SLACK)
    }

    /// Forgets those whose time is over.
    pub(super) fn forget(&mut self, now: Duration) {
        while let Some(Reverse((until, key, role))) = self.ends.peek().copied() {
            if until > now {
                break;
            }
            self.ends.pop();
            match role {
                Role::Server => drop(self.served.remove(&key)),
                Role::Client => drop(self.refused.remove(&key)),
            }
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Refused, Rests, SLACK, Served};
    use crate::endpoint::{Back, Keys};
    use sipx_sip::{Limits, Message, parse_datagram};
    use sipx_transport::{Target, TransportKind};

    #[test]
    fn they_are_kept_until_their_time_is_over_and_no_longer() {
        let text = "BYE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nContent-Length: 0\r\n\r\n";
        let Ok(Message::Request(request)) = parse_datagram(text.into(), &Limits::datagram()) else {
            panic!("{text}");
        };
        let keys = Keys::default();
        let key = keys.of_request(&request).unwrap();
        let target = Target::new("127.0.0.1:5060".parse().unwrap(), TransportKind::Udp);
        let back = Back {
            target: target.clone(),
            advertised: None,
            doubtful: false,
        };
        let at = Duration::from_secs;
        let mut rests = Rests::default();
        assert_eq!(rests.next(), None);
        rests.keep(key, Served::Answered("x".into(), Box::new(back)), at(32));
        let (ack, target) = ("y".into(), Box::new(target));
        rests.keep_refused(key, Refused { ack, target }, at(33));
        assert_eq!(
            rests.len(),
            (1, 1),
            "both ends of a transaction may be ours"
        );
        assert_eq!(rests.next(), Some(at(32) + SLACK));
        rests.forget(at(31));
        assert!(rests.served(key).is_some() && rests.refused(key).is_some());
        rests.forget(at(32));
        assert!(rests.served(key).is_none() && rests.refused(key).is_some());
        rests.forget(at(40));
        assert_eq!((rests.len(), rests.next()), ((0, 0), None));
    }
}
