//! Whom a dial reaches: users with several telephones, trunks by name, programs, and names that
//! the DNS leads somewhere.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use callroute_media::{Command, DialTarget, EndCause, LegId, Line, Notice};
use callroute_schema::{Caller, Disposition, Number, TrunkName, UserName};
use callroute_sip::{Config, Registration, SipAdapter, SipLine, Trunk, User};
use tokio::time::{sleep, timeout};

use crate::names::{Record, serve};
use crate::raw::{Raw, SDP, header};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, LONG, config, empty, ended, expect, local};
use crate::trunks::WELL;

fn dial_to(line: &mut SipLine, leg: LegId, to: DialTarget) {
    line.perform(Command::Dial {
        leg,
        to,
        from: Caller::Unavailable,
        from_name: None,
        headers: BTreeMap::new(),
    });
}

pub(crate) fn with_ann(ip: &str) -> Config {
    Config {
        users: vec![User {
            name: "ann".to_owned(),
            password: "secret".into(),
        }],
        realm: "pbx.example".to_owned(),
        ..config(ip)
    }
}

/// What proves to this refusal of a REGISTER who ann is.
pub(crate) fn proof(asked: &str) -> String {
    let challenge = header(asked, "WWW-Authenticate").unwrap();
    let challenge = sipx_sip::auth::Challenge::parse(challenge.as_bytes(), false).unwrap();
    let credentials = sipx_sip::auth::Credentials::new("ann", "secret");
    let proof = sipx_sip::auth::respond(&challenge, &credentials, "REGISTER", "sip:ann@x", 1, "c");
    format!("Authorization: {proof}\r\n")
}

pub(crate) fn registration(raw: &Raw, branch: &str, number: u32, extra: &str) -> String {
    raw.request("REGISTER", branch, number, "", extra, "")
        .replace("+1314@", "ann@")
}

/// Registers a telephone of ann's.
async fn register(raw: &mut Raw) {
    // Twice, for nobody is sent more than he has sent.
    raw.send(&registration(raw, "r1", 1, "")).await;
    raw.send(&registration(raw, "r1b", 1, "")).await;
    let asked = raw.until("SIP/2.0 401").await;
    let extra = format!("{}Expires: 600\r\n", proof(&asked));
    raw.send(&registration(raw, "r2", 2, &extra)).await;
    let said = raw.next().await;
    assert!(said.starts_with("SIP/2.0 200"), "{said}");
}

pub(crate) async fn telephone(ip: &str, adapter: &SipAdapter) -> Raw {
    let mut raw = Raw::new(ip, adapter.local_addr()).await;
    register(&mut raw).await;
    raw
}

pub(crate) fn ann() -> DialTarget {
    DialTarget::User(UserName::new("ann").unwrap())
}

#[tokio::test]
async fn all_telephones_of_a_user_ring_and_one_gets_the_call() {
    let mut adapter = bind(with_ann("127.44.1.1")).await;
    let mut caller = Raw::new("127.44.1.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial_to(&mut line, CALLEE, ann());
    assert_eq!(
        ended(&mut line, CALLEE).await,
        local(Disposition::Unreachable)
    );

    let mut desk = telephone("127.44.1.3", &adapter).await;
    let mut mobile = telephone("127.44.1.4", &adapter).await;
    let mut third = telephone("127.44.1.5", &adapter).await;
    let leg = LegId(2);
    dial_to(&mut line, leg, ann());
    let at_desk = desk.until("INVITE").await;
    let at_mobile = mobile.until("INVITE").await;
    let at_third = third.until("INVITE").await;
    desk.send(&desk.response(&at_desk, "180 Ringing", ";tag=d", "", ""))
        .await;
    mobile
        .send(&mobile.response(&at_mobile, "180 Ringing", ";tag=m", "", ""))
        .await;
    expect(&mut line, Notice::LegRinging { leg }).await;
    // One refuses; the others go on ringing.
    third
        .send(&third.response(&at_third, "486 Busy Here", ";tag=t", "", ""))
        .await;
    third.until("ACK").await;
    mobile
        .send(&mobile.response(&at_mobile, "200 OK", ";tag=m", "", SDP))
        .await;
    mobile.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg }).await;
    let cancel = desk.until("CANCEL").await;
    assert!(
        header(&cancel, "Reason").unwrap().contains("cause=200"),
        "{cancel}"
    );
    desk.send(&desk.response(&cancel, "200 OK", ";tag=d", "", ""))
        .await;
    desk.send(&desk.response(&at_desk, "487 Terminated", ";tag=d", "", ""))
        .await;
    desk.until("ACK").await;
    mobile
        .send(
            &mobile
                .request("BYE", "b", 1, "", "", "")
                .replace(
                    &format!("From: <sip:ann@{}>;tag=raw", mobile.addr),
                    &format!("From: {};tag=m", header(&at_mobile, "To").unwrap()),
                )
                .replace(
                    &format!("To: <sip:+1314@{}>", mobile.peer),
                    &format!("To: {}", header(&at_mobile, "From").unwrap()),
                )
                .replace(&mobile.call_id, header(&at_mobile, "Call-ID").unwrap()),
        )
        .await;
    assert_eq!(
        ended(&mut line, leg).await.disposition,
        Disposition::Answered
    );

    // All refuse: the call is refused as one of them did.
    let leg = LegId(3);
    dial_to(&mut line, leg, ann());
    for raw in [&mut desk, &mut mobile, &mut third] {
        let invite = raw.until("INVITE").await;
        raw.send(&raw.response(&invite, "486 Busy Here", ";tag=x", "", ""))
            .await;
    }
    assert_eq!(ended(&mut line, leg).await.disposition, Disposition::Busy);

    // The caller gives up: all are cancelled.
    let leg = LegId(4);
    dial_to(&mut line, leg, ann());
    for raw in [&mut desk, &mut mobile, &mut third] {
        let invite = raw.until("INVITE").await;
        raw.send(&raw.response(&invite, "180 Ringing", ";tag=y", "", ""))
            .await;
    }
    expect(&mut line, Notice::LegRinging { leg }).await;
    sleep(Duration::from_millis(100)).await;
    line.perform(Command::Hangup {
        leg,
        cause: EndCause::NoAnswer,
    });
    for raw in [&mut desk, &mut mobile, &mut third] {
        let cancel = raw.until("CANCEL").await;
        raw.send(&raw.response(&cancel, "200 OK", ";tag=y", "", ""))
            .await;
    }
    assert_eq!(ended(&mut line, leg).await, local(Disposition::NoAnswer));
    drop(line);
    empty(|| adapter.handle().stats()).await;
}

#[tokio::test]
async fn a_trunk_by_name_and_a_program_with_what_it_is_given() {
    let mut gateway = Raw::new("127.44.2.2", "127.44.2.1:1".parse().unwrap()).await;
    let mut program = Raw::new("127.44.2.3", "127.44.2.1:1".parse().unwrap()).await;
    let mut adapter = bind(Config {
        trunks: vec![
            Trunk::new("other", "sip:127.44.2.9:9"),
            Trunk {
                max_calls: 1,
                ..Trunk::new("carrier", &format!("sip:{}", gateway.addr))
            },
        ],
        applications: [("survey".to_owned(), format!("sip:survey@{}", program.addr))].into(),
        ..config("127.44.2.1")
    })
    .await;
    let mut caller = Raw::new("127.44.2.5", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let through = |trunk: &str| DialTarget::Trunk {
        trunk: TrunkName::new(trunk).unwrap(),
        number: Number::new("+13145550100").unwrap(),
    };
    dial_to(&mut line, LegId(1), through("carrier"));
    let invite = gateway.until("INVITE").await;
    assert!(
        invite.starts_with(&format!("INVITE sip:+13145550100@{} ", gateway.addr)),
        "{invite}"
    );
    // It has room for one, and there is no such other.
    for (leg, name) in [(2, "carrier"), (3, "nobody")] {
        dial_to(&mut line, LegId(leg), through(name));
        assert_eq!(
            ended(&mut line, LegId(leg)).await,
            local(Disposition::Unreachable)
        );
    }
    let arguments = BTreeMap::from([("language".to_owned(), "en".to_owned())]);
    let name = "survey".to_owned();
    dial_to(
        &mut line,
        LegId(4),
        DialTarget::Application { name, arguments },
    );
    let invite = program.until("INVITE").await;
    assert_eq!(header(&invite, "X-Arg-language"), Some("en"), "{invite}");
    let name = "nothing".to_owned();
    let arguments = BTreeMap::new();
    dial_to(
        &mut line,
        LegId(5),
        DialTarget::Application { name, arguments },
    );
    assert_eq!(
        ended(&mut line, LegId(5)).await,
        local(Disposition::Unreachable)
    );
}

/// A zone in which a carrier has two hosts, the first of them preferred.
fn zone(first: SocketAddr, second: SocketAddr) -> Vec<(&'static str, Record)> {
    let ip = |addr: SocketAddr| match addr.ip() {
        std::net::IpAddr::V4(ip) => Record::A(ip),
        std::net::IpAddr::V6(_) => panic!("IPv4"),
    };
    vec![
        (
            "carrier.test",
            Record::Naptr(10, 10, "SIP+D2U", "_sip._udp.carrier.test"),
        ),
        (
            "_sip._udp.carrier.test",
            Record::Srv(20, 0, second.port(), "b.carrier.test"),
        ),
        (
            "_sip._udp.carrier.test",
            Record::Srv(10, 0, first.port(), "a.carrier.test"),
        ),
        ("a.carrier.test", ip(first)),
        ("b.carrier.test", ip(second)),
    ]
}

/// B34: RFC 3263 with a real name server: the hosts of a trunk are tried in their order.
#[tokio::test]
async fn a_trunk_is_found_by_naptr_and_srv_and_its_second_host_takes_over() {
    let us = "127.44.3.1:1".parse().unwrap();
    let mut first = Raw::new("127.44.3.2", us).await;
    let mut second = Raw::new("127.44.3.3", us).await;
    let (server, asked) = serve("127.44.3.9", zone(first.addr, second.addr)).await;
    let mut adapter = bind(Config {
        name_server: Some(server),
        trunks: vec![Trunk {
            ping: Some(Duration::from_millis(300)),
            register: Some(Registration::new("line1")),
            ..Trunk::new("carrier", "sip:carrier.test")
        }],
        no_provisional: Duration::from_millis(300),
        ..config("127.44.3.1")
    })
    .await;
    // The first host registers us and answers; OPTIONS says that it is there.
    for _ in 0..2 {
        let request = timeout(LONG, first.next()).await.unwrap();
        assert!(
            request.starts_with("REGISTER") || request.starts_with("OPTIONS"),
            "{request}"
        );
        first
            .send(&first.response(&request, "200 OK", ";tag=a", "", ""))
            .await;
    }
    let handle = adapter.handle();
    let state = async |wanted| {
        while handle.trunk("carrier") != Some(wanted) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, state(WELL))
        .await
        .expect("there, and registered");
    assert!(
        asked.load(Ordering::Relaxed) >= 4,
        "NAPTR, SRV and two addresses"
    );

    // A call: the first is silent, then overloaded; the second takes it both times.
    let mut caller = Raw::new("127.44.3.5", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    for (leg, overloaded) in [(1, false), (2, true)] {
        let number = Number::new("+13145550100").unwrap();
        dial_to(&mut line, LegId(leg), DialTarget::Number(number));
        let invite = first.until("INVITE").await;
        assert!(
            invite.starts_with("INVITE sip:+13145550100@carrier.test SIP/2.0"),
            "{invite}"
        );
        if overloaded {
            first
                .send(&first.response(&invite, "503 Full", ";tag=a", "", ""))
                .await;
        }
        let invite = second.until("INVITE").await;
        second
            .send(&second.response(&invite, "486 Busy", ";tag=b", "", ""))
            .await;
        assert_eq!(
            ended(&mut line, LegId(leg)).await.disposition,
            Disposition::Busy
        );
    }
    // OPTIONS that the first does not answer go to the second as well: the trunk is there still.
    second.until("OPTIONS").await;
}

#[tokio::test]
async fn a_registration_goes_to_the_host_that_answers() {
    let us = "127.44.4.1:1".parse().unwrap();
    let silent = Raw::new("127.44.4.2", us).await;
    let mut second = Raw::new("127.44.4.3", us).await;
    let (server, _) = serve("127.44.4.9", zone(silent.addr, second.addr)).await;
    let adapter = bind(Config {
        name_server: Some(server),
        trunks: vec![Trunk {
            register: Some(Registration::new("line1")),
            ..Trunk::new("carrier", "sip:carrier.test")
        }],
        t1: Duration::from_millis(10),
        ..config("127.44.4.1")
    })
    .await;
    let register = second.until("REGISTER").await;
    second
        .send(&second.response(&register, "200 OK", ";tag=b", "", ""))
        .await;
    let handle = adapter.handle();
    let registered = async {
        while handle.trunk("carrier") != Some(WELL) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, registered).await.expect("registered");
}

/// A restart loses no telephone.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn registrations_outlast_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registrations.db");
    let kept = || {
        let kept = callroute_sip::SqliteRegistrations::open(&path).unwrap();
        Some(std::sync::Arc::new(kept) as std::sync::Arc<dyn callroute_sip::Registrations>)
    };
    let before = bind(Config {
        registrations: kept(),
        ..with_ann("127.44.5.1")
    })
    .await;
    let addr = before.local_addr();
    let mut desk = telephone("127.44.5.3", &before).await;
    assert_eq!(before.handle().registered(), 1);
    drop(before);
    let again = async {
        loop {
            let config = Config {
                registrations: kept(),
                ..with_ann("127.44.5.1")
            };
            match SipAdapter::bind(Config {
                listen: addr,
                ..config
            })
            .await
            {
                Ok(adapter) => return adapter,
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let mut adapter = timeout(LONG, again)
        .await
        .expect("the address is free again");
    assert_eq!(adapter.handle().registered(), 1);
    let mut caller = Raw::new("127.44.5.2", addr).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial_to(&mut line, CALLEE, ann());
    desk.until("INVITE").await;
}
