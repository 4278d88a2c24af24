//! How a request of ours begins: its Via, and by what it is carried.

use std::sync::{Arc, Weak};

use sipx_sip::transaction::ClientTransaction;
use sipx_sip::{Header, HeaderName, Request};
use sipx_transport::{Target, TransportKind, new_branch};

use crate::endpoint::asked::Asked;
use crate::endpoint::exchange::Owner;
use crate::endpoint::{Endpoint, Inner, Role, SendFault, State};
use crate::message::is_longer;
use crate::named::Key;

/// Requests longer than this go over TCP (RFC 3261, section 18.1.1).
const MAX_UDP_REQUEST: usize = 1300;

impl Endpoint {
    /// Gives a request its Via. One that is too long for UDP goes over TCP (RFC 3261, section 18.1.1), unless
    /// a registration has opened the way: what listens there is a NAT. The second is how it goes when
    /// there is no TCP.
    pub(super) fn carried(
        &self,
        request: &mut Request,
        to: Target,
    ) -> Result<(Target, Option<Target>), SendFault> {
        self.push_via(request, to.transport)?;
        if to.transport != TransportKind::Udp || !is_longer(request, MAX_UDP_REQUEST) {
            return Ok((to, None));
        }
        let upper = self.0.upper.get().and_then(Weak::upgrade);
        if upper.is_some_and(|upper| upper.keeps(&to)) {
            return Ok((to, None));
        }
        request.headers.remove_first(&HeaderName::Via);
        self.push_via(request, TransportKind::Tcp)?;
        Ok((Target::new(to.addr, TransportKind::Tcp), Some(to)))
    }

    fn push_via(&self, request: &mut Request, transport: TransportKind) -> Result<(), SendFault> {
        let via = self.via(transport, &new_branch());
        request
            .headers
            .push_front(Header::build(HeaderName::Via, via)?);
        Ok(())
    }
}

impl Inner {
    /// Begins a client transaction, with what has its Via.
    pub(super) fn begin(
        self: &Arc<Self>,
        state: &mut State,
        request: Request,
        (target, by_udp): (Target, Option<Target>),
        number: u64,
        owner: Owner,
    ) -> Result<(), SendFault> {
        let key = self.keys.of_sent(&request).ok_or(SendFault::NoVia)?;
        let reliability = target.transport.reliability();
        let (machine, outputs) = ClientTransaction::new(request, reliability, self.waits);
        let asked = Asked {
            number,
            machine: Some(Box::new(machine)),
            target,
            owner,
            ringing: false,
            cancel: None,
            cancelled: false,
            by_udp,
        };
        state.asked.insert(key, asked);
        state.numbers.insert(number, (Role::Client, key));
        self.perform(state, Role::Client, key, outputs).sent
    }

    /// Sends a request that went over TCP only for its length over UDP after all; not what is given up
    /// already, which nobody has heard of.
    pub(super) fn again_by_udp(self: &Arc<Self>, state: &mut State, key: Key) -> bool {
        let may = |asked: &Asked| {
            asked.by_udp.is_some() && asked.machine.is_some() && asked.cancel.is_none()
        };
        if !state.asked.get(&key).is_some_and(may) {
            return false;
        }
        let Some(Asked {
            machine: Some(machine),
            by_udp: Some(target),
            owner,
            number,
            ..
        }) = state.asked.remove(&key)
        else {
            return false;
        };
        state.timers.forget(number);
        let mut request = machine.request().clone();
        request.headers.remove_first(&HeaderName::Via);
        let named = Endpoint(Arc::clone(self)).push_via(&mut request, TransportKind::Udp);
        let sent = named.and_then(|()| self.begin(state, request, (target, None), number, owner));
        if let Err(error) = &sent {
            tracing::debug!(%error, "a long request was sent by neither TCP nor UDP");
        }
        true
    }
}
