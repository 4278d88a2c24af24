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
/// The longest one that can be written (RFC 3261, section 25.1: delta-seconds).
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);
/// What lies at least between a refresh that was refused and the next.
const PAUSE: Duration = Duration::from_secs(4);

/// The timer of one dialog.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionTimer {
    session: Session,
    /// When to refresh, or to give up.
    pub(crate) at: Instant,
    /// When the session is over, unless it is refreshed.
    until: Instant,
    /// The shortest interval that somebody on the way agrees to, where we were told.
    min: Option<Duration>,
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
    fn new(mut session: Session, agreed: bool) -> Self {
        session.interval = session.interval.min(LONGEST);
        let now = Instant::now();
        Self {
            session,
            at: now + session.act_after(),
            until: now + session.interval,
            min: None,
            agreed,
        }
    }

    /// What the answer to our INVITE says. A far end that knows nothing of timers is asked by us
    /// alone.
    pub(crate) fn of_answer(response: &Response, asked: Asks) -> Option<Self> {
        if asked.interval.is_zero() {
            return None;
        }
        let agreed = expires(&response.headers);
        let session = adopt(agreed, Some(asked.interval))?;
        Some(Self {
            min: asked.min,
            ..Self::new(session, agreed.is_some())
        })
    }

    /// The far end has accepted a refresh of ours, on the terms that its 2xx says (section 7.2).
    pub(crate) fn adopt(&mut self, response: &Response) {
        let asked = Asks {
            interval: self.session.interval,
            min: self.min,
        };
        *self = Self::of_answer(response, asked).unwrap_or(*self);
    }

    /// What a request of theirs wants, and what our 2xx says to it. `Err` is the refusal of too
    /// short an interval.
    pub(crate) fn of_request(request: &Request, on: bool) -> Result<(Option<Self>, Terms), Reply> {
        let headers = &request.headers;
        if !on {
            return Ok((None, Terms(None)));
        }
        let supports = tags(headers, &HeaderName::Supported).any(|tag| tag == "timer");
        match answer(supports, expires(headers), min(headers), SHORTEST) {
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

    /// A request of theirs has named no timer, which ends what was agreed (section 7.2): the far end
    /// need not ask us any more, and is asked by us alone.
    pub(crate) fn alone(self) -> Self {
        let session = Session {
            we_refresh: true,
            ..self.session
        };
        Self {
            min: self.min,
            ..Self::new(session, false)
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

    /// A refresh of ours is on its way: the next one, should it come to nothing.
    pub(crate) fn asked(&mut self) {
        self.at = Instant::now() + self.session.act_after();
    }

    /// A refresh came to nothing, and is tried again so much later: without a time given, when half of
    /// what is left has passed. Whoever refuses it for a whole interval is asked as seldom as at first.
    /// `false` when nothing is left of this one.
    pub(crate) fn again(&mut self, wait: Option<Duration>) -> bool {
        let now = Instant::now();
        let left = self.until.saturating_duration_since(now);
        let wait = wait.unwrap_or((left / 2).max(PAUSE));
        let in_time = wait < left;
        if in_time {
            self.at = now + wait;
        } else {
            *self = Self {
                min: self.min,
                ..Self::new(self.session, self.agreed)
            };
        }
        in_time
    }

    /// A refresh of ours was too early for somebody, who says by how much (422, section 7.3): it is due
    /// at once with what he wants. `false` when that was said already.
    pub(crate) fn lengthen(&mut self, response: &Response) -> bool {
        let found = Asks::longer(response, self.session.interval);
        if let Some(longer) = found {
            self.session.interval = longer;
            self.min = found;
            self.at = Instant::now();
        }
        found.is_some()
    }

    /// The headers of a refresh of ours.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, String)> + use<> {
        let asks = Asks {
            interval: self.session.interval,
            min: self.min,
        };
        asks.headers(match (self.agreed, self.session.we_refresh) {
            (false, _) => "",
            (true, true) => ";refresher=uac",
            (true, false) => ";refresher=uas",
        })
    }
}

/// What a request of ours asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asks {
    /// Nothing when it is zero.
    pub(crate) interval: Duration,
    /// The shortest one that somebody on the way agrees to, where we were told.
    pub(crate) min: Option<Duration>,
}

impl Asks {
    /// The interval that a refusal asks for, if it is longer than ours (422, section 7.3).
    fn longer(response: &Response, interval: Duration) -> Option<Duration> {
        if response.status.code() != 422 {
            return None;
        }
        min(&response.headers).filter(|min| (interval..=LONGEST).contains(min) && *min != interval)
    }

    /// What to ask for after a refusal of that; `None` when it has other reasons, or was given before.
    pub(crate) fn again(self, response: &Response) -> Option<Self> {
        if self.interval.is_zero() || self.min.is_some() {
            return None;
        }
        let interval = Self::longer(response, self.interval)?;
        Some(Self {
            interval,
            min: Some(interval),
        })
    }

    /// The headers, with this parameter of the first of them.
    pub(crate) fn headers(
        self,
        refresher: &'static str,
    ) -> impl Iterator<Item = (HeaderName, String)> + use<> {
        let seconds = self.interval.as_secs();
        let expires = (seconds > 0).then(|| format!("{seconds}{refresher}"));
        let min = self.min.map(|min| min.as_secs().to_string());
        let expires = expires.map(|value| (HeaderName::SessionExpires, value));
        expires
            .into_iter()
            .chain(min.map(|value| (HeaderName::MinSe, value)))
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

fn min(headers: &Headers) -> Option<Duration> {
    let min = headers.typed::<MinSe>().and_then(Result::ok);
    min.map(|min| min.0)
}

fn expires(headers: &Headers) -> Option<SessionExpires> {
    headers.typed::<SessionExpires>().and_then(Result::ok)
}
