//! Tests of stopping in the middle of something else.

use callroute_schema::Actions;

use super::*;
use crate::fakes::{Quiet, Seen, config, event};

const TABLE: &str = "
version: 1
default: { action: park, slot: all }
";

struct Stopping {
    stop: watch::Sender<bool>,
    switchboard: Arc<Switchboard>,
    seen: Arc<Seen>,
}

/// A call and whoever stops it.
fn call(call_id: &str) -> (Box<Call<Quiet>>, Stopping) {
    let (config, seen) = config(TABLE);
    let (stop, stopped) = watch::channel(false);
    let switchboard = Arc::new(Switchboard::new(config.clock.clone()));
    let call = Box::new(Call {
        config: Arc::new(config),
        asks: Arc::default(),
        capabilities: Arc::new(Capabilities {
            rooms: true,
            ..Capabilities::basic("quiet")
        }),
        settings: Arc::default(),
        posts: Arc::default(),
        line: Quiet::default(),
        event: event(call_id, "+13146523057"),
        first: Input::Start,
        arrived: Instant::now(),
        stop: stopped,
        switchboard: switchboard.clone(),
    });
    let stopping = Stopping {
        stop,
        switchboard,
        seen,
    };
    (call, stopping)
}

fn told(seen: &Seen) -> bool {
    let trace = seen.trace();
    trace.contains(&"ending the call: the router stops".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_task_begins_as_the_router_stops_is_told() {
    let (call, stopping) = call("c1");
    stopping.stop.send(true).unwrap();
    drive(call).await;
    assert!(told(&stopping.seen), "{:?}", stopping.seen.trace());
}

/// Whichever of two things a call takes first, it takes the other one as well.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_something_else_to_do_meanwhile_is_told() {
    for _ in 0..20 {
        let (call, stopping) = call("c1");
        let (call_id, seen) = (call.event.call_id.clone(), stopping.seen.clone());
        let driving = tokio::spawn(drive(call));
        while stopping.switchboard.parked().is_empty() {
            tokio::task::yield_now().await;
        }
        let actions = Actions::from_json(br#"{"action":"park","slot":"all"}"#).unwrap();
        stopping.switchboard.push(&call_id, actions).unwrap();
        stopping.stop.send(true).unwrap();
        driving.await.unwrap();
        assert!(told(&seen), "{:?}", seen.trace());
    }
}
