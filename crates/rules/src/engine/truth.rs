//! Whether a condition holds, when some of what it asks may not be known.

/// What a condition comes to (Kleene's logic, and a fourth value for what is not asked yet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Truth {
    False,
    True,
    /// It depends on a fact that could not be had.
    Missing,
    /// It depends on a fact that was not asked for yet.
    Need,
}

impl Truth {
    pub(crate) fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            open => open,
        }
    }

    /// All of them hold. One that does not settles it, whatever the others need.
    pub(crate) fn all(parts: impl Iterator<Item = Self>) -> Self {
        Self::fold(parts, Self::False, Self::True)
    }

    /// One of them holds. One that does settles it, whatever the others need.
    pub(crate) fn any(parts: impl Iterator<Item = Self>) -> Self {
        Self::fold(parts, Self::True, Self::False)
    }

    fn fold(parts: impl Iterator<Item = Self>, settles: Self, neutral: Self) -> Self {
        let mut whole = neutral;
        for part in parts {
            if part == settles {
                return settles;
            }
            whole = match (whole, part) {
                (Self::Need, _) | (_, Self::Need) => Self::Need,
                (Self::Missing, _) | (_, Self::Missing) => Self::Missing,
                _ => whole,
            };
        }
        whole
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        match holds {
            true => Self::True,
            false => Self::False,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, Missing, Need, True};

    #[test]
    fn what_is_settled_needs_nothing() {
        assert_eq!(Truth::all([Need, False, Missing].into_iter()), False);
        assert_eq!(Truth::any([Need, True, Missing].into_iter()), True);
        assert_eq!(Truth::all([Missing, True, Need].into_iter()), Need);
        assert_eq!(Truth::any([Missing, False].into_iter()), Missing);
        assert_eq!(Truth::all([].into_iter()), True);
        assert_eq!(Missing.not(), Missing);
        assert_eq!(False.not(), True);
    }
}
