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

    /// The first instant after `utc` at which a turn of somebody begins whom `is` means; `offset`
    /// tells a zone's offset from UTC in seconds, at an instant.
    pub(crate) fn next(
        &self,
        utc: i64,
        is: impl Fn(&str) -> bool,
        offset: impl Fn(u32, i64) -> i64,
    ) -> Option<i64> {
        match self {
            Self::Steps(steps) => {
                let mut later = steps.iter().filter(|(from, _)| *from > utc);
                let found = later.find(|(_, who)| who.as_deref().is_some_and(&is));
                found.map(|(from, _)| *from)
            }
            Self::Cycle {
                who,
                from,
                every,
                zone,
            } => {
                let since = utc + offset(*zone, utc) - from;
                let turn = since.div_euclid(*every).max(-1);
                let turns = turn.saturating_add(1)..;
                let mut ahead = turns.zip(who.iter().cycle().skip(place(turn + 1, who.len())?));
                let (turn, _) = ahead.by_ref().take(who.len()).find(|(_, who)| is(who))?;
                // Clocks may change until then.
                let wall = from + turn * every;
                let nearly = wall - offset(*zone, utc);
                Some(wall - offset(*zone, nearly))
            }
        }
    }
}

/// Whose turn of so many it is.
fn place(turn: i64, count: usize) -> Option<usize> {
    usize::try_from(turn.checked_rem_euclid(i64::try_from(count).ok()?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::Turns;

    const HOUR: i64 = 3_600;

    /// Summer time from hour 100 on: clocks an hour ahead.
    fn offset(_: u32, utc: i64) -> i64 {
        if utc < 100 * HOUR { 0 } else { HOUR }
    }

    fn next(turns: &Turns, utc: i64, who: &str) -> Option<i64> {
        turns.next(utc, |name| name == who, offset)
    }

    #[test]
    fn the_next_turn_is_the_first_that_is_theirs() {
        let who = ["ann", "bob", "cem"].map(Into::into).into();
        let cycle = Turns::Cycle {
            who,
            from: 9 * HOUR,
            every: 24 * HOUR,
            zone: 0,
        };
        for utc in (-50 * HOUR..400 * HOUR).step_by(1_200) {
            for name in ["ann", "bob", "cem"] {
                let begins = |at: &i64| {
                    let on = |at: i64| cycle.at(at, |zone| offset(zone, at)) == Some(name);
                    on(*at) && !on(at - 1)
                };
                let steps = (utc.div_euclid(1_200) + 1)..;
                let wanted = steps.map(|step| step * 1_200).find(begins);
                assert_eq!(next(&cycle, utc, name), wanted, "{name} {utc}");
            }
        }
        assert_eq!(next(&cycle, 0, "dan"), None);
        let steps = [
            (0, Some("ann")),
            (10, None),
            (20, Some("bob")),
            (30, Some("ann")),
        ];
        let steps = Turns::Steps(steps.map(|(at, who)| (at, who.map(Into::into))).into());
        assert_eq!(next(&steps, 0, "ann"), Some(30));
        assert_eq!(next(&steps, 0, "bob"), Some(20));
        assert_eq!(next(&steps, 30, "ann"), None);
    }
}
