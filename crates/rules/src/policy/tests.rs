//! Tests of what may be dialed.

use callroute_schema::number::Region;
use proptest::prelude::*;

use super::Policy;

fn policy(allow: &[&str], deny: &[&str]) -> Policy {
    let own = |list: &[&str]| {
        list.iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    Policy::new(Some(&own(allow)), &own(deny), Region::new("US").ok()).unwrap()
}

#[test]
fn numbers_are_allowed_by_prefix_and_denied_within() {
    let policy = policy(&["+1*", "911", "sip:*@pbx.example"], &["+1900*"]);
    for fine in [
        "+13146523057",
        "3146523057",
        "13146523057",
        "911",
        "sip:ann@pbx.example",
        "sip:1001@PBX.example:5061;x=y",
    ] {
        assert_eq!(policy.refuse(fine), None, "{fine}");
    }
    for refused in [
        "+442079460000",
        "+19005550123",
        "9115",
        "sip:ann@elsewhere.example",
        "sip:ann@pbx.example@elsewhere.example",
        "sip:+19005550123@pbx.example",
        "sip:%2B19005550123@pbx.example",
        "sip:+1-900-555.0123@pbx.example",
        "sip:+19005550123;phone-context=x@pbx.example",
        "sips:+442079460000:secret@pbx.example",
        "sip:00442079460000@pbx.example",
        "sip:pbx.example.elsewhere",
        "9005550123",
        "19005550123",
        "sip:19005550123@pbx.example",
        "011442079460000",
    ] {
        assert!(policy.refuse(refused).is_some(), "{refused}");
    }
}

#[test]
fn without_a_list_everything_but_what_is_denied() {
    assert_eq!(Policy::default().refuse("+19005550123"), None);
    let policy = Policy::new(None, &["+1900*".to_owned()], None).unwrap();
    assert_eq!(policy.refuse("sip:ann@anywhere.example"), None);
    assert!(policy.refuse("+19005550123").is_some());
}

#[test]
fn entries_that_are_none_are_told() {
    for text in ["", "+", "ann", "sip:ann@pbx.example", "sip:*@", "+1 314"] {
        assert!(
            Policy::new(None, &[text.to_owned()], None).is_err(),
            "{text}"
        );
    }
}

fn deny(deny: &[&str]) -> Policy {
    let deny: Vec<_> = deny.iter().map(|text| (*text).to_owned()).collect();
    Policy::new(None, &deny, None).unwrap()
}

#[test]
fn no_spelling_gets_past() {
    let policy = policy(&["+1*", "911", "sip:*@pbx.example"], &["+1900*"]);
    for user in [
        "+442079460000%23",
        "+442079460000#",
        "+442079460000*",
        "011442079460000%23",
        "+442079460000%3Bisub=1",
        "+44%202079460000",
        "+442079460000,,1",
        "+442079460000%00",
        "+44/2079460000",
        "+44~2079460000",
        "+442079460000x1",
        "p+442079460000",
        "(+44)2079460000",
        "9+442079460000",
        "*67442079460000",
        "%252b442079460000",
        "%25252b442079460000",
        "+13146523057;rn=+442079460000",
        "2079460000;phone-context=+44",
        "00442079460000ext1",
        "%D9%A1%D9%A9",
        "+44{}2079460000",
        "+1%20900%205550123",
        "900%205550123%23",
        "*679005550123",
    ] {
        let uri = format!("sip:{user}@pbx.example");
        assert!(policy.refuse(&uri).is_some(), "{uri}");
    }
    for user in [
        "+13146523057",
        "+13146523057;ext=5",
        "+1%20314%20652%203057",
        "3146523057",
        "911",
        "*97",
        "%2397",
        "ann2024",
        "ann20240101",
        "3com",
        "1800flowers",
        "ann+tag",
        "zo%C3%AB",
        "ann:secret",
        "1001;phone-context=pbx.example",
        "0004f2ab12cd",
    ] {
        let uri = format!("sip:{user}@pbx.example");
        assert_eq!(policy.refuse(&uri), None, "{uri}");
    }
}

#[test]
fn what_is_denied_is_denied_to_extensions_and_behind_other_digits() {
    let policy = deny(&["118*", "+1900*", "11", "*97"]);
    for refused in [
        "118500",
        "sip:118500@gw",
        "sip:118500;cpc=ordinary@gw",
        "sip:118500%23x@gw",
        "sip:11@gw",
        "sip:*97@gw",
        "sip:%2A97@gw",
        "sip:+19005550123%23@gw",
        "sip:9+19005550123@gw",
        "sip:9005550123;phone-context=+1@gw",
        "sip:1185001234",
    ] {
        assert!(policy.refuse(refused).is_some(), "{refused}");
    }
    for fine in [
        "1180",
        "sip:118flowers@gw",
        "sip:ann118@gw",
        "sip:97@gw",
        "sip:11.8.5.0",
    ] {
        let wanted = fine == "1180";
        assert_eq!(policy.refuse(fine).is_some(), wanted, "{fine}");
    }
    let home = Policy::new(None, &["+1900*".to_owned()], Region::new("US").ok()).unwrap();
    for refused in ["9005550123#", "*679005550123", "9005550123*1"] {
        assert!(home.refuse(refused).is_some(), "{refused}");
    }
    assert_eq!(home.refuse("*67"), None);
    assert!(deny(&["*"]).refuse("+1").is_some());
    assert_eq!(deny(&["*"]).refuse("sip:ann@gw"), None);
}

/// RFC 3261, section 19.1.1: `maddr` takes the host's place, and no Request-URI has headers.
#[test]
fn where_a_call_would_go_is_judged() {
    let policy = policy(&["sip:*@pbx.example"], &["sip:*@10.0.0.1"]);
    for refused in [
        "sip:ann@pbx.example;maddr=198.51.100.9",
        "sip:ann@pbx.example;lr;%6Daddr=198.51.100.9",
        "sip:ann@pbx.example;maddr=pbx.example;maddr=198.51.100.9",
        "sip:ann@pbx.example?Route=%3Csip:evil.example%3Blr%3E",
        "sip:ann@[::ffff:10.0.0.1]",
    ] {
        assert!(policy.refuse(refused).is_some(), "{refused}");
    }
    for fine in [
        "sip:ann@pbx.example.",
        "sip:ann@pbx.example;transport=tcp;lr;maddr=PBX.example",
        "sip:pbx.example",
    ] {
        assert_eq!(policy.refuse(fine), None, "{fine}");
    }
}

/// A character as it may stand in a user, escaped or not.
fn spelled(c: char) -> impl Strategy<Value = String> {
    let code = u32::from(c);
    prop::sample::select(vec![
        c.to_string(),
        format!("%{code:02X}"),
        format!("%{code:02x}"),
    ])
}

prop_compose! {
    /// A premium number with up to six marks in it and at its ends that a gateway passes over or
    /// stops at.
    fn spelling()(digits in "[0-9]{7}")(
        places in prop::collection::vec((0..=12usize, "[-.()#*,;/~ xpw\x00]"), 0..=6),
        whole in Just(format!("+1900{digits}")),
    ) -> String {
        let mut text: Vec<String> = whole.chars().map(String::from).collect();
        text.push(String::new());
        for (place, mark) in places {
            if let Some(before) = text.get_mut(place) {
                before.insert_str(0, &mark);
            }
        }
        text.concat()
    }
}

proptest! {
    #[test]
    fn a_denied_number_is_denied_however_it_is_spelled(
        user in spelling().prop_flat_map(|text| text.chars().map(spelled).collect::<Vec<_>>()),
    ) {
        let uri = format!("sip:{}@gw.example", user.concat());
        prop_assert!(deny(&["+1900*"]).refuse(&uri).is_some(), "{}", uri);
        let others = policy(&["+1314*", "sip:*@*"], &[]);
        prop_assert!(others.refuse(&uri).is_some(), "{}", uri);
    }

    #[test]
    fn nothing_panics(text in "(sips?:)?[\\PC%+0-9;@?]{0,40}") {
        let _ = policy(&["+1*", "sip:*@h"], &["+1900*"]).refuse(&text);
    }
}
