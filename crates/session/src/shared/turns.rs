//! Whose turn it is, where members take turns.

use std::collections::BTreeMap;

use callroute_schema::Member;

/// Most of them that are remembered; servers may write others without end. Beyond, everybody
/// begins anew.
const MOST: usize = 100_000;

/// Who rang first the last time, by what takes turns: a group, or a queue.
#[derive(Debug, Default)]
pub(super) struct Turns(BTreeMap<String, (usize, String)>);

impl Turns {
    /// The position of the member behind whoever rang first; the members may be others by now.
    pub(super) fn next(&self, of: &str, members: &[Member]) -> usize {
        let Some((place, name)) = self.0.get(of) else {
            return 0;
        };
        let is = |member: &Member| member.to.as_str() == name;
        let same = members.get(*place).filter(|member| is(member));
        let place = same.map(|_| *place);
        place
            .or_else(|| members.iter().position(is))
            .map_or(0, |place| place + 1)
    }

    /// The member at this position rings first.
    pub(super) fn rings(&mut self, of: &str, place: usize, members: &[Member]) {
        let Some(member) = members.get(place) else {
            return;
        };
        if self.0.len() >= MOST && !self.0.contains_key(of) {
            self.0.clear();
        }
        self.0
            .insert(of.to_owned(), (place, member.to.as_str().to_owned()));
    }
}
