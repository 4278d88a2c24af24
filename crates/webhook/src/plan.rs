//! The failover plan: which URL is asked when. Pure: time comes in as an argument.
//!
//! ```text
//! on_start ─▶ Ask 0 ──hedge over──▶ Ask 1 beside it ──▶ …
//!               └──failed──▶ Ask 1 at once
//! any answer ─▶ Finish(Answer)    all failed ─▶ Finish(AllFailed)    deadline ─▶ Finish(Deadline)
//! ```
//!
//! A slow attempt is never stopped for being slow: its answer may be on the way. Only an answer
//! or the deadline ends it.

use std::time::Duration;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask this URL, by its place in the list.
    Ask {
        url: usize,
        /// On a new connection: a kept one was found dead.
        fresh: bool,
    },
    /// Stop whatever still runs.
    Finish(Ending),
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

/// One ask. All times count from its start.
#[derive(Debug)]
pub(crate) struct Plan {
    urls: usize,
    hedge: Duration,
    deadline: Duration,
    /// URLs asked so far; also the next one's place.
    asked: usize,
    running: usize,
    next_hedge: Duration,
    retried: bool,
    finished: bool,
}

impl Plan {
    /// A plan over so many URLs; the hedge is at most a third of the deadline.
    pub(crate) fn new(urls: usize, hedge: Duration, deadline: Duration) -> Self {
        Self {
            urls,
            hedge: hedge.min(deadline / 3),
            deadline,
            asked: 0,
            running: 0,
            next_hedge: Duration::ZERO,
            retried: false,
            finished: false,
        }
    }

    /// Begins.
    pub(crate) fn on_start(&mut self, now: Duration) -> Option<Step> {
        self.go_on(now)
    }

    /// An attempt failed. `stale`: a kept connection broke before the first byte of an answer.
    pub(crate) fn on_failure(&mut self, now: Duration, url: usize, stale: bool) -> Option<Step> {
        if self.finished {
            return None;
        }
        self.running = self.running.saturating_sub(1);
        if now < self.deadline && stale && !self.retried {
            self.retried = true;
            self.running += 1;
            return Some(Step::Ask { url, fresh: true });
        }
        self.go_on(now)
    }

    /// A usable answer came. It wins, however late it is noticed.
    pub(crate) fn on_answer(&mut self, url: usize) -> Option<Step> {
        if self.finished {
            return None;
        }
        self.finish(Ending::Answer { url })
    }

    /// The time of [`next_wake`](Self::next_wake) has come.
    pub(crate) fn on_tick(&mut self, now: Duration) -> Option<Step> {
        let due = now >= self.deadline || (self.asked < self.urls && now >= self.next_hedge);
        if self.finished || !due {
            return None;
        }
        self.go_on(now)
    }

    /// When [`on_tick`](Self::on_tick) is wanted.
    pub(crate) fn next_wake(&self) -> Duration {
        if self.asked < self.urls {
            self.next_hedge.min(self.deadline)
        } else {
            self.deadline
        }
    }

    /// Asks the next URL; without one, waits for what runs.
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
            self.next_hedge = now.saturating_add(self.hedge);
            return Some(Step::Ask { url, fresh: false });
        }
        if self.running == 0 {
            return self.finish(Ending::AllFailed);
        }
        None
    }

    fn finish(&mut self, ending: Ending) -> Option<Step> {
        self.finished = true;
        Some(Step::Finish(ending))
    }
}

#[cfg(test)]
mod tests;
