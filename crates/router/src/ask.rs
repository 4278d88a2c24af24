//! One ask of a call: what the server is told, and what its answer comes to.

use callroute_rules::Engine;
use callroute_schema::Event;
use callroute_session::{AskFailure, AskId, AskTarget, Input};
use callroute_webhook::{Asked, Client, Endpoints};
use tokio::time::Instant;

/// The attributes by which a server is told which webhook failed before it was asked, and how:
/// the same as in the event `webhook_failed`.
const WEBHOOK: &str = "webhook";
const FAILURE: &str = "failure";

/// An ask that goes out.
pub(crate) struct Ask {
    pub(crate) ask: AskId,
    pub(crate) event: Box<Event>,
    /// When the call came in, or its caller chose: the deadline counts from there.
    pub(crate) heard: Instant,
}

impl Ask {
    pub(crate) async fn run(
        self,
        client: Client,
        endpoints: Result<Endpoints, String>,
    ) -> (AskId, Result<Asked, String>) {
        let asked = match endpoints {
            Ok(endpoints) => Ok(client.ask_since(&endpoints, &self.event, self.heard).await),
            Err(why) => Err(why),
        };
        (self.ask, asked)
    }
}

/// What the next server is told of the ones before it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    target: Option<AskTarget>,
    failed: Option<(String, String)>,
}

impl Told {
    /// Adds what happened so far to an event that goes out.
    pub(crate) fn tell(&mut self, target: &AskTarget, event: &mut Event) {
        if let Some((webhook, failure)) = &self.failed {
            let attributes = &mut event.attributes;
            attributes.insert(WEBHOOK.to_owned(), webhook.clone());
            attributes.insert(FAILURE.to_owned(), failure.clone());
        }
        self.target = Some(target.clone());
    }

    /// What an answer, or none, comes to. An answer that dials what the table does not allow is
    /// none.
    pub(crate) fn answer(
        &mut self,
        engine: &Engine,
        ask: AskId,
        asked: Result<Asked, String>,
    ) -> Input {
        let failure = match asked {
            Ok(asked) => match asked.result {
                Ok(actions) => match engine.permit(&actions) {
                    Ok(()) => {
                        self.failed = None;
                        return Input::Answered { ask, actions };
                    }
                    Err(refused) => AskFailure {
                        class: "bad_schema".to_owned(),
                        detail: refused.to_string(),
                    },
                },
                Err(failure) => AskFailure {
                    class: failure.class.as_str().to_owned(),
                    detail: failure.detail,
                },
            },
            Err(detail) => AskFailure {
                class: "config".to_owned(),
                detail,
            },
        };
        // A URL may hold what is not for others to know.
        let webhook = match &self.target {
            Some(AskTarget::Named(name)) => name.to_string(),
            Some(AskTarget::Url(_)) | None => "url".to_owned(),
        };
        self.failed = Some((webhook, failure.class.clone()));
        Input::AskFailed { ask, failure }
    }
}
