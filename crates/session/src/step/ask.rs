//! Waiting for a server's answer.

use std::time::Duration;

use callroute_schema::{Action, Actions, Disposition, Event, EventKind, On, Webhook};

use super::Step;
use crate::call::{Call, kinds};
use crate::effect::{AskId, AskTarget, Effect};
use crate::input::AskFailure;
use crate::note::Note;
use crate::program::{Flow, branch};

/// The driver answers by the deadline; this much later the session stops believing that.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

/// The attributes by which a server is told which webhook failed before it was asked, and how:
/// the same as in the event `webhook_failed`.
const WEBHOOK: &str = "webhook";
const FAILURE: &str = "failure";

/// What a driver brings back.
#[derive(Debug)]
pub(crate) enum Reply {
    /// With why it is one to an earlier call, if it is.
    Answer(Actions, Option<AskFailure>),
    Failure(AskFailure),
}

#[derive(Debug)]
pub(crate) struct Asking {
    ask: AskId,
    target: AskTarget,
    on: On,
    since: Duration,
    deadline_ms: u64,
    deadline: Duration,
}

impl Asking {
    pub(crate) fn begin(call: &mut Call, webhook: Webhook) -> (Step, Flow) {
        let Some((target, deadline_ms)) = AskTarget::of(&webhook, &call.engine) else {
            let why = "the webhook action has neither name nor url";
            return (Step::New, Flow::failed(Disposition::Failed, why));
        };
        let ask = call.new_ask();
        let own = Duration::from_millis(deadline_ms);
        let Some(left) = call.patience.ask(call.now.mono, own) else {
            // Nobody waits any more for servers that hand the call to each other.
            let step = Self::new(call, ask, target, webhook.on, deadline_ms);
            let failure = AskFailure {
                class: "deadline".to_owned(),
                detail: "too many servers were asked one after the other".to_owned(),
            };
            return (Step::New, step.failed(call, failure));
        };
        let deadline_ms = u64::try_from(left.as_millis()).unwrap_or(deadline_ms);
        call.note(Note::Asking {
            webhook: target.to_string(),
            deadline_ms,
        });
        let event = question(call, deadline_ms);
        call.effects.push_back(Effect::Ask {
            ask,
            target: target.clone(),
            event: Box::new(event),
            deadline_ms,
        });
        let step = Self::new(call, ask, target, webhook.on, deadline_ms);
        (Step::Asking(step), Flow::Stay)
    }

    fn new(call: &Call, ask: AskId, target: AskTarget, on: On, deadline_ms: u64) -> Self {
        Self {
            ask,
            target,
            on,
            since: call.now.mono,
            deadline_ms,
            deadline: call.after(Duration::from_millis(deadline_ms) + GRACE),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_reply(&mut self, call: &mut Call, ask: AskId, reply: Reply) -> Flow {
        if ask != self.ask {
            return Flow::Stay;
        }
        let (actions, stood_in) = match reply {
            Reply::Answer(actions, stood_in) => (actions, stood_in),
            Reply::Failure(failure) => return self.failed(call, failure),
        };
        // A server may name targets, menus and agents of the table; it may also misspell them,
        // give values that the file would be refused for, or dial what it must not.
        match call.engine.accept(&actions) {
            Ok(resolved) => {
                self.answered(call, &resolved, stood_in);
                Flow::Become(actions)
            }
            Err(refused) => {
                // An answer to an earlier call that will not do leaves the failure as it is.
                let failure = stood_in.unwrap_or_else(|| AskFailure {
                    class: "bad_schema".to_owned(),
                    detail: refused.to_string(),
                });
                self.failed(call, failure)
            }
        }
    }

    fn answered(&self, call: &mut Call, actions: &[Action], stood_in: Option<AskFailure>) {
        let (webhook, actions) = (self.target.to_string(), kinds(actions));
        match stood_in {
            None => {
                call.unanswered = None;
                let elapsed_ms = call.elapsed_ms(self.since);
                call.note(Note::WebhookAnswered {
                    webhook,
                    elapsed_ms,
                    actions,
                });
            }
            Some(failure) => {
                self.tell(call, failure);
                call.note(Note::LastGood { webhook, actions });
            }
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        self.abandon(call);
        let failure = AskFailure {
            class: "deadline".to_owned(),
            detail: format!("no answer within {} ms", self.deadline_ms),
        };
        self.failed(call, failure)
    }

    pub(crate) fn abandon(&mut self, call: &mut Call) {
        call.effects.push_back(Effect::CancelAsk { ask: self.ask });
    }

    /// `on.failed`, else the webhook's own fallback, else what the program does next.
    fn failed(&self, call: &mut Call, failure: AskFailure) -> Flow {
        let why = format!("webhook {} failed: {}", self.target.told(), failure.class);
        self.tell(call, failure);
        if let Some(actions) = branch(&self.on, Disposition::Failed) {
            return Flow::Branch {
                actions: actions.clone(),
                why,
            };
        }
        let fallback = match &self.target {
            AskTarget::Named(name) => call
                .engine
                .webhook(name.as_str())
                .and_then(|spec| spec.fallback.clone()),
            AskTarget::Url(_) => None,
        };
        match fallback {
            Some(actions) => {
                let webhook = self.target.to_string();
                call.note(Note::Fallback { webhook });
                Flow::Branch { actions, why }
            }
            None => Flow::failed(Disposition::Failed, why),
        }
    }

    /// Everybody concerned: the trace, the callbacks, the server that is asked next.
    fn tell(&self, call: &mut Call, failure: AskFailure) {
        let told = self.target.told().to_owned();
        call.unanswered = Some((told.clone(), failure.class.clone()));
        let mut event = call.event_now(EventKind::WebhookFailed);
        event.attributes.insert(WEBHOOK.to_owned(), told);
        event
            .attributes
            .insert(FAILURE.to_owned(), failure.class.clone());
        call.note(Note::WebhookFailed {
            webhook: self.target.to_string(),
            elapsed_ms: call.elapsed_ms(self.since),
            class: failure.class,
            detail: failure.detail,
        });
        call.emit(event);
    }
}

/// What the server is told: the call, what was pressed last, and which server failed before it
/// was asked, and how.
fn question(call: &Call, deadline_ms: u64) -> Event {
    let kind = if call.event.menu.is_some() {
        EventKind::MenuInput
    } else {
        EventKind::IncomingCall
    };
    let mut event = call.event_now(kind);
    if let Some((webhook, failure)) = &call.unanswered {
        let attributes = &mut event.attributes;
        attributes.insert(WEBHOOK.to_owned(), webhook.clone());
        attributes.insert(FAILURE.to_owned(), failure.clone());
    }
    event.deadline_ms = Some(deadline_ms);
    event
}
