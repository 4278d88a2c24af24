//! Sound that goes from one far end to the other: each is given the other's description by re-INVITE
//! (RFC 3725, section 4, for two dialogs that are established).
//!
//! ```text
//!   A <-- re-INVITE, B's description --- us        A's answer goes on to B; when either refuses,
//!   us --- re-INVITE, A's answer ------> B         or anything changes, both get ours again
//! ```

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use callroute_schema::{Cause, Network, is_private};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::sleep;

use crate::leg::LegCommand;
use crate::sdp::Described;

/// How long it may take until both ends are answered and nothing else is under way.
const READY: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);
/// How often a far end is asked to come back that is busy with a re-INVITE of its own, and how long
/// is waited between (RFC 3261, section 14.1: 2.1 to 4 s; less is allowed to whom began the dialog).
const TRIES: u32 = 5;
const BUSY: Duration = Duration::from_millis(2_100);

/// What a leg is asked, and by whom the answer is awaited. A leg that is not answered yet, or is
/// over, drops it.
#[derive(Debug)]
pub(crate) enum Ask {
    /// What its far end has said of itself, if it may be handed on now.
    Describe(oneshot::Sender<Option<Box<Described>>>),
    /// To hand this description to its far end; tells what that answers, and later when something
    /// has changed.
    HandOn(Box<Described>, Arc<Notify>, Told),
    /// To have its far end speak with us again.
    Return(Told),
}

/// Who wants to know what a far end has answered.
pub(crate) type Told = oneshot::Sender<Result<Option<Box<Described>>, Cause>>;

/// The far end of an established leg, as it is reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) ip: IpAddr,
    /// What it says of its address is not what we see.
    pub(crate) behind_nat: bool,
}

impl Peer {
    /// Whether a description of this far end may be handed on: its sound must be where it says, in a
    /// network that was named. A private address is that of another network, unless it is the
    /// peer's own.
    pub(crate) fn is_direct(self, networks: &[Network], media: SocketAddr) -> bool {
        let ip = media.ip();
        !self.behind_nat
            && (!is_private(ip) || ip == self.ip)
            && ip.is_ipv4() == self.ip.is_ipv4()
            && networks.iter().any(|network| network.contains(ip))
    }
}

/// One end of a pair, as a leg's commands. Held weakly: a leg ends when its line is dropped.
type End = mpsc::WeakSender<LegCommand>;

/// Connects two legs directly for as long as nothing is dropped or changed.
pub(crate) async fn connect(a: End, b: End, mut stop: oneshot::Receiver<()>) {
    let Some((of_a, of_b)) = ready(&a, &b, &mut stop).await else {
        return;
    };
    let (Some(for_a), true) = (of_b.with(&of_a), of_a.with(&of_b).is_some()) else {
        tracing::debug!("two far ends without a codec in common; their sound goes by us");
        return;
    };
    let changed = Arc::new(Notify::new());
    let for_b = match hand_on(&a, for_a, &changed).await {
        Ok(Some(answer)) => answer,
        Ok(None) => return give_back(&[&a]).await,
        Err(why) => {
            tracing::info!(?why, "a far end stays with us; the sound goes by us");
            // It may have accepted, and said nothing that can be used.
            return give_back(&[&a]).await;
        }
    };
    match hand_on(&b, *for_b, &changed).await {
        Ok(Some(answer)) if answer.media == of_b.media => tracing::debug!("sound goes directly"),
        other => {
            tracing::info!(?other, "a far end stays with us; the sound goes by us");
            return give_back(&[&a, &b]).await;
        }
    }
    tokio::select! {
        _ = stop => {}
        () = changed.notified() => {}
    }
    give_back(&[&a, &b]).await;
}

/// Waits until both are answered, and gives what they said.
async fn ready(
    a: &End,
    b: &End,
    stop: &mut oneshot::Receiver<()>,
) -> Option<(Described, Described)> {
    for _ in 0..READY {
        if let (Ok(of_a), Ok(of_b)) = (describe(a).await, describe(b).await) {
            // Answered: what may not be handed on now is left alone.
            return of_a.zip(of_b).map(|(a, b)| (*a, *b));
        }
        tokio::select! {
            _ = &mut *stop => return None,
            () = sleep(PAUSE) => {}
        }
        if a.upgrade().is_none() || b.upgrade().is_none() {
            return None;
        }
    }
    None
}

/// `Err` when the leg cannot tell yet.
async fn describe(end: &End) -> Result<Option<Box<Described>>, ()> {
    let (told, tells) = oneshot::channel();
    tell(end, Ask::Describe(told)).await?;
    tells.await.map_err(|_| ())
}

/// `Err` when the leg is over.
async fn tell(end: &End, ask: Ask) -> Result<(), ()> {
    let end = end.upgrade().ok_or(())?;
    end.send(LegCommand::Direct(ask)).await.map_err(|_| ())
}

async fn hand_on(
    end: &End,
    other: Described,
    changed: &Arc<Notify>,
) -> Result<Option<Box<Described>>, Option<Cause>> {
    let (told, tells) = oneshot::channel();
    let ask = Ask::HandOn(Box::new(other), Arc::clone(changed), told);
    asked(end, ask, tells).await
}

async fn asked(
    end: &End,
    ask: Ask,
    tells: oneshot::Receiver<Result<Option<Box<Described>>, Cause>>,
) -> Result<Option<Box<Described>>, Option<Cause>> {
    tell(end, ask).await.map_err(|()| None)?;
    tells.await.map_err(|_| None)?.map_err(Some)
}

/// Has far ends speak with us again.
async fn give_back(ends: &[&End]) {
    for end in ends {
        for _ in 0..TRIES {
            let (told, tells) = oneshot::channel();
            match asked(end, Ask::Return(told), tells).await {
                Err(Some(Cause {
                    sip_code: Some(491),
                    ..
                })) => sleep(BUSY).await,
                Err(Some(why)) => {
                    tracing::warn!(?why, "a far end does not come back to us");
                    break;
                }
                // It has, or it is over.
                Ok(_) | Err(None) => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Peer;

    #[test]
    fn only_what_is_where_it_says_is_handed_on() {
        let networks = [
            "203.0.113.0/24",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "2001:db8::/32",
        ];
        let networks = networks.map(|network| network.parse().unwrap());
        for (ip, behind_nat, media, wanted) in [
            ("203.0.113.7", false, "203.0.113.7:4000", true),
            // A trunk's sound comes from another machine of its network.
            ("203.0.113.7", false, "203.0.113.9:4000", true),
            ("203.0.113.7", true, "203.0.113.7:4000", false),
            ("203.0.113.7", false, "198.51.100.1:4000", false),
            // A private address of somebody who is elsewhere.
            ("203.0.113.7", false, "10.0.0.7:4000", false),
            ("203.0.113.7", false, "100.64.0.7:4000", false),
            ("10.0.0.7", false, "10.0.0.7:4000", true),
            ("10.0.0.7", false, "10.0.0.8:4000", false),
            ("2001:db8::1", false, "[2001:db8::1]:4000", true),
            ("203.0.113.7", false, "[2001:db8::1]:4000", false),
        ] {
            let peer = Peer {
                ip: ip.parse().unwrap(),
                behind_nat,
            };
            let media = media.parse().unwrap();
            assert_eq!(peer.is_direct(&networks, media), wanted, "{ip} {media}");
        }
    }
}
