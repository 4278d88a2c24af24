//! Bindings come, are renewed, move and go.

use std::time::Duration;

use sipx_transport::Target;

use super::{MAX_BINDINGS, MOST_WANTED, Refusal, Registrar, Wanted};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn wanted(contact: &str, expires: Option<u64>) -> Wanted {
    Wanted {
        contact: contact.to_owned(),
        expires: expires.map(s),
        behind_nat: true,
        q: MOST_WANTED,
    }
}

fn contacts(registrar: &Registrar, now: u64) -> Vec<String> {
    let bindings = registrar.of(s(now), "ann");
    bindings
        .into_iter()
        .map(|binding| binding.contact)
        .collect()
}

#[test]
fn bindings_come_are_renewed_and_go() {
    let registrar = Registrar::default();
    let flow = Target::udp("192.0.2.1:40000".parse().unwrap());
    let put = |now, contact, expires, sequence| {
        let wanted = [wanted(contact, expires)];
        registrar.register(s(now), "ann", Some(&wanted), &flow, (b"call", sequence))
    };
    put(0, "sip:a", Some(100), 1).unwrap();
    put(1, "sip:b", None, 2).unwrap();
    assert_eq!(contacts(&registrar, 1), ["sip:b", "sip:a"]);
    assert_eq!(put(1, "sip:a", Some(100), 1), Err(Refusal::Old));
    assert_eq!(put(1, "sip:a", Some(59), 3), Err(Refusal::TooBrief));
    put(50, "sip:a", Some(100), 3).unwrap();
    assert_eq!(contacts(&registrar, 149), ["sip:a", "sip:b"]);
    let other = Target::udp("192.0.2.1:40001".parse().unwrap());
    assert!(registrar.stands_on(s(149), &flow) && !registrar.stands_on(s(149), &other));
    assert!(!registrar.stands_on(s(9_000), &flow));
    assert_eq!(contacts(&registrar, 150), ["sip:b"]);
    assert_eq!(registrar.tend(s(149)), [flow.clone(), flow.clone()]);
    put(150, "sip:b", Some(0), 4).unwrap();
    assert!(contacts(&registrar, 150).is_empty());
    assert_eq!(registrar.len(s(150)), 0);
}

/// Two users of one telephone, of whom one moves, one expires and one loses his connection.
#[test]
fn a_flow_knows_who_is_registered_by_it() {
    let registrar = Registrar::default();
    let flow = |port| Target::udp(([192, 0, 2, 1], port).into());
    let put = |user: &str, flow: &Target, expires, sequence| {
        let wanted = [wanted("sip:a", Some(expires))];
        let by = (user.as_bytes(), sequence);
        let done = registrar.register(s(0), user, Some(&wanted), flow, by);
        done.unwrap();
    };
    put("ann", &flow(1), 100, 1);
    put("bob", &flow(1), 200, 1);
    put("ann", &flow(2), 100, 2);
    assert!(registrar.stands_on(s(1), &flow(1)) && registrar.stands_on(s(1), &flow(2)));
    registrar.tend(s(150));
    let users = |flow: &Target| registrar.lock().on(flow).cloned().collect::<Vec<_>>();
    assert_eq!(users(&flow(1)), ["bob"]);
    assert!(users(&flow(2)).is_empty());
    assert_eq!(registrar.lost(&flow(1)), [("bob".to_owned(), Vec::new())]);
    assert!(registrar.lock().on.is_empty() && registrar.lock().bindings.is_empty());
}

#[test]
fn a_star_takes_all_away_and_one_bad_contact_spoils_the_rest() {
    let registrar = Registrar::default();
    let flow = Target::udp("192.0.2.1:40000".parse().unwrap());
    let two = [wanted("sip:a", Some(100)), wanted("sip:b", Some(1))];
    let refused = registrar.register(s(0), "ann", Some(&two), &flow, (b"call", 1));
    assert_eq!(refused, Err(Refusal::TooBrief));
    assert!(contacts(&registrar, 0).is_empty());
    registrar
        .register(s(0), "ann", Some(&two[..1]), &flow, (b"call", 1))
        .unwrap();
    let all = |sequence| registrar.register(s(0), "ann", None, &flow, (b"call", sequence));
    assert_eq!(all(1), Err(Refusal::Old));
    assert_eq!(all(2), Ok(Vec::new()));
}

#[test]
fn one_telephone_too_many_takes_the_place_of_the_oldest() {
    let registrar = Registrar::default();
    let flow = Target::udp("192.0.2.1:40000".parse().unwrap());
    for n in 0..=MAX_BINDINGS {
        let wanted = [wanted(&format!("sip:{n}"), None)];
        let call = n.to_string();
        registrar
            .register(s(0), "ann", Some(&wanted), &flow, (call.as_bytes(), 1))
            .unwrap();
    }
    let left = contacts(&registrar, 1);
    assert_eq!(left.len(), MAX_BINDINGS);
    assert_eq!(left.first(), Some(&format!("sip:{MAX_BINDINGS}")));
    assert!(!left.contains(&"sip:0".to_owned()), "{left:?}");
}

#[test]
fn a_binding_goes_with_its_connection_and_q_orders_the_others() {
    let registrar = Registrar::default();
    let flow = |port| Target::udp(([192, 0, 2, 1], port).into());
    for (n, q) in [(1, 200), (2, 1000), (3, 500)] {
        let wanted = [Wanted {
            q,
            ..wanted(&format!("sip:{n}"), None)
        }];
        registrar
            .register(s(0), "ann", Some(&wanted), &flow(n), (b"call", n.into()))
            .unwrap();
    }
    assert_eq!(contacts(&registrar, 1), ["sip:2", "sip:3", "sip:1"]);
    let left = registrar.lost(&flow(2));
    let left: Vec<_> = left
        .iter()
        .map(|(user, left)| (user.as_str(), left.len()))
        .collect();
    assert_eq!(left, [("ann", 2)]);
    assert_eq!(contacts(&registrar, 1), ["sip:3", "sip:1"]);
    assert!(registrar.lost(&flow(2)).is_empty());
    registrar.lost(&flow(1));
    registrar.lost(&flow(3));
    assert_eq!(registrar.len(s(1)), 0);
}

/// RFC 3261, section 19.1.4.
#[test]
fn contacts_are_compared_as_uris() {
    let registrar = Registrar::default();
    let flow = Target::udp("192.0.2.1:40000".parse().unwrap());
    for (at, contact) in [
        "sip:%61nn@PHONE.example:5060;transport=UDP;x=1",
        "sip:ann@phone.example:5060;transport=udp",
        "sip:ann@phone.example;transport=udp",
    ]
    .into_iter()
    .enumerate()
    {
        let wanted = [wanted(contact, None)];
        let number = u32::try_from(at).unwrap();
        registrar
            .register(s(0), "ann", Some(&wanted), &flow, (b"call", number + 1))
            .unwrap();
    }
    let left = contacts(&registrar, 1);
    assert_eq!(
        left,
        [
            "sip:ann@phone.example;transport=udp",
            "sip:ann@phone.example:5060;transport=udp"
        ]
    );
}
