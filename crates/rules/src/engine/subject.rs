//! What conditions on digits look at.

/// What `is`, `prefix` and `country` look at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The calling number; a withheld or unavailable one matches nothing.
    #[default]
    Caller,
    /// The dialed number.
    Dialed,
    /// The keys pressed in a menu.
    Digits,
}

impl Subject {
    pub(crate) const ALL: [Self; 3] = [Self::Caller, Self::Dialed, Self::Digits];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Dialed => "dialed",
            Self::Digits => "digits",
        }
    }

    pub(crate) fn place(self) -> usize {
        match self {
            Self::Caller => 0,
            Self::Dialed => 1,
            Self::Digits => 2,
        }
    }
}
