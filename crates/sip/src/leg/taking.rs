//! An INVITE that takes the place of another dialog, on a leg that exists (RFC 3891).

use std::sync::Arc;

use sipx_sip::{HeaderName, Response};
use tokio::sync::mpsc;

use crate::dialog::Dialog;
use crate::dispatch::offered;
use crate::endpoint::Incoming;
use crate::leg::caller::establishing;
use crate::leg::offering::Offering;
use crate::leg::session_timer::SessionTimer;
use crate::message::{ALLOW, Reply, SUPPORTED};
use crate::routes::{Entry, LegRequest};
use crate::sdp::{self, Keys, Local, Remote};
use crate::stack::Stack;

/// What a leg is made of from now on.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) dialog: Dialog,
    pub(crate) entry: Entry,
    pub(crate) local: Local,
    /// What was offered; `None` when our answer makes the offer.
    pub(crate) offer: Option<Remote>,
    /// Our 200, which was sent.
    pub(crate) response: Response,
    pub(crate) timer: Option<SessionTimer>,
    pub(crate) offering: Option<Offering>,
}

/// Answers an INVITE that takes the place of a dialog of the leg with this RTP port; `Ok(None)` when
/// the answer could not be sent. Until it was, nothing has changed (section 3).
pub(crate) fn take(
    stack: &Stack,
    incoming: &Incoming,
    tag: &str,
    port: u16,
    requests: mpsc::Sender<LegRequest>,
) -> Result<Option<Taken>, Reply> {
    let request = &incoming.request;
    let peer = incoming.flow.addr.ip();
    let offer = offered(stack, request, peer, incoming.flow.transport)?;
    let on = !stack.config.session_expires.is_zero();
    let (timer, terms) = SessionTimer::of_request(request, on)?;
    let contact = stack.contact_for(incoming);
    let dialog = Dialog::from_invite(request, tag, contact).map_err(|_| Reply::new(400))?;
    let entry = stack
        .routes
        .enter_invite(incoming, tag, requests, Arc::default());
    let entry = entry.ok_or(Reply::new(482))?;
    let local = Local {
        vouched: stack.vouches_for(incoming),
        ..stack.local_sdp(peer, port, Keys::new())
    };
    let body = match &offer {
        Some(remote) => sdp::answer(&local, remote),
        None => sdp::offer(&local, &stack.config.codecs, sipx_sdp::Direction::SendRecv),
    };
    let reply = establishing(request, tag, dialog.contact(), 200)
        .header(HeaderName::Allow, ALLOW)
        .header(HeaderName::Supported, SUPPORTED);
    let response = terms.write(reply).sdp(body).to(request);
    let response = response.map_err(|_| Reply::new(500))?;
    if let Err(error) = stack.handle.respond(incoming.key, response.clone()) {
        tracing::info!(%error, "who takes another's place could not be answered");
        return Ok(None);
    }
    Ok(Some(Taken {
        dialog,
        entry,
        local,
        offering: offer.is_none().then_some(Offering::InAnswer),
        offer,
        response,
        timer,
    }))
}
