//! What an established leg does for direct sound: hands a description on, and takes its own back.

use std::net::IpAddr;
use std::sync::Arc;

use callroute_schema::Cause;
use sipx_sip::{Host, Via};
use sipx_transport::{Target, TransportKind};
use tokio::sync::Notify;

use super::Established;
use crate::dialog::Dialog;
use crate::endpoint::Incoming;
use crate::leg::direct::{Ask, Peer};
use crate::leg::offering::Asked;
use crate::sdp::{self, Described, Local, Remote};

/// The far end speaks with another one. Dropping it says that this is over.
#[derive(Debug)]
pub(super) struct Direct {
    other: Box<Described>,
    changed: Arc<Notify>,
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

impl Peer {
    /// Whoever sent this INVITE. Behind a NAT Via names another address or port than we see (RFC
    /// 3581).
    pub(super) fn caller(incoming: &Incoming, dialog: &Dialog) -> Self {
        let source = incoming.flow.addr;
        let via = incoming.request.headers.typed::<Via>();
        let mapped = via.and_then(Result::ok).is_none_or(|via| {
            let address = matches!(via.host, Host::Ip(ip) if ip != source.ip());
            let udp = incoming.flow.transport == TransportKind::Udp;
            address || udp && via.port.unwrap_or(5060) != source.port()
        });
        Self {
            ip: source.ip(),
            behind_nat: mapped || is_hidden(dialog, source.ip()),
        }
    }

    /// Whoever has answered an INVITE that went there.
    pub(crate) fn callee(target: &Target, dialog: &Dialog) -> Self {
        let ip = target.addr.ip();
        Self {
            ip,
            behind_nat: is_hidden(dialog, ip),
        }
    }
}

/// Whether a far end says that it is at another address than it is; proxies may stand between.
fn is_hidden(dialog: &Dialog, ip: IpAddr) -> bool {
    !dialog.is_routed() && matches!(dialog.next_hop().host(), Some(Host::Ip(named)) if *named != ip)
}

impl Established {
    /// Something of direct sound.
    pub(super) async fn direct(&mut self, ask: Ask) {
        match ask {
            Ask::Describe(told) => {
                if !self.answered || self.unacked.is_some() || self.offering.is_some() {
                    // Dropped: it cannot be told yet.
                    return;
                }
                let networks = &self.leg.stack.config.direct_media;
                let described = self.leg.described.clone();
                let described =
                    described.filter(|found| self.peer.is_direct(networks, found.media));
                // discard: who asked has gone.
                let _ = told.send(described);
            }
            Ask::HandOn(other, changed, told) => {
                if self.is_busy() {
                    // discard: as above.
                    let _ = told.send(Err(Cause::from_sip(491)));
                    return;
                }
                self.leg.local.version += 1;
                let body = sdp::handed_on(&self.leg.local, &other);
                self.direct = Some(Direct { other, changed });
                self.reinvite(body, Asked::HandOn(told)).await;
            }
            Ask::Return(told) => {
                if self.is_busy() {
                    // discard: as above.
                    let _ = told.send(Err(Cause::from_sip(491)));
                    return;
                }
                self.direct = None;
                // As long as it refuses to come back, it is away.
                if !self.away {
                    // discard: as above.
                    let _ = told.send(Ok(None));
                    return;
                }
                self.leg.local.version += 1;
                let body = self.description(sipx_sdp::Direction::SendRecv);
                self.reinvite(body, Asked::Return(told)).await;
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.unacked.is_some() || self.offering.is_some() || self.leg.notices.has_ended()
    }

    /// Our description as an offer of all that we speak: of our own end, or of the other one with whom the
    /// far end speaks.
    pub(super) fn description(&self, direction: sipx_sdp::Direction) -> String {
        match &self.direct {
            Some(direct) => sdp::handed_on(&self.leg.local, &direct.other),
            None => sdp::offer(&self.leg.local, &self.leg.stack.config.codecs, direction),
        }
    }

    /// The same, of what is agreed on alone: the far end changes nothing by its answer.
    pub(super) fn same_description(&self, direction: sipx_sdp::Direction) -> String {
        let again = match self.direct {
            Some(_) => None,
            None => sdp::again(&self.leg.local, direction),
        };
        again.unwrap_or_else(|| self.description(direction))
    }

    /// Our answer to an offer of the far end's. When it changes something, it speaks with us again.
    pub(super) async fn answer_to(&mut self, remote: Remote) -> String {
        let same = |described: &Described| described.is_repeated_by(&remote);
        let same = self.leg.described.as_deref().is_some_and(same);
        if let Some(direct) = self.direct.as_ref().filter(|_| same) {
            let there = Local {
                media: direct.other.media,
                ..self.leg.local.clone()
            };
            return sdp::answer(&there, &remote);
        }
        (self.direct, self.away) = (None, false);
        self.leg.local.version += 1;
        let body = sdp::answer(&self.leg.local, &remote);
        self.leg.agree(remote).await;
        body
    }
}
