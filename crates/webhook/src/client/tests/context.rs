//! Tests of what a server is told beside the event, and of who decides when none answers.

use std::time::Duration;

use callroute_schema::{Actions, Event};
use tokio::time::{Instant, sleep};

use super::{Client, VOICEMAIL, voicemail};
use crate::config::ClientConfig;
use crate::decision::{AnswerSource, Route};
use crate::failure::FailureClass as Class;
use crate::testing::{Server, ask, client, event, json, refusing, webhook, with};

fn told(request: &str) -> (Event, String) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let id = head
        .lines()
        .find_map(|line| line.strip_prefix("webhook-id: "));
    (
        Event::from_json(body.as_bytes()).unwrap(),
        id.unwrap().to_owned(),
    )
}

/// The second URL is told why the first gave no answer, and how much time is left.
#[tokio::test]
async fn a_later_url_is_told_what_happened_so_far() {
    let broken = Server::answering(with("503 Service Unavailable", "", "")).await;
    let server = Server::answering(json(VOICEMAIL)).await;
    let webhook = webhook(&[broken.url(), server.url()], 5000);
    assert_eq!(ask(&client(), &webhook).await.result, Ok(voicemail()));
    let (first, id) = told(&broken.requests()[0]);
    assert_eq!(first.deadline_ms, Some(5000));
    assert!(first.attributes.is_empty());
    let (second, same) = told(&server.requests()[0]);
    assert_eq!(id, same, "it is the same event");
    assert_eq!(second.attributes["failure"], "status_5xx");
    assert_eq!(second.attributes["webhook"], "sales");
    assert!(second.deadline_ms.unwrap() <= 5000);
}

/// The deadline counts from the call's arrival, not from when somebody got round to asking.
#[tokio::test]
async fn the_deadline_counts_from_the_arrival() {
    let server = Server::start(|_, _| vec![crate::testing::Deed::Silence]).await;
    let asking = Instant::now();
    let arrived = asking - Duration::from_secs(3);
    let webhook = webhook(&[server.url()], 4000);
    let asked = client().ask_since(&webhook, &event(), arrived).await;
    assert_eq!(asked.result.unwrap_err().class, Class::TimeoutFirstByte);
    assert!(
        asking.elapsed() < Duration::from_millis(2900),
        "it had a second: {:?}",
        asked.elapsed
    );
    let asked = client().ask_since(&webhook, &event(), arrived).await;
    assert_eq!(asked.result.unwrap_err().class, Class::Deadline);
    assert_eq!(server.requests().len(), 1, "no time was left to ask");
    let (asked, _) = told(&server.requests()[0]);
    assert!(
        asked.deadline_ms.unwrap() <= 1000,
        "{:?}",
        asked.deadline_ms
    );
    let route = Route {
        webhook,
        fallback: voicemail(),
    };
    let decision = client().decide_since(&route, &event(), arrived).await;
    assert_eq!(decision.source, AnswerSource::Fallback);
    assert_eq!(decision.failure.unwrap().class, Class::Deadline);
}

/// What a request says of the time that is left is true when it goes out: also beside one that
/// is slow, and when the event says more.
#[tokio::test]
async fn each_request_says_how_much_time_is_left() {
    let slow = Server::start(|_, _| vec![crate::testing::Deed::Silence]).await;
    let server = Server::answering(json(VOICEMAIL)).await;
    let client = Client::new(ClientConfig {
        hedge: Duration::from_millis(200),
        ..ClientConfig::default()
    });
    for own in [None, Some(1500), Some(99), Some(0)] {
        let webhook = webhook(&[slow.url(), server.url()], 1500);
        let mut event = event();
        event.deadline_ms = own;
        let asked = client.ask(&webhook, &event).await;
        assert_eq!(asked.result, Ok(voicemail()));
        let last = |server: &Server| told(server.requests().last().unwrap()).0;
        assert_eq!(last(&slow).deadline_ms, own.or(Some(1500)));
        let left = last(&server).deadline_ms.unwrap();
        match own {
            Some(own) if own < 1500 => assert_eq!(left, own),
            _ => assert!(left <= 1300, "{left}"),
        }
        assert!(last(&server).attributes.is_empty(), "nothing failed so far");
    }
}

/// A trace that the call belongs to goes on in each request, with a span of its own.
#[tokio::test]
async fn the_trace_of_a_call_goes_on_in_its_requests() {
    let broken = Server::answering(with("500 Internal Server Error", "", "")).await;
    let server = Server::answering(json(VOICEMAIL)).await;
    let mut event = event();
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    event
        .headers
        .insert("Traceparent".to_owned(), given.to_owned());
    let webhook = webhook(&[broken.url(), server.url()], 5000);
    assert_eq!(client().ask(&webhook, &event).await.result, Ok(voicemail()));
    let parents = [&broken, &server].map(|server| {
        let request = server.requests().remove(0);
        let line = request
            .lines()
            .find_map(|line| line.strip_prefix("traceparent: "));
        line.unwrap().to_owned()
    });
    for parent in &parents {
        assert_eq!(parent.len(), given.len(), "{parent}");
        assert_eq!(parent.get(..36), given.get(..36), "the same trace");
        assert_eq!(parent.get(52..), given.get(52..), "sampled as before");
        assert_ne!(parent, given, "the span is ours");
    }
    assert_ne!(parents[0], parents[1], "each attempt has its own");
}

/// A19: there is always something to do.
#[tokio::test]
async fn a_decision_is_never_an_error() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let mut route = Route {
        webhook: webhook(&[server.url()], 5000),
        fallback: Actions::from_json(br#"{"action":"hangup"}"#).unwrap(),
    };
    let client = client();
    let decision = client.decide(&route, &event()).await;
    assert_eq!(
        (decision.source, decision.actions),
        (AnswerSource::Webhook, voicemail())
    );
    route.webhook = webhook(&[refusing().await], 5000);
    let decision = client.decide(&route, &event()).await;
    assert_eq!(
        (decision.source, decision.actions),
        (AnswerSource::Fallback, route.fallback)
    );
    assert_eq!(decision.failure.unwrap().class, Class::Connect);
}

/// A8: an answer stands in for later ones only when the webhook and its server both want that.
#[tokio::test]
async fn the_last_good_answer_stands_in_when_both_sides_allow_it() {
    for (wanted, allowed, stands_in) in [
        (true, true, true),
        (true, false, false),
        (false, true, false),
    ] {
        let header = if allowed {
            "cache-control: stale-if-error=60\r\n"
        } else {
            ""
        };
        let server = Server::start(move |_, number| {
            let bytes = match number {
                0 => with("200 OK", header, VOICEMAIL),
                _ => with("500 Internal Server Error", "", ""),
            };
            vec![crate::testing::Deed::Write(bytes)]
        })
        .await;
        let mut route = Route {
            webhook: webhook(&[server.url()], 5000),
            fallback: Actions::from_json(br#"{"action":"hangup"}"#).unwrap(),
        };
        route.webhook.last_good = wanted;
        let client = Client::new(ClientConfig {
            second_uses: false,
            ..ClientConfig::default()
        });
        assert_eq!(
            client.decide(&route, &event()).await.source,
            AnswerSource::Webhook
        );
        client.settle().await;
        let decision = client.decide(&route, &event()).await;
        assert_eq!(decision.failure.unwrap().class, Class::Status5xx);
        let expected = match stands_in {
            true => (AnswerSource::LastGood, voicemail()),
            false => (AnswerSource::Fallback, route.fallback),
        };
        assert_eq!((decision.source, decision.actions), expected);
        assert_eq!(server.requests().len(), 2, "it is asked each time");
    }
}

/// A server that could not be reached is back: found out without a live call.
#[tokio::test]
async fn a_background_connection_finds_out_that_a_server_is_back() {
    let url = refusing().await;
    let client = client();
    let webhook = webhook(std::slice::from_ref(&url), 1000);
    for _ in 0..5 {
        ask(&client, &webhook).await;
    }
    assert_eq!(client.health(&webhook.urls[0]), crate::Health::Resting);
    let address = url
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let (_stream, _) = listener.accept().await.unwrap();
    let back = async {
        while client.health(&webhook.urls[0]) != crate::Health::Healthy {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back)
        .await
        .unwrap();
}

/// A lookup asks as an ask does, by the same ways round failing servers, and hears an object.
#[tokio::test]
async fn a_lookup_hears_what_is_known_of_the_caller() {
    let broken = Server::answering(with("503 Service Unavailable", "", "")).await;
    let server = Server::answering(json(r#"{"owner":"ann","tier":null}"#)).await;
    let crm = webhook(&[broken.url(), server.url()], 5000);
    let found = client().look_up(&crm, &event(), "crm").await;
    let row = found.result.unwrap().unwrap();
    assert_eq!(
        row.into_iter().collect::<Vec<_>>(),
        [("owner".to_owned(), "ann".to_owned())]
    );
    assert_eq!(found.attempts.len(), 2);
    let (asked, _) = told(&server.requests()[0]);
    assert_eq!(asked.attributes["lookup"], "crm");
    let wrong = Server::answering(json(VOICEMAIL)).await;
    let crm = webhook(&[wrong.url()], 5000);
    let found = client().look_up(&crm, &event(), "crm").await;
    assert!(found.result.unwrap().is_some(), "an object is an object");
    let gone = webhook(&[refusing().await], 5000);
    let failure = client().look_up(&gone, &event(), "crm").await;
    assert_eq!(failure.result.unwrap_err().class, Class::Connect);
}
