//! The caller's leg: an INVITE from outside, until it is answered or refused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callroute_media::{Deed, EndCause, Notice};
use callroute_schema::{Cause, Disposition};
use sipx_sip::headers::misc::Expires;
use sipx_sip::{HeaderName, Headers, Method, Request};
use sipx_transport::Target;
use tokio::time::{Instant, sleep_until};

use crate::convert::{q850_reason, refusal};
use crate::dialog::Dialog;
use crate::endpoint::Incoming;
use crate::leg::established::Established;
use crate::leg::offering::{Offering, offered_within};
use crate::leg::reliable::Reliable;
use crate::leg::session_timer::SessionTimer;
use crate::leg::{Leg, LegCommand, early};
use crate::message::{ALLOW, Reply, SUPPORTED, answered_elsewhere, moved, reason_text};
use crate::routes::LegRequest;
use crate::sdp::{self, Remote};
use crate::stack::random;

/// While it rings, the provisional answer is sent again this often (RFC 3261, section 13.3.1.1).
const REFRESH: Duration = Duration::from_secs(60);

/// An INVITE that waits for its answer.
#[derive(Debug)]
pub(crate) struct Invited {
    pub(crate) invite: Incoming,
    pub(crate) tag: String,
    pub(crate) dialog: Dialog,
    /// Where the caller is: whence the INVITE came, or the latest UPDATE that may have moved him.
    pub(crate) source: Target,
    /// What it offered; `None` when our answer is to make the offer.
    pub(crate) offer: Option<Remote>,
    /// Our answer to it, once it was sent before the call is answered.
    pub(crate) described: Option<String>,
    /// What we have offered ourselves before the call is answered, where nothing was.
    pub(crate) early: EarlyOffer,
}

/// An offer of ours in a reliable provisional response to an INVITE without one (RFC 3262, section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum EarlyOffer {
    /// There was none.
    #[default]
    None,
    /// The PRACK is to answer it.
    Open,
    /// It has: our 2xx says no more.
    Answered,
}

/// A caller's leg whose task has not begun: it does with what is done first in the call, which is what
/// somebody waits for, and at the latest when the caller gives up.
#[derive(Debug, Default)]
pub(crate) struct Unbegun(Mutex<Option<(Box<Leg>, Box<Invited>)>>);

impl Unbegun {
    /// This leg is yet to begin.
    pub(crate) fn put(&self, leg: Box<Leg>, invited: Box<Invited>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((leg, invited));
    }

    /// It begins, if it has not yet.
    pub(crate) fn begin(&self) {
        let unbegun = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((leg, invited)) = unbegun {
            let runtime = leg.stack.runtime.clone();
            // What is spawned is moved several times.
            runtime.spawn(Box::pin(serve(leg, invited)));
        }
    }
}

/// Serves a caller's leg to its end.
async fn serve(mut leg: Box<Leg>, mut invited: Box<Invited>) {
    let stack = Arc::clone(&leg.stack);
    stack.respond(&invited.invite, Reply::new(100));
    leg.media.begin();
    stack.ports.refill();
    let (mut rings, mut answers) = (false, false);
    let mut reliable = Reliable::default();
    let mut refresh = Instant::now() + REFRESH;
    let expires = expires(&invited.invite.request.headers).map(|after| Instant::now() + after);
    loop {
        tokio::select! {
            command = leg.commands.recv() => match command {
                Some(LegCommand::Ring) if rings => {}
                Some(LegCommand::Ring) => {
                    rings = true;
                    refresh = Instant::now() + REFRESH;
                    invited.ring(&leg, &mut reliable);
                }
                Some(LegCommand::Early) if invited.described.is_some() => {}
                Some(LegCommand::Early) => {
                    rings = true;
                    refresh = Instant::now() + REFRESH;
                    invited.open(&mut leg, &mut reliable).await;
                }
                // A description that was sent reliably must have arrived first (RFC 3262, section 3).
                Some(LegCommand::Answer) if reliable.describes() => answers = true,
                Some(LegCommand::Answer) => return Box::pin(answer(leg, invited, reliable)).await,
                Some(LegCommand::Redirect(contacts)) => {
                    let reply = moved(contacts.iter().map(String::as_str)).tag(&invited.tag);
                    leg.stack.respond(&invited.invite, reply);
                    return leg.end(Cause::from_sip(302)).await;
                }
                Some(LegCommand::Hangup(cause)) => {
                    return refuse(leg, &invited, refusal(cause)).await;
                }
                Some(LegCommand::Refuse(status)) => {
                    return refuse(leg, &invited, Cause::from_sip(status)).await;
                }
                Some(LegCommand::Referred(_)) => {
                    let notice = Notice::NotDone {
                        leg: leg.notices.leg(),
                        deed: Deed::Referred,
                        reason: "the party has asked for no transfer".to_owned(),
                    };
                    leg.notices.tell(notice).await;
                }
                // Whoever asks hears that by its channel.
                Some(LegCommand::Direct(_)) => {}
                Some(LegCommand::Hold(_, told)) => {
                    // discard: who asked has gone.
                    let _ = told.send(Err(Cause::local(Disposition::Failed)));
                }
                // The line was dropped.
                None => return refuse(leg, &invited, refusal(EndCause::NoAnswer)).await,
            },
            Some(request) = leg.requests.recv() => match request {
                LegRequest::Cancelled(cancel) => {
                    stack.respond(&invited.invite, Reply::new(487).tag(&invited.tag));
                    leg.log.note(reason_text(&cancel.headers));
                    return leg.end(cancelled(&cancel.headers)).await;
                }
                LegRequest::Replaces(invite, _) => early::not_replaced(&stack, &invite),
                LegRequest::Within(request) => {
                    if let Some(cause) = invited.within(&mut leg, &request, &mut reliable).await {
                        return leg.end(cause).await;
                    }
                    if answers && !reliable.describes() {
                        return Box::pin(answer(leg, invited, reliable)).await;
                    }
                }
            },
            () = reliable.wait() => {
                if reliable.again(&stack, &invited.invite) {
                    // The far end does not hear us (RFC 3262, section 3).
                    return refuse(leg, &invited, Cause::from_sip(504)).await;
                }
            }
            // RFC 3261, section 13.3.1.
            () = sleep_until(expires.unwrap_or(refresh)), if expires.is_some() => {
                stack.respond(&invited.invite, Reply::new(487).tag(&invited.tag));
                return leg.end(Cause::from_sip(487)).await;
            }
            () = sleep_until(refresh) => {
                refresh = Instant::now() + REFRESH;
                if rings {
                    invited.ring(&leg, &mut reliable);
                } else {
                    stack.respond(&invited.invite, Reply::new(100));
                }
            }
        }
    }
}

/// How long the caller waits for a final answer, if it says so (RFC 3261, section 20.19).
fn expires(headers: &Headers) -> Option<Duration> {
    let expires = headers.typed::<Expires>()?.ok()?;
    Some(Duration::from_secs(expires.0.into()))
}

fn cancelled(headers: &Headers) -> Cause {
    let cause = Cause::from_sip(487);
    if answered_elsewhere(headers) {
        return Cause {
            disposition: Disposition::AnsweredElsewhere,
            ..cause
        };
    }
    cause
}

async fn refuse(mut leg: Box<Leg>, invited: &Invited, cause: Cause) {
    let status = cause
        .sip_code
        .filter(|status| (300..700).contains(status))
        .unwrap_or(480);
    let mut reply = Reply::new(status).tag(&invited.tag);
    if let Some(q850) = cause.q850 {
        reply = reply.header(HeaderName::Reason, q850_reason(q850));
    }
    leg.stack.respond(&invited.invite, reply);
    leg.end(cause).await;
}

async fn answer(mut leg: Box<Leg>, mut invited: Box<Invited>, reliable: Reliable) {
    let (body, offering) = match (&invited.offer, invited.described.take()) {
        _ if invited.early == EarlyOffer::Answered => (None, None),
        (_, Some(described)) => (Some(described), None),
        (Some(remote), None) => (Some(sdp::answer(&leg.local, remote)), None),
        (None, None) => (Some(our_offer(&leg)), Some(Offering::InAnswer)),
    };
    let on = !leg.stack.config.session_expires.is_zero();
    let (timer, terms) = match SessionTimer::of_request(&invited.invite.request, on) {
        Ok(agreed) => agreed,
        Err(refusal) => {
            leg.stack
                .respond(&invited.invite, refusal.tag(&invited.tag));
            return leg.end(Cause::from_sip(422)).await;
        }
    };
    let reply = invited
        .establishing(200)
        .header(HeaderName::Allow, ALLOW)
        .header(HeaderName::Supported, SUPPORTED);
    let reply = terms.write(reply);
    let reply = match body {
        Some(body) => reply.sdp(body),
        None => reply,
    };
    let response = match reply.to(&invited.invite.request) {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a 200 could not be built");
            return refuse(leg, &invited, Cause::from_sip(500)).await;
        }
    };
    if let Some(remote) = invited.offer.take() {
        leg.agree(remote).await;
    }
    if let Err(error) = leg
        .stack
        .handle
        .respond(invited.invite.key, response.clone())
    {
        tracing::info!(%error, "the caller could not be answered");
        return leg.end(Cause::local(Disposition::Unreachable)).await;
    }
    let Invited {
        invite,
        dialog,
        source,
        ..
    } = *invited;
    let from = (&invite, source);
    let begun = Established::awaiting_ack(leg, from, dialog, response, offering, timer);
    begun.after(reliable).begin();
}

impl Invited {
    /// A response that begins the dialog, or an early one: with tag, Contact and Record-Route.
    fn establishing(&self, status: u16) -> Reply {
        let contact = self.dialog.contact();
        establishing(&self.invite.request, &self.tag, contact, status)
    }

    /// Says that it rings, or with what sound. The first response that is reliable makes the offer where the
    /// INVITE has none (RFC 3261, section 13.2.1).
    fn ring(&mut self, leg: &Leg, reliable: &mut Reliable) {
        let offers = self.offer.is_none() && self.early == EarlyOffer::None;
        let reply = match &self.described {
            Some(body) => self.establishing(183).sdp(body.clone()),
            None if offers && Reliable::is_wanted(&self.invite) => {
                self.early = EarlyOffer::Open;
                self.establishing(180).sdp(our_offer(leg))
            }
            None => self.establishing(180),
        };
        reliable.send(&leg.stack, &self.invite, reply);
    }

    /// Sound flows before the answer: 183 with our description. Without an offer there is nothing
    /// to agree on, and the line does not ask for it.
    async fn open(&mut self, leg: &mut Leg, reliable: &mut Reliable) {
        let Some(remote) = self.offer.take() else {
            return;
        };
        self.described = Some(sdp::answer(&leg.local, &remote));
        leg.agree(remote).await;
        self.ring(leg, reliable);
    }

    /// The answer to our offer, in the PRACK; the cause when there is none that will do.
    async fn answered_early(&mut self, leg: &mut Leg, prack: &Incoming) -> Option<Cause> {
        let codecs = &leg.stack.config.codecs;
        match leg.local.read_answer(prack.request.body(), codecs) {
            Ok(remote) => {
                self.early = EarlyOffer::Answered;
                leg.agree(remote).await;
                None
            }
            Err(error) => {
                tracing::info!(%error, "a PRACK brought no answer to our offer");
                Some(Cause::from_sip(488))
            }
        }
    }

    /// Another description of the caller's, after ours was sent (RFC 3311, section 5.2; RFC 3262, section
    /// 5).
    async fn described_anew(&mut self, leg: &mut Leg, request: &Incoming) -> Reply {
        match offered_within(&leg.stack, &leg.local, request) {
            Ok(Some(remote)) => {
                leg.local.version += 1;
                let body = sdp::answer(&leg.local, &remote);
                self.described = Some(body.clone());
                leg.agree(remote).await;
                Reply::new(200).sdp(body)
            }
            Ok(None) => Reply::new(488),
            Err(refusal) => refusal,
        }
    }

    /// A request within the early dialog; the cause when it ends the leg.
    async fn within(
        &mut self,
        leg: &mut Leg,
        request: &Incoming,
        reliable: &mut Reliable,
    ) -> Option<Cause> {
        let offers = !request.request.body().is_empty();
        let settled = self.described.is_some() || self.early == EarlyOffer::Answered;
        let (mut reply, mut ends, mut acknowledged) = (Reply::new(200), None, false);
        match request.request.method {
            // Callers may end an early dialog by BYE (RFC 3261, section 15).
            Method::Bye => ends = Some(Cause::from_sip(487)),
            Method::Options | Method::Info => {}
            Method::Prack if !reliable.acknowledged(request) => reply = Reply::new(481),
            Method::Prack => {
                acknowledged = true;
                if self.early == EarlyOffer::Open {
                    ends = self.answered_early(leg, request).await;
                } else if offers && settled {
                    reply = self.described_anew(leg, request).await;
                }
            }
            Method::Update if offers && settled => {
                reply = self.described_anew(leg, request).await;
            }
            // Our offer waits for its answer (RFC 3311, section 5.2).
            Method::Update if offers && self.early == EarlyOffer::Open => reply = Reply::new(491),
            // Our answer is still to come (the same), or the final one (RFC 3261, section 14.2).
            Method::Update if offers => reply = busy(),
            Method::Invite => reply = busy(),
            Method::Update => {}
            Method::Ack => return None,
            _ => reply = Reply::new(405),
        }
        if request.request.method == Method::Update && reply.is_success() {
            // It may name another target (RFC 3311, section 5.2).
            self.dialog.refresh(&request.request.headers);
            self.source = request.flow.clone();
            reply = reply.header(HeaderName::Contact, self.dialog.contact().to_owned());
        }
        leg.stack
            .respond(request, reply.header(HeaderName::Allow, ALLOW));
        if let Some(status) = ends.and_then(|cause| cause.sip_code) {
            leg.stack
                .respond(&self.invite, Reply::new(status).tag(&self.tag));
        } else if acknowledged {
            reliable.next(&leg.stack, &self.invite);
        }
        ends
    }
}

/// What comes too early, and may come again in 0 to 10 s.
fn busy() -> Reply {
    let after = (random() % 11).to_string();
    Reply::new(500).header(HeaderName::RetryAfter, after)
}

/// Our description as an offer, where none was made.
fn our_offer(leg: &Leg) -> String {
    let codecs = &leg.stack.config.codecs;
    sdp::offer(&leg.local, codecs, sipx_sdp::Direction::SendRecv)
}

/// A response that begins a dialog: with tag, Contact and Record-Route (RFC 3261, section 12.1.1).
pub(crate) fn establishing(invite: &Request, tag: &str, contact: &str, status: u16) -> Reply {
    let mut reply = Reply::new(status)
        .tag(tag)
        .header(HeaderName::Contact, contact.to_owned());
    for route in invite.headers.get_all(&HeaderName::RecordRoute) {
        reply = reply.header(HeaderName::RecordRoute, route.value().into_owned());
    }
    reply
}

impl Leg {
    /// Tells that the leg is answered.
    pub(crate) async fn answered(&self) {
        self.notices
            .tell(Notice::LegAnswered {
                leg: self.notices.leg(),
            })
            .await;
    }
}
