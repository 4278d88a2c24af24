//! A callee's leg: an INVITE of ours, until it is answered, refused or cancelled.

use std::sync::Arc;

use callroute_media::{EndCause, Notice};
use callroute_schema::{Caller, Cause, Disposition, mask};
use sipx_sip::{HeaderName, Method, Request, RequestBuilder, Response, TuEvent, Uri};
use sipx_transport::Target;
use tokio::time::{Instant, sleep_until, timeout};

use crate::convert::{bracketed, cancel_reason, from_header, privacy};
use crate::dialog::Dialog;
use crate::exchange::{Exchange, is_provisional};
use crate::leg::established::Established;
use crate::leg::{Leg, LegCommand, closing};
use crate::message::{ALLOW, Reply, SDP_TYPE, answered_elsewhere, q850};
use crate::routes::LegRequest;
use crate::sdp;
use crate::stack::{SendError, Stack, token};

/// Whom to dial, and on whose behalf.
#[derive(Debug)]
pub(crate) struct Dialing {
    pub(crate) uri: String,
    pub(crate) from: Caller,
    pub(crate) from_name: Option<String>,
    /// The preferred codec first.
    pub(crate) codecs: Vec<callroute_audio::codec::Codec>,
    /// The RTP port of the leg.
    pub(crate) port: u16,
    pub(crate) requests: tokio::sync::mpsc::Sender<LegRequest>,
}

/// An INVITE on its way.
#[derive(Debug)]
struct Invite {
    request: Request,
    contact: String,
    exchange: Exchange,
}

/// Serves a callee's leg to its end.
pub(crate) async fn serve(mut leg: Leg, dialing: Dialing) {
    let mut invite = match send(&mut leg, dialing).await {
        Ok(invite) => invite,
        Err(error) => {
            tracing::info!(%error, leg = %leg.notices.leg(), "an INVITE was not sent");
            return leg.end(Cause::local(Disposition::Unreachable)).await;
        }
    };
    let silent_until = Instant::now() + leg.stack.config.no_provisional;
    let (mut heard, mut rings) = (false, false);
    loop {
        tokio::select! {
            event = invite.exchange.next() => match event {
                Some(TuEvent::Response(response)) if response.status.is_provisional() => {
                    heard = true;
                    if response.status.code() > 100 && !rings {
                        rings = true;
                        let leg_id = leg.notices.leg();
                        leg.notices.tell(Notice::LegRinging { leg: leg_id }).await;
                    }
                }
                Some(TuEvent::Response(response)) if response.status.is_success() => {
                    return answered(leg, invite, &response).await;
                }
                Some(TuEvent::Response(response)) => {
                    return leg.end(failure(&response)).await;
                }
                Some(TuEvent::Request(_) | TuEvent::Ack(_)) => {}
                // Silence for 64·T1, a refused connection, or the end of the endpoint.
                _ => return leg.end(Cause::local(Disposition::Unreachable)).await,
            },
            () = sleep_until(silent_until), if !heard => {
                leg.end(Cause::local(Disposition::Unreachable)).await;
                return cancel(leg, invite, EndCause::Normal).await;
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
                return cancel(leg, invite, cause).await;
            }
            Some(request) = leg.requests.recv() => {
                // Nothing may come before a dialog is established.
                if let LegRequest::Within(request) = request
                    && request.request.method != Method::Ack
                {
                    leg.stack.respond(&request, Reply::new(481)).await;
                }
            }
        }
    }
}

async fn send(leg: &mut Leg, dialing: Dialing) -> Result<Invite, SendError> {
    let stack = Arc::clone(&leg.stack);
    let uri = Uri::parse(bytes::Bytes::from(dialing.uri.clone()))
        .map_err(|_| SendError::NoWay(mask(&dialing.uri)))?;
    let target = stack.resolve(&uri).await?;
    leg.local = stack.local_sdp(target.addr.ip(), dialing.port);
    let contact = stack.contact(target.addr.ip(), target.transport);
    let (tag, call_id) = (token(), token());
    // Entered before the first packet leaves: a request within the dialog may be the next.
    leg.entry = Some(
        stack
            .routes
            .enter_dial(&call_id, &tag, dialing.requests.clone()),
    );
    let request = build(
        &stack,
        &leg.local,
        &dialing,
        uri,
        &target,
        (&contact, &tag, &call_id),
    )?;
    let exchange = stack.send(request.clone(), target).await?;
    Ok(Invite {
        request,
        contact,
        exchange,
    })
}

fn build(
    stack: &Stack,
    local: &sdp::Local,
    dialing: &Dialing,
    uri: Uri,
    target: &Target,
    (contact, tag, call_id): (&str, &str, &str),
) -> Result<Request, sipx_sip::BuildError> {
    let ip = bracketed(stack.named_ip(target.addr.ip()));
    let host = format!("{ip}:{}", stack.handle.local_addr().port());
    let (from, private) = from_header(&dialing.from, dialing.from_name.as_deref(), &host);
    let to = [b"<".as_slice(), &address_of_record(&uri), b">"].concat();
    let body = sdp::offer(local, &dialing.codecs, sipx_sdp::Direction::SendRecv);
    let mut builder = RequestBuilder::new(Method::Invite, uri)
        .max_forwards(70)
        .header(HeaderName::From, format!("{from};tag={tag}"))?
        .header(HeaderName::To, to)?
        .header(HeaderName::CallId, call_id.to_owned())?
        .cseq(1, &Method::Invite)?
        .header(HeaderName::Contact, contact.to_owned())?
        .header(HeaderName::Allow, ALLOW)?
        .header(HeaderName::ContentType, SDP_TYPE)?;
    if private {
        let (name, value) = privacy();
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

async fn answered(mut leg: Leg, invite: Invite, response: &Response) {
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
    closing::ack(&stack, &dialog, None, sequence).await;
    match sdp::read(response.body(), &stack.config.codecs) {
        Ok(remote) => leg.agree(remote).await,
        Err(error) => {
            tracing::info!(%error, "a 2xx without a usable description");
            leg.end(Cause::from_sip(488)).await;
            return closing::bye(&mut leg, &mut dialog, None).await;
        }
    }
    leg.answered().await;
    let answers = Answers {
        invite: invite.request,
        contact: invite.contact,
        sequence,
        exchange: invite.exchange,
    };
    Established::of_callee(leg, dialog, answers).serve().await;
}

/// Cancels an INVITE whose leg has ended for the router, and waits for what comes of it: when a
/// 2xx crosses the CANCEL, the dialog is acknowledged and ended.
async fn cancel(mut leg: Leg, mut invite: Invite, cause: EndCause) {
    let stack = Arc::clone(&leg.stack);
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
        && let Ok(mut dialog) =
            Dialog::from_answer(&invite.request, &response, invite.contact.clone())
    {
        closing::ack(&stack, &dialog, None, dialog.local_sequence()).await;
        closing::bye(&mut leg, &mut dialog, None).await;
    }
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
    pub(crate) async fn heard(&self, stack: &Arc<Stack>, dialog: &Dialog, event: TuEvent) {
        let TuEvent::Response(response) = event else {
            return;
        };
        if !response.status.is_success() {
            return;
        }
        if dialog.is_answer_of_peer(&response) {
            return closing::ack(stack, dialog, None, self.sequence).await;
        }
        let Ok(mut fork) = Dialog::from_answer(&self.invite, &response, self.contact.clone())
        else {
            return;
        };
        let (stack, sequence) = (Arc::clone(stack), self.sequence);
        tracing::info!("another fork answered; it is ended");
        tokio::spawn(async move {
            closing::ack(&stack, &fork, None, sequence).await;
            let sent = closing::send(&stack, &mut fork, None, |fork| {
                Ok(fork.request(&Method::Bye)?.build())
            });
            if let Ok(mut exchange) = sent.await {
                while exchange
                    .next()
                    .await
                    .is_some_and(|event| is_provisional(&event))
                {}
            }
        });
    }
}
