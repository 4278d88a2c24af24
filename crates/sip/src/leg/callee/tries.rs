//! What is tried of the ways to a callee, and who hangs up before it is.

use std::pin::pin;
use std::sync::Arc;

use callroute_media::{EndCause, Notice};
use callroute_schema::{Cause, Disposition};
use sipx_transport::Target;
use tokio::sync::mpsc::error::TryRecvError;

use super::invite::parsed;
use crate::leg::{Leg, LegCommand};
use crate::reach::ways::Route;
use crate::stack::{SendError, Stack};

/// What is tried one after the other of a group of ways, each with where it leads to. `Err` when it was
/// hung up meanwhile.
pub(super) async fn tries<'a>(
    leg: &mut Leg,
    group: &'a [Route],
) -> Result<Vec<Vec<(&'a Route, Target)>>, EndCause> {
    let mut tries = Vec::new();
    for route in group {
        if !counted(leg, route) {
            continue;
        }
        match found(leg, route).await? {
            // Alone, it is tried at one of its addresses after the other.
            Ok(found) if group.len() == 1 => {
                tries.extend(found.into_iter().map(|target| vec![(route, target)]));
            }
            Ok(found) => {
                let first = found.into_iter().next().map(|target| (route, target));
                match tries.first_mut() {
                    Some(together) => together.extend(first),
                    None => tries.push(first.into_iter().collect()),
                }
            }
            Err(error) => {
                tracing::info!(%error, leg = %leg.notices.leg(), "a callee cannot be found");
            }
        }
        if route.diverted.is_some() {
            let (leg_id, to) = (leg.notices.leg(), route.uri.clone());
            let notice = Notice::Diverted { leg: leg_id, to };
            leg.notices.tell(notice).await;
        }
    }
    Ok(tries)
}

/// Counts the leg on the trunk of a way, in place of the one before; `false` when that is full.
fn counted(leg: &mut Leg, route: &Route) -> bool {
    leg.trunk = None;
    let trunk = route.trunk.as_deref();
    let Some(trunk) = trunk.and_then(|name| leg.stack.trunks.get(name)) else {
        return true;
    };
    leg.trunk = trunk.count();
    if leg.trunk.is_none() {
        tracing::info!(trunk = route.trunk, "the trunk is full");
    }
    leg.trunk.is_some()
}

/// Where a way leads, which may take several seconds: whoever hangs up does not wait for it.
async fn found(leg: &mut Leg, route: &Route) -> Result<Result<Vec<Target>, SendError>, EndCause> {
    let stack = Arc::clone(&leg.stack);
    let mut found = pin!(targets(&stack, route));
    loop {
        tokio::select! {
            biased;
            command = leg.commands.recv() => {
                if let Some(cause) = hangup(command) {
                    return Err(cause);
                }
            }
            found = &mut found => return Ok(found),
        }
    }
}

async fn targets(stack: &Stack, route: &Route) -> Result<Vec<Target>, SendError> {
    match &route.flow {
        Some(flow) => Ok(vec![flow.clone()]),
        None => stack.resolve_all(&parsed(&route.uri)?).await,
    }
}

/// The cause of a command that ends a leg which is not answered; others have nothing to do with it yet.
pub(super) fn hangup(command: Option<LegCommand>) -> Option<EndCause> {
    match command {
        Some(LegCommand::Hangup(cause)) => Some(cause),
        // The line was dropped.
        None => Some(EndCause::Normal),
        Some(LegCommand::Hold(_, told)) => {
            // discard: who asked has gone.
            let _ = told.send(Err(Cause::local(Disposition::Failed)));
            None
        }
        Some(_) => None,
    }
}

/// The same of what has come already.
pub(super) fn hung_up(leg: &mut Leg) -> Option<EndCause> {
    loop {
        let command = match leg.commands.try_recv() {
            Ok(command) => Some(command),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => return None,
        };
        if let Some(cause) = hangup(command) {
            return Some(cause);
        }
    }
}
