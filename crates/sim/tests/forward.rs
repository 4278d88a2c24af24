//! What a forward tells those whom it calls, and what the caller hears before an answer.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Command, EndCause, LegId, Notice, Referral, Sound};
use callroute_rules::{ChronoTz, load};
use callroute_schema::{Address, Caller, Cause, Disposition, Party, SipUri};
use callroute_session::{Effect, Input, Now, Session};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: reject }
numbers:
  "+1": { action: forward, destination: { type: ring_group, members: ["1001", "1002"], strategy: simultaneous, early_media: relay } }
  "+2": { action: forward, destination: { type: ring_group, members: ["1001", "1002"], strategy: simultaneous } }
"#;

fn session(to: &str, hops: Option<&str>) -> (Session, Now) {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let mut event = call(to, OPEN);
    if let Some(hops) = hops {
        let (name, value) = ("x-callroute-hops".to_owned(), hops.to_owned());
        event.headers.insert(name, value);
    }
    let now = Now {
        utc: event.timestamp.to_utc(),
        mono: Duration::ZERO,
    };
    (Session::new(engine, event, now), now)
}

fn commands(session: &mut Session, now: Now, input: Input) -> Vec<Command> {
    session
        .handle(now, input)
        .filter_map(|effect| match effect {
            Effect::Media(command) => Some(command),
            _ => None,
        })
        .collect()
}

/// Every call that is forwarded carries how often it was; a value that is no number counts nothing.
#[test]
fn forwards_are_counted() {
    for (before, after) in [
        (None, "1"),
        (Some("4"), "5"),
        (Some(" 7 "), "8"),
        (Some("9"), "10"),
        (Some("x"), "1"),
    ] {
        let (mut session, now) = session("+2", before);
        let told: Vec<String> = commands(&mut session, now, Input::Start)
            .into_iter()
            .filter_map(|command| match command {
                Command::Dial { headers, .. } => headers.get("X-Callroute-Hops").cloned(),
                _ => None,
            })
            .collect();
        assert_eq!(told, [after, after], "{before:?}");
    }
}

/// Whom a member sees calling is the group's to say, a member's own word before it.
#[test]
fn members_see_who_calls_as_the_table_says() {
    for (policy, number, name) in [
        (
            "caller",
            Caller::Known(Address::new("+14155550123").unwrap()),
            Some("Ann"),
        ),
        ("dialed", Caller::Known(Address::new("+1").unwrap()), None),
        ("anonymous", Caller::Withheld, None),
        (
            "\"+12125550100\"",
            Caller::Known(Address::new("+12125550100").unwrap()),
            None,
        ),
    ] {
        for (group, member) in [(policy, None), ("anonymous", Some(policy))] {
            let member = member.map_or(String::new(), |own| format!(", caller_id: {own}"));
            let table = format!(
                "version: 1\ndefault: {{ action: reject }}\nnumbers:\n  \"+1\": {{ action: forward, destination: {{ type: ring_group, members: [{{ to: \"1001\"{member} }}], strategy: simultaneous, caller_id: {group} }} }}\n"
            );
            let engine = load("routes.yaml", &table, &(), &ChronoTz);
            let engine = Arc::new(engine.unwrap_or_else(|faults| panic!("{faults}")));
            let mut event = call("+1", OPEN);
            event.from_name = Some("Ann".to_owned());
            let now = Now {
                utc: event.timestamp.to_utc(),
                mono: Duration::ZERO,
            };
            let mut session = Session::new(engine, event, now);
            let dialed = commands(&mut session, now, Input::Start);
            let [
                Command::Dial {
                    from, from_name, ..
                },
            ] = &dialed[..]
            else {
                panic!("{dialed:?}");
            };
            assert_eq!((from, from_name.as_deref()), (&number, name), "{policy}");
        }
    }
}

/// What a callee sends before it answers is passed on where the group says so, the first one's
/// only; else the caller hears ringing.
#[test]
fn early_sound_is_passed_on_where_it_is_asked_for() {
    for (to, wanted) in [("+1", vec![LegId(2)]), ("+2", vec![])] {
        let (mut session, now) = session(to, None);
        commands(&mut session, now, Input::Start);
        let mut passed = Vec::new();
        for leg in [2, 1, 2] {
            let early = Notice::EarlyMedia { leg: LegId(leg) };
            for command in commands(&mut session, now, Input::Media(early)) {
                match command {
                    Command::Early { leg, from } if leg == LegId::CALLER => passed.push(from),
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(passed, wanted, "{to}");
        let rings = Notice::LegRinging { leg: LegId(1) };
        let told = commands(&mut session, now, Input::Media(rings));
        let ring = [Command::Ring { leg: LegId::CALLER }];
        assert_eq!(told, ring, "{to}");
        let rings = Notice::LegRinging { leg: LegId(2) };
        assert!(commands(&mut session, now, Input::Media(rings)).is_empty());
    }
}

/// Whoever is put on hold hears music, and whoever holds does not.
#[test]
fn whoever_is_held_hears_music() {
    let (mut session, now) = session("+2", None);
    let dialed = commands(&mut session, now, Input::Start);
    let member = dialed.iter().find_map(|command| match command {
        Command::Dial { leg, .. } => Some(*leg),
        _ => None,
    });
    let member = member.unwrap();
    for leg in [member, LegId::CALLER] {
        let answered = Notice::LegAnswered { leg };
        commands(&mut session, now, Input::Media(answered));
    }
    for (holds, hears) in [(member, LegId::CALLER), (LegId::CALLER, member)] {
        let mut held = |held| {
            let notice = Notice::Held { leg: holds, held };
            commands(&mut session, now, Input::Media(notice))
        };
        let [Command::Play { leg, play, sound }] = &held(true)[..] else {
            panic!("{holds} holds, and nobody hears anything");
        };
        assert_eq!((*leg, sound), (hears, &Sound::Music));
        let [Command::StopPlay { leg, play: stopped }] = &held(false)[..] else {
            panic!("{holds} holds no more, and the music goes on");
        };
        assert_eq!((*leg, stopped), (hears, play));
    }
}

/// A trunk that is given what was dialed dials no more than `destinations` lets anybody dial.
#[test]
fn what_was_dialed_is_held_to_destinations_at_a_trunk() {
    for (to, dials) in [
        ("+13146523057", true),
        ("+19005550123", false),
        ("911", true),
    ] {
        let table = r#"
version: 1
region: US
default: { action: reject }
destinations: { allow: ["+1*"], deny: ["+1900*"] }
targets: { out: { action: forward, destination: { type: trunk, name: west } } }
numbers: { "*": out, "911": out }
"#;
        let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
        let event = call(to, OPEN);
        let now = Now {
            utc: event.timestamp.to_utc(),
            mono: Duration::ZERO,
        };
        let mut session = Session::new(engine, event, now);
        let dialed = commands(&mut session, now, Input::Start)
            .iter()
            .any(|command| matches!(command, Command::Dial { .. }));
        assert_eq!(dialed, dials, "{to}");
    }
}

/// A session in which the first member is dialed.
fn dialing() -> (Session, Now, LegId) {
    let (mut session, now) = session("+2", None);
    let begun = commands(&mut session, now, Input::Start);
    let dialed = begun.iter().find_map(|command| match command {
        Command::Dial { leg, .. } => Some(*leg),
        _ => None,
    });
    (session, now, dialed.unwrap())
}

/// One in which it has answered, and the caller, unless that is still to come.
fn talking(caller: bool) -> (Session, Now, LegId) {
    let (mut session, now, callee) = dialing();
    let answered = |leg| Input::Media(Notice::LegAnswered { leg });
    commands(&mut session, now, answered(callee));
    if caller {
        commands(&mut session, now, answered(LegId::CALLER));
    }
    (session, now, callee)
}

/// RFC 3326: who has the other end is told why it has ended.
#[test]
fn the_reason_of_an_end_is_carried_on() {
    let by = |q850| Cause {
        q850: Some(q850),
        ..Cause::normal()
    };
    let elsewhere = Cause {
        disposition: Disposition::AnsweredElsewhere,
        ..Cause::from_sip(487)
    };
    let ringing = || {
        let (mut session, now, callee) = dialing();
        let ringing = Notice::LegRinging { leg: callee };
        commands(&mut session, now, Input::Media(ringing));
        (session, now, callee)
    };
    let normal = EndCause::Normal;
    for (begun, cause, told) in [
        (talking(true), by(31), EndCause::Cleared(31)),
        (talking(true), Cause::normal(), normal),
        (talking(true), Cause::local(Disposition::Failed), normal),
        (talking(false), elsewhere, EndCause::AnsweredElsewhere),
        (talking(false), Cause::from_sip(487), normal),
        // A callee that still rings is told as well, or its phone shows a call that was missed.
        (ringing(), elsewhere, EndCause::AnsweredElsewhere),
        (ringing(), Cause::from_sip(487), normal),
    ] {
        let (mut session, now, callee) = begun;
        let leg = LegId::CALLER;
        let ended = Input::Media(Notice::LegEnded { leg, cause });
        let hangup = Command::Hangup {
            leg: callee,
            cause: told,
        };
        let told = commands(&mut session, now, ended);
        assert!(told.contains(&hangup), "{cause:?}: {told:?}");
    }
    let (mut session, now, leg) = talking(true);
    let cause = by(38);
    let told = commands(
        &mut session,
        now,
        Input::Media(Notice::LegEnded { leg, cause }),
    );
    let hangup = Command::Hangup {
        leg: LegId::CALLER,
        cause: EndCause::Cleared(38),
    };
    assert!(told.contains(&hangup), "{told:?}");
}

/// A callee has its ACK long before the caller's has come: what it asks for meanwhile is not refused.
#[test]
fn a_transfer_before_the_callers_ack_waits_for_it() {
    let (mut session, now, leg) = talking(false);
    let to = Party::Sip(SipUri::new("sip:carol@pbx.example").unwrap());
    let refer = Input::Media(Notice::Refer {
        leg,
        to,
        replaces: None,
    });
    assert_eq!(commands(&mut session, now, refer.clone()), []);
    let again = commands(&mut session, now, refer);
    let refused = Command::Referred {
        leg,
        outcome: Referral::Failed,
    };
    assert_eq!(again, [refused], "one at a time");
    let answered = Notice::LegAnswered { leg: LegId::CALLER };
    let told = commands(&mut session, now, Input::Media(answered));
    let dials = |command: &Command| matches!(command, Command::Dial { .. });
    assert!(told.iter().any(dials), "{told:?}");
}
