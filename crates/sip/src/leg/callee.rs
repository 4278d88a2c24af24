//! A callee's leg: INVITEs of ours, until one is answered, or all are refused or cancelled.

mod attempting;
mod elsewhere;
pub(crate) mod invite;
mod tries;

use std::collections::VecDeque;
use std::sync::Arc;

use callroute_media::EndCause;
use callroute_schema::{Caller, Cause, Disposition};
use sipx_sip::Response;

use crate::convert::cancel_reason;
use crate::dialog::Dialog;
use crate::endpoint::Incoming;
use crate::leg::callee::attempting::Attempting;
use crate::leg::callee::elsewhere::Elsewhere;
use crate::leg::callee::invite::Invite;
use crate::leg::callee::tries::tries;
use crate::leg::direct::Peer;
use crate::leg::early::{Early, Said};
use crate::leg::established::{Established, Session};
use crate::leg::session_timer::SessionTimer;
use crate::leg::taking::Taken;
use crate::leg::{Leg, closing, taking};
use crate::message::{answered_elsewhere, q850, to_tag};
use crate::reach::ways::Route;
use crate::routes::LegRequest;
use crate::sdp;
use crate::stack::token;
use crate::way::{Line, Way};

/// Whom to dial, and on whose behalf.
#[derive(Debug)]
pub(crate) struct Dialing {
    /// The ways to whom is dialed, to be tried in this order; those of one group at once.
    pub(crate) routes: Vec<Vec<Route>>,
    /// What of the caller's INVITE goes on.
    pub(crate) way: Way,
    pub(crate) from: Caller,
    pub(crate) from_name: Option<String>,
    /// Headers of the routing's choice.
    pub(crate) headers: Vec<Line>,
    /// How the attempt before this one ended.
    pub(crate) after: Option<Disposition>,
    /// The preferred codec first.
    pub(crate) codecs: Vec<callroute_audio::codec::Codec>,
    /// Our keys, should the sound be encrypted.
    pub(crate) key: Option<sdp::Keys>,
    /// The RTP port of the leg.
    pub(crate) port: u16,
    pub(crate) requests: tokio::sync::mpsc::Sender<LegRequest>,
}

/// What came of one attempt.
#[derive(Debug)]
enum Attempt {
    /// It was answered.
    Answered(Box<Invite>, Box<Response>),
    /// There was nobody; the next way may be better.
    Next(Cause),
    /// An INVITE has come from outside that takes the place of ours.
    Replaced(Box<Incoming>, Box<Taken>),
    /// It was refused, whatever the way.
    Refused(Cause),
    /// It is elsewhere: there, in this order.
    Elsewhere(Cause, Vec<Route>),
    /// The leg is over.
    Over,
}

/// Serves a callee's leg to its end.
pub(crate) async fn serve(mut leg: Box<Leg>, mut dialing: Box<Dialing>) {
    let mut last = Cause::local(Disposition::Unreachable);
    let mut ways = VecDeque::from(std::mem::take(&mut dialing.routes));
    let mut elsewhere = Elsewhere::of(&ways);
    while let Some(group) = ways.pop_front() {
        let diverted = group.first().is_some_and(|route| route.diverted.is_some());
        let tries = match tries(&mut leg, &group).await {
            Ok(tries) => tries,
            Err(cause) => return leg.end(given_up(cause)).await,
        };
        for together in tries {
            let attempt = Attempting::begin(&mut leg, &dialing, &mut elsewhere, together);
            match attempt.await {
                Attempt::Answered(invite, response) => {
                    return Box::pin(answered(leg, invite, &response)).await;
                }
                Attempt::Replaced(invite, taken) => {
                    tracing::info!(leg = %leg.notices.leg(), "somebody takes a callee's place");
                    leg.entry = Some(taken.entry);
                    let (offering, timer) = (taken.offering, taken.timer);
                    let (dialog, response) = (taken.dialog, taken.response);
                    let from = (&*invite, invite.flow.clone());
                    let begun =
                        Established::awaiting_ack(leg, from, dialog, response, offering, timer);
                    return begun.begin();
                }
                Attempt::Next(cause) => {
                    last = cause;
                    continue;
                }
                Attempt::Refused(cause) => {
                    last = cause;
                    // Who was sent on to may refuse for itself alone (RFC 3261, section 8.1.3.4).
                    if !diverted || cause.sip_code.is_some_and(|status| status >= 600) {
                        ways.clear();
                    }
                }
                Attempt::Elsewhere(cause, found) => {
                    last = cause;
                    if !diverted {
                        ways.clear();
                    }
                    for route in found.into_iter().rev() {
                        ways.push_front(vec![route]);
                    }
                }
                Attempt::Over => return,
            }
            break;
        }
    }
    leg.end(last).await;
}

/// Answers an INVITE that takes the place of an early dialog of ours (RFC 3891, section 3); `None`
/// when it was refused.
async fn taken(leg: &mut Leg, dialing: &Dialing, invite: &Incoming) -> Option<Taken> {
    let tag = token();
    let requests = dialing.requests.clone();
    match taking::take(&leg.stack, invite, &tag, dialing.port, requests) {
        Ok(taken) => {
            let mut taken = taken?;
            leg.local = taken.local.clone();
            if let Some(remote) = taken.offer.take() {
                leg.agree(remote).await;
            }
            Some(taken)
        }
        Err(refusal) => {
            leg.stack.respond(invite, refusal.tag(&tag));
            None
        }
    }
}

/// Cancels an INVITE, beside everything else.
fn give_up(leg: &Leg, invite: Invite, cause: EndCause) {
    let (stack, reason) = (Arc::clone(&leg.stack), cancel_reason(cause));
    let closing = stack.counts.closing.count();
    // Twice 64·T1: for a provisional response, which CANCEL waits for, and for the final one.
    let patience = stack.timeout() * 2;
    tokio::spawn(async move {
        // What comes of it is for its dialog, until it is over.
        let (answers, _local, _entry) = Box::new(invite).answers(&stack);
        answers.cancel(reason, patience).await;
        drop(closing);
    });
}

/// What a final failure means; a Reason header outranks the status (RFC 3326).
fn failure(response: &Response) -> Cause {
    let cause = Cause::from_sip(response.status.code());
    match q850(&response.headers) {
        Some(q850) => cause.with_q850(q850),
        None if answered_elsewhere(&response.headers) => Cause {
            disposition: Disposition::AnsweredElsewhere,
            ..cause
        },
        None => cause,
    }
}

/// How a leg ended that was given up before its answer.
fn given_up(cause: EndCause) -> Cause {
    Cause::local(match cause {
        EndCause::AnsweredElsewhere => Disposition::AnsweredElsewhere,
        EndCause::NoAnswer => Disposition::NoAnswer,
        _ => Disposition::Canceled,
    })
}

async fn answered(mut leg: Box<Leg>, invite: Box<Invite>, response: &Response) {
    let stack = Arc::clone(&leg.stack);
    let asks = invite.asks;
    let (mut answers, local, entry) = invite.answers(&stack);
    let dialog = Dialog::from_answer(&answers.left.opening, response);
    let mut dialog = match dialog {
        Ok(dialog) => dialog,
        Err(error) => {
            // Without a Contact there is nowhere to send ACK or BYE to; its own timer ends it.
            tracing::warn!(%error, "a 2xx that begins no dialog");
            answers.leave();
            return leg.end(Cause::local(Disposition::Failed)).await;
        }
    };
    leg.local = local;
    leg.entry = Some(entry);
    let left = &mut answers.left;
    let credentials = left.credentials.clone();
    let tag = to_tag(&response.headers).unwrap_or_default();
    let early = Early::of(&mut left.early, &tag);
    left.known.push(tag);
    let reached = early.as_ref().map_or(&left.reached, Early::reached).clone();
    let flow = reached.flow(&dialog);
    closing::ack(&stack, &dialog, flow.as_ref(), dialog.local_sequence()).await;
    let mut said = Said::Answer(response.body().clone());
    if let Some(early) = early {
        let sequence;
        (sequence, said) = early.confirmed(response.body().clone()).await;
        dialog.used(sequence);
    }
    match said.read(&leg.local, &stack.config.codecs) {
        Ok(remote) => leg.agree(remote).await,
        Err(error) => {
            tracing::info!(%error, "a 2xx without a usable description");
            answers.leave();
            leg.end(Cause::from_sip(488)).await;
            let (flow, credentials) = (flow.as_ref(), credentials.as_ref());
            return closing::bye(&mut leg, &mut dialog, flow, credentials).await;
        }
    }
    leg.answered().await;
    let timer = SessionTimer::of_answer(response, asks);
    let session = Session {
        peer: Peer::callee(&reached.target, &dialog),
        timer,
        updates: sipx_sip::update::peer_allows(&response.headers),
        credentials,
    };
    Established::of_callee(leg, dialog, answers, flow, session).begin();
}
