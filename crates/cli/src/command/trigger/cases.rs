//! What is sent: every kind of event, nasty ones, and requests that must be refused.

use callroute_schema::{
    Address, AttemptInfo, CallId, Caller, Digits, Direction, Disposition, Event, EventKind,
    MenuInfo, MenuName, QueueInfo, QueueName, RecordingInfo,
};
use callroute_webhook::SigningSecret;

use crate::args::Trigger;
use crate::error::Error;

/// One request.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) event: Event,
    pub(crate) sign: Sign,
    pub(crate) wanted: Wanted,
}

/// How it is signed.
pub(crate) enum Sign {
    /// With the secrets given.
    Usual,
    /// Not at all.
    Nothing,
    /// With another secret.
    With(SigningSecret),
    /// With another secret, and with those given.
    Beside(SigningSecret),
    /// With the secrets given, ten minutes ago.
    Late,
}

/// What should come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Actions,
    /// Any status of 200 to 299.
    Receipt,
    /// A status of 400 to 499.
    Refusal,
}

impl Case {
    pub(crate) fn ask(name: &'static str, event: Event) -> Self {
        Self {
            name,
            event,
            sign: Sign::Usual,
            wanted: Wanted::Actions,
        }
    }

    fn notice(name: &'static str, event: Event) -> Self {
        Self {
            wanted: Wanted::Receipt,
            ..Self::ask(name, event)
        }
    }

    fn refused(name: &'static str, event: &Event, sign: Sign) -> Self {
        Self {
            sign,
            wanted: Wanted::Refusal,
            ..Self::ask(name, event.clone())
        }
    }
}

/// An id that was not used before.
pub(crate) fn id() -> u128 {
    let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default();
    u128::from(now.unsigned_abs()) << 48
}

/// A call that comes in now.
pub(crate) fn incoming_call(args: &Trigger) -> Result<Event, Error> {
    let wrong = |option| move |detail: String| Error::Number { option, detail };
    let from: Result<Caller, _> = args.from.parse();
    let from = from.map_err(|error| wrong("from")(error.to_string()))?;
    let to = Address::new(args.to.as_str()).map_err(|error| wrong("to")(error.to_string()))?;
    let call_id = format!("trigger-{:x}", id() >> 48);
    let call_id = CallId::new(call_id).map_err(|error| wrong("from")(error.to_string()))?;
    let now = chrono::Utc::now().fixed_offset();
    let mut event = Event::incoming_call(call_id, from, to, now);
    event.deadline_ms = Some(args.deadline_ms);
    Ok(event)
}

/// The whole suite; requests that must be refused only where there is a secret.
pub(crate) fn all(args: &Trigger, signed: bool) -> Result<Vec<Case>, Error> {
    let call = incoming_call(args)?;
    let mut cases = vec![Case::ask("incoming_call", call.clone())];
    cases.extend(kinds(&call));
    cases.extend(nasty(&call));
    if signed {
        let other = SigningSecret::new("whsec_dGhpcyBpcyBub3QgeW91ciBzZWNyZXQhISE=")?;
        cases.extend([
            Case::refused("wrong signature", &call, Sign::With(other.clone())),
            Case::refused("no signature", &call, Sign::Nothing),
            Case::refused("signed ten minutes ago", &call, Sign::Late),
            Case {
                sign: Sign::Beside(other),
                ..Case::ask("a second signature that does not fit", call)
            },
        ]);
    }
    Ok(cases)
}

/// Every kind of event but the first.
fn kinds(call: &Event) -> Vec<Case> {
    use EventKind as K;
    let of = |kind: EventKind, change: &dyn Fn(&mut Event)| {
        let mut event = call.clone();
        event.kind = kind;
        change(&mut event);
        event
    };
    let menu = |digits: Option<&str>| MenuInfo {
        name: MenuName::new("main").ok(),
        digits: digits.and_then(|digits| Digits::new(digits).ok()),
        attempt: 1,
    };
    let attempt = |disposition| AttemptInfo {
        n: 1,
        member: "+16822306467".to_owned(),
        disposition,
        sip_code: disposition.map(|_| 486),
        q850: disposition.map(|_| 17),
        ring_ms: disposition.map(|_| 4200),
    };
    let queue = |event: &mut Event, wait_ms| {
        event.queue = QueueName::new("support").ok().map(|name| QueueInfo {
            name,
            position: Some(2),
            wait_ms,
            size: Some(3),
        });
    };
    vec![
        Case::ask(
            "menu_input",
            of(K::MenuInput, &|event| event.menu = Some(menu(Some("1")))),
        ),
        Case::notice(
            "menu_timeout",
            of(K::MenuTimeout, &|event| event.menu = Some(menu(None))),
        ),
        Case::notice(
            "menu_invalid",
            of(K::MenuInvalid, &|event| event.menu = Some(menu(Some("9")))),
        ),
        Case::notice(
            "call_ringing",
            of(K::CallRinging, &|event| event.attempt = Some(attempt(None))),
        ),
        Case::notice(
            "call_answered",
            of(K::CallAnswered, &|event| {
                event.attempt = Some(attempt(None));
            }),
        ),
        Case::notice(
            "attempt_started",
            of(K::AttemptStarted, &|event| {
                event.attempt = Some(attempt(None));
            }),
        ),
        Case::notice(
            "attempt_result",
            of(K::AttemptResult, &|event| {
                event.attempt = Some(attempt(Some(Disposition::Busy)));
            }),
        ),
        Case::notice(
            "queue_joined",
            of(K::QueueJoined, &|event| queue(event, None)),
        ),
        Case::notice(
            "queue_position",
            of(K::QueuePosition, &|event| queue(event, Some(15_000))),
        ),
        Case::notice(
            "queue_left",
            of(K::QueueLeft, &|event| queue(event, Some(31_000))),
        ),
        Case::notice(
            "voicemail_recorded",
            of(K::VoicemailRecorded, &|event| {
                let url = "voicemail/office_closed/1.wav".to_owned();
                event.recording = Some(RecordingInfo {
                    url,
                    duration_ms: 5400,
                });
            }),
        ),
        Case::notice("routing_decided", of(K::RoutingDecided, &|_| {})),
        Case::notice(
            "webhook_failed",
            of(K::WebhookFailed, &|event| {
                event
                    .attributes
                    .insert("webhook".to_owned(), "sales".to_owned());
                event
                    .attributes
                    .insert("failure".to_owned(), "timeout_first_byte".to_owned());
            }),
        ),
        Case::notice("table_changed", of(K::TableChanged, &|_| {})),
        Case::notice("registration_changed", of(K::RegistrationChanged, &|_| {})),
        Case::notice("call_completed", of(K::CallCompleted, &|_| {})),
    ]
}

/// Calls that come in, and are unusual.
fn nasty(call: &Event) -> Vec<Case> {
    let of = |name, change: &dyn Fn(&mut Event)| {
        let mut event = call.clone();
        change(&mut event);
        Case::ask(name, event)
    };
    vec![
        of("a caller who withholds the number", &|event| {
            event.from = Caller::Withheld;
        }),
        of("a name in other scripts, with quotes", &|event| {
            event.from_name =
                Some("\"Zo\u{eb}\" \\ \u{5f20}\u{4f1f} \u{1f4de} </script>".to_owned());
        }),
        of("a time with offset and fraction", &|event| {
            if let Some(zone) = chrono::FixedOffset::east_opt(-14_400) {
                event.timestamp = event.timestamp.with_timezone(&zone);
            }
        }),
        of("many fields", &|event| {
            event.direction = Some(Direction::Inbound);
            event.from_uri = Some("sip:+14155550123@gateway.example;user=phone".to_owned());
            for n in 0..100 {
                event
                    .headers
                    .insert(format!("X-Header-{n}"), "x".repeat(80));
            }
        }),
        of("a body of 20 KB", &|event| {
            event
                .attributes
                .insert("note".to_owned(), "\u{20ac} ".repeat(5_000));
        }),
        of("an attribute that looks like code", &|event| {
            let text = "'; DROP TABLE calls; -- ${jndi:ldap://x} {{7*7}} <?php";
            event.attributes.insert("note".to_owned(), text.to_owned());
        }),
        of("the same call again", &|_| {}),
    ]
}
