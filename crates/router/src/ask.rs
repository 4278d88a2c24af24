//! One ask of a call, and what its answer comes to.

use callroute_rules::Engine;
use callroute_schema::Event;
use callroute_session::{AskFailure, AskId, Input};
use callroute_webhook::{Asked, Client, Endpoints, Failure, FailureClass};
use tokio::time::Instant;

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
        endpoints: Result<Endpoints, Failure>,
    ) -> (AskId, Result<Asked, Failure>) {
        let asked = match endpoints {
            Ok(endpoints) => Ok(client.ask_since(&endpoints, &self.event, self.heard).await),
            Err(failure) => Err(failure),
        };
        (self.ask, asked)
    }
}

/// What an answer, or none, comes to. An answer that dials what the table does not allow is none.
pub(crate) fn answer(engine: &Engine, ask: AskId, asked: Result<Asked, Failure>) -> Input {
    let permitted = asked.and_then(|asked| {
        let actions = asked.result?;
        match (engine.permit(&actions), asked.stood_in) {
            (Ok(()), stood_in) => Ok((actions, stood_in)),
            // An answer to an earlier call that will not do leaves the failure as it is.
            (Err(_), Some(failure)) => Err(failure),
            (Err(refused), None) => Err(Failure::new(FailureClass::BadSchema, refused.to_string())),
        }
    });
    match permitted {
        Ok((actions, stood_in)) => Input::Answered {
            ask,
            actions,
            stood_in: stood_in.map(told),
        },
        Err(failure) => Input::AskFailed {
            ask,
            failure: told(failure),
        },
    }
}

fn told(failure: Failure) -> AskFailure {
    AskFailure {
        class: failure.class.as_str().to_owned(),
        detail: failure.detail,
    }
}
