//! Client transactions, and which of them a connection carries.

use std::collections::{HashMap, HashSet};

use sipx_sip::transaction::ClientTransaction;
use sipx_sip::{Method, Reason};
use sipx_transport::{ConnectionKey, Target, TransportKind};

use crate::endpoint::exchange::Owner;
use crate::named::{Hashes, Key};

/// A client transaction.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) number: u64,
    /// `None` for an INVITE that has a 2xx, after which only other 2xx are told. Boxed, as most that are
    /// known at a time have none: each of those is kept for 32 s.
    pub(super) machine: Option<Box<ClientTransaction>>,
    /// Where it was sent; this does not change.
    pub(super) target: Target,
    pub(super) owner: Owner,
    /// A provisional response has come, so it may be cancelled.
    pub(super) ringing: bool,
    /// It is to be cancelled as soon as it may be.
    pub(super) cancel: Option<Option<Reason>>,
    /// Its CANCEL was sent.
    pub(super) cancelled: bool,
    /// How to send it over UDP, where TCP was only tried because of its length.
    pub(super) by_udp: Option<Target>,
}

impl Asked {
    /// Whether it is an INVITE that has no final answer.
    pub(super) fn is_open_invite(&self) -> bool {
        let machine = self.machine.as_ref();
        machine.is_some_and(|machine| machine.request().method == Method::Invite)
    }

    /// The connection that carries it, if it is not sent over UDP.
    fn connection(&self) -> Option<ConnectionKey> {
        (self.target.transport != TransportKind::Udp).then(|| self.target.connection())
    }
}

/// All client transactions.
#[derive(Debug, Default)]
pub(super) struct AllAsked {
    all: HashMap<Key, Asked, Hashes>,
    /// When a connection goes, only its own are looked at.
    carried: HashMap<ConnectionKey, HashSet<Key, Hashes>>,
}

impl AllAsked {
    pub(super) fn insert(&mut self, key: Key, asked: Asked) {
        self.remove(&key);
        if let Some(connection) = asked.connection() {
            self.carried.entry(connection).or_default().insert(key);
        }
        self.all.insert(key, asked);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Asked> {
        let asked = self.all.remove(key)?;
        if let Some(connection) = asked.connection()
            && let Some(carried) = self.carried.get_mut(&connection)
        {
            carried.remove(key);
            if carried.is_empty() {
                self.carried.remove(&connection);
            }
        }
        Some(asked)
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Asked> {
        self.all.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<&mut Asked> {
        self.all.get_mut(key)
    }

    /// Those that this connection carries.
    pub(super) fn carried_by(&self, connection: &ConnectionKey) -> Vec<Key> {
        let carried = self.carried.get(connection);
        carried.into_iter().flatten().copied().collect()
    }

    /// Whether this connection is only tried for the length of a request.
    pub(super) fn is_tried(&self, connection: &ConnectionKey) -> bool {
        let mut carried = self.carried.get(connection).into_iter().flatten();
        carried.any(|key| self.get(key).is_some_and(|asked| asked.by_udp.is_some()))
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.carried.clear();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::named::Names;

    fn asked(port: u16, transport: TransportKind) -> Asked {
        Asked {
            number: 1,
            machine: None,
            target: Target::new(([192, 0, 2, 1], port).into(), transport),
            owner: Owner::Waits(mpsc::channel(1).0),
            ringing: false,
            cancel: None,
            cancelled: false,
            by_udp: None,
        }
    }

    #[test]
    fn a_connection_carries_what_was_sent_over_it_until_that_is_over() {
        let names = Names::default();
        let name = |number: u8| names.of(number);
        let mut all = AllAsked::default();
        let (tcp, udp) = (TransportKind::Tcp, TransportKind::Udp);
        for (key, port, transport) in [(1, 1, tcp), (2, 1, tcp), (3, 2, tcp), (4, 1, udp)] {
            all.insert(name(key), asked(port, transport));
        }
        let connection = asked(1, tcp).target.connection();
        let mut carried = all.carried_by(&connection);
        carried.sort();
        let mut wanted = [name(1), name(2)];
        wanted.sort();
        assert_eq!(carried, wanted);
        all.remove(&name(1));
        // Over UDP after all.
        all.insert(name(2), asked(1, udp));
        assert!(all.carried_by(&connection).is_empty());
        for key in 2..=4 {
            all.remove(&name(key));
        }
        assert!(all.len() == 0 && all.carried.is_empty());
    }
}
