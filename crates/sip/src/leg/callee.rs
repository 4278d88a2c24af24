//! A callee's leg: INVITEs of ours, until one is answered, or all are refused or cancelled.

mod elsewhere;
pub(crate) mod invite;
mod tries;

use std::collections::VecDeque;
use std::sync::Arc;

use callroute_media::{EndCause, Notice};
use callroute_schema::{Caller, Cause, Disposition};
use sipx_sip::{Response, TuEvent};
use sipx_transport::Target;
use tokio::time::{Instant, sleep_until};

use crate::convert::cancel_reason;
use crate::dialog::Dialog;
use crate::endpoint::Incoming;
use crate::leg::callee::elsewhere::Elsewhere;
use crate::leg::callee::invite::{Invite, Invites};
use crate::leg::callee::tries::{hangup, hung_up, tries};
use crate::leg::direct::Peer;
use crate::leg::early::{self, Early};
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
            match attempt(&mut leg, &dialing, &mut elsewhere, together).await {
                Attempt::Answered(invite, response) => {
                    return Box::pin(answered(leg, invite, &response)).await;
                }
                Attempt::Replaced(invite, taken) => {
                    tracing::info!(leg = %leg.notices.leg(), "somebody takes a callee's place");
                    leg.entry = Some(taken.entry);
                    let (offering, timer) = (taken.offering, taken.timer);
                    let (dialog, response) = (taken.dialog, taken.response);
                    let begun =
                        Established::awaiting_ack(leg, &invite, dialog, response, offering, timer);
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

/// Whether a failure is of the way, not of whom it leads to (RFC 3263, section 4.3).
fn is_of_the_way(response: &Response) -> bool {
    matches!(response.status.code(), 408 | 500 | 502 | 503 | 504)
}

/// INVITEs to one address each, and what comes of them: the first who answers has the call.
async fn attempt(
    leg: &mut Leg,
    dialing: &Dialing,
    elsewhere: &mut Elsewhere,
    tries: Vec<(&Route, Target)>,
) -> Attempt {
    if let Some(cause) = hung_up(leg) {
        leg.end(given_up(cause)).await;
        return Attempt::Over;
    }
    let mut invites = Invites::default();
    for (route, target) in tries {
        match invite::send(&leg.stack, dialing, route, target) {
            Ok(invite) => invites.0.push(invite),
            Err(error) => {
                tracing::info!(%error, leg = %leg.notices.leg(), "an INVITE was not sent");
            }
        }
    }
    leg.media.begin();
    let silent_until = Instant::now() + leg.stack.config.no_provisional;
    let mut rings = false;
    let mut sound = early::Sound::default();
    let (mut last, mut refused) = (Cause::local(Disposition::Unreachable), None);
    let mut found = Vec::new();
    while !invites.0.is_empty() {
        let silent = invites.0.iter().any(|invite| !invite.heard);
        tokio::select! {
            (at, event) = invites.next() => {
                leg.stack.ports.refill();
                let Some(invite) = invites.0.get_mut(at) else {
                    continue;
                };
                match event {
                    Some(TuEvent::Response(response)) if response.status.is_provisional() => {
                        invite.noted(&response);
                        early::heard(&leg.stack, invite, &response).await;
                        if response.status.code() > 100 && !rings {
                            rings = true;
                            let leg_id = leg.notices.leg();
                            leg.notices.tell(Notice::LegRinging { leg: leg_id }).await;
                        }
                        sound.of(leg, &invite.local, &response).await;
                    }
                    Some(TuEvent::Response(response)) if response.status.is_success() => {
                        let invite = invites.0.swap_remove(at);
                        for other in invites.0 {
                            give_up(leg, other, EndCause::AnsweredElsewhere);
                        }
                        return Attempt::Answered(Box::new(invite), response);
                    }
                    Some(TuEvent::Response(response)) => {
                        if invite.again(&leg.stack, &response) {
                            continue;
                        }
                        last = failure(&response);
                        if !is_of_the_way(&response) {
                            refused = Some(last);
                        }
                        found.extend(elsewhere.named(&leg.stack, &invite.route, &response));
                        invites.0.swap_remove(at);
                    }
                    Some(TuEvent::Request(_) | TuEvent::Ack(_)) => {}
                    // Silence for 64·T1, a refused connection, or the end of the endpoint.
                    _ => {
                        invites.0.swap_remove(at);
                    }
                }
            }
            () = sleep_until(silent_until), if silent => {
                // What still comes of them is dealt with beside the next attempt.
                let (heard, silent) = invites.0.into_iter().partition(|invite| invite.heard);
                invites = Invites(heard);
                let silent: Vec<Invite> = silent;
                for invite in silent {
                    give_up(leg, invite, EndCause::Normal);
                }
            }
            command = leg.commands.recv() => {
                let Some(cause) = hangup(command) else {
                    continue;
                };
                for invite in invites.0 {
                    give_up(leg, invite, cause);
                }
                leg.end(given_up(cause)).await;
                return Attempt::Over;
            }
            Some(request) = leg.requests.recv() => {
                match request {
                    LegRequest::Within(request) => {
                        Box::pin(early::asked(leg, &mut invites, &request)).await;
                    }
                    LegRequest::Replaces(invite, named) if invites.began(&named) => {
                        let Some(taken) = taken(leg, dialing, &invite).await else {
                            continue;
                        };
                        for other in invites.0 {
                            give_up(leg, other, EndCause::AnsweredElsewhere);
                        }
                        return Attempt::Replaced(invite, Box::new(taken));
                    }
                    LegRequest::Replaces(invite, _) => early::not_replaced(&leg.stack, &invite),
                    LegRequest::Cancelled(_) => {}
                }
            }
        }
    }
    match refused {
        Some(cause) if !found.is_empty() => Attempt::Elsewhere(cause, found),
        Some(cause) => Attempt::Refused(cause),
        None => Attempt::Next(last),
    }
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
    let flow = left.reached.flow(&dialog);
    closing::ack(&stack, &dialog, flow.as_ref(), dialog.local_sequence()).await;
    let mut body = response.body().clone();
    let tag = to_tag(&response.headers).unwrap_or_default();
    let early = Early::of(&mut left.early, &tag);
    left.known.push(tag);
    if let Some(early) = early {
        let sequence;
        (sequence, body) = early.confirmed(body).await;
        dialog.used(sequence);
    }
    match leg.local.read_answer(&body, &stack.config.codecs) {
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
        peer: Peer::callee(&answers.left.reached.target, &dialog),
        timer,
        updates: sipx_sip::update::peer_allows(&response.headers),
        credentials,
    };
    Established::of_callee(leg, dialog, answers, flow, session).begin();
}
