//! What a call waits for, for how long, and what then.
//!
#![doc = include_str!("waits.md")]
//!
//! The table is held against the code by a test.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use callroute_rules::menu::{Next, Walk};
    use callroute_rules::waves::{GroupFacts, plan};
    use callroute_rules::{ChronoTz, load};
    use callroute_schema::{Digit, Member, Party, RingGroup, Strategy};

    use crate::settings::Settings;
    use crate::step::limits as l;
    use crate::step::{STATES, Step};

    const TABLE: &str = include_str!("waits.md");

    /// The rows as cells.
    fn rows() -> Vec<[String; 4]> {
        TABLE
            .lines()
            .filter(|line| line.starts_with('|') && !line.starts_with("|-"))
            .skip(1)
            .map(|line| {
                let cells: Vec<String> = line
                    .trim_matches('|')
                    .split('|')
                    .map(|cell| cell.trim().replace('*', ""))
                    .collect();
                cells.try_into().unwrap()
            })
            .collect()
    }

    fn text(duration: Duration) -> String {
        if duration.subsec_millis() == 0 {
            format!("{} s", duration.as_secs())
        } else {
            format!("{} ms", duration.as_millis())
        }
    }

    /// How long a menu that does not say waits for the first key, and for a further one.
    fn menu() -> [Duration; 2] {
        let table = "version: 1\ndefault: { action: hangup }\nmenus:\n  m: { prompt: { say: m }, options: { 12: { action: hangup } } }\n";
        let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
        let (mut walk, hear) = Walk::begin(engine.menu("m").unwrap().clone());
        let Next::Hear { wait: first, .. } = hear else {
            panic!("{hear:?}");
        };
        let pressed = walk.press(&engine, Digit::new('1').unwrap());
        let Next::Wait(next) = pressed else {
            panic!("{pressed:?}");
        };
        [first, next]
    }

    /// How long a group that does not say rings a member: all at once, and in turn.
    fn group() -> [Duration; 2] {
        [Strategy::Simultaneous, Strategy::Sequential].map(|strategy| {
            let member = Member::from(Party::new("+16822306467").unwrap());
            let group = RingGroup::new(vec![member], strategy);
            plan(&group, None, &GroupFacts::default()).waves[0].rings[0].ring
        })
    }

    /// How long a lookup that does not say may take.
    fn lookup() -> Duration {
        let table = "version: 1\ndefault: { action: hangup }\nlookups: { crm: { custom: crm } }\n";
        let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
        Duration::from_millis(engine.lookups()[0].budget_ms)
    }

    #[test]
    fn every_state_that_waits_is_in_the_table() {
        let written: BTreeSet<String> = rows().into_iter().map(|[state, ..]| state).collect();
        let known: BTreeSet<String> = STATES.iter().map(|state| (*state).to_owned()).collect();
        assert_eq!(written, known);
        // What waits for nothing has no deadline.
        assert!(Step::New.deadline().is_none() && Step::Done.deadline().is_none());
    }

    #[test]
    fn the_times_are_those_of_the_code() {
        let s = |seconds: u32| Duration::from_secs(u64::from(seconds));
        let settings = Settings::default();
        let (again, tries) = (settings.callback_again_s, settings.callback_tries);
        assert!(TABLE.contains(&format!("after *{again} s*, at most *{tries}* in all")));
        assert!(TABLE.contains(&format!("after the {}th time", l::CALLBACK_OFFERS)));
        let [first, next] = menu();
        let [at_once, in_turn] = group();
        let rows = rows();
        for (state, waiting, times) in [
            ("Deciding", "a fact", vec![l::FACT, lookup()]),
            ("Answering", "ACK", vec![l::ACK]),
            ("Playing", "sound", vec![l::SOUND]),
            ("Playing", "caller's end", vec![l::PARTING]),
            ("InMenu", "prompt", vec![l::SOUND]),
            ("InMenu", "first", vec![first]),
            ("InMenu", "further", vec![next]),
            ("Collecting", "first", vec![s(l::FIRST_DIGIT_S)]),
            ("Collecting", "further", vec![s(l::NEXT_DIGIT_S)]),
            (
                "Asking",
                "webhook",
                vec![Duration::from_millis(l::WEBHOOK_MS), l::WEBHOOK_GRACE],
            ),
            ("Dialing", "group", vec![l::GROUP]),
            ("Dialing", "free", vec![l::GROUP]),
            ("Dialing", "round", vec![l::ROUND]),
            ("Dialing", "member", vec![at_once, in_turn]),
            (
                "Dialing",
                "takes the call",
                vec![l::CONFIRM * 3, l::CONFIRM],
            ),
            ("Dialing", "whisper", vec![l::WHISPER]),
            ("Dialing", "ACK", vec![l::ACK]),
            (
                "Talk",
                "conversation",
                vec![s(Settings::default().max_talk_s)],
            ),
            ("Talk", "recording", vec![l::CONSENT]),
            ("Talk", "code", vec![l::CODE_KEY]),
            ("Talk", "number", vec![l::NUMBER_FIRST, l::NUMBER_NEXT]),
            ("Talk", "third", vec![s(l::THIRD_S)]),
            ("Talk", "other call", vec![l::OTHER_CALL]),
            ("Waiting", "let into", vec![l::QUEUE]),
            ("Waiting", "has time", vec![s(l::QUEUE_WAIT_S)]),
            ("Waiting", "answer", vec![s(l::QUEUE_RING_S)]),
            ("Waiting", "last words", vec![l::LAST_WORDS]),
            ("CallingBack", "let into", vec![l::QUEUE]),
            ("CallingBack", "has time", vec![s(settings.callback_wait_s)]),
            ("CallingBack", "member's answer", vec![s(l::QUEUE_RING_S)]),
            ("CallingBack", "caller's", vec![s(l::CALLBACK_RING_S)]),
            ("Parked", "slot", vec![l::SLOT]),
            ("Parked", "takes the call", vec![s(l::PARKED_S)]),
            ("Meeting", "let into", vec![l::ROOM]),
            ("Meeting", "the other one", vec![l::ALONE]),
            ("Meeting", "meeting's end", vec![l::MEETING]),
            ("Consent", "prompt", vec![l::CONSENT]),
            ("Consent", "caller's end", vec![l::PARTING]),
            ("Recording", "greeting", vec![l::SOUND]),
            ("Recording", "a beep", vec![l::PARTING]),
            ("Recording", "the beep", vec![l::KEEPING]),
            (
                "Recording",
                "message's end",
                vec![s(l::MESSAGE_S), s(l::SILENCE_S)],
            ),
            ("Recording", "becomes", vec![l::REVIEW]),
            ("Recording", "being kept", vec![l::KEEPING]),
            ("Recording", "by itself", vec![l::PARTING]),
            ("Redirecting", "leaving", vec![l::REDIRECT]),
            ("Ending", "ends", vec![l::ENDING]),
        ] {
            let row = rows
                .iter()
                .find(|[of, what, ..]| of == state && what.contains(waiting))
                .unwrap_or_else(|| panic!("no row for {state}: {waiting}"));
            for time in times {
                let time = text(time);
                let times: Vec<&str> = row[2]
                    .split([',', ';'])
                    .flat_map(|t| t.split(" and "))
                    .collect();
                let found = times.iter().any(|part| part.contains(&time));
                assert!(found, "{state}: {waiting}: {time} is not in {:?}", row[2]);
            }
        }
    }
}
