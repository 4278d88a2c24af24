//! Tables, calls and facts, made at random.

use proptest::prelude::*;

use crate::Blocks;
use crate::ask::{Ask, Bounds, COUNTED, Call, DATES, Known, Region, SIZES, ZONES};

fn number(region: Region) -> impl Strategy<Value = String> {
    let national = match region {
        None | Some("US") => "(1?314555010|0114420794600)[12]",
        Some("IE") => "(01679922|086234567|004420794600)[12]",
        Some("GB") => "(0207946000|004420794600)[12]",
        Some("DE") => "(0301234567|004420794600)[12]",
        _ => "(066981234|314555010|004420794600)[12]",
    };
    prop_oneof![
        6 => "\\+1[123]{1,3}",
        3 => "[7]{1,2}",
        3 => Just("alice".to_owned()),
        1 => "\\+353[12]{1,2}",
        1 => "\\+1314555010[12]",
        2 => national,
        1 => "[*]9[78]",
        1 => Just("sip:bob@host.example".to_owned()),
    ]
}

/// Emergency numbers in their forms.
fn help() -> impl Strategy<Value = String> {
    const FORMS: [&str; 7] = [
        "911",
        "999",
        "112",
        "9-1-1",
        "tel:911",
        "sip:112@host",
        "urn:service:sos",
    ];
    proptest::sample::select(&FORMS).prop_map(str::to_owned)
}

/// Prefixes as people dial.
fn as_dialed(region: Region) -> impl Strategy<Value = String> {
    let prefixes: &[&str] = match region {
        None | Some("US") => &[
            "0", "011", "01144", "1", "13", "1314", "3", "31", "314", "7",
        ],
        Some("IE") => &["0", "00", "0044", "01", "08", "086", "1", "7"],
        Some("GB") => &["0", "00", "0044", "020", "07", "7"],
        Some("DE") => &["0", "00", "0044", "03", "030", "7"],
        _ => &["0", "00", "0044", "06", "3", "31", "314", "7"],
    };
    proptest::sample::select(prefixes).prop_map(str::to_owned)
}

fn dialed_is(region: Region) -> impl Strategy<Value = String> {
    prop_oneof![2 => Just("911".to_owned()), 1 => Just("112".to_owned()), 1 => Just("999".to_owned()), 2 => number(region)]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let exists = proptest::option::of(any::<bool>());
    let numbers = prop_oneof![
        1 => Just((None, None)),
        2 => (-4_i32..12).prop_map(|below| (Some(below), None)),
        2 => (-4_i32..12).prop_map(|least| (None, Some(least))),
        2 => (-4_i32..9, 1_i32..4).prop_map(|(least, more)| (Some(least + more), Some(least))),
    ];
    (exists, numbers).prop_map(|(exists, (below, at_least))| match (below, at_least) {
        (None, None) => Bounds {
            exists: exists.or(Some(false)),
            below,
            at_least,
        },
        _ => Bounds {
            exists: exists.filter(|exists| *exists),
            below,
            at_least,
        },
    })
}

fn calls() -> impl Strategy<Value = Ask> {
    let numbers = prop_oneof![
        (1_u64..5).prop_map(|below| (Some(below), None)),
        (1_u64..5).prop_map(|least| (None, Some(least))),
        (1_u64..4, 1_u64..3).prop_map(|(least, more)| (Some(least + more), Some(least))),
    ];
    let all = (0..COUNTED.len(), numbers);
    all.prop_map(|(on, (below, least))| Ask::Calls(on, below, least))
}

fn leaf(region: Region) -> impl Strategy<Value = Ask> {
    prop_oneof![
        2 => any::<bool>().prop_map(Ask::Open),
        4 => proptest::collection::vec(number(region), 1..4).prop_map(Ask::CallerIs),
        4 => proptest::collection::vec("\\+1[123]{0,3}", 1..3).prop_map(Ask::CallerPrefix),
        1 => "\\+1[123]{0,2}".prop_map(Ask::DialedPrefix),
        1 => as_dialed(region).prop_map(Ask::DialedPrefix),
        1 => proptest::collection::vec(as_dialed(region), 1..3).prop_map(Ask::CallerPrefix),
        4 => prop_oneof![Just("blocked"), Just("vip"), Just("staff")].prop_map(Ask::In),
        3 => "[12]{1,2}".prop_map(Ask::Digits),
        1 => any::<bool>().prop_map(Ask::Anonymous),
        1 => (0_u32..50, 51_u32..100).prop_map(|(from, to)| Ask::Share(from, to)),
        1 => (0..ZONES.len()).prop_map(Ask::OpenIn),
        1 => "[ab][*]?".prop_map(Ask::Header),
        1 => "[ab][*]?".prop_map(Ask::Attribute),
        2 => (any::<bool>(), bounds()).prop_map(|(is_attribute, bounds)| Ask::Size(is_attribute, bounds)),
        1 => proptest::collection::vec("[ab]", 1..3).prop_map(Ask::Trunk),
        1 => Just(Ask::Switch),
        1 => proptest::sample::select(&["ann", "bob", "duty", "team"]).prop_map(Ask::Available),
        1 => calls(),
        2 => proptest::collection::vec(dialed_is(region), 1..3).prop_map(Ask::DialedIs),
        1 => Just(Ask::Deck),
        2 => proptest::sample::select(&["known", "vip", "blocked", "new", "anonymous"]).prop_map(Ask::Kind),
        1 => prop_oneof![Just(Ask::Country), Just(Ask::DialedCountry), Just(Ask::Missouri)],
        1 => proptest::sample::select(&DATES).prop_map(Ask::Date),
        1 => prop_oneof![Just("ann"), Just("bob")].prop_map(Ask::Duty),
        1 => prop_oneof![Just("udp"), Just("tls")].prop_map(Ask::Transport),
        1 => prop_oneof![Just(Ask::Crm), proptest::sample::select(&["crm", "erp"]).prop_map(Ask::Lacks), "[ab]".prop_map(Ask::CrmTier)],
    ]
}

fn ask(region: Region) -> impl Strategy<Value = Ask> {
    leaf(region).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ask| Ask::Not(Box::new(ask))),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Ask::Any),
            proptest::collection::vec(inner, 1..4).prop_map(Ask::All),
        ]
    })
}

/// Rules that ask much, so that many are passed over.
fn rule(region: Region) -> impl Strategy<Value = Option<Ask>> {
    prop_oneof![
        1 => Just(None),
        20 => ask(region).prop_map(Some),
        40 => proptest::collection::vec(leaf(region), 2..4).prop_map(|all| Some(Ask::All(all))),
    ]
}

fn blocks(region: Region) -> impl Strategy<Value = Blocks> {
    let number = prop_oneof![
        Just("*".to_owned()),
        "\\+1[123]{0,2}\\*",
        "\\+1[123]{1,3}",
        Just("alice".to_owned()),
        Just("7*".to_owned()),
        Just("9*".to_owned()),
        // `314*` is the same block.
        as_dialed(region).prop_map(|begin| format!("{}*", begin.replace("1314", "314"))),
        Just("911".to_owned()),
        Just("112".to_owned()),
        Just("999".to_owned()),
        Just("*97".to_owned()),
        Just("*9*".to_owned()),
    ];
    let rules = prop_oneof![
        3 => proptest::collection::vec(rule(region), 1..12),
        2 => proptest::collection::vec(rule(region), 30..90),
    ];
    proptest::collection::btree_map(number, rules, 1..5).prop_map(|map| map.into_iter().collect())
}

fn call(region: Region) -> impl Strategy<Value = Call> {
    let text = || proptest::option::of("[ab]{1,2}");
    let size = || {
        let size = proptest::sample::select(&SIZES).prop_map(|(text, _)| text);
        proptest::option::of(size)
    };
    let from = prop_oneof![6 => number(region), 1 => Just("anonymous".to_owned()), 1 => Just("unavailable".to_owned())];
    (
        from,
        prop_oneof![4 => number(region), 1 => help()],
        1_776_000_000_i64..1_777_300_000,
        "[a-z]{1,6}",
        "[12]{0,2}",
        (text(), text(), proptest::option::of("[ab]")),
        [size(), size()],
        proptest::option::of(prop_oneof![Just("udp"), Just("tls")]),
    )
        .prop_map(
            |(from, to, at, id, digits, (header, attribute, trunk), sizes, transport)| Call {
                from,
                to,
                as_written: [None, None],
                at,
                id,
                digits,
                header,
                attribute,
                sizes,
                trunk,
                transport,
            },
        )
}

fn fact_set() -> impl Strategy<Value = Known> {
    let flag = || proptest::option::of(proptest::option::of(any::<bool>()));
    let count = || proptest::option::of(proptest::option::of(0_u64..5));
    let counts = [count(), count(), count()];
    let row = || proptest::option::of(proptest::option::of(proptest::option::of("[ab]")));
    (any::<bool>(), flag(), flag(), counts, row(), row()).prop_map(
        |(switch, ann, bob, calls, crm, erp)| Known {
            switch,
            ann,
            bob,
            calls,
            crm,
            erp,
        },
    )
}

pub(crate) fn table_and_calls() -> impl Strategy<Value = (Region, Blocks, Vec<(Call, Known)>)> {
    const REGIONS: [Region; 7] = [
        None,
        Some("US"),
        Some("US"),
        Some("IE"),
        Some("GB"),
        Some("DE"),
        Some("IT"),
    ];
    proptest::sample::select(&REGIONS).prop_flat_map(|region| {
        let calls = proptest::collection::vec((call(region), fact_set()), 12);
        (Just(region), blocks(region), calls)
    })
}
