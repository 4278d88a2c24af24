//! Another telephone takes the far end's place: INVITE with Replaces (RFC 3891).
//!
//! For the router nothing changes but the dialog's name: it is the same leg, with the same sound,
//! that now ends elsewhere.

use std::sync::Arc;

use sipx_sip::{HeaderName, update};
use sipx_transport::Target;

use super::{Established, Unacked};
use crate::dialog::Dialog;
use crate::dispatch::unacceptable;
use crate::endpoint::Incoming;
use crate::leg::caller::establishing;
use crate::leg::closing;
use crate::leg::offering::Offering;
use crate::leg::session_timer::SessionTimer;
use crate::message::{ALLOW, Reply, SUPPORTED};
use crate::refer::Replaces;
use crate::sdp;
use crate::stack::token;

impl Established {
    /// An INVITE that names this leg's dialog, as its `replaces` says.
    pub(super) async fn replaced(&mut self, incoming: Incoming, replaces: &Replaces) {
        let tag = token();
        if let Err(refusal) = self.take_place(&incoming, replaces, &tag).await {
            self.leg.stack.respond(&incoming, refusal.tag(&tag));
        }
    }

    async fn take_place(
        &mut self,
        incoming: &Incoming,
        replaces: &Replaces,
        tag: &str,
    ) -> Result<(), Reply> {
        let stack = Arc::clone(&self.leg.stack);
        let request = &incoming.request;
        if !self.dialog.is_of(&replaces.from_tag) || !self.answered || self.unacked.is_some() {
            return Err(Reply::new(481));
        }
        if self.leg.notices.has_ended() {
            return Err(Reply::new(603));
        }
        if replaces.early_only {
            return Err(Reply::new(486));
        }
        let peer = incoming.source.ip();
        let offer = match request.body().is_empty() {
            true => None,
            false => {
                let read = sdp::read(request.body(), &stack.config.codecs);
                Some(read.map_err(|fault| unacceptable(&stack, peer, &fault))?)
            }
        };
        let on = !stack.config.session_expires.is_zero();
        let (timer, terms) = SessionTimer::of_request(request, on)?;
        let contact = stack.contact(peer, incoming.transport);
        let dialog = Dialog::from_invite(request, tag, contact).map_err(|_| Reply::new(400))?;
        let requests = self.leg.entry.as_ref().and_then(|entry| entry.leg());
        let entry = requests.and_then(|leg| stack.routes.enter_invite(incoming, tag, leg));
        let entry = entry.ok_or(Reply::new(482))?;
        let local = stack.local_sdp(peer, self.leg.local.media.port());
        let body = match &offer {
            Some(remote) => sdp::answer(&local, remote),
            None => sdp::offer(&local, &stack.config.codecs, sipx_sdp::Direction::SendRecv),
        };
        let reply = establishing(request, tag, dialog.contact(), 200)
            .header(HeaderName::Allow, ALLOW)
            .header(HeaderName::Supported, SUPPORTED);
        let response = terms.write(reply).sdp(body).to(request);
        let response = response.map_err(|_| Reply::new(500))?;
        if let Err(error) = stack.handle.respond(&incoming.key, response.clone()) {
            tracing::info!(%error, "who takes another's place could not be answered");
            return Ok(());
        }
        tracing::info!(leg = %self.leg.notices.leg(), "another telephone takes its place");
        let flow = closing::flow(&dialog, &Target::new(incoming.source, incoming.transport));
        let old = std::mem::replace(&mut self.dialog, dialog);
        let old_flow = std::mem::replace(&mut self.flow, flow);
        closing::part(Arc::clone(&stack), old, old_flow);
        self.leg.entry = Some(entry);
        self.leg.local = local;
        self.unacked = Some(Unacked::new(&self.leg, incoming, response));
        self.offering = offer.is_none().then_some(Offering::InAnswer);
        (self.answers, self.refreshing, self.referral) = (None, None, None);
        self.timer = timer;
        self.updates = update::peer_allows(&request.headers);
        self.credentials = None;
        if let Some(remote) = offer {
            self.leg.agree(remote).await;
        }
        self.tell_dialog().await;
        Ok(())
    }
}
