//! Session timers: a call whose far end has gone without a word ends (RFC 4028).

use std::time::Duration;

use sipx_sip::session::{
    Accepted, Answer, MinSe, Refresher, Session, SessionExpires, adopt, answer,
};
use sipx_sip::{HeaderName, Headers, Request, Response};
use tokio::time::Instant;

use crate::message::{Reply, tags};

/// The shortest interval that is agreed to (RFC 4028, section 4).
const SHORTEST: Duration = Duration::from_secs(90);

/// The timer of one dialog.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionTimer {
    session: Session,
    /// When to refresh, or to give up.
    pub(crate) at: Instant,
    /// Whether the far end knows of it.
    agreed: bool,
}

/// What is due when the time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Ask the far end whether it is still there.
    Refresh,
    /// It should have asked us: it has gone.
    Over,
}

impl SessionTimer {
    fn new(session: Session, agreed: bool) -> Self {
        Self {
            session,
            at: Instant::now() + session.act_after(),
            agreed,
        }
    }

    /// What the answer to our INVITE says. A far end that knows nothing of timers is asked by us
    /// alone.
    pub(crate) fn of_answer(response: &Response, asked: Duration) -> Option<Self> {
        if asked.is_zero() {
            return None;
        }
        let agreed = expires(&response.headers);
        adopt(agreed, Some(asked)).map(|session| Self::new(session, agreed.is_some()))
    }

    /// What a request of theirs wants, and what our 2xx says to it. `Err` is the refusal of too
    /// short an interval.
    pub(crate) fn of_request(request: &Request, on: bool) -> Result<(Option<Self>, Terms), Reply> {
        let headers = &request.headers;
        if !on {
            return Ok((None, Terms(None)));
        }
        let supports = tags(headers, &HeaderName::Supported).any(|tag| tag == "timer");
        let min = headers
            .typed::<MinSe>()
            .and_then(Result::ok)
            .map(|min| min.0);
        match answer(supports, expires(headers), min, SHORTEST) {
            Answer::None => Ok((None, Terms(None))),
            Answer::TooBrief(shortest) => {
                Err(Reply::new(422).header(HeaderName::MinSe, shortest.as_secs().to_string()))
            }
            Answer::Accept(terms) => {
                let session = Session {
                    interval: terms.interval,
                    we_refresh: terms.refresher == Refresher::Uas,
                };
                Ok((Some(Self::new(session, true)), Terms(Some(terms))))
            }
        }
    }

    /// What is due now.
    pub(crate) fn due(&self) -> Due {
        if self.session.we_refresh {
            Due::Refresh
        } else {
            Due::Over
        }
    }

    /// The dialog was refreshed, by either end.
    pub(crate) fn refreshed(&mut self) {
        self.at = Instant::now() + self.session.act_after();
    }

    /// The header of a refresh of ours.
    pub(crate) fn header(&self) -> (HeaderName, String) {
        let refresher = if self.agreed { ";refresher=uac" } else { "" };
        let seconds = self.session.interval.as_secs();
        (HeaderName::SessionExpires, format!("{seconds}{refresher}"))
    }
}

/// What a 2xx of ours says of the timer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms(Option<Accepted>);

impl Terms {
    /// Writes it.
    pub(crate) fn write(self, reply: Reply) -> Reply {
        let Some(terms) = self.0 else {
            return reply;
        };
        let expires = SessionExpires {
            interval: terms.interval,
            refresher: Some(terms.refresher),
        };
        let reply = reply.header(HeaderName::SessionExpires, expires.to_string());
        if terms.require {
            return reply.header(HeaderName::Require, "timer");
        }
        reply
    }
}

fn expires(headers: &Headers) -> Option<SessionExpires> {
    headers.typed::<SessionExpires>().and_then(Result::ok)
}
