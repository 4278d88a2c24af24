//! Who calls, by tables.

use proptest::prelude::{any, prop, prop_assert, proptest};

use super::{CallerHeaders, Header, Ignored, IgnoredWhy, Who, identify};
use IgnoredWhy::{Malformed, Repeated, Scheme, TooLong, UnknownPrivacy, Untrusted};

const ANON: &str = "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1";
const ANN: &str = "\"Ann\" <sip:+35316799222@a.example;user=phone>;tag=1";
const PAI: &str = "\"Bob\" <sip:+14155550123@carrier.example>";

/// `who` is a user with `F:` or `P:` in front (From, P-Asserted-Identity), `withheld` or
/// `unavailable`.
fn told(
    from: &str,
    pai: &[&str],
    privacy: &[&str],
    trusted: bool,
) -> (String, bool, Option<String>) {
    let headers = CallerHeaders {
        from,
        p_asserted_identity: pai,
        privacy,
        trusted,
    };
    let caller = identify(&headers);
    let who = match caller.who {
        Who::Known {
            user,
            header: Header::From,
            ..
        } => format!("F:{user}"),
        Who::Known { user, .. } => format!("P:{user}"),
        Who::Withheld => "withheld".to_owned(),
        Who::Unavailable => "unavailable".to_owned(),
    };
    (who, caller.presentation_allowed, caller.display_name)
}

#[test]
fn asserted_identity_and_privacy() {
    for (from, pai, privacy, trusted, who, allowed, name) in [
        // From alone.
        (
            ANN,
            &[][..],
            &[][..],
            true,
            "F:+35316799222",
            true,
            Some("Ann"),
        ),
        (
            ANN,
            &[],
            &["none"],
            true,
            "F:+35316799222",
            true,
            Some("Ann"),
        ),
        (ANN, &[], &["id"], true, "F:+35316799222", false, None),
        (
            ANN,
            &[],
            &["user;critical"],
            false,
            "F:+35316799222",
            false,
            None,
        ),
        (ANN, &[], &["header"], false, "F:+35316799222", false, None),
        (
            ANN,
            &[],
            &["session; history"],
            false,
            "F:+35316799222",
            true,
            Some("Ann"),
        ),
        (
            ANN,
            &[],
            &["none", "ID"],
            false,
            "F:+35316799222",
            false,
            None,
        ),
        (ANN, &[], &["id;none"], false, "F:+35316799222", false, None),
        (ANON, &[], &[], true, "withheld", false, None),
        (ANON, &[], &["none"], true, "withheld", false, None),
        ("", &[], &[], true, "unavailable", false, None),
        ("", &[], &["id"], true, "withheld", false, None),
        // P-Asserted-Identity outranks From, if trusted.
        (ANN, &[PAI], &[], true, "P:+14155550123", true, Some("Bob")),
        (ANN, &[PAI], &[], false, "F:+35316799222", true, Some("Ann")),
        (ANN, &[PAI], &["id"], true, "P:+14155550123", false, None),
        (ANON, &[PAI], &["id"], true, "P:+14155550123", false, None),
        (ANON, &[PAI], &[], true, "P:+14155550123", false, None),
        (
            ANON,
            &[PAI],
            &["none"],
            true,
            "P:+14155550123",
            true,
            Some("Bob"),
        ),
        (ANON, &[PAI], &["id"], false, "withheld", false, None),
        ("", &[PAI], &[], true, "P:+14155550123", true, Some("Bob")),
        // Names come from wherever there is one to show.
        (
            ANN,
            &["<sip:1001@pbx>"],
            &[],
            true,
            "P:1001",
            true,
            Some("Ann"),
        ),
        (
            ANON,
            &["<sip:1001@pbx>"],
            &["none"],
            true,
            "P:1001",
            true,
            None,
        ),
        // A SIP and a tel identity.
        (
            ANN,
            &["<sip:bob@c>, <tel:+1-415-555-0123>"],
            &[],
            true,
            "P:+14155550123",
            true,
            Some("Ann"),
        ),
        (
            ANN,
            &["<tel:7042;phone-context=c>", "\"B\" <sip:+1415@c>"],
            &[],
            true,
            "P:+1415",
            true,
            Some("B"),
        ),
        (
            ANN,
            &["<tel:7042;phone-context=c>", "<sip:bob@c>"],
            &[],
            true,
            "P:7042",
            true,
            Some("Ann"),
        ),
        (
            ANN,
            &["\"C, D\" <sip:bob@c>", "tel:+1415"],
            &[],
            true,
            "P:+1415",
            true,
            Some("C, D"),
        ),
        // Whatever is in a name, the caller is who the URI says.
        (
            "\"Bob\tS\u{1}m\" <sip:+1415@c>",
            &["\"C\t\" <tel:+1416>"],
            &[],
            true,
            "P:+1416",
            true,
            Some("C"),
        ),
        (
            "\"Bob\tS\u{1}m\" <sip:+1415@c>",
            &[],
            &[],
            false,
            "F:+1415",
            true,
            Some("Bob S m"),
        ),
        // The network says that it hides the caller, or does not know.
        (ANN, &[ANON], &[], true, "withheld", false, None),
        (
            ANN,
            &["<sip:unavailable@unknown.invalid>"],
            &[],
            true,
            "unavailable",
            false,
            None,
        ),
        // What is not well formed counts as absent.
        (
            ANN,
            &["<sip:bob"],
            &[],
            true,
            "F:+35316799222",
            true,
            Some("Ann"),
        ),
        (
            ANN,
            &["", " , "],
            &[],
            true,
            "F:+35316799222",
            true,
            Some("Ann"),
        ),
    ] {
        let told = told(from, pai, privacy, trusted);
        let expected = (who.to_owned(), allowed, name.map(str::to_owned));
        assert_eq!(told, expected, "{from} {pai:?} {privacy:?} {trusted}");
    }
}

#[test]
fn shapes_of_from() {
    for (from, who, allowed, name) in [
        ("sip:+14155550123@gw;tag=1", "F:+14155550123", true, None),
        ("<sip:%2B14155550123@gw>", "F:+14155550123", true, None),
        (
            "<sip:+14155550123;npdi@gw;user=phone>",
            "F:+14155550123",
            true,
            None,
        ),
        (
            "<tel:+1(415)555.0123;cpc=payphone>",
            "F:+14155550123",
            true,
            None,
        ),
        ("<sips:alice@example.com>", "F:alice", true, None),
        ("<sip:1800flowers@example.com>", "F:1800flowers", true, None),
        ("Ann Lee <sip:1001@pbx>", "F:1001", true, Some("Ann Lee")),
        (
            "\"A \\\"B\\\" C\" <sip:1001@pbx>",
            "F:1001",
            true,
            Some("A \"B\" C"),
        ),
        ("\"\" <sip:1001@pbx>", "F:1001", true, None),
        (
            "\"a <sip:x@y>\" <sip:1001@pbx>",
            "F:1001",
            true,
            Some("a <sip:x@y>"),
        ),
        // The name alone hides the caller (RFC 3323, section 4.1.1.3).
        ("Anonymous <sip:1001@pbx>", "F:1001", false, None),
        ("\"Unavailable\" <sip:1001@pbx>", "F:1001", true, None),
        ("<sip:ANONYMOUS@gw>", "withheld", false, None),
        ("<sip:4711@anonymous.invalid>", "withheld", false, None),
        ("<sip:restricted@gw>", "withheld", false, None),
        ("<sip:unknown@gw>", "unavailable", false, None),
        ("<sip:gw.example.com>", "unavailable", false, None),
        (
            "\"Anonymous\" <sip:gw.example.com>",
            "withheld",
            false,
            None,
        ),
        ("<sip:a%0d%0ab@gw>", "unavailable", false, None),
        ("\"a\rb\" <sip:1001@pbx>", "F:1001", true, Some("a b")),
        ("\"a <sip:1001@pbx>", "unavailable", false, None),
        ("Ann sip:1001@pbx", "unavailable", false, None),
        ("<mailto:ann@example.com>", "unavailable", false, None),
    ] {
        let expected = (who.to_owned(), allowed, name.map(str::to_owned));
        assert_eq!(told(from, &[], &[], false), expected, "{from}");
    }
}

#[test]
fn tells_what_was_ignored() {
    let long = "x".repeat(3_000);
    let from = |header| move |why| Ignored { header, why };
    let (f, p, v) = (
        from(Header::From),
        from(Header::PAssertedIdentity),
        from(Header::Privacy),
    );
    for (headers, ignored) in [
        ((ANN, &[][..], &[][..], true), vec![]),
        ((ANN, &[PAI], &[], false), vec![p(Untrusted)]),
        ((ANN, &[PAI, PAI], &[], true), vec![p(Repeated)]),
        (
            (ANN, &["<sip:bob", "<x:y>"], &["id;what"], true),
            vec![v(UnknownPrivacy), p(Malformed), p(Scheme)],
        ),
        (
            (long.as_str(), &[], &[long.as_str()], true),
            vec![v(TooLong), f(TooLong)],
        ),
        (
            (ANN, &[PAI; 9], &[""; 9], true),
            [vec![v(Repeated)], vec![p(Repeated); 8]].concat(),
        ),
    ] {
        let (from, p_asserted_identity, privacy, trusted) = headers;
        let told = identify(&CallerHeaders {
            from,
            p_asserted_identity,
            privacy,
            trusted,
        });
        assert_eq!(told.ignored, ignored, "{headers:?}");
    }
}

proptest! {
    #[test]
    fn never_panics_and_never_shows_what_is_hidden(
        from in "(\"?[A-Za-z\\\\ ,]{0,5}\"? ?<?(sip|tel|x)?:?[+0-9a-z%;=.@]{0,12}>?|\\PC{0,30})",
        pai in prop::collection::vec("(\"?[A-Za-z\\\\ ,]{0,5}\"? ?<?(sip|tel):[+0-9a-z%;@]{0,12}>?|\\PC{0,30})", 0..4),
        privacy in "(id|none|user|;|,|\\PC){0,4}",
        trusted in any::<bool>(),
    ) {
        let pai: Vec<_> = pai.iter().map(String::as_str).collect();
        let headers = CallerHeaders { from: &from, p_asserted_identity: &pai, privacy: &[&privacy], trusted };
        let told = identify(&headers);
        let known = matches!(told.who, Who::Known { .. });
        prop_assert!(known || !told.presentation_allowed);
        prop_assert!(told.presentation_allowed || told.display_name.is_none());
        if privacy.split([';', ',']).any(|token| token.trim() == "id") {
            prop_assert!(!told.presentation_allowed);
        }
        if let Who::Known { user, .. } = told.who {
            prop_assert!(!user.is_empty() && !user.contains(char::is_control));
        }
    }
}
