//! One ask of a call, and what its answer comes to.

use std::sync::Arc;

use callroute_schema::Event;
use callroute_session::{AskFailure, AskId, Input};
use callroute_webhook::{AskReport, Endpoints, Failure};
use tokio::time::Instant;

use crate::caught::caught;
use crate::config::RouterConfig;

/// The class of an ask that panicked: no fault of the server.
const BROKE_DOWN: &str = "internal";

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
        config: Arc<RouterConfig>,
        endpoints: Result<Endpoints, Failure>,
    ) -> Input {
        let asking = async {
            let endpoints = endpoints?;
            let client = &config.webhooks;
            Ok(client.ask_since(&endpoints, &self.event, self.heard).await)
        };
        match caught(asking).await {
            Ok(asked) => answer(self.ask, asked),
            Err(panic) => {
                let detail = format!("asking a webhook broke down: {panic}");
                config.observer.warning(&detail);
                let class = BROKE_DOWN.to_owned();
                let failure = AskFailure { class, detail };
                let ask = self.ask;
                Input::AskFailed { ask, failure }
            }
        }
    }
}

/// What an answer, or none, comes to. What it says is the session's to judge.
fn answer(ask: AskId, asked: Result<AskReport, Failure>) -> Input {
    let answered = asked.and_then(|asked| Ok((asked.result?, asked.stood_in)));
    match answered {
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
