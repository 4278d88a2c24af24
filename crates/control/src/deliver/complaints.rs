//! What is said of events that are lost and of disks that fail: seldom, however many there are.

use std::collections::BTreeMap;
use std::time::Instant;

use callroute_router::LogThrottle;

/// What goes wrong with an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Matter {
    Write,
    Read,
    /// What was written cannot be put on the disk.
    Sync,
    Full,
    /// Events are too long.
    Long,
    /// Events are too old.
    Old,
    /// The server says that events themselves are at fault.
    Refused,
    /// The disk damaged events.
    Damaged,
}

impl Matter {
    fn bad(self) -> &'static str {
        match self {
            Self::Write => "cannot be written",
            Self::Read => "cannot be read",
            Self::Sync => "cannot be put on the disk",
            Self::Full => "is full: events are lost until its server takes some",
            Self::Long => {
                "has no room for events as long as these; they are told without attributes"
            }
            Self::Old => "holds events that are too old; they are not told any more",
            Self::Refused => "holds events that its server refuses; they are not told any more",
            Self::Damaged => "holds events that the disk damaged; they are lost",
        }
    }

    /// What is said when it is over; `None`: what is lost stays lost.
    fn good(self) -> Option<&'static str> {
        match self {
            Self::Write => Some("can be written again"),
            Self::Read => Some("can be read again"),
            Self::Sync => Some("is put on the disk again"),
            Self::Full => Some("has room again"),
            Self::Refused => Some("holds events that its server takes again"),
            Self::Long | Self::Old | Self::Damaged => None,
        }
    }
}

/// How often each went wrong.
#[derive(Debug, Default)]
pub(super) struct Complaints(BTreeMap<Matter, LogThrottle>);

impl Complaints {
    /// It went wrong so many times more; what is to be said of it now.
    pub(super) fn more(
        &mut self,
        matter: Matter,
        times: u64,
        why: &str,
        now: Instant,
    ) -> Option<String> {
        let count = self.0.entry(matter).or_default().more(times, now)?;
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(": {why}")
        };
        Some(match count {
            1 => format!("{}{why}", matter.bad()),
            _ => format!("{}{why} ({count} so far)", matter.bad()),
        })
    }

    /// It no longer goes wrong; what is to be said of that.
    pub(super) fn over(&mut self, matter: Matter) -> Option<String> {
        // Most often nothing went wrong.
        let count = self.0.get_mut(&matter)?.over()?;
        Some(format!("{}; before, {count} times not", matter.good()?))
    }

    /// What was not said yet, when nothing more will come.
    pub(super) fn rest(&self) -> Vec<String> {
        let rest = self.0.iter().filter_map(|(matter, often)| {
            let count = often.rest()?;
            Some(format!("{} ({count} in all)", matter.bad()))
        });
        rest.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Complaints, Instant, Matter};

    #[test]
    fn thousands_are_one_complaint_and_one_end() {
        let (mut all, now) = (Complaints::default(), Instant::now());
        assert_eq!(all.over(Matter::Full), None);
        let first = all.more(Matter::Refused, 1, "status_4xx", now).unwrap();
        assert!(first.ends_with("any more: status_4xx"), "{first}");
        for _ in 0..2000 {
            assert_eq!(all.more(Matter::Refused, 1, "status_4xx", now), None);
        }
        let rest = all.rest();
        assert!(
            rest[0].ends_with("(2001 in all)") && rest.len() == 1,
            "{rest:?}"
        );
        let over = all.over(Matter::Refused).unwrap();
        assert!(
            over.ends_with("takes again; before, 2001 times not"),
            "{over}"
        );
        assert_eq!((all.over(Matter::Refused), all.rest().len()), (None, 0));
        let damaged = all.more(Matter::Damaged, 7, "", now).unwrap();
        assert!(damaged.ends_with("are lost (7 so far)"), "{damaged}");
    }
}
