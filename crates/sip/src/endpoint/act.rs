//! What transactions want done: messages sent, timers set, owners told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sipx_sip::transaction::Output;
use sipx_sip::{
    Header, HeaderName, Message, Method, Request, RequestBuilder, Response, Timer, TuEvent,
};
use sipx_transport::{ConnectionKey, Target, TransportKind};
use tokio::sync::mpsc;

use crate::endpoint::exchange::Owner;
use crate::endpoint::rest::{self, Refused};
use crate::endpoint::{Back, Inner, Role, SendFault, State, is_provisional};
use crate::family::reached_from;
use crate::named::Key;

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
    pub(super) fn finish(&mut self, role: Role, key: Key) {
        let number = match role {
            Role::Client => self.asked.remove(&key).map(|asked| asked.number),
            Role::Server => self.served.remove(&key).map(|served| served.number),
        };
        if let Some(number) = number {
            self.forget(number, key);
        }
    }

    /// Forgets a number and its timers, unless another transaction was begun with it meanwhile.
    fn forget(&mut self, number: u64, key: Key) {
        if self
            .numbers
            .get(&number)
            .is_some_and(|(_, known)| *known == key)
        {
            self.numbers.remove(&number);
            self.timers.forget(number);
        }
    }

    /// Whether it is an INVITE of ours that has a 2xx.
    pub(super) fn is_accepted(&self, key: Key) -> bool {
        self.asked
            .get(&key)
            .is_some_and(|asked| asked.machine.is_none())
    }

    /// Whether its owner has left it to somebody else.
    pub(super) fn is_left(&self, key: Key) -> bool {
        let asked = self.asked.get(&key);
        asked.is_some_and(|asked| matches!(asked.owner, Owner::Left(_)))
    }

    /// When a timer fires next, or something is over.
    pub(super) fn next(&mut self) -> Option<Duration> {
        let timer = self.timers.next();
        timer.into_iter().chain(self.rests.next()).min()
    }

    /// A transaction has come to the state in which it only waits for copies: from now on it is no
    /// more than what that takes. `last` is what it has sent, and `until` when it is over, unless it
    /// is that now.
    fn rest(&mut self, key: Key, timer: Timer, last: Option<Bytes>, until: Option<Duration>) {
        if matches!(timer, Timer::J | Timer::L) {
            let Some(served) = self.served.remove(&key) else {
                return;
            };
            self.forget(served.number, key);
            let back = Box::new(served.back);
            let rest = match (timer, last) {
                (Timer::L, _) => rest::Served::Accepted(back),
                (_, Some(last)) => rest::Served::Answered(last, back),
                (_, None) => return,
            };
            if let Some(until) = until {
                self.rests.keep(key, rest, until);
            }
            return;
        }
        // Timers D and K; what answers a request that is over is not looked at.
        let Some(asked) = self.asked.remove(&key) else {
            return;
        };
        self.forget(asked.number, key);
        if let (Timer::D, Some(ack), Some(until)) = (timer, last, until) {
            let target = Box::new(asked.target);
            self.rests.keep_refused(key, Refused { ack, target }, until);
        }
    }

    /// The number of a transaction that lives.
    fn number_of(&self, role: Role, key: Key) -> Option<u64> {
        match role {
            Role::Client => self.asked.get(&key).map(|asked| asked.number),
            Role::Server => self.served.get(&key).map(|served| served.number),
        }
    }

    /// What a transaction wants done whose message could not be sent.
    fn fails(&mut self, role: Role, key: Key) -> Vec<Output> {
        match role {
            Role::Client => self
                .asked
                .get_mut(&key)
                .and_then(|asked| asked.machine.as_mut())
                .map(|machine| machine.on_transport_error()),
            Role::Server => self
                .served
                .get_mut(&key)
                .map(|served| served.machine.on_transport_error()),
        }
        .unwrap_or_default()
    }
}

impl Inner {
    /// Does what a transaction wants, in its order.
    pub(super) fn perform(
        self: &Arc<Self>,
        state: &mut State,
        role: Role,
        key: Key,
        outputs: Vec<Output>,
    ) -> Done {
        let mut done = Done {
            sent: Ok(()),
            told: Vec::new(),
        };
        let number = state.number_of(role, key);
        let mut last = None;
        for output in outputs {
            match output {
                Output::Send(message) => {
                    let bytes = message.to_bytes();
                    last = Some(bytes.clone());
                    let sent = self.send_of(state, role, key, bytes);
                    if let Err(error) = sent {
                        tracing::debug!(%error, "a message was not sent");
                        done.sent = Err(error);
                        let outputs = state.fails(role, key);
                        let more = self.perform(state, role, key, outputs);
                        done.told.extend(more.told);
                        return done;
                    }
                }
                Output::SetTimer {
                    timer: timer @ (Timer::D | Timer::J | Timer::K | Timer::L),
                    after,
                } => {
                    let until = (!after.is_zero()).then(|| self.now() + after);
                    state.rest(key, timer, last.take(), until);
                }
                Output::SetTimer { timer, after } => {
                    if timer == Timer::M
                        && let Some(asked) = state.asked.get_mut(&key)
                    {
                        asked.machine = None;
                    }
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
    pub(super) fn tell(self: &Arc<Self>, state: &mut State, key: Key, event: TuEvent) {
        let Some(asked) = state.asked.get_mut(&key) else {
            return;
        };
        let provisional = is_provisional(&event);
        let cancels = provisional && asked.cancel.is_some();
        asked.ringing = provisional;
        asked.owner.tell(event);
        if cancels {
            self.send_cancel(state, key);
        }
    }

    /// Sends the CANCEL of an INVITE that rings.
    pub(super) fn send_cancel(self: &Arc<Self>, state: &mut State, key: Key) {
        let Some(asked) = state.asked.get_mut(&key) else {
            return;
        };
        let Some(reason) = asked.cancel.take() else {
            return;
        };
        if std::mem::replace(&mut asked.cancelled, true) {
            return;
        }
        let target = asked.target.clone();
        let invite = asked.machine.as_ref().map(|machine| machine.request());
        let Some(invite) = invite.filter(|request| request.method == Method::Invite) else {
            return;
        };
        let reason = reason.map(|reason| reason.to_bytes());
        let cancel = cancel_of(invite, reason);
        let (sender, _) = mpsc::channel(1);
        state.next += 1;
        let number = state.next;
        let (to, owner) = ((target, None), Owner::Waits(sender));
        let sent = cancel
            .map_err(SendFault::from)
            .and_then(|cancel| self.begin(state, cancel, to, number, owner));
        if let Err(error) = sent {
            tracing::debug!(%error, "an INVITE was not cancelled");
        }
    }

    fn send_of(
        self: &Arc<Self>,
        state: &mut State,
        role: Role,
        key: Key,
        bytes: Bytes,
    ) -> Result<(), SendFault> {
        match role {
            Role::Client => {
                let target = state.asked.get(&key).map(|asked| asked.target.clone());
                let target = target.ok_or(SendFault::NoTransaction)?;
                self.transmit(state, bytes, &target)
            }
            Role::Server => {
                let served = state.served.get_mut(&key);
                let served = served.ok_or(SendFault::NoTransaction)?;
                let first = served.says(&bytes);
                let back = served.back.clone();
                self.send_back(state, bytes, &back, first)
            }
        }
    }

    /// Sends an answer; one that is not the `first` of its kind only where nobody can use us against
    /// somebody else by it.
    fn send_back(
        self: &Arc<Self>,
        state: &mut State,
        bytes: Bytes,
        back: &Back,
        first: bool,
    ) -> Result<(), SendFault> {
        let Back {
            target, advertised, ..
        } = back;
        if back.doubtful {
            let (now, ip) = (self.now(), target.addr.ip());
            if !self.guard().answer(now, ip, bytes.len(), first) {
                return Ok(());
            }
        }
        if target.transport == TransportKind::Udp {
            return self.transmit(state, bytes, target);
        }
        if let Some(connection) = state.connections.get(&target.connection()) {
            return connection.send(bytes, target.addr);
        }
        // The connection that it came by is gone (RFC 3261, section 18.2.2).
        match advertised
            .as_ref()
            .filter(|to| to.transport == TransportKind::Tcp)
        {
            Some(target) => self.transmit(state, bytes, target),
            None => Err(SendFault::NoConnection(target.addr)),
        }
    }

    /// A 2xx is sent again by whoever has accepted an INVITE, until its ACK comes.
    pub(super) fn once_more(
        self: &Arc<Self>,
        state: &mut State,
        key: Key,
        response: Response,
    ) -> Result<(), SendFault> {
        let Some(rest::Served::Accepted(back)) = state.rests.served(key) else {
            return Err(SendFault::NoTransaction);
        };
        if !response.status.is_success() {
            return Ok(());
        }
        let back = back.as_ref().clone();
        let bytes = Message::Response(response).to_bytes();
        self.send_back(state, bytes, &back, false)
    }

    /// A copy of what a transaction that is over was about; `false` when there is no such one.
    pub(super) fn copied(self: &Arc<Self>, state: &mut State, key: Key) -> bool {
        let (bytes, back) = match state.rests.served(key) {
            Some(rest::Served::Answered(bytes, back)) => (bytes.clone(), back.as_ref().clone()),
            Some(rest::Served::Accepted(_)) => return true,
            None => return false,
        };
        if let Err(error) = self.send_back(state, bytes, &back, false) {
            tracing::debug!(%error, "an answer was not sent again");
        }
        true
    }

    /// A response to a request of ours that is over, or to an INVITE that has a 2xx.
    pub(super) fn answered_again(
        self: &Arc<Self>,
        state: &mut State,
        key: Key,
        response: Response,
    ) {
        if response.status.is_success() && state.is_accepted(key) {
            return self.tell(state, key, TuEvent::Response(Box::new(response)));
        }
        if response.status.is_provisional() {
            return;
        }
        if let Some(Refused { ack, target }) = state.rests.refused(key) {
            let (ack, target) = (ack.clone(), target.as_ref().clone());
            if let Err(error) = self.transmit(state, ack, &target) {
                tracing::debug!(%error, "an ACK was not sent again");
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
            let to = reached_from(self.local, target.addr);
            return match self.udp.send(&bytes, to) {
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
        let made = match state.connections.get(key) {
            Some(connection) if connection.number == number => connection.made,
            _ => return,
        };
        state.connections.remove(key);
        for key in state.asked.carried_by(key) {
            // Over one that was there it may have arrived (RFC 3261, section 18.1.1).
            if !made && self.again_by_udp(&mut state, key) {
                continue;
            }
            // Its ACK may have been on the way: the 2xx comes once more, by whatever connection, until
            // timer M (RFC 6026).
            if state.is_accepted(key) {
                continue;
            }
            // Who rings knows nothing of it, and another is rung in his place.
            if let Some(asked) = state.asked.get_mut(&key)
                && asked.ringing
            {
                asked.cancel.get_or_insert(None);
                self.send_cancel(&mut state, key);
            }
            let outputs = state.fails(Role::Client, key);
            self.perform(&mut state, Role::Client, key, outputs);
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
