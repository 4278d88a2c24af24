//! In which order members come.

use callroute_schema::{Member, RingGroup, Strategy};

use super::GroupFacts;

/// The most that one member's weight counts.
const MAX_WEIGHT: u32 = 1_000;

/// What chance decides by, from a call's id: the same call always gets the same number.
#[must_use]
pub fn seed(call_id: &str) -> u64 {
    // FNV-1a, then the finaliser of MurmurHash3: stable for all time, unlike a hasher of the
    // standard library, and well spread in its high bits too.
    let hash = call_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    mix(hash)
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ (word >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // The high half of a product: no modulo's bias that would show with such bounds.
        let wide = u128::from(mix(self.0)) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }
}

/// The members' positions, in the order in which their turns come.
///
/// A lower `priority` always comes first; the strategy orders those of the same one.
pub(super) fn order(group: &RingGroup, facts: &GroupFacts<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..group.members.len()).collect();
    let known = |index: &usize| facts.members.get(*index).copied().unwrap_or_default();
    match group.strategy {
        Strategy::RoundRobin => {
            let length = u64::try_from(order.len()).unwrap_or(1).max(1);
            let turn = usize::try_from(facts.turn % length).unwrap_or(0);
            order.rotate_left(turn);
        }
        Strategy::Random => shuffle(&mut order, &mut Dice(facts.seed)),
        Strategy::WeightedRandom => weighted(&mut order, &group.members, &mut Dice(facts.seed)),
        // Nobody's call is longer ago than that of whoever never had one.
        Strategy::LeastRecent => order.sort_by_key(|index| known(index).last_call),
        Strategy::FewestCalls => order.sort_by_key(|index| known(index).calls),
        Strategy::LeastTalkTime => order.sort_by_key(|index| known(index).talk_s),
        _ => {}
    }
    let priority = |index: &usize| {
        let member = group.members.get(*index);
        member.and_then(|member| member.priority).unwrap_or(0)
    };
    order.sort_by_key(priority);
    order
}

fn shuffle(order: &mut [usize], dice: &mut Dice) {
    for last in (1..order.len()).rev() {
        let bound = u64::try_from(last).unwrap_or(0) + 1;
        let other = usize::try_from(dice.below(bound)).unwrap_or(0);
        order.swap(last, other);
    }
}

/// Draws one after the other; a member of weight 3 is three times as likely to come next as one
/// of weight 1, and one of weight 0 comes when nobody else is left.
fn weighted(order: &mut Vec<usize>, members: &[Member], dice: &mut Dice) {
    let weight = |index: &usize| {
        let given = members.get(*index).and_then(|member| member.weight);
        u64::from(given.unwrap_or(1).min(MAX_WEIGHT))
    };
    let mut left = std::mem::take(order);
    while !left.is_empty() {
        let total: u64 = left.iter().map(weight).sum();
        let mut drawn = if total == 0 { 0 } else { dice.below(total) };
        let place = left.iter().position(|index| {
            let own = weight(index);
            let hit = drawn < own || total == 0;
            drawn = drawn.saturating_sub(own);
            hit
        });
        order.push(left.remove(place.unwrap_or(0)));
    }
}
