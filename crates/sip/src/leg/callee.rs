//! A callee's leg: an INVITE of ours, until it is answered, refused or cancelled.

use std::sync::Arc;

use callroute_media::{EndCause, Notice};
use callroute_schema::{Caller, Cause, Disposition, mask};
use sipx_sip::{HeaderName, Method, Request, RequestBuilder, Response, TuEvent, Uri};
use sipx_transport::Target;
use tokio::time::{Instant, sleep_until, timeout};

use crate::convert::{bracketed, cancel_reason, from_header};
use crate::count::Count;
use crate::dialog::Dialog;
use crate::endpoint::Exchange;
use crate::leg::early::{self, Early};
use crate::leg::established::{Established, Session};
use crate::leg::session_timer::SessionTimer;
use crate::leg::{Leg, LegCommand, closing};
use crate::message::{ALLOW, HOPS, SDP_TYPE, SUPPORTED, answered_elsewhere, q850};
use crate::reach::prove;
use crate::reach::ways::Route;
use crate::routes::LegRequest;
use crate::sdp;
use crate::stack::{SendError, Stack, token};
use crate::way::{Line, Way, privacy};

/// Whom to dial, and on whose behalf.
#[derive(Debug)]
pub(crate) struct Dialing {
    /// The ways to whom is dialed, to be tried in this order.
    pub(crate) routes: Vec<Route>,
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
    /// The RTP port of the leg.
    pub(crate) port: u16,
    pub(crate) requests: tokio::sync::mpsc::Sender<LegRequest>,
}

/// An INVITE on its way.
#[derive(Debug)]
pub(crate) struct Invite {
    pub(crate) request: Request,
    pub(crate) contact: String,
    pub(crate) target: Target,
    pub(crate) exchange: Exchange,
    /// What reliable provisional responses have begun.
    pub(crate) early: Option<Early>,
}

/// What came of one attempt.
#[derive(Debug)]
enum Attempt {
    /// It was answered.
    Answered(Box<Invite>, Box<Response>),
    /// There was nobody; the next way may be better.
    Next(Cause),
    /// The leg is over.
    Over,
}

/// Serves a callee's leg to its end.
pub(crate) async fn serve(mut leg: Leg, dialing: Dialing) {
    let mut last = Cause::local(Disposition::Unreachable);
    for route in &dialing.routes {
        let trunk = route
            .trunk
            .as_deref()
            .and_then(|name| leg.stack.trunks.get(name));
        leg.trunk = trunk.map(|trunk| trunk.calls.count());
        let targets = match targets(&leg.stack, route).await {
            Ok(targets) => targets,
            Err(error) => {
                tracing::info!(%error, leg = %leg.notices.leg(), "a callee cannot be found");
                continue;
            }
        };
        for target in targets {
            match attempt(&mut leg, &dialing, route, target).await {
                Attempt::Answered(invite, response) => {
                    return answered(leg, route, *invite, &response).await;
                }
                Attempt::Next(cause) => last = cause,
                Attempt::Over => return,
            }
        }
    }
    leg.end(last).await;
}

async fn targets(stack: &Stack, route: &Route) -> Result<Vec<Target>, SendError> {
    match &route.flow {
        Some(flow) => Ok(vec![flow.clone()]),
        None => stack.resolve_all(&parsed(&route.uri)?).await,
    }
}

fn parsed(uri: &str) -> Result<Uri, SendError> {
    Uri::parse(bytes::Bytes::copy_from_slice(uri.as_bytes()))
        .map_err(|_| SendError::NoWay(mask(uri)))
}

/// Whether a failure is of the way, not of whom it leads to (RFC 3263, section 4.3).
fn is_of_the_way(response: &Response) -> bool {
    matches!(response.status.code(), 408 | 500 | 502 | 503 | 504)
}

/// One INVITE to one address, and what comes of it.
async fn attempt(leg: &mut Leg, dialing: &Dialing, route: &Route, target: Target) -> Attempt {
    let mut invite = match send(leg, dialing, route, target) {
        Ok(invite) => invite,
        Err(error) => {
            tracing::info!(%error, leg = %leg.notices.leg(), "an INVITE was not sent");
            return Attempt::Next(Cause::local(Disposition::Unreachable));
        }
    };
    let silent_until = Instant::now() + leg.stack.config.no_provisional;
    let (mut heard, mut rings) = (false, false);
    let mut sound = early::Sound::default();
    loop {
        tokio::select! {
            event = invite.exchange.next() => match event {
                Some(TuEvent::Response(response)) if response.status.is_provisional() => {
                    heard = true;
                    early::heard(&leg.stack, &mut invite, &response).await;
                    if response.status.code() > 100 && !rings {
                        rings = true;
                        let leg_id = leg.notices.leg();
                        leg.notices.tell(Notice::LegRinging { leg: leg_id }).await;
                    }
                    sound.of(leg, &response).await;
                }
                Some(TuEvent::Response(response)) if response.status.is_success() => {
                    return Attempt::Answered(Box::new(invite), response);
                }
                Some(TuEvent::Response(response)) => {
                    let once_more = prove::again(
                        &invite.request,
                        &response,
                        route.credentials.as_ref(),
                    );
                    if let Some(request) = once_more
                        && let Ok(exchange) = leg.stack.send(request.clone(), invite.target.clone())
                    {
                        heard = true;
                        invite = Invite { request, exchange, early: None, ..invite };
                        continue;
                    }
                    let cause = failure(&response);
                    if is_of_the_way(&response) {
                        return Attempt::Next(cause);
                    }
                    leg.end(cause).await;
                    return Attempt::Over;
                }
                Some(TuEvent::Request(_) | TuEvent::Ack(_)) => {}
                // Silence for 64·T1, a refused connection, or the end of the endpoint.
                _ => return Attempt::Next(Cause::local(Disposition::Unreachable)),
            },
            () = sleep_until(silent_until), if !heard => {
                // What still comes of it is dealt with beside the next attempt.
                tokio::spawn(cancel(Arc::clone(&leg.stack), invite, EndCause::Normal, None));
                return Attempt::Next(Cause::local(Disposition::Unreachable));
            }
            command = leg.commands.recv() => {
                let cause = match command {
                    Some(LegCommand::Hangup(cause)) => cause,
                    None => EndCause::Normal,
                    Some(LegCommand::Hold(_, told)) => {
                        // discard: who asked has gone.
                        let _ = told.send(Err(Cause::local(Disposition::Failed)));
                        continue;
                    }
                    Some(_) => continue,
                };
                leg.end(given_up(cause)).await;
                cancel(Arc::clone(&leg.stack), invite, cause, leg.closing.take()).await;
                return Attempt::Over;
            }
            Some(request) = leg.requests.recv() => {
                match request {
                    LegRequest::Within(request) => early::asked(&leg.stack, &request),
                    LegRequest::Replaces(invite, _) => early::not_replaced(&leg.stack, &invite),
                    LegRequest::Cancelled(_) => {}
                }
            }
        }
    }
}

fn send(
    leg: &mut Leg,
    dialing: &Dialing,
    route: &Route,
    target: Target,
) -> Result<Invite, SendError> {
    let stack = Arc::clone(&leg.stack);
    let uri = parsed(&route.uri)?;
    leg.local = stack.local_sdp(target.addr.ip(), dialing.port);
    let contact = stack.contact(target.addr.ip(), target.transport);
    let (tag, call_id) = (token(), token());
    // Entered before the first packet leaves: a request within the dialog may be the next.
    leg.entry = Some(
        stack
            .routes
            .enter_dial(&call_id, &tag, dialing.requests.clone()),
    );
    let ip = target.addr.ip();
    let trusted = route.trunk.is_some() || stack.trusts(ip);
    let names = (contact.as_str(), tag.as_str(), call_id.as_str());
    let request = build(&stack, &leg.local, dialing, uri, (ip, trusted), names)?;
    let exchange = stack.send(request.clone(), target.clone())?;
    Ok(Invite {
        request,
        contact,
        target,
        exchange,
        early: None,
    })
}

fn build(
    stack: &Stack,
    local: &sdp::Local,
    dialing: &Dialing,
    uri: Uri,
    (peer, trusted): (std::net::IpAddr, bool),
    (contact, tag, call_id): (&str, &str, &str),
) -> Result<Request, sipx_sip::BuildError> {
    let called = uri.to_string();
    let ip = bracketed(stack.named_ip(peer));
    let host = format!("{ip}:{}", stack.handle.local_addr().port());
    let (from, private) = from_header(&dialing.from, dialing.from_name.as_deref(), &host);
    let to = [b"<".as_slice(), &address_of_record(&uri), b">"].concat();
    let body = sdp::offer(local, &dialing.codecs, sipx_sdp::Direction::SendRecv);
    let hops = HeaderName::parse(&bytes::Bytes::from_static(HOPS));
    let mut builder = RequestBuilder::new(Method::Invite, uri)
        .max_forwards(dialing.way.max_forwards)
        .header(HeaderName::From, format!("{from};tag={tag}"))?
        .header(HeaderName::To, to)?
        .header(HeaderName::CallId, call_id.to_owned())?
        .cseq(1, &Method::Invite)?
        .header(HeaderName::Contact, contact.to_owned())?
        .header(HeaderName::Allow, ALLOW)?
        .header(HeaderName::Supported, SUPPORTED)?
        .header(hops, dialing.way.hops.to_string())?
        .header(HeaderName::ContentType, SDP_TYPE)?;
    let expires = stack.config.session_expires;
    if !expires.is_zero() {
        let expires = expires.as_secs().to_string();
        builder = builder.header(HeaderName::SessionExpires, expires)?;
    }
    let mut lines = dialing.way.history(&called, dialing.after);
    if trusted {
        let name = dialing.from_name.as_deref();
        lines.extend(dialing.way.asserted(&dialing.from, name, &host));
    }
    lines.extend(private.then(privacy));
    lines.extend(dialing.headers.iter().cloned());
    for (name, value) in lines {
        builder = builder.header(name, value)?;
    }
    Ok(builder.body(body).build())
}

/// To names the callee, not the way to it: without the parameters of the URI.
fn address_of_record(uri: &Uri) -> Vec<u8> {
    let whole = uri.to_bytes();
    let end = whole
        .iter()
        .position(|byte| b";?".contains(byte))
        .unwrap_or(whole.len());
    whole.get(..end).unwrap_or(&whole).to_vec()
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

async fn answered(mut leg: Leg, route: &Route, invite: Invite, response: &Response) {
    let stack = Arc::clone(&leg.stack);
    let dialog = Dialog::from_answer(&invite.request, response, invite.contact.clone());
    let mut dialog = match dialog {
        Ok(dialog) => dialog,
        Err(error) => {
            // Without a Contact there is nowhere to send ACK or BYE to; its own timer ends it.
            tracing::warn!(%error, "a 2xx that begins no dialog");
            return leg.end(Cause::local(Disposition::Failed)).await;
        }
    };
    let sequence = dialog.local_sequence();
    // A telephone behind a NAT is reached by the way that its registration opened, and one that
    // connected to us over nothing else.
    let flow = route.flow.clone();
    let flow = flow.or_else(|| closing::flow(&dialog, &invite.target));
    closing::ack(&stack, &dialog, flow.as_ref(), sequence).await;
    let mut body = response.body().clone();
    if let Some(early) = invite.early {
        dialog.used(early.sequence);
        // The answer came in a reliable provisional response (RFC 3262, section 5).
        if body.is_empty() {
            body = early.answer;
        }
    }
    match sdp::read(&body, &stack.config.codecs) {
        Ok(remote) => leg.agree(remote).await,
        Err(error) => {
            tracing::info!(%error, "a 2xx without a usable description");
            leg.end(Cause::from_sip(488)).await;
            return closing::bye(&mut leg, &mut dialog, flow.as_ref(), None).await;
        }
    }
    leg.answered().await;
    let timer = SessionTimer::of_answer(response, stack.config.session_expires);
    let answers = Answers {
        invite: invite.request,
        contact: invite.contact,
        sequence,
        exchange: invite.exchange,
    };
    let session = Session {
        timer,
        updates: sipx_sip::update::peer_allows(&response.headers),
        credentials: route.credentials.clone(),
    };
    Established::of_callee(leg, dialog, answers, flow, session)
        .serve()
        .await;
}

/// Cancels an INVITE, and waits for what comes of it: when a 2xx crosses the CANCEL, the dialog
/// is acknowledged and ended. `_closing` counts the leg until then.
async fn cancel(stack: Arc<Stack>, mut invite: Invite, cause: EndCause, _closing: Option<Count>) {
    invite.exchange.cancel(cancel_reason(cause));
    let last = async {
        while let Some(event) = invite.exchange.next().await {
            match event {
                TuEvent::Response(response) if response.status.is_success() => {
                    return Some(response);
                }
                TuEvent::Response(response) if response.status.is_provisional() => {}
                _ => return None,
            }
        }
        None
    };
    // Twice 64·T1: for a provisional response, which CANCEL waits for, and for the final one.
    if let Ok(Some(response)) = timeout(stack.timeout() * 2, last).await
        && let Ok(dialog) = Dialog::from_answer(&invite.request, &response, invite.contact.clone())
    {
        end_unwanted(&stack, dialog).await;
    }
}

/// Acknowledges and ends a dialog that nobody wants.
async fn end_unwanted(stack: &Arc<Stack>, dialog: Dialog) {
    closing::ack(stack, &dialog, None, dialog.local_sequence()).await;
    closing::part(Arc::clone(stack), dialog, None);
}

/// What may still come of an INVITE after its first 2xx: copies of it until our ACK arrives, and
/// the 2xx of other forks (RFC 3261, section 13.2.2.4).
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) invite: Request,
    pub(crate) contact: String,
    pub(crate) sequence: u32,
    pub(crate) exchange: Exchange,
}

impl Answers {
    /// The next of them; waits for ever when nothing can come any more.
    pub(crate) async fn next(answers: &mut Option<Self>) -> TuEvent {
        if let Some(some) = answers {
            match some.exchange.next().await {
                Some(event) => return event,
                None => *answers = None,
            }
        }
        std::future::pending().await
    }

    /// Acknowledges a copy; acknowledges and ends another fork.
    pub(crate) async fn heard(
        &self,
        stack: &Arc<Stack>,
        dialog: &Dialog,
        flow: Option<&Target>,
        event: TuEvent,
    ) {
        let TuEvent::Response(response) = event else {
            return;
        };
        if !response.status.is_success() {
            return;
        }
        if dialog.is_answer_of_peer(&response) {
            return closing::ack(stack, dialog, flow, self.sequence).await;
        }
        let Ok(fork) = Dialog::from_answer(&self.invite, &response, self.contact.clone()) else {
            return;
        };
        let stack = Arc::clone(stack);
        tracing::info!("another fork answered; it is ended");
        tokio::spawn(async move { end_unwanted(&stack, fork).await });
    }
}
