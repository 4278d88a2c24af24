//! Right and wrong answers, old ones, and ones that were given before.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sipx_sip::Uri;
use sipx_sip::auth::{Challenge, Credentials, respond};

use super::{Answer, Authority, Digest, LIFE, Proof, User, is_for, param};
use crate::admit::account::{MOST, WINDOW};

const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const NOW: Duration = Duration::from_secs(1000);

const URI: &str = "sip:+13146523057@pbx.example";

fn uri(text: &str) -> Uri {
    Uri::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn authority(digests: &[Digest]) -> Authority {
    let user = User {
        name: "ann".to_owned(),
        password: "secret".into(),
    };
    Authority::new("pbx.example", digests, &[user], [7; 32])
}

fn answer(challenge: &str, user: &str, password: &str, method: &str, count: u32) -> String {
    let challenge = Challenge::parse(challenge.as_bytes(), false).unwrap();
    let credentials = Credentials::new(user, password);
    respond(&challenge, &credentials, method, URI, count, "c0ffee")
}

fn check(authority: &mut Authority, now: Duration, ip: IpAddr, header: &str) -> Proof {
    let headers = [Cow::Borrowed(header.as_bytes())];
    authority.check(now, ip, ("INVITE", &uri(URI)), headers.into_iter())
}

#[test]
fn a_right_answer_is_taken_once() {
    for digests in [
        &[Digest::Md5][..],
        &[Digest::Sha256],
        &[Digest::Md5, Digest::Sha256],
    ] {
        let mut authority = authority(digests);
        for challenge in authority.challenges(NOW, IP, false) {
            let first = answer(&challenge, "ann", "secret", "INVITE", 1);
            let known = Proof::User("ann".to_owned());
            let again = Proof::Ask { stale: true };
            let taken = check(&mut authority, NOW, IP, &first);
            // Two challenges share a nonce, and its count.
            assert!(taken == known || taken == again);
            assert_eq!(check(&mut authority, NOW, IP, &first), again, "a replay");
            let second = answer(&challenge, "ann", "secret", "INVITE", 20);
            if check(&mut authority, NOW, IP, &second) == known {
                assert_eq!(check(&mut authority, NOW, IP, &second), again);
            }
        }
    }
}

/// RFC 3261, section 22.4: what was proven for one target proves nothing for another.
#[test]
fn credentials_are_for_one_target() {
    let mut authority = authority(&[Digest::Md5]);
    let challenge = authority.challenges(NOW, IP, false).remove(0);
    let header = answer(&challenge, "ann", "secret", "INVITE", 1);
    let headers = [Cow::Borrowed(header.as_bytes())];
    let other = uri("sip:+19005550100@pbx.example");
    let proof = authority.check(NOW, IP, ("INVITE", &other), headers.into_iter());
    assert_eq!(proof, Proof::Elsewhere);
    let known = Proof::User("ann".to_owned());
    assert_eq!(
        check(&mut authority, NOW, IP, &header),
        known,
        "nor is it used up"
    );
    for (proven, asked) in [
        ("sip:1@PBX.example", "sip:1@pbx.example;transport=tcp"),
        ("sip:%31@pbx.example:5060", "sip:1@192.0.2.1"),
        ("sip:pbx.example", "sip:192.0.2.1:5070"),
        ("tel:+1314", "tel:+1314"),
    ] {
        assert!(is_for(proven, &uri(asked)), "{proven} {asked}");
    }
    for (proven, asked) in [
        ("sip:1@pbx.example", "sip:2@pbx.example"),
        ("sip:1@pbx.example", "sip:1@other.example"),
        ("sip:pbx.example", "sip:1@pbx.example"),
        ("sip:pbx.example", "sip:other.example"),
        ("tel:+1314", "tel:+1315"),
        ("", "sip:1@pbx.example"),
        ("1", "sip:1@192.0.2.1"),
    ] {
        assert!(!is_for(proven, &uri(asked)), "{proven} {asked}");
    }
}

#[test]
fn what_is_wrong_is_wrong() {
    let mut authority = authority(&[Digest::Md5]);
    let challenge = authority.challenges(NOW, IP, false).remove(0);
    for (user, password, method) in [
        ("ann", "guess", "INVITE"),
        ("ann", "", "INVITE"),
        ("bob", "secret", "INVITE"),
        ("bob", "", "INVITE"),
        ("ann", "secret", "REGISTER"),
    ] {
        let header = answer(&challenge, user, password, method, 1);
        assert_eq!(
            check(&mut authority, NOW, IP, &header),
            Proof::Wrong(user.to_owned()),
            "{user} {password}"
        );
    }
}

#[test]
fn a_nonce_is_of_its_time_and_its_source() {
    let mut authority = authority(&[Digest::Md5]);
    let challenge = authority.challenges(NOW, IP, false).remove(0);
    let header = answer(&challenge, "ann", "secret", "INVITE", 1);
    let stale = Proof::Ask { stale: true };
    let elsewhere = "192.0.2.2".parse().unwrap();
    assert_eq!(check(&mut authority, NOW, elsewhere, &header), stale);
    let late = NOW + LIFE + Duration::from_secs(1);
    assert_eq!(check(&mut authority, late, IP, &header), stale);
    let forged = header.replace("nonce=\"", "nonce=\"1");
    assert_eq!(check(&mut authority, NOW, IP, &forged), stale);
    assert_eq!(
        check(&mut authority, NOW, IP, &header),
        Proof::User("ann".to_owned())
    );
}

/// Right and wrong are told apart by nothing that is not counted.
#[test]
fn an_old_question_is_no_oracle() {
    let mut authority = authority(&[Digest::Md5]);
    let challenge = authority.challenges(NOW, IP, false).remove(0);
    let late = NOW + LIFE + Duration::from_secs(1);
    for (user, password) in [("ann", "secret"), ("ann", "guess"), ("bob", "guess")] {
        let header = answer(&challenge, user, password, "INVITE", 1);
        let proof = check(&mut authority, late, IP, &header);
        assert_eq!(proof, Proof::Ask { stale: true }, "{user} {password}");
    }
}

#[test]
fn a_guess_counts_whatever_stands_beside_it() {
    let mut authority = authority(&[Digest::Md5]);
    let challenge = authority.challenges(NOW, IP, false).remove(0);
    let guess = answer(&challenge, "ann", "guess", "INVITE", 1);
    let forged = guess.replace("nonce=\"", "nonce=\"1");
    let headers = [guess, forged].map(|header| Cow::Owned(header.into_bytes()));
    let proof = authority.check(NOW, IP, ("INVITE", &uri(URI)), headers.into_iter());
    assert_eq!(proof, Proof::Wrong("ann".to_owned()));
}

/// Whoever guesses from many sources finds the account closed; who has proven it goes on.
#[test]
fn an_account_bears_so_many_guesses_from_all_sources() {
    let mut authority = authority(&[Digest::Md5]);
    let known = Proof::User("ann".to_owned());
    let mut says = |now: Duration, ip: IpAddr, password: &str| {
        let challenge = authority.challenges(now, ip, false).remove(0);
        let header = answer(&challenge, "ann", password, "INVITE", 1);
        check(&mut authority, now, ip, &header)
    };
    assert_eq!(says(NOW, IP, "secret"), known);
    let other = |n: u32| IpAddr::from(std::net::Ipv4Addr::from(0xCB00_7100 + n));
    let wrong = Proof::Wrong("ann".to_owned());
    (0..MOST).for_each(|n| assert_eq!(says(NOW, other(n), "guess"), wrong));
    for password in ["guess", "secret"] {
        let proof = says(NOW, other(MOST), password);
        assert_eq!(proof, Proof::Ask { stale: false }, "{password}");
    }
    let later = NOW + Duration::from_millis(1);
    assert_eq!(says(later, IP, "secret"), known);
    assert_eq!(says(NOW + WINDOW, other(0), "secret"), known);
}

#[test]
fn what_cannot_be_counted_is_not_taken() {
    let mut authority = authority(&[Digest::Md5]);
    let challenge = authority.challenges(NOW, IP, false).remove(0);
    let header = answer(&challenge, "ann", "secret", "INVITE", 1);
    let ask = Proof::Ask { stale: false };
    for header in [
        header.replace("qop=auth, ", ""),
        header.replace("qop=auth", "qop=auth-int"),
        header.replace("Digest", "Basic"),
        header.replace("pbx.example\", nonce", "elsewhere\", nonce"),
        "Digest".to_owned(),
        String::new(),
    ] {
        assert_eq!(check(&mut authority, NOW, IP, &header), ask, "{header}");
    }
}

#[test]
fn parameters_are_found_whatever_is_around_them() {
    let list = r#"a="x=y, \"z\"" ,b = 1,c=2"#;
    assert_eq!(param(list, "a").unwrap(), "x=y, \"z\"");
    assert_eq!(param(list, "B").unwrap(), "1");
    assert_eq!(param(list, "c").unwrap(), "2");
    assert_eq!(param(list, "z"), None);
}

proptest! {
    #[test]
    fn no_header_breaks_it(header in proptest::collection::vec(any::<u8>(), 0..300), text in "Digest [a-z=\",\\\\ ]{0,80}") {
        let _ = Answer::read(&header);
        let _ = Answer::read(text.as_bytes());
    }
}
