//! The failover plan: which URL is asked when. Pure: time comes in as an argument, and so does
//! what others know: whether an endpoint rests, and whether a second use of it can be paid for.
//!
//! ```text
//! on_start ─▶ Ask 0 ──hedge over──▶ Ask 1 beside it ──▶ …
//!               ├──failed or resting──▶ Ask 1 at once
//!               └──probing─────────────▶ Ask 1 at once, beside it
//! all asked, and a kept connection is silent for long ─▶ Pay for a new one beside it
//! all failed ─▶ Pay 0 ──paid──pause──▶ Ask 0 again, on a new connection
//!            └─▶ one that rests, anyway, for at most 500 ms
//! any answer ─▶ Finish(Answer)    nothing left ─▶ Finish(AllFailed)    deadline ─▶ Finish(Deadline)
//! ```
//!
//! A slow attempt is never stopped for being slow: its answer may be on the way. Only an answer
//! or the deadline ends it.

#![cfg(feature = "client")]

use std::time::Duration;

/// Time for an endpoint that rests, when nobody else is left.
const LAST_CHANCE: Duration = Duration::from_millis(500);
/// How long a hedge is put off at a time while our own runtime is late.
const PUT_OFF: Duration = Duration::from_millis(50);

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask this URL, by its place in the list; then call [`Plan::on_begun`], or
    /// [`Plan::on_resting`] when it rests.
    Ask { url: usize, how: How },
    /// Pay for a second use of this URL; then call [`Plan::on_paid`] or [`Plan::on_denied`].
    Pay { url: usize },
    /// Stop whatever still runs.
    Finish(Ending),
}

/// Why a URL is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// For the first time.
    First,
    /// In place of an attempt whose kept connection was found dead.
    Instead,
    /// In place of an attempt that the server refused to look at: on any connection.
    Anew,
    /// For the second time, which is paid for.
    Again,
    /// Though it rests: nobody else is left.
    Anyway,
}

/// How an ask ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The URL whose answer counts.
    Answer { url: usize },
    /// Every URL failed, and time was left.
    AllFailed,
    /// Time is up.
    Deadline,
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A kept connection broke before the first byte of an answer.
    Stale,
    /// A kept connection is well, and the server did not look at this one request.
    Refused,
    /// The same request may fare better another time.
    Passing,
    /// The same request will fare the same.
    Lasting,
}

/// What is known of a request that goes out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    /// How long to wait for it before the next URL is asked beside it; never so long that a later
    /// URL would have less time than each of the others.
    pub(crate) hedge: Duration,
    /// How long it may be silent on a kept connection until that is in doubt; `None`: half the
    /// deadline.
    pub(crate) doubt: Option<Duration>,
    /// Nobody knows whether it will be answered, so that the next URL is asked at once.
    pub(crate) probe: bool,
}

/// One ask. All times count from its start.
#[derive(Debug)]
pub(crate) struct Plan {
    urls: usize,
    deadline: Duration,
    longest_hedge: Duration,
    /// Between a failure and the second use of the same URL.
    pause: Duration,
    /// URLs asked so far; also the next one's place.
    asked: usize,
    running: usize,
    next_hedge: Duration,
    /// When a kept connection that was silent so far is in doubt.
    next_doubt: Duration,
    doubted: bool,
    /// A second use that is paid for, and when it is due.
    due: Option<(Duration, usize)>,
    /// URLs that may be used a second time.
    again: Set,
    /// URLs that may not, or no more.
    spent: Set,
    resting: Set,
    retried: bool,
    insisted: bool,
    finished: bool,
}

impl Plan {
    /// A plan over so many URLs.
    pub(crate) fn new(urls: usize, pause: Duration, deadline: Duration) -> Self {
        Self {
            urls: urls.min(Set::ROOM),
            deadline,
            longest_hedge: deadline,
            pause,
            asked: 0,
            running: 0,
            next_hedge: Duration::MAX,
            next_doubt: Duration::ZERO,
            doubted: false,
            due: None,
            again: Set::default(),
            spent: Set::default(),
            resting: Set::default(),
            retried: false,
            insisted: false,
            finished: false,
        }
    }

    /// Begins.
    pub(crate) fn on_start(&mut self, now: Duration) -> Option<Step> {
        // Each URL has its share of the time, and the last one two.
        let shares = u32::try_from(self.urls + 1).unwrap_or(u32::MAX);
        self.longest_hedge = self.deadline.saturating_sub(now) / shares.max(3);
        self.go_on(now)
    }

    /// The request is out.
    pub(crate) fn on_begun(&mut self, now: Duration, begun: Begun) -> Option<Step> {
        let Begun {
            hedge,
            doubt,
            probe,
        } = begun;
        let doubt = now.saturating_add(doubt.unwrap_or_else(|| self.deadline / 2));
        self.next_doubt = self.next_doubt.max(doubt);
        let due = now.saturating_add(hedge.min(self.longest_hedge()));
        // One that goes out in place of another inherits what is left of its time.
        self.next_hedge = self.next_hedge.min(due);
        if probe && self.asked < self.urls {
            return self.go_on(now);
        }
        None
    }

    /// The URL rests, and was not asked.
    pub(crate) fn on_resting(&mut self, now: Duration, url: usize) -> Option<Step> {
        self.running = self.running.saturating_sub(1);
        self.resting.insert(url);
        self.go_on(now)
    }

    /// An attempt failed.
    pub(crate) fn on_failure(&mut self, now: Duration, url: usize, fault: Fault) -> Option<Step> {
        if self.finished {
            return None;
        }
        self.running = self.running.saturating_sub(1);
        let replacement = match fault {
            Fault::Stale => Some(How::Instead),
            Fault::Refused => Some(How::Anew),
            Fault::Passing | Fault::Lasting => None,
        };
        if let Some(how) = replacement
            && now < self.deadline
            && self.may_replace(url)
        {
            self.retried = true;
            self.running += 1;
            return Some(Step::Ask { url, how });
        }
        if fault != Fault::Lasting && !self.spent.contains(url) {
            self.again.insert(url);
        }
        self.go_on(now)
    }

    /// The second use is paid for.
    pub(crate) fn on_paid(&mut self, now: Duration, url: usize) -> Option<Step> {
        if self.running > 0 {
            return self.ask_again(url);
        }
        self.due = Some((now.saturating_add(self.pause), url));
        None
    }

    /// The second use cannot be paid for.
    pub(crate) fn on_denied(&mut self, now: Duration) -> Option<Step> {
        self.go_on(now)
    }

    /// A usable answer came. It wins, however late it is noticed.
    pub(crate) fn on_answer(&mut self, url: usize) -> Option<Step> {
        if self.finished {
            return None;
        }
        self.finish(Ending::Answer { url })
    }

    /// The time of [`next_wake`](Self::next_wake) has come. `late`: our own runtime is late, so
    /// that slowness says nothing. `silent`: a URL that was asked on a kept connection, from which
    /// not one byte has come.
    pub(crate) fn on_tick(
        &mut self,
        now: Duration,
        late: bool,
        silent: Option<usize>,
    ) -> Option<Step> {
        if self.finished {
            return None;
        }
        if now >= self.deadline {
            return self.finish(Ending::Deadline);
        }
        if let Some((due, url)) = self.due {
            if now < due {
                return None;
            }
            self.due = None;
            return self.ask_again(url);
        }
        if now < self.next_wake() {
            return None;
        }
        if late && now < self.last_call() {
            let later = now.saturating_add(PUT_OFF).min(self.last_call());
            self.next_hedge = self.next_hedge.max(later);
            self.next_doubt = self.next_doubt.max(later);
            return None;
        }
        if self.asked < self.urls {
            return self.go_on(now);
        }
        self.doubted = true;
        let url = silent.filter(|url| !self.spent.contains(*url))?;
        self.spent.insert(url);
        Some(Step::Pay { url })
    }

    /// When [`on_tick`](Self::on_tick) is wanted.
    pub(crate) fn next_wake(&self) -> Duration {
        match self.due {
            Some((due, _)) => due.min(self.deadline),
            None if self.asked < self.urls => self.next_hedge.min(self.deadline),
            None if !self.doubted => self.next_doubt.min(self.deadline),
            None => self.deadline,
        }
    }

    /// When the ask ends at the latest.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The longest time that is waited for one URL alone.
    fn longest_hedge(&self) -> Duration {
        self.longest_hedge
    }

    /// From here on the next URL is asked though our own runtime is late: rather more load than a
    /// lost call.
    fn last_call(&self) -> Duration {
        let left = u32::try_from(self.urls.saturating_sub(self.asked)).unwrap_or(u32::MAX);
        let wanted = self.longest_hedge.saturating_mul(left.max(1));
        self.deadline.saturating_sub(wanted)
    }

    /// Asks the next URL; without one, waits for what runs; without that, tries what is left.
    fn go_on(&mut self, now: Duration) -> Option<Step> {
        if self.finished {
            return None;
        }
        if now >= self.deadline {
            return self.finish(Ending::Deadline);
        }
        if self.asked < self.urls {
            let url = self.asked;
            self.asked += 1;
            self.running += 1;
            self.next_hedge = Duration::MAX;
            let how = How::First;
            return Some(Step::Ask { url, how });
        }
        if self.running > 0 {
            return None;
        }
        if now.saturating_add(self.pause) < self.deadline
            && let Some(url) = self.again.take_first()
        {
            self.spent.insert(url);
            return Some(Step::Pay { url });
        }
        if !self.insisted
            && let Some(url) = self.resting.take_first()
        {
            self.insisted = true;
            self.spent.insert(url);
            self.running += 1;
            self.deadline = self.deadline.min(now.saturating_add(LAST_CHANCE));
            self.longest_hedge = self.deadline / 3;
            let how = How::Anyway;
            return Some(Step::Ask { url, how });
        }
        self.finish(Ending::AllFailed)
    }

    fn ask_again(&mut self, url: usize) -> Option<Step> {
        self.running += 1;
        let how = How::Again;
        Some(Step::Ask { url, how })
    }

    /// Whether an attempt that came to nothing on a kept connection may be replaced for free: once, and not when a new one was
    /// made beside it.
    fn may_replace(&self, url: usize) -> bool {
        !self.retried && !self.spent.contains(url)
    }

    fn finish(&mut self, ending: Ending) -> Option<Step> {
        self.finished = true;
        Some(Step::Finish(ending))
    }
}

/// Some of the URLs, by place.
#[derive(Debug, Default)]
struct Set(u32);

impl Set {
    /// Most URLs of a plan; a webhook has fewer.
    const ROOM: usize = 32;

    fn insert(&mut self, url: usize) {
        self.0 |= Self::bit(url);
    }

    fn contains(&self, url: usize) -> bool {
        self.0 & Self::bit(url) != 0
    }

    fn take_first(&mut self) -> Option<usize> {
        let first = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        usize::try_from(first).ok().filter(|url| *url < Self::ROOM)
    }

    fn bit(url: usize) -> u32 {
        u32::try_from(url)
            .ok()
            .and_then(|url| 1_u32.checked_shl(url))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
