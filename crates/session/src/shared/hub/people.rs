//! Members: what is known of them, whose turn it is, and what they did.

use std::time::Duration;

use callroute_rules::waves::{GroupFacts, MemberFacts, plan};
use callroute_schema::{CallId, RingGroup, Strategy};

use super::{Hub, HubMessage, tell};
use crate::input::Now;
use crate::shared::agents::MemberInfo;
use crate::shared::{HubReply, Turning};

impl Hub {
    pub(super) fn group(
        &mut self,
        now: Now,
        call: &CallId,
        who: &[Option<String>],
        turns: Option<Box<Turning>>,
    ) -> Vec<HubMessage> {
        let info = |name: &Option<String>| self.agents.info_of(name.as_deref(), now.mono);
        let members: Vec<MemberInfo> = who.iter().map(info).collect();
        let turn = turns.map_or(0, |turns| self.turn(*turns, &members));
        tell(call, HubReply::Group { turn, members })
    }

    /// With which member a group begins now. Who is left out does not ring first, and its turn is
    /// not given to the one behind it each time.
    fn turn(&mut self, turning: Turning, infos: &[MemberInfo]) -> u64 {
        let Turning { of, members } = turning;
        let place = self.turns.next(&of, &members);
        let turn = u64::try_from(place).unwrap_or(0);
        let facts: Vec<MemberFacts> = infos.iter().map(MemberInfo::facts).collect();
        let known = GroupFacts {
            turn,
            seed: 0,
            members: &facts,
        };
        let group = RingGroup::new(members, Strategy::RoundRobin);
        let waves = plan(&group, None, &known).waves;
        if let Some(first) = waves.first().and_then(|wave| wave.rings.first()) {
            self.turns.rings(&of, first.member, &group.members);
        }
        turn
    }

    pub(super) fn talked(
        &mut self,
        now: Now,
        call: &CallId,
        member: &str,
        talk_ms: u64,
        wrap_up_ms: u64,
    ) -> Vec<HubMessage> {
        let known = self.known(call);
        if let Some(index) = known.talks.iter().position(|other| other == member) {
            known.talks.swap_remove(index);
            let served = known.served.take();
            let wrap_up = Duration::from_millis(wrap_up_ms);
            self.agents.talked(member, now, talk_ms, wrap_up);
            if let Some(queue) = served {
                self.queues.handled(&queue, talk_ms);
            }
        }
        self.serve(now)
    }
}
