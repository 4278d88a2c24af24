//! What fate has in store.

use proptest::prelude::*;

/// Calls, faults and turns of fate.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Which number each call dials, and whether it is office hours.
    pub(crate) calls: Vec<(usize, bool)>,
    pub(crate) seed: u64,
    /// How many of a thousand commands and notices are spoiled, in each of three ways.
    pub(crate) faults: u16,
    /// Whose turn, and what happens.
    pub(crate) turns: Vec<(u8, Turn)>,
}

/// One turn of fate.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// Something that is under way arrives; which, is chosen by the number.
    Arrive(u8),
    /// Time passes until the session wants to be woken.
    Wake,
    /// A little time passes, and the session is woken too early.
    EarlyWake,
    /// A party presses a key.
    Press(u8, u8),
    /// A party presses several keys that mean something.
    Code(u8, u8),
    /// A party hangs up.
    HangUp(u8),
    /// A party holds the call, or takes it back.
    Hold(u8, bool),
    /// A party asks for a transfer, perhaps to a call of another.
    Refer(u8, u8),
    /// A server answers an ask, perhaps one of long ago.
    Answer(u8, u8),
    /// Something is pushed into the call.
    Push(u8),
    /// An agent's state changes.
    Agent(u8, u8),
    /// Something about a leg that never was.
    Stray(u8),
    /// The router stops.
    Shutdown,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        24 => any::<u8>().prop_map(Turn::Arrive),
        5 => Just(Turn::Wake),
        1 => Just(Turn::EarlyWake),
        6 => (0u8..4, 0u8..16).prop_map(|(leg, key)| Turn::Press(leg, key)),
        3 => (0u8..4, any::<u8>()).prop_map(|(leg, code)| Turn::Code(leg, code)),
        1 => (0u8..4).prop_map(Turn::HangUp),
        1 => (0u8..3, any::<bool>()).prop_map(|(leg, held)| Turn::Hold(leg, held)),
        2 => (0u8..3, any::<u8>()).prop_map(|(leg, to)| Turn::Refer(leg, to)),
        3 => (0u8..4, any::<u8>()).prop_map(|(ask, answer)| Turn::Answer(ask, answer)),
        1 => any::<u8>().prop_map(Turn::Push),
        2 => any::<(u8, u8)>().prop_map(|(agent, state)| Turn::Agent(agent, state)),
        1 => any::<u8>().prop_map(Turn::Stray),
        1 => (0u8..40).prop_map(|n| if n == 0 { Turn::Shutdown } else { Turn::Wake }),
    ]
}

/// At most so many calls, with so many faults.
pub(crate) fn plan(calls: usize, faults: u16) -> impl Strategy<Value = Plan> {
    (
        prop::collection::vec((any::<usize>(), prop::bool::weighted(0.8)), 1..=calls),
        any::<u64>(),
        0..=faults,
        prop::collection::vec((any::<u8>(), turn()), 0..60 * calls),
    )
        .prop_map(|(calls, seed, faults, turns)| Plan {
            calls,
            seed,
            faults,
            turns,
        })
}

impl Plan {
    /// A long plan that follows from a seed.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |below: u64| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice % below
        };
        let calls = (0..=draw(6))
            .map(|_| (usize::try_from(draw(1_000)).unwrap(), draw(5) > 0))
            .collect();
        let byte = |number: u64| u8::try_from(number).unwrap();
        let mut turns = Vec::new();
        for _ in 0..draw(400) {
            let turn = match draw(53) {
                0..=27 => Turn::Arrive(byte(draw(256))),
                28..=32 => Turn::Wake,
                33 => Turn::EarlyWake,
                34..=38 => Turn::Press(byte(draw(4)), byte(draw(16))),
                39 => Turn::HangUp(byte(draw(4))),
                40 => Turn::Hold(byte(draw(3)), draw(2) == 0),
                41 | 42 => Turn::Refer(byte(draw(3)), byte(draw(256))),
                43 | 44 => Turn::Answer(byte(draw(4)), byte(draw(256))),
                45 => Turn::Push(byte(draw(256))),
                46 | 47 => Turn::Agent(byte(draw(256)), byte(draw(256))),
                48 => Turn::Stray(byte(draw(256))),
                49..=51 => Turn::Code(byte(draw(4)), byte(draw(256))),
                _ if draw(40) == 0 => Turn::Shutdown,
                _ => Turn::Wake,
            };
            turns.push((byte(draw(256)), turn));
        }
        let faults = if draw(2) == 0 { 0 } else { 50 };
        Self {
            calls,
            seed,
            faults,
            turns,
        }
    }
}
