//! How often an account was guessed at, whoever guesses; pure.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

/// Wrong passwords for one account within [`WINDOW`], from all sources together, after which only
/// those are listened to that have proven it before.
pub(crate) const MOST: u32 = 100;
/// For how long wrong passwords count.
pub(crate) const WINDOW: Duration = Duration::from_secs(3600);
/// Sources that are remembered to have proven an account.
const SOURCES: usize = 16;

/// What is known of the guesses at one account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    wrong: u32,
    since: Duration,
    /// Who has proven it, the latest last.
    proven: VecDeque<IpAddr>,
}

impl Account {
    /// Whether what this source says is not even compared: too many have guessed, and it may be
    /// one of them.
    pub(crate) fn is_closed_to(&self, now: Duration, ip: IpAddr) -> bool {
        self.wrong >= MOST
            && now.saturating_sub(self.since) < WINDOW
            && !self.proven.contains(&ip.to_canonical())
    }

    /// A wrong password.
    pub(crate) fn wrong(&mut self, now: Duration) {
        if now.saturating_sub(self.since) >= WINDOW {
            (self.wrong, self.since) = (0, now);
        }
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong == MOST {
            tracing::warn!(
                "many wrong passwords for one account; for an hour it is only believed to those \
                 who have proven it before"
            );
        }
    }

    /// A right password.
    pub(crate) fn right(&mut self, ip: IpAddr) {
        let ip = ip.to_canonical();
        self.proven.retain(|known| *known != ip);
        if self.proven.len() >= SOURCES {
            self.proven.pop_front();
        }
        self.proven.push_back(ip);
    }
}
