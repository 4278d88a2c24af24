//! Plays a call in virtual time.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::Engine;
use callroute_schema::Event;
use callroute_session::{Effect, Input, Now, Session};
use chrono::TimeDelta;

use crate::played::{Played, PlayedStep};
use crate::script::Script;
use crate::world::World;

/// No call has more steps; one that has is not over, which [`Played::is_over`] tells.
const MAX_STEPS: usize = 100_000;

/// Plays a call to its end. The event's timestamp is the wall clock at its start.
#[must_use]
pub fn play(engine: Arc<Engine>, event: Event, script: Script) -> Played {
    let start = event.timestamp.to_utc();
    let now = |mono: Duration| Now {
        utc: start + TimeDelta::from_std(mono).unwrap_or(TimeDelta::MAX),
        mono,
    };
    let mut session = Session::new(engine, event, now(Duration::ZERO));
    let mut world = World::new(script);
    let mut steps = Vec::new();
    let mut next = Some((Duration::ZERO, Input::Start));
    while let Some((at, input)) = next {
        let effects: Vec<Effect> = session.handle(now(at), input.clone()).collect();
        for effect in &effects {
            world.react(at, effect);
        }
        steps.push(PlayedStep { at, input, effects });
        if session.is_done() || steps.len() >= MAX_STEPS {
            break;
        }
        next = match (world.next_at(), session.next_wake()) {
            (Some(at), Some(wake)) if wake < at => Some((wake, Input::Wake)),
            (Some(at), _) => world.pop().map(|input| (at, input)),
            (None, wake) => wake.map(|wake| (wake, Input::Wake)),
        };
    }
    Played { steps }
}
