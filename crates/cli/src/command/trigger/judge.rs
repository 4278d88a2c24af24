//! What a server's answer is worth, in words.

use std::time::Duration;

use callroute_rules::check;
use callroute_schema::{Action, ActionKind, Actions};
use callroute_webhook::{AskReport, Attempt, Failure, FailureClass, NotifyReport};
use serde::Serialize;

use crate::command::trigger::cases::{Case, Wanted};
use crate::status::Status;

/// What small answers take when the second of two writes waits for an acknowledgement (RFC 1122,
/// section 4.2.3.2): 40 ms on Linux, and a little.
const DELAYED_ACK: std::ops::RangeInclusive<u128> = 38..=60;

/// What came of one request.
pub(crate) struct Verdict {
    pub(crate) elapsed: Duration,
    /// Whether it went over a connection that was used before.
    pub(crate) reused: bool,
    http: Option<u16>,
    found: Result<Option<Actions>, Finding>,
}

/// What is wrong.
struct Finding {
    reach: Reach,
    class: &'static str,
    detail: String,
}

/// Whether anybody answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Somebody did.
    Reached,
    /// Nobody did in time; whether anybody is there, other requests say.
    Silent,
    /// Nobody is there.
    Nobody,
}

/// The same as a line of JSON.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    case: &'static str,
    fine: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    elapsed_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<&'a Actions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    class: &'static str,
    detail: &'a str,
}

impl From<Failure> for Finding {
    fn from(failure: Failure) -> Self {
        use FailureClass as C;
        let reach = match failure.class {
            C::Dns | C::Connect | C::Tls => Reach::Nobody,
            C::TimeoutFirstByte | C::Resting => Reach::Silent,
            _ => Reach::Reached,
        };
        Self {
            reach,
            class: failure.class.as_str(),
            detail: failure.detail,
        }
    }
}

/// Judges the answer to an ask.
pub(crate) fn judge(case: &Case, asked: AskReport) -> Verdict {
    let found = match (case.wanted, asked.result) {
        (Wanted::Refusal, result) => {
            let status = asked.attempts.last().and_then(|attempt| attempt.status);
            refusal(case, status, result)
        }
        (_, Ok(actions)) => match check(&actions) {
            Ok(()) => Ok(Some(actions)),
            Err(wrong) => Err(Finding::of(
                FailureClass::BadSchema.as_str(),
                wrong.to_string(),
            )),
        },
        (_, Err(failure)) => Err(failure.into()),
    };
    Verdict::new(&asked.attempts, asked.elapsed, found)
}

/// A request that must be refused was refused, or that is what is wrong.
fn refusal(
    case: &Case,
    status: Option<u16>,
    result: Result<Actions, Failure>,
) -> Result<Option<Actions>, Finding> {
    use FailureClass as C;
    let detail = match result {
        Err(failure) if failure.class == C::Status4xx => return Ok(None),
        Err(failure) if failure.class == C::Status5xx => format!(
            "{}; refuse such a request with status 401, since 5xx is sent again",
            failure.detail
        ),
        Err(failure) if matches!(failure.class, C::Redirect | C::Status429) => {
            format!("{}; refuse such a request with status 401", failure.detail)
        }
        // A bad answer is an answer.
        Err(failure) if !status.is_some_and(|status| (200..300).contains(&status)) => {
            return Err(failure.into());
        }
        _ => format!(
            "a request with {} was answered with status {}; verify the signature of each, and \
             refuse with status 401",
            case.name,
            status.unwrap_or_default()
        ),
    };
    Err(Finding::of("not_refused", detail))
}

impl Finding {
    /// Of somebody who answered.
    fn of(class: &'static str, detail: String) -> Self {
        Self {
            reach: Reach::Reached,
            class,
            detail,
        }
    }
}

impl Verdict {
    fn new(
        attempts: &[Attempt],
        elapsed: Duration,
        found: Result<Option<Actions>, Finding>,
    ) -> Self {
        let last = attempts.last();
        Self {
            elapsed,
            reused: last.is_some_and(|attempt| attempt.reused),
            http: last.and_then(|attempt| attempt.status),
            found,
        }
    }

    /// Judges what came of a notice.
    pub(crate) fn of_notice(_: &Case, notified: NotifyReport) -> Self {
        let found = notified.result.map(|()| None).map_err(Finding::from);
        Self::new(&notified.attempts, notified.elapsed, found)
    }

    pub(crate) fn status(&self) -> Status {
        self.status_within(false)
    }

    /// The same; where somebody has `answered` before, one who is silent is there nevertheless.
    pub(crate) fn status_within(&self, answered: bool) -> Status {
        match &self.found {
            Ok(_) => Status::Fine,
            Err(finding) => match finding.reach {
                Reach::Nobody => Status::OutOfReach,
                Reach::Silent if !answered => Status::OutOfReach,
                Reach::Silent | Reach::Reached => Status::Findings,
            },
        }
    }

    /// The status of 400 to 499 with which it was refused.
    pub(crate) fn refused(&self) -> Option<u16> {
        self.http.filter(|status| (400..500).contains(status))
    }

    /// Judges once more, beside a signed call that was `refused`: who refuses every request says
    /// nothing about signatures.
    pub(crate) fn beside(&mut self, case: &Case, refused: Option<u16>) {
        if let (Wanted::Refusal, Ok(_), Some(status)) = (case.wanted, &self.found, refused) {
            let detail = format!(
                "a call that is signed as it should be is refused too, with status {status}; \
                 signatures can be judged once that one is answered"
            );
            self.found = Err(Finding::of("not_judged", detail));
        }
    }

    /// One line for people.
    pub(crate) fn text(&self, case: &Case) -> String {
        let (name, ms) = (case.name, self.elapsed.as_millis());
        match &self.found {
            Ok(Some(actions)) => {
                let kinds: Vec<&str> = actions
                    .as_slice()
                    .iter()
                    .map(|action: &Action| action.kind().map_or("target", ActionKind::as_str))
                    .collect();
                format!("ok    {name}: {} ({ms} ms)", kinds.join(", "))
            }
            Ok(None) => {
                let http = self.http.unwrap_or_default();
                format!("ok    {name}: status {http} ({ms} ms)")
            }
            Err(Finding { class, detail, .. }) => {
                format!("WRONG {name}: {class}: {detail} ({ms} ms)")
            }
        }
    }

    pub(crate) fn line(&self, case: &Case) -> Line<'_> {
        Line {
            case: case.name,
            fine: self.found.is_ok(),
            status: self.http,
            elapsed_ms: u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
            actions: self.found.as_ref().ok().and_then(Option::as_ref),
            failure: self.found.as_ref().err().map(|finding| Told {
                class: finding.class,
                detail: &finding.detail,
            }),
        }
    }
}

/// What to say about the times of answers on kept connections.
pub(crate) fn unhurried(times: &[Duration]) -> Option<String> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2)?.as_millis();
    let quickest = sorted.first()?.as_millis();
    if DELAYED_ACK.contains(&median) && DELAYED_ACK.contains(&quickest) {
        return Some(
            "about 40 ms looks like delayed ACK: send headers and body together".to_owned(),
        );
    }
    (median >= 300).then(|| {
        format!("{median} ms is long: from 300 ms on, a second server is asked beside this one")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::unhurried;

    #[test]
    fn a_delayed_acknowledgement_is_recognised() {
        let said = |times: &[u64]| {
            let times: Vec<_> = times.iter().map(|ms| Duration::from_millis(*ms)).collect();
            unhurried(&times).unwrap_or_default()
        };
        assert!(said(&[41, 44, 40, 43, 41]).contains("delayed ACK"));
        assert_eq!(
            said(&[1, 44, 40, 43, 41]),
            "",
            "one was quick: it is something else"
        );
        assert_eq!(said(&[2, 3, 2, 2, 41]), "");
        assert!(said(&[320, 340, 310]).contains("from 300 ms on"));
        assert_eq!(said(&[]), "");
    }
}
