//! Calling somebody, and sending a caller to somebody.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Waker};

use callroute_media::{Deed, DialTarget, LegId, Notice, hops};
use callroute_schema::{Caller, Cause, Disposition};
use tokio::runtime::Handle;

use super::SipLine;
use crate::leg::LegCommand;
use crate::leg::callee::{self, Dialing};
use crate::way;

impl SipLine {
    pub(crate) fn dial(
        &mut self,
        leg: LegId,
        to: &DialTarget,
        from: Caller,
        from_name: Option<String>,
        headers: &BTreeMap<String, String>,
    ) {
        if self.legs.contains_key(&leg) {
            tracing::error!(%leg, "a leg's id was used twice; the second dial is ignored");
            return;
        }
        let unreachable = Notice::LegEnded {
            leg,
            cause: Cause::local(Disposition::Unreachable),
        };
        let routes = self.stack.routes_to(to);
        if routes.is_empty() {
            tracing::warn!(%leg, "there is no way to whom is dialed");
            return self.notice(unreachable);
        }
        let runtime = self.stack.runtime.clone();
        let _within = runtime.enter();
        let begun = match self.begin(leg) {
            Ok(begun) => begun,
            Err(error) => {
                tracing::error!(%leg, %error, "no RTP socket for a callee");
                let cause = Cause::local(Disposition::Congestion);
                return self.notice(Notice::LegEnded { leg, cause });
            }
        };
        let mut codecs = self.codecs.clone();
        let ours = self.stack.config.codecs.iter().copied();
        codecs.extend(ours.filter(|codec| !self.codecs.contains(codec)));
        let mut way = self.way.clone();
        way.hops = hops(headers).unwrap_or(way.hops);
        let dialing = Box::new(Dialing {
            routes,
            way,
            from,
            from_name,
            headers: way::chosen(&with_arguments(to, headers)),
            after: self.after,
            codecs,
            port: begun.port,
            key: begun.leg.local.key.clone(),
            requests: begun.requests,
        });
        at_once(&runtime, Box::pin(callee::serve(begun.leg, dialing)));
    }

    pub(super) fn redirect(&mut self, leg: LegId, contacts: &[DialTarget]) {
        let contacts: Vec<String> = contacts
            .iter()
            .flat_map(|to| self.stack.contacts_of(to, &self.way))
            .collect();
        let reason = if leg != LegId::CALLER && self.is_answered(leg) != Some(true) {
            "a callee that has not answered cannot be sent away"
        } else if contacts.is_empty() {
            "there is no way to any of these contacts"
        } else {
            return self.tell(leg, LegCommand::Redirect(contacts));
        };
        let (reason, deed) = (reason.to_owned(), Deed::Redirect);
        self.notice(Notice::NotDone { leg, deed, reason });
    }
}

/// Begins a task here and now: what it can do at once is done when this comes back. Must be called
/// within the runtime.
fn at_once(runtime: &Handle, mut task: Pin<Box<impl Future<Output = ()> + Send + 'static>>) {
    // Who is to be woken is told when the task is polled once more, in its own place.
    let mut nobody = Context::from_waker(Waker::noop());
    if task.as_mut().poll(&mut nobody).is_pending() {
        runtime.spawn(task);
    }
}

/// The headers for a program, with what it is given.
fn with_arguments<'a>(
    to: &DialTarget,
    headers: &'a BTreeMap<String, String>,
) -> Cow<'a, BTreeMap<String, String>> {
    let DialTarget::Application { arguments, .. } = to else {
        return Cow::Borrowed(headers);
    };
    let given = arguments.iter();
    let given = given.map(|(name, value)| (format!("X-Arg-{name}"), value.clone()));
    Cow::Owned(headers.clone().into_iter().chain(given).collect())
}
