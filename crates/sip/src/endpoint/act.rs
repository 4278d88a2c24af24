//! What transactions want done: messages sent, timers set, owners told.

use std::sync::Arc;

use bytes::Bytes;
use sipx_sip::transaction::Output;
use sipx_sip::{
    Header, HeaderName, Message, Method, Request, RequestBuilder, TransactionKey, TuEvent,
};
use sipx_transport::{ConnectionKey, Target, TransportKind};
use tokio::sync::mpsc;

use crate::endpoint::{Inner, RESERVED, Role, SendFault, State, is_provisional};

/// What came of a transaction's wishes.
#[derive(Debug)]
pub(super) struct Done {
    /// Whether what was to be sent was.
    pub(super) sent: Result<(), SendFault>,
    /// What a server transaction has for whoever serves it.
    pub(super) told: Vec<TuEvent>,
}

impl State {
    /// Forgets a transaction.
    pub(super) fn finish(&mut self, role: Role, key: &TransactionKey) {
        match role {
            Role::Client => {
                if let Some(asked) = self.asked.remove(key) {
                    self.forget(asked.number, key);
                }
            }
            Role::Server => {
                if let Some(served) = self.served.remove(key) {
                    self.forget(served.number, key);
                }
            }
        }
    }

    /// Forgets a number and its timers, unless another transaction was begun with it meanwhile.
    fn forget(&mut self, number: u64, key: &TransactionKey) {
        if self
            .numbers
            .get(&number)
            .is_some_and(|(_, known)| known == key)
        {
            self.numbers.remove(&number);
            self.timers.forget(number);
        }
    }

    /// The number of a transaction that lives.
    fn number_of(&self, role: Role, key: &TransactionKey) -> Option<u64> {
        match role {
            Role::Client => self.asked.get(key).map(|asked| asked.number),
            Role::Server => self.served.get(key).map(|served| served.number),
        }
    }
}

impl Inner {
    /// Does what a transaction wants, in its order.
    pub(super) fn perform(
        self: &Arc<Self>,
        state: &mut State,
        role: Role,
        key: &TransactionKey,
        outputs: Vec<Output>,
    ) -> Done {
        let mut done = Done {
            sent: Ok(()),
            told: Vec::new(),
        };
        let number = state.number_of(role, key);
        for output in outputs {
            match output {
                Output::Send(message) => {
                    let sent = self.send_of(state, role, key, &message);
                    if let Err(error) = sent {
                        tracing::debug!(%error, "a message was not sent");
                        done.sent = Err(error);
                        let layer = match role {
                            Role::Client => &mut state.clients,
                            Role::Server => &mut state.servers,
                        };
                        let outputs = layer.on_transport_error(key);
                        let more = self.perform(state, role, key, outputs);
                        done.told.extend(more.told);
                        return done;
                    }
                }
                Output::SetTimer { timer, after } => {
                    let at = self.now() + after;
                    if let Some(number) = number {
                        state.timers.set(number, timer, at);
                    }
                }
                Output::ClearTimer(timer) => {
                    if let Some(number) = number {
                        state.timers.clear(number, timer);
                    }
                }
                Output::ToTu(event) => match role {
                    Role::Server => done.told.push(*event),
                    Role::Client => self.tell(state, key, *event),
                },
                Output::Terminated(_) => state.finish(role, key),
                _ => tracing::error!("a transaction wants something that is not known here"),
            }
        }
        done
    }

    /// Tells the owner of a client transaction.
    fn tell(self: &Arc<Self>, state: &mut State, key: &TransactionKey, event: TuEvent) {
        let Some(asked) = state.asked.get_mut(key) else {
            return;
        };
        let provisional = is_provisional(&event);
        let cancels = provisional && asked.cancel.is_some();
        asked.ringing = provisional;
        if !(provisional && asked.events.capacity() <= RESERVED) {
            // discard: its owner has gone, or has enough copies of the same to deal with.
            let _ = asked.events.try_send(event);
        }
        if cancels {
            self.send_cancel(state, key);
        }
    }

    /// Sends the CANCEL of an INVITE that rings.
    pub(super) fn send_cancel(self: &Arc<Self>, state: &mut State, key: &TransactionKey) {
        let Some(asked) = state.asked.get_mut(key) else {
            return;
        };
        let Some(reason) = asked.cancel.take() else {
            return;
        };
        if std::mem::replace(&mut asked.cancelled, true) {
            return;
        }
        let target = asked.target.clone();
        let invite = state.clients.client_request(key);
        let Some(invite) = invite.filter(|request| request.method == Method::Invite) else {
            return;
        };
        let reason = reason.map(|reason| reason.to_bytes());
        let cancel = cancel_of(invite, reason);
        let (sender, _) = mpsc::channel(1);
        state.next += 1;
        let number = state.next;
        let sent = cancel
            .map_err(SendFault::from)
            .and_then(|cancel| self.begin(state, cancel, target, number, sender));
        if let Err(error) = sent {
            tracing::debug!(%error, "an INVITE was not cancelled");
        }
    }

    fn send_of(
        self: &Arc<Self>,
        state: &mut State,
        role: Role,
        key: &TransactionKey,
        message: &Message,
    ) -> Result<(), SendFault> {
        let bytes = message.to_bytes();
        match role {
            Role::Client => {
                let target = state.asked.get(key).map(|asked| asked.target.clone());
                let target = target.ok_or(SendFault::NoTransaction)?;
                self.transmit(state, bytes, &target)
            }
            Role::Server => {
                let served = state.served.get(key).ok_or(SendFault::NoTransaction)?;
                let (target, advertised) = (served.target.clone(), served.advertised.clone());
                if target.transport == TransportKind::Udp {
                    return self.transmit(state, bytes, &target);
                }
                if let Some(connection) = state.connections.get(&target.connection()) {
                    return connection.send(bytes, target.addr);
                }
                // The connection that it came by is gone (RFC 3261, section 18.2.2).
                match advertised.filter(|to| to.transport == TransportKind::Tcp) {
                    Some(target) => self.transmit(state, bytes, &target),
                    None => Err(SendFault::NoConnection(target.addr)),
                }
            }
        }
    }

    /// Puts bytes on the wire, over the connection that there is or a new one.
    pub(super) fn transmit(
        self: &Arc<Self>,
        state: &mut State,
        bytes: Bytes,
        target: &Target,
    ) -> Result<(), SendFault> {
        if target.transport == TransportKind::Udp {
            return match self.udp.try_send_to(&bytes, target.addr) {
                Ok(_) => Ok(()),
                // A full buffer loses the packet, as the network may; it is sent again.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        let key = target.connection();
        if !state.connections.contains_key(&key) {
            self.dial(state, &key, target)?;
        }
        match state.connections.get(&key) {
            Some(connection) => connection.send(bytes, target.addr),
            None => Err(SendFault::NoConnection(target.addr)),
        }
    }

    /// A connection is gone, or was never made: what waits for it hears of it now.
    pub(super) fn lost(self: &Arc<Self>, key: &ConnectionKey, number: u64) {
        let mut state = self.state();
        match state.connections.get(key) {
            Some(connection) if connection.number == number => {
                state.connections.remove(key);
            }
            _ => return,
        }
        let waiting: Vec<TransactionKey> = state
            .asked
            .iter()
            .filter(|(_, asked)| {
                asked.target.transport != TransportKind::Udp && asked.target.connection() == *key
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in waiting {
            if self.again_by_udp(&mut state, &key) {
                continue;
            }
            let outputs = state.clients.on_transport_error(&key);
            self.perform(&mut state, Role::Client, &key, outputs);
        }
        self.release(state);
    }
}

/// The CANCEL of an INVITE: its Via, its route, its number (RFC 3261, section 9.1).
fn cancel_of(invite: &Request, reason: Option<Bytes>) -> Result<Request, sipx_sip::BuildError> {
    let mut cancel = RequestBuilder::new(Method::Cancel, invite.uri.clone()).max_forwards(70);
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId] {
        let value = invite.headers.value(&name).unwrap_or_default().into_owned();
        cancel = cancel.header(name, value)?;
    }
    let number = crate::message::sequence(&invite.headers).unwrap_or(1);
    cancel = cancel.cseq(number, &Method::Cancel)?;
    for route in invite.headers.get_all(&HeaderName::Route) {
        cancel = cancel.header(HeaderName::Route, route.value().into_owned())?;
    }
    if let Some(reason) = reason {
        cancel = cancel.header(HeaderName::Reason, reason)?;
    }
    let mut cancel = cancel.build();
    let via = invite
        .headers
        .value(&HeaderName::Via)
        .unwrap_or_default()
        .into_owned();
    cancel
        .headers
        .push_front(Header::build(HeaderName::Via, via)?);
    Ok(cancel)
}
