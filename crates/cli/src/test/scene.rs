//! From a case to calls in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use callroute_rules::Engine;
use callroute_schema::{Address, CallId, Caller, Digit, Event, Timestamp};
use callroute_session::AskFailure;
use callroute_sim::{
    Act, LookupResult, Phone, PhoneEnd, Placed, Played, Scene, Script, Server, play_all,
};

use super::file::{Answers, CallWords, CallerWords, Case, Press, TestFile};
use super::names::dialed;
use super::words::{LookupWords, PhoneWords, ServerWords};

/// Who calls where nothing is said.
const FROM: &str = "+14155550123";
/// When, where nothing is said: a Tuesday morning in New York.
const AT: &str = "2026-04-21T10:32:00-04:00";

/// Plays a case.
///
/// # Errors
/// What in it makes no sense, in words.
pub(crate) fn play(engine: &Arc<Engine>, file: &TestFile, case: &Case) -> Result<Played, String> {
    let words = joined(&file.call, &case.call);
    let event = event("call", &words)?;
    let began = event.timestamp;
    let earliest = case
        .others
        .iter()
        .map(|other| other.after_s)
        .fold(0.0, f64::min);
    let phones = phones(engine, file, case)?;
    let servers = servers(case);
    let script = |caller: &CallerWords| -> Result<Script, String> {
        Ok(Script {
            phones: phones.clone(),
            servers: servers.clone(),
            digits: presses(&caller.presses)?,
            answers: caller.answers.clone(),
            hangs_up: optional(caller.hangs_up_after_s)?,
            speaks: optional(caller.speaks_s)?,
            pushes: Vec::new(),
            cannot: Vec::new(),
            lookups: lookups(case),
        })
    };
    let mut judged = script(&case.caller)?;
    for push in &case.pushes {
        judged
            .pushes
            .push((seconds(push.after_s)?, push.actions.clone()));
    }
    let start = seconds(-earliest)?;
    let judged_after = case.others.len();
    let mut calls = Vec::new();
    for (index, other) in (1..).zip(&case.others) {
        let name = other.name(index);
        let words = joined(&joined(&file.call, &case.call), &other.call);
        let mut event = self::event(&name, &words)?;
        event.timestamp = began;
        calls.push(Placed {
            at: seconds(other.after_s - earliest)?,
            event,
            script: script(&other.caller)?,
        });
    }
    let mut scene = Scene {
        settings: file.settings.clone(),
        calls: Vec::new(),
        switches: case.overrides.clone(),
        agents: Vec::new(),
    };
    for (agent, state) in &case.agents {
        scene.agents.push((Duration::ZERO, agent.clone(), *state));
    }
    for later in &case.later {
        let at = start + seconds(later.after_s)?;
        scene.agents.push((at, later.agent.clone(), later.is));
    }
    calls.push(Placed {
        at: start,
        event,
        script: judged,
    });
    scene.calls = calls;
    // Calls by which somebody is called back come after it.
    play_all(engine, scene)
        .into_iter()
        .nth(judged_after)
        .ok_or_else(|| "nothing was played".to_owned())
}

/// What a case says, and where it says nothing, what the file says.
fn joined(file: &CallWords, case: &CallWords) -> CallWords {
    let mut words = case.clone();
    words.from = words.from.or_else(|| file.from.clone());
    words.to = words.to.or_else(|| file.to.clone());
    words.at = words.at.or_else(|| file.at.clone());
    for (name, value) in &file.headers {
        words.headers.entry(name.clone()).or_insert(value.clone());
    }
    for (name, value) in &file.attributes {
        words
            .attributes
            .entry(name.clone())
            .or_insert(value.clone());
    }
    words
}

fn event(call_id: &str, words: &CallWords) -> Result<Event, String> {
    let id = CallId::new(call_id).map_err(|error| error.to_string())?;
    let from = words.from.as_deref().unwrap_or(FROM).parse::<Caller>();
    let from = from.map_err(|error| error.to_string())?;
    let to = words
        .to
        .as_deref()
        .ok_or("no `to`: which number is dialed?")?;
    let to = Address::new(to).map_err(|error| error.to_string())?;
    let at = words.at.as_deref().unwrap_or(AT);
    let at = Timestamp::parse_from_rfc3339(at)
        .map_err(|error| format!("at {at:?}: {error}; write it as in {AT}"))?;
    let mut event = Event::incoming_call(id, from, to, at);
    event.headers.clone_from(&words.headers);
    event.attributes.clone_from(&words.attributes);
    Ok(event)
}

fn phones(
    engine: &Engine,
    file: &TestFile,
    case: &Case,
) -> Result<BTreeMap<String, Phone>, String> {
    let mut phones = BTreeMap::new();
    for (name, words) in file.phones.iter().chain(&case.phones) {
        let name = dialed(engine, name);
        let found = match words {
            PhoneWords::Unreachable => None,
            other => Some(phone(other)?),
        };
        match found {
            Some(phone) => phones.insert(name.into_owned(), phone),
            None => phones.remove(&*name),
        };
    }
    Ok(phones)
}

fn phone(words: &PhoneWords) -> Result<Phone, String> {
    Ok(match words {
        PhoneWords::Answers(answers) => self::answers(answers)?,
        PhoneWords::NoAnswer | PhoneWords::Unreachable => Phone::rings(),
        PhoneWords::Fails(status) => Phone::fails(*status),
        PhoneWords::Machine => Phone::answers(Duration::from_secs(1)),
    })
}

fn answers(words: &Answers) -> Result<Phone, String> {
    let mut phone = Phone {
        rings: Some(Duration::ZERO),
        end: PhoneEnd::Answers {
            after: seconds(words.answers_after_s.unwrap_or(3.0))?,
            talks: seconds(words.talks_s.unwrap_or(60.0))?,
        },
        acts: Vec::new(),
    };
    for press in &words.presses {
        phone = phone.presses(seconds(press.after_s)?, &press.keys);
    }
    for (from, to) in &words.holds {
        phone = phone
            .then(seconds(*from)?, Act::Hold(true))
            .then(seconds(*to)?, Act::Hold(false));
    }
    if let Some(transfer) = &words.transfers {
        let act = Act::Refer {
            to: transfer.to.clone(),
            replaces: transfer.in_call.as_ref().map(|call| format!("{call}/leg0")),
        };
        phone = phone.then(seconds(transfer.after_s)?, act);
    }
    Ok(phone)
}

fn servers(case: &Case) -> BTreeMap<String, Server> {
    let fails = |class: &str, detail: &str| Server::Fails {
        after: Duration::from_millis(20),
        failure: AskFailure {
            class: class.to_owned(),
            detail: detail.to_owned(),
        },
    };
    let server = |words: &ServerWords| match words {
        ServerWords::Answers(answer) => Server::Answers {
            after: Duration::from_millis(answer.after_ms.unwrap_or(20)),
            actions: answer.answers.clone(),
        },
        ServerWords::Down => fails("connect", "nobody listens there"),
        ServerWords::Error => fails("status_5xx", "500 Internal Server Error"),
        ServerWords::Silent => Server::Silent,
    };
    case.webhooks
        .iter()
        .map(|(name, words)| (name.clone(), server(words)))
        .collect()
}

fn lookups(case: &Case) -> BTreeMap<String, LookupResult> {
    let found = |words: &LookupWords| match words {
        LookupWords::Row(row) => LookupResult::Row(row.clone()),
        LookupWords::Nobody => LookupResult::Nobody,
        LookupWords::Down => LookupResult::Missing("it cannot be asked".to_owned()),
        LookupWords::Silent => LookupResult::Silent,
    };
    case.lookups
        .iter()
        .map(|(name, words)| (name.clone(), found(words)))
        .collect()
}

fn presses(presses: &[Press]) -> Result<Vec<(Duration, Digit)>, String> {
    let mut digits = Vec::new();
    for press in presses {
        let mut at = seconds(press.after_s)?;
        for key in press.keys.chars() {
            let digit = Digit::new(key).map_err(|error| error.to_string())?;
            digits.push((at, digit));
            at += Duration::from_millis(500);
        }
    }
    Ok(digits)
}

fn optional(value: Option<f64>) -> Result<Option<Duration>, String> {
    value.map(seconds).transpose()
}

fn seconds(value: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(value)
        .ok()
        .filter(|duration| *duration <= Duration::from_secs(7 * 86_400))
        .ok_or_else(|| format!("{value} is no number of seconds from 0 to a week"))
}
