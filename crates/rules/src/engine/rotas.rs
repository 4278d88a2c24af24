//! Who is on duty: a function of time that changes in steps.

/// One rota.
#[derive(Debug)]
pub(crate) struct Rota {
    pub(crate) name: Box<str>,
    pub(crate) turns: Turns,
}

/// How it goes on.
#[derive(Debug)]
pub(crate) enum Turns {
    /// From which instant on (seconds since 1970) who is on duty; sorted.
    Steps(Box<[(i64, Option<Box<str>>)]>),
    /// Agents take turns for ever.
    Cycle {
        who: Box<[Box<str>]>,
        /// When the first turn begins by the clock on the wall, in seconds since 1970 there.
        from: i64,
        /// How long a turn is by that clock, in seconds; at least an hour.
        every: i64,
        /// The zone's offsets, as a place in the engine's tables.
        zone: u32,
    },
}

impl Turns {
    /// Everybody who is on duty at some time, each once.
    pub(crate) fn agents(&self) -> Vec<&str> {
        let mut all: Vec<&str> = match self {
            Self::Steps(steps) => steps.iter().filter_map(|(_, who)| who.as_deref()).collect(),
            Self::Cycle { who, .. } => who.iter().map(AsRef::as_ref).collect(),
        };
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Who is on duty; `offset` tells a zone's offset from UTC in seconds.
    pub(crate) fn at(&self, utc: i64, offset: impl Fn(u32) -> i64) -> Option<&str> {
        match self {
            Self::Steps(steps) => {
                let after = steps.partition_point(|(from, _)| *from <= utc);
                let (_, who) = steps.get(after.checked_sub(1)?)?;
                who.as_deref()
            }
            Self::Cycle {
                who,
                from,
                every,
                zone,
            } => {
                let since = utc + offset(*zone) - from;
                if since < 0 {
                    return None;
                }
                let count = i64::try_from(who.len()).ok()?.max(1);
                let turn = since.checked_div(*every)?.rem_euclid(count);
                who.get(usize::try_from(turn).ok()?).map(AsRef::as_ref)
            }
        }
    }
}
