//! What the RFCs ask of signalling, with sipp on both sides: reliable provisional responses, session
//! timers and UPDATE, transfer and replacement, passwords both ways, registration, loops, limits.

use std::sync::atomic::Ordering;
use std::time::Duration;

use callroute_schema::{Disposition, EventKind};
use callroute_session::Note;
use callroute_sip::{Access, Config, Credentials, Registration, Trunk, User};

use crate::calls::DIRECT;
use crate::common::names::{Record, serve};
use crate::common::sipp::{How, Sipp};
use crate::common::wait::until;
use crate::common::{Bench, peer};

const NUMBER: &str = "+16822306467";

/// A call between two scenarios that goes as both say.
async fn goes_well(caller: (&str, &[(&str, &str)]), callee: &str) -> (String, String) {
    let bench = Bench::new();
    let callee = bench.uas(callee, &[]).await;
    let router = bench.router(DIRECT, &[(NUMBER, &callee.uri())]).await;
    let heard = bench
        .uac(&router, caller.0, caller.1)
        .went_well(&router)
        .await;
    let by_callee = callee.went_well(&router).await;
    router.settled(1).await;
    (heard, by_callee)
}

/// RFC 3262, both ways: a caller that requires 100rel, and a callee that rings so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ringing_is_acknowledged() {
    if !peer("sipp") {
        return;
    }
    let requires = [("headers", "\nRequire: 100rel\nSupported: 100rel")];
    goes_well(("uac_prack", &requires), "uas_answer").await;
    goes_well(("uac_bye", &[]), "uas_prack").await;
    goes_well(("uac_prack", &requires), "uas_prack").await;
}

/// RFC 4028, RFC 3311: 422 to what is too short, the timer that was agreed on, refreshes and a hold
/// by UPDATE; INFO and OPTIONS within the dialog.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_timed_and_updated() {
    if !peer("sipp") {
        return;
    }
    let headers = "\nSupported: timer\nSession-Expires: 30";
    let bench = Bench::new();
    let callee = bench.uas("uas_answer", &[]).await;
    let router = bench.router(DIRECT, &[(NUMBER, &callee.uri())]).await;
    let caller = bench.uac(&router, "uac_timer", &[("headers", headers)]);
    caller.went_well(&router).await;
    let heard = callee.went_well(&router).await;
    assert!(
        heard.contains("Session-Expires: 1800"),
        "we ask as well: {heard}"
    );
    router.settled(1).await;
}

/// RFC 3264, section 8.3.2: a caller goes on in another codec, the callee in the one that it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_codec_changes_in_mid_call() {
    if peer("sipp") {
        let again = [("again", "{{sdp_pcma}}")];
        goes_well(("uac_recodes", &again), "uas_answer").await;
    }
}

/// RFC 3261, section 9.1: a 2xx that crosses our CANCEL is acknowledged and ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_crosses_a_cancel_is_ended() {
    if peer("sipp") {
        goes_well(("uac_cancel", &[]), "uas_crosses").await;
    }
}

/// RFC 3261, section 13.2.2.4: of two callees who answer, the second is acknowledged and let go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_who_answer_is_let_go() {
    if peer("sipp") {
        let talk = [("talk_ms", "2000")];
        goes_well(("uac_bye", &talk), "uas_forks").await;
    }
}

/// RFC 3263: of three hosts of a trunk, in the order of its SRV records, one is not there, one is
/// full and the third takes the call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hosts_of_a_trunk_are_tried_in_their_order() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let full = bench.uas("uas_refuses", &[("status", "503")]).await;
    let well = bench.uas("uas_answer", &[]).await;
    let host = |priority, port| Record::Srv(priority, 1, port, "host.carrier.test");
    let zone = vec![
        ("_sip._udp.carrier.test", host(30, well.addr.port())),
        ("_sip._udp.carrier.test", host(10, bench.free_port())),
        ("_sip._udp.carrier.test", host(20, full.addr.port())),
        ("host.carrier.test", Record::A(bench.ip)),
        // Without NAPTR, and without a service over TCP.
        ("carrier.test", Record::A(bench.ip)),
    ];
    let (server, asked) = serve(&bench.ip.to_string(), zone).await;
    let mut config = bench.config(&[]);
    config.name_server = Some(server);
    config.trunks = vec![Trunk::new("carrier", "sip:carrier.test")];
    let router = bench.router_with(DIRECT, config).await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    full.went_well(&router).await;
    let heard = well.went_well(&router).await;
    assert!(heard.contains("@carrier.test SIP/2.0"), "{heard}");
    assert!(asked.load(Ordering::Relaxed) > 1, "SRV and an address");
    router.settled(1).await;
}

/// RFC 3515: a callee sends the caller on, hears of it, and is let go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callee_transfers_its_caller() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let third = bench.uas("uas_answer", &[]).await;
    let refer_to = third.uri();
    let callee = bench.uas("uas_refers", &[("refer_to", &*refer_to)]).await;
    let router = bench.router(DIRECT, &[(NUMBER, &callee.uri())]).await;
    let caller = bench.uac(&router, "uac_bye", &[("talk_ms", "3000")]);
    caller.went_well(&router).await;
    callee.went_well(&router).await;
    third.went_well(&router).await;
    router.settled(1).await;
}

/// The value of a header in what a sipp has seen.
fn value(messages: &str, name: &str) -> String {
    let start = format!("{name}: ");
    let line = messages
        .lines()
        .find_map(|line| line.trim().strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {name}: {messages}"))
        .to_owned()
}

/// RFC 3891: another telephone takes the place of one that rings; that one is cancelled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ringing_telephone_is_picked_up_elsewhere() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_cancelled", &[]).await;
    let router = bench.router(DIRECT, &[(NUMBER, &callee.uri())]).await;
    let caller = bench.uac(&router, "uac_hears_bye", &[]);
    let rings = |sipp: &Sipp| sipp.messages().contains("SIP/2.0 180");
    until("it rings", || rings(&callee) && rings(&caller)).await;
    let seen = callee.messages();
    let tag = |text: &str| text.split(";tag=").nth(1).unwrap().to_owned();
    let ours = tag(&value(&seen, "From"));
    let ringing = seen.split("SIP/2.0 180").nth(1).unwrap();
    let theirs = tag(&value(ringing, "To"));
    let replaces = format!(
        "\nRequire: replaces\nReplaces: {};from-tag={theirs};to-tag={ours};early-only",
        value(&seen, "Call-ID")
    );
    let other = bench.uac(
        &router,
        "uac_bye",
        &[("headers", &*replaces), ("talk_ms", "1000")],
    );
    other.went_well(&router).await;
    callee.went_well(&router).await;
    caller.went_well(&router).await;
    router.settled(1).await;
    let results = router.seen.events(EventKind::AttemptResult);
    let result = results.first().and_then(|event| event.attempt.as_ref());
    assert_eq!(result.unwrap().disposition, Some(Disposition::Answered));
}

fn user(config: &mut Config) {
    config.access = Access::Known;
    config.realm = "127.0.0.1".to_owned();
    config.users = vec![User {
        name: "ann".to_owned(),
        password: "secret".into(),
    }];
}

/// RFC 3261, section 22: a telephone registers with its password and is called where it is; a
/// caller proves who he is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_asked_for() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let mut config = bench.config(&[]);
    user(&mut config);
    let table = DIRECT.replace(
        "{ type: number, number: \"+16822306467\" }",
        "{ type: user, name: ann }",
    );
    let router = bench.router_with(&table, config).await;
    let known = [("password", "secret")];
    let port = bench.free_port();
    let phone = bench.uac_at(&router, port, "uac_registers", &known);
    phone.went_well(&router).await;
    let callee = bench.uas_at("uas_answer", port, How::default()).await;
    // What is proven is proven for whom is called; sipp would name the host alone.
    let called = format!("+13146523057@{}", router.addr);
    let how = How {
        variables: &known,
        more: &["-auth_uri", &called],
        ..How::default()
    };
    let caller = bench.uac_with(router.addr, "uac_password", how);
    caller.went_well(&router).await;
    callee.went_well(&router).await;
    router.settled(1).await;
}

/// A trunk asks us for a password: when we call, and when we register; and it is asked by OPTIONS
/// whether it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_prove_who_we_are() {
    if !peer("sipp") {
        return;
    }
    let password = [("password", "secret")];
    let credentials = Credentials {
        user: "us".to_owned(),
        password: "secret".into(),
    };
    let bench = Bench::new();
    let gateway = bench.uas("uas_challenges", &password).await;
    let registrar = bench.uas("uas_registrar", &password).await;
    let pinged = bench.uas("uas_pinged", &[]).await;
    let mut config = bench.config(&[]);
    config.trunks = vec![
        Trunk {
            credentials: Some(credentials.clone()),
            ..Trunk::new("gateway", &format!("sip:{}", gateway.addr))
        },
        Trunk {
            credentials: Some(credentials),
            register: Some(Registration::new("us")),
            ..Trunk::new("registrar", &format!("sip:{}", registrar.addr))
        },
        Trunk {
            ping: Some(Duration::from_secs(30)),
            ..Trunk::new("pinged", &format!("sip:{}", pinged.addr))
        },
    ];
    let router = bench.router_with(DIRECT, config).await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    let heard = gateway.went_well(&router).await;
    let proof = value(&heard, "Proxy-Authorization");
    assert!(
        proof.contains("username=\"us\"") && !heard.contains("secret"),
        "{proof}"
    );
    registrar.went_well(&router).await;
    pinged.went_well(&router).await;
    router.settled(1).await;
}

/// RFC 3261, section 10.2.4, and RFC 3263: a registration that lasts two seconds is renewed, under the same Call-ID and
/// the next number; where a trunk's first host is full, its second one is registered at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_is_renewed_and_finds_another_host() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let short = bench.uas("uas_renewed", &[]).await;
    let full = bench
        .uas("uas_registers", &[("status", "503 Service Unavailable")])
        .await;
    let well = bench.uas("uas_registers", &[("status", "200 OK")]).await;
    let host = |priority, port| Record::Srv(priority, 1, port, "host.carrier.test");
    let zone = vec![
        ("_sip._udp.carrier.test", host(20, well.addr.port())),
        ("_sip._udp.carrier.test", host(10, full.addr.port())),
        ("host.carrier.test", Record::A(bench.ip)),
    ];
    let (server, _) = serve(&bench.ip.to_string(), zone).await;
    let trunk = |name: &str, uri: &str| Trunk {
        register: Some(Registration::new("us")),
        ..Trunk::new(name, uri)
    };
    let mut config = bench.config(&[]);
    config.name_server = Some(server);
    config.trunks = vec![
        trunk("short", &format!("sip:{}", short.addr)),
        trunk("carrier", "sip:carrier.test"),
    ];
    let router = bench.router_with(DIRECT, config).await;
    full.went_well(&router).await;
    let heard = well.went_well(&router).await;
    assert!(heard.contains("To: <sip:us@carrier.test>"), "{heard}");
    let heard = short.went_well(&router).await;
    let all = |name: &str| -> Vec<&str> {
        let asked = heard.split("REGISTER sip:").skip(1);
        let lines = asked.map(|text| text.lines().find(|line| line.starts_with(name)));
        lines.flatten().collect()
    };
    let (ids, numbers) = (all("Call-ID:"), all("CSeq:"));
    assert!(ids.len() == 2 && ids[0] == ids[1], "{heard}");
    let number = |line: &str| line.split(' ').nth(1).unwrap().parse::<u32>().unwrap();
    assert!(number(numbers[1]) > number(numbers[0]), "{heard}");
}

/// RFC 3261, section 16.3, and our own count: what goes in circles ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_in_circles_is_refused() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let router = bench.router(DIRECT, &[]).await;
    for variables in [
        [("hops", "0"), ("status", "483")],
        [("headers", "\nX-Callroute-Hops: 71"), ("status", "482")],
        [("headers", "\nRequire: unheard-of"), ("status", "420")],
        [
            ("headers", "\nReplaces: no;to-tag=such;from-tag=dialog"),
            ("status", "481"),
        ],
    ] {
        let caller = bench.uac(&router, "uac_refused", &variables);
        caller.went_well(&router).await;
    }
    router.settled(0).await;
    assert!(
        !router
            .seen
            .has(|note| matches!(note, Note::Incoming { .. }))
    );
}

/// A stated maximum of calls: one more is 503 with Retry-After.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_too_many_is_told_when_to_come_again() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_answer", &[]).await;
    let mut config = bench.config(&[(NUMBER, &callee.uri())]);
    config.max_calls = 1;
    let router = bench.router_with(DIRECT, config).await;
    let first = bench.uac(&router, "uac_bye", &[("talk_ms", "2000")]);
    until("a call", || router.stats().calls == 1).await;
    let second = bench.uac(&router, "uac_refused", &[("status", "503")]);
    let heard = second.went_well(&router).await;
    assert!(heard.contains("Retry-After: "), "{heard}");
    first.went_well(&router).await;
    callee.went_well(&router).await;
    router.settled(1).await;
}

/// RFC 3323, 3325, 5806, 7044: who calls is told to whom we trust, and where the call was dialed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_calls_is_told_to_whom_we_trust() {
    if !peer("sipp") {
        return;
    }
    for trusted in [true, false] {
        let bench = Bench::new();
        let callee = bench.uas("uas_answer", &[]).await;
        let mut config = bench.config(&[(NUMBER, &callee.uri())]);
        if trusted {
            config.trusted = vec![std::net::IpAddr::from(bench.ip).into()];
        }
        let router = bench.router_with(DIRECT, config).await;
        let headers = "\nP-Asserted-Identity: <sip:+12125550100@127.0.0.1>\nPrivacy: id\n\
                       Diversion: <sip:+12125550199@127.0.0.1>;reason=no-answer";
        let caller = bench.uac(&router, "uac_bye", &[("headers", headers)]);
        caller.went_well(&router).await;
        let heard = callee.went_well(&router).await;
        let asserted = heard.contains("P-Asserted-Identity: <sip:+12125550100@");
        assert_eq!(asserted, trusted, "{heard}");
        assert!(heard.contains("Diversion: <sip:+12125550199@127.0.0.1>;reason=no-answer"));
        assert!(heard.contains("Diversion: <sip:+13146523057@"), "{heard}");
        assert!(heard.contains("History-Info: <sip:"), "{heard}");
        if trusted {
            assert!(
                heard.contains("Privacy: id") && heard.contains("sip:anonymous@"),
                "{heard}"
            );
        }
        router.settled(1).await;
    }
}
