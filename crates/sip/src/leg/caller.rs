//! The caller's leg: an INVITE from outside, until it is answered or refused.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{EndCause, Notice};
use callroute_schema::{Cause, Disposition};
use sipx_sip::{HeaderName, Headers, Method};
use sipx_transport::Incoming;
use tokio::time::{Instant, sleep_until};

use crate::convert::{q850_reason, refusal};
use crate::dialog::Dialog;
use crate::leg::established::Established;
use crate::leg::offering::Offering;
use crate::leg::{Leg, LegCommand};
use crate::message::{ALLOW, Reply, answered_elsewhere, reason_text};
use crate::routes::LegRequest;
use crate::sdp::{self, Remote};

/// While it rings, the provisional answer is sent again this often (RFC 3261, section 13.3.1.1).
const REFRESH: Duration = Duration::from_secs(60);

/// An INVITE that waits for its answer.
#[derive(Debug)]
pub(crate) struct Invited {
    pub(crate) invite: Incoming,
    pub(crate) tag: String,
    pub(crate) dialog: Dialog,
    /// What it offered; `None` when our answer is to make the offer.
    pub(crate) offer: Option<Remote>,
}

/// Serves a caller's leg to its end.
pub(crate) async fn serve(mut leg: Leg, invited: Invited) {
    let stack = Arc::clone(&leg.stack);
    stack.respond(&invited.invite, Reply::new(100)).await;
    let mut rings = false;
    let mut refresh = Instant::now() + REFRESH;
    loop {
        tokio::select! {
            command = leg.commands.recv() => match command {
                Some(LegCommand::Ring) if rings => {}
                Some(LegCommand::Ring) => {
                    rings = true;
                    refresh = Instant::now() + REFRESH;
                    invited.ring(&leg).await;
                }
                Some(LegCommand::Answer) => return answer(leg, invited).await,
                Some(LegCommand::Hangup(cause)) => {
                    return refuse(leg, &invited, refusal(cause)).await;
                }
                Some(LegCommand::Refuse(status)) => {
                    return refuse(leg, &invited, Cause::from_sip(status)).await;
                }
                Some(LegCommand::Hold(_, told)) => {
                    // discard: who asked has gone.
                    let _ = told.send(Err(Cause::local(Disposition::Failed)));
                }
                // The line was dropped.
                None => return refuse(leg, &invited, refusal(EndCause::NoAnswer)).await,
            },
            Some(request) = leg.requests.recv() => match request {
                LegRequest::Cancelled(cancel) => {
                    stack.respond(&invited.invite, Reply::new(487).tag(&invited.tag)).await;
                    leg.log.note(reason_text(&cancel.headers));
                    return leg.end(cancelled(&cancel.headers)).await;
                }
                LegRequest::Within(request) => {
                    if let Some(cause) = invited.within(&leg, *request).await {
                        return leg.end(cause).await;
                    }
                }
            },
            () = sleep_until(refresh) => {
                refresh = Instant::now() + REFRESH;
                if rings {
                    invited.ring(&leg).await;
                } else {
                    stack.respond(&invited.invite, Reply::new(100)).await;
                }
            }
        }
    }
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

async fn refuse(mut leg: Leg, invited: &Invited, cause: Cause) {
    let status = cause
        .sip_code
        .filter(|status| (300..700).contains(status))
        .unwrap_or(480);
    let mut reply = Reply::new(status).tag(&invited.tag);
    if let Some(q850) = cause.q850 {
        reply = reply.header(HeaderName::Reason, q850_reason(q850));
    }
    leg.stack.respond(&invited.invite, reply).await;
    leg.end(cause).await;
}

async fn answer(mut leg: Leg, mut invited: Invited) {
    let (body, offering) = match &invited.offer {
        Some(remote) => (sdp::answer(&leg.local, remote), None),
        None => {
            let codecs = &leg.stack.config.codecs;
            let body = sdp::offer(&leg.local, codecs, sipx_sdp::Direction::SendRecv);
            (body, Some(Offering::InAnswer))
        }
    };
    let reply = invited
        .establishing(200)
        .header(HeaderName::Allow, ALLOW)
        .sdp(body);
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
        .respond(&invited.invite.key, response.clone())
        .await
    {
        tracing::info!(%error, "the caller could not be answered");
        return leg.end(Cause::local(Disposition::Unreachable)).await;
    }
    Established::awaiting_ack(leg, invited, response, offering)
        .serve()
        .await;
}

impl Invited {
    /// A response that begins the dialog, or an early one: with tag, Contact and Record-Route.
    fn establishing(&self, status: u16) -> Reply {
        let headers = &self.invite.request.headers;
        let mut reply = Reply::new(status)
            .tag(&self.tag)
            .header(HeaderName::Contact, self.dialog.contact().to_owned());
        for route in headers.get_all(&HeaderName::RecordRoute) {
            reply = reply.header(HeaderName::RecordRoute, route.value().into_owned());
        }
        reply
    }

    async fn ring(&self, leg: &Leg) {
        leg.stack
            .respond(&self.invite, self.establishing(180))
            .await;
    }

    /// A request within the early dialog; the cause when it ends the leg.
    async fn within(&self, leg: &Leg, request: Incoming) -> Option<Cause> {
        let (status, ends) = match request.request.method {
            // Callers may end an early dialog by BYE (RFC 3261, section 15).
            Method::Bye => (200, true),
            Method::Options => (200, false),
            // The first INVITE has no final answer yet (section 14.2).
            Method::Invite => (491, false),
            Method::Ack => return None,
            _ => (405, false),
        };
        let reply = Reply::new(status).header(HeaderName::Allow, ALLOW);
        leg.stack.respond(&request, reply).await;
        if !ends {
            return None;
        }
        leg.stack
            .respond(&self.invite, Reply::new(487).tag(&self.tag))
            .await;
        Some(Cause::from_sip(487))
    }
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
