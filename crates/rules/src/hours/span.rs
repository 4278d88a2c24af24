//! The open times of one day.

/// Minutes of a day.
pub(crate) const DAY: u16 = 24 * 60;

/// From and to in minutes after the midnight that begins the day; the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) from: u16,
    /// Above 24:00 it runs into the next day.
    pub(crate) to: u16,
}

/// The open times of one day, sorted; none: closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spans(Vec<Span>);

/// Why times make no open times of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpansError {
    #[error("{0} is after 24:00; a span starts on its day")]
    StartsLate(Clock),
    #[error("{from}-{to} is longer than a day")]
    TooLong { from: Clock, to: Clock },
    #[error("{from}-{to} is empty; the whole day is 00:00-24:00")]
    Empty { from: Clock, to: Clock },
    #[error("{} overlaps {} on the same day", Shown(.0), Shown(.1))]
    Overlap(Span, Span),
}

/// Minutes, shown as `09:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock(pub(crate) u16);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

struct Shown<'a>(&'a Span);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let to = if self.0.to > DAY {
            self.0.to - DAY
        } else {
            self.0.to
        };
        write!(f, "{}-{}", Clock(self.0.from), Clock(to))
    }
}

impl Span {
    /// A span as written: an end at or before the start means the next day.
    pub(crate) fn new(from: u16, to: u16) -> Result<Self, SpansError> {
        let (start, end) = (Clock(from), Clock(to));
        if from >= DAY {
            return Err(SpansError::StartsLate(start));
        }
        if from == to {
            return Err(SpansError::Empty {
                from: start,
                to: end,
            });
        }
        let to = if to < from { to + DAY } else { to };
        if to - from > DAY {
            return Err(SpansError::TooLong {
                from: start,
                to: end,
            });
        }
        Ok(Self { from, to })
    }
}

impl Spans {
    /// Closed all day.
    pub(crate) const CLOSED: Self = Self(Vec::new());

    /// Open all day.
    pub(crate) fn whole_day() -> Self {
        Self(vec![Span { from: 0, to: DAY }])
    }

    /// Sorts the spans of a day, and refuses any that overlap.
    pub(crate) fn new(mut list: Vec<Span>) -> Result<Self, SpansError> {
        list.sort_unstable();
        for (one, next) in list.iter().zip(list.iter().skip(1)) {
            if next.from < one.to {
                return Err(SpansError::Overlap(*next, *one));
            }
        }
        Ok(Self(list))
    }

    /// The spans of both.
    pub(crate) fn and(&self, other: &Self) -> Result<Self, SpansError> {
        Self::new(self.0.iter().chain(&other.0).copied().collect())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is open from midnight to midnight, by one span or by several.
    pub(crate) fn is_whole_day(&self) -> bool {
        let end = self
            .0
            .iter()
            .try_fold(0, |end, span| (span.from == end).then_some(span.to));
        end.is_some_and(|end| end >= DAY)
    }

    /// Whether a second after this day's midnight is in a span.
    pub(crate) fn hold(&self, second: u32) -> bool {
        let seconds = |minutes: u16| u32::from(minutes) * 60;
        self.0
            .iter()
            .any(|span| (seconds(span.from)..seconds(span.to)).contains(&second))
    }

    /// Every start and end, in minutes after this day's midnight.
    pub(crate) fn edges(&self) -> impl Iterator<Item = u16> {
        self.0.iter().flat_map(|span| [span.from, span.to])
    }
}
