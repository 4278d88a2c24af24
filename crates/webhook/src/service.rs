//! The finished client as a `tower::Service`: a call's event in, a decision out.

#![cfg(feature = "client")]

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use callroute_schema::Event;
use tower_service::Service;

use crate::client::Client;
use crate::decision::{Decision, Route};

/// What an [`Asker`] is asked: an event, and the route it takes.
#[derive(Debug, Clone)]
pub struct Question {
    /// The webhook and its fallback.
    pub route: Route,
    /// What happened.
    pub event: Event,
}

/// A client as a service. It is always ready: what is too much for it takes the fallback, at
/// once, and never fails. Layers that wait, retry or time out are not wanted around it.
#[derive(Debug, Clone)]
pub struct Asker(Client);

impl From<Client> for Asker {
    fn from(client: Client) -> Self {
        Self(client)
    }
}

impl Service<Question> for Asker {
    type Response = Decision;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Decision, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, question: Question) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move { Ok(client.decide(&question.route, &question.event).await) })
    }
}

#[cfg(test)]
mod tests {
    use callroute_schema::Actions;
    use tower_service::Service;

    use super::{Asker, Question};
    use crate::decision::{AnswerSource, Route};
    use crate::failure::FailureClass;
    use crate::testing::{Server, client, event, json, refusing, webhook};

    #[tokio::test]
    async fn a_service_always_decides() {
        let server = Server::answering(json(r#"{"action":"hangup"}"#)).await;
        let fallback = Actions::from_json(br#"{"action":"voicemail","message":"x"}"#).unwrap();
        let mut asker = Asker::from(client());
        let question = |url: String| Question {
            route: Route {
                webhook: webhook(&[url], 5000),
                fallback: fallback.clone(),
            },
            event: event(),
        };
        let Ok(decision) = asker.call(question(server.url())).await;
        assert_eq!(
            (decision.source, decision.failure),
            (AnswerSource::Webhook, None)
        );
        let Ok(decision) = asker.call(question(refusing().await)).await;
        assert_eq!(
            (decision.source, &decision.actions),
            (AnswerSource::Fallback, &fallback)
        );
        assert_eq!(decision.failure.unwrap().class, FailureClass::Connect);
    }
}
