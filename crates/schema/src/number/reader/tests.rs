//! How texts are read.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{MAX_TEXT, read, read_with};
use crate::number::{Kind, LibPhoneNumber, Numbering, Parsed, Problem, Reading, Region, Unparsed};

fn of(text: &str, region: &str) -> Reading {
    let region = (!region.is_empty()).then(|| Region::new(region).unwrap());
    read(text, region)
}

#[test]
fn forms_of_a_number() {
    for (text, region, e164, ext, country) in [
        ("+14155550123", "", "+14155550123", None, "US"),
        ("(415) 555-0123", "US", "+14155550123", None, "US"),
        ("1 415 555 0123", "US", "+14155550123", None, "US"),
        ("011 353 1 679 9222", "US", "+35316799222", None, "IE"),
        ("00353 1 679 9222", "IE", "+35316799222", None, "IE"),
        ("01 679 9222 x12", "IE", "+35316799222", Some("12"), "IE"),
        (
            "tel:+353-1-679-9222;ext=12",
            "",
            "+35316799222",
            Some("12"),
            "IE",
        ),
        (
            "tel:679-9222;phone-context=+3531",
            "",
            "+35316799222",
            None,
            "IE",
        ),
        (
            "tel:+35316799222;npdi;rn=+3538;cpc=x",
            "",
            "+35316799222",
            None,
            "IE",
        ),
        (
            "sip:+35316799222@carrier.example;user=phone",
            "",
            "+35316799222",
            None,
            "IE",
        ),
        (
            "sip:%2B35316799222;ext=3@carrier.example",
            "",
            "+35316799222",
            Some("3"),
            "IE",
        ),
        ("sip:016799222@pbx", "IE", "+35316799222", None, "IE"),
        ("+390236618300", "", "+390236618300", None, "IT"),
        ("02 3661 8300", "IT", "+390236618300", None, "IT"),
        ("+44 (0)20 8366 1177", "", "+442083661177", None, "GB"),
        ("011 15-2345-6789", "AR", "+5491123456789", None, "AR"),
        ("+431234567933", "US", "+431234567933", None, "AT"),
        ("+1 242 365 1234", "", "+12423651234", None, "BS"),
        ("＋１４１５５５５０１２３", "", "+14155550123", None, "US"),
        ("+800 1234 5678", "", "+80012345678", None, "001"),
    ] {
        let reading = of(text, region);
        assert_eq!(reading.kind, Kind::E164, "{text}");
        assert!(reading.valid, "{text}");
        assert_eq!(reading.e164.as_deref(), Some(e164), "{text}");
        assert_eq!(reading.ext.as_deref(), ext, "{text}");
        assert_eq!(reading.country.map(Region::as_str), Some(country), "{text}");
        assert_eq!(reading.text, text);
    }
}

#[test]
fn what_is_no_full_number() {
    let wrong = Kind::Invalid;
    for (text, region, kind, valid, emergency) in [
        ("911", "US", Kind::Emergency, true, true),
        ("9-1-1", "US", Kind::Emergency, true, true),
        ("sip:911@pbx", "US", Kind::Emergency, true, true),
        (
            "tel:911;phone-context=+1",
            "US",
            Kind::Emergency,
            true,
            true,
        ),
        ("urn:service:sos.police", "", Kind::Emergency, true, true),
        ("911", "IE", Kind::Local, false, false),
        ("9911", "US", Kind::Short, true, false),
        ("911", "", Kind::National, false, false),
        ("+1911", "US", wrong(Problem::TooShort), false, false),
        ("611", "US", Kind::Short, true, false),
        ("1001", "US", Kind::Local, false, false),
        ("555-0123", "US", Kind::Local, false, false),
        ("5", "US", Kind::Local, false, false),
        ("4155550123", "", Kind::National, false, false),
        ("110", "DE", Kind::Emergency, true, true),
        ("*97", "US", Kind::FeatureCode, false, false),
        ("*911", "US", Kind::FeatureCode, false, false),
        ("1800flowers", "US", Kind::User, false, false),
        ("911flowers", "US", Kind::User, false, false),
        ("alice", "", Kind::User, false, false),
        ("anonymous", "US", Kind::Withheld, false, false),
        (
            "sip:anonymous@anonymous.invalid",
            "US",
            Kind::Withheld,
            false,
            false,
        ),
        ("unavailable", "US", Kind::Unavailable, false, false),
        ("", "US", wrong(Problem::Empty), false, false),
        ("?", "US", wrong(Problem::NotANumber), false, false),
        (
            "+999123456",
            "US",
            wrong(Problem::UnknownCountry),
            false,
            false,
        ),
        ("+1415555012345", "", wrong(Problem::TooLong), false, false),
        (
            "(015) 555-0123",
            "US",
            wrong(Problem::NotInPlan),
            false,
            false,
        ),
        (
            "123456789012345678901234567890",
            "US",
            wrong(Problem::TooLong),
            false,
            false,
        ),
    ] {
        let reading = of(text, region);
        let told = (reading.kind, reading.valid, reading.emergency);
        assert_eq!(told, (kind, valid, emergency), "{text} {region}");
        assert_eq!(reading.e164, None, "{text}");
        assert!(
            reading.zones.is_empty() && reading.place.is_none(),
            "{text}"
        );
    }
}

#[test]
fn a_number_written_in_full_keeps_its_form_even_outside_the_plan() {
    let reading = of("+1 015 555 0123", "");
    assert_eq!((reading.kind, reading.valid), (Kind::E164, false));
    assert_eq!(reading.e164.as_deref(), Some("+10155550123"));
}

#[test]
fn json_has_always_the_same_keys() {
    for (text, region, json) in [
        (
            "(01) 679 9222 x12",
            "IE",
            r#"{"text":"(01) 679 9222 x12","valid":true,"e164":"+35316799222","ext":"12","country":"IE","type":"fixed_line","emergency":false,"zones":["Europe/Dublin"],"place":"Dublin"}"#,
        ),
        (
            "999",
            "IE",
            r#"{"text":"999","valid":true,"e164":null,"ext":null,"country":"IE","type":"emergency","emergency":true,"zones":[],"place":null}"#,
        ),
        (
            "alice",
            "",
            r#"{"text":"alice","valid":false,"e164":null,"ext":null,"country":null,"type":"user","emergency":false,"zones":[],"place":null}"#,
        ),
        (
            "+1",
            "",
            r#"{"text":"+1","valid":false,"e164":null,"ext":null,"country":null,"type":"unknown","emergency":false,"zones":[],"place":null}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&of(text, region)).unwrap(), json);
    }
}

#[test]
fn long_texts_are_refused_unread() {
    let reading = of(&"1".repeat(1_000_000), "US");
    assert_eq!(reading.kind, Kind::Invalid(Problem::TextTooLong));
    assert_eq!(reading.text.len(), MAX_TEXT);
    assert_ne!(of(&"é".repeat(MAX_TEXT), "US").kind, reading.kind);
}

#[test]
fn plans_can_be_replaced() {
    #[derive(Debug)]
    struct Broken;
    impl Numbering for Broken {
        fn parse(&self, _: &str, _: Option<Region>) -> Result<Parsed, Unparsed> {
            Err(Unparsed::NoPlans)
        }
    }
    let region = Region::new("US").ok();
    assert_eq!(
        read_with(&Broken, "+14155550123", region).kind,
        Kind::Invalid(Problem::NoPlans)
    );
    assert!(read_with(&Broken, "911", region).emergency);
    assert!(read_with(&LibPhoneNumber::new(), "+14155550123", None).valid);
}

fn regions() -> impl Strategy<Value = Option<Region>> {
    prop_oneof![
        Just(None),
        proptest::sample::select(Region::all().collect::<Vec<_>>()).prop_map(Some)
    ]
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1_000))]

    #[test]
    fn never_panics(text in any::<String>(), region in regions()) {
        let reading = read(&text, region);
        prop_assert!(text.starts_with(&reading.text));
    }

    #[test]
    fn what_was_read_is_read_as_itself(
        text in "(tel:|sip:)?[+*]?[0-9０-９٠-٩ ().x#;/~-]{0,24}(;ext=|x| ext. )?[0-9]{0,4}(@gw)?",
        region in regions(),
        other in regions(),
    ) {
        let reading = read(&text, region);
        if let Some(e164) = &reading.e164 {
            let again = read(e164, other);
            prop_assert_eq!(again.e164.as_ref(), Some(e164));
            prop_assert_eq!(again.valid, reading.valid);
            prop_assert_eq!(again.country, reading.country);
            prop_assert!(!again.emergency);
        }
        prop_assert!(!reading.emergency || reading.e164.is_none());
        prop_assert!(reading.kind != Kind::E164 || reading.e164.is_some());
    }

    #[test]
    fn full_numbers_are_read_as_themselves(digits in "[1-9][0-9]{5,14}", region in regions()) {
        let reading = read(&format!("+{digits}"), region);
        if let Some(e164) = &reading.e164 {
            let again = read(e164, region);
            prop_assert_eq!(again.e164.as_ref(), Some(e164));
            prop_assert_eq!(again.valid, reading.valid);
        }
    }
}
