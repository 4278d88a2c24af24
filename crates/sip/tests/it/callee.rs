//! The callee's leg: answer, failures, cancel, silence.

use std::net::UdpSocket;
use std::time::Duration;

use callroute_media::{Command, DialTarget, EndCause, LegId, Line, Notice};
use callroute_schema::{Caller, Cause, Disposition, Number};
use callroute_sip::phone::AnswerMode;
use callroute_sip::{Config, SipAdapter, Trunk};
use tokio::time::timeout;

use crate::raw::Raw;
use crate::signalling::{bind, called};
use crate::support::{
    CALLEE, LONG, answer, config, dial, empty, ended, expect, local, next_call, phone, uri,
};

#[tokio::test]
async fn a_number_goes_through_the_trunk_and_is_answered() {
    let gateway = phone("127.21.1.3", AnswerMode::After(Duration::from_millis(50))).await;
    let mut config = config("127.21.1.1");
    config.trunk = Some(format!("sip:{}", gateway.local_addr()));
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let caller = phone("127.21.1.2", AnswerMode::Ring).await;
    let call = caller
        .call(&uri(adapter.local_addr()), "+14155550123")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    for (leg, from, shown) in [
        (1, Caller::Withheld, "anonymous"),
        (2, Caller::Unavailable, "unavailable"),
    ] {
        let leg = LegId(leg);
        line.perform(Command::Dial {
            leg,
            to: DialTarget::Number(Number::new("+16822306467").unwrap()),
            from,
            from_name: None,
            headers: std::collections::BTreeMap::new(),
        });
        expect(&mut line, Notice::LegRinging { leg }).await;
        expect(&mut line, Notice::LegAnswered { leg }).await;
        let taken = gateway.next_call().await.unwrap();
        taken.wait_answered(LONG).await.unwrap();
        assert_eq!(taken.record().to, "+16822306467");
        assert_eq!(taken.record().from, shown);
        if leg == LegId(1) {
            taken.hangup();
            assert_eq!(ended(&mut line, leg).await, Cause::normal());
        } else {
            line.perform(Command::Hangup {
                leg,
                cause: EndCause::Normal,
            });
            assert_eq!(ended(&mut line, leg).await, Cause::normal());
            assert_eq!(taken.wait_ended(LONG).await, Some(Cause::normal()));
        }
    }
    call.hangup();
    ended(&mut line, LegId::CALLER).await;
    drop(line);
    empty(|| adapter.handle().stats()).await;
    empty(|| gateway.handle().stats()).await;
}

#[tokio::test]
async fn failures_have_their_causes() {
    let mut adapter = crate::support::adapter("127.21.2.1").await;
    let caller = phone("127.21.2.2", AnswerMode::Ring).await;
    let callee = phone("127.21.2.3", AnswerMode::Ring).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    let modes = [
        (AnswerMode::Busy, 486, Disposition::Busy),
        (AnswerMode::Decline, 603, Disposition::Declined),
        (AnswerMode::Status(404), 404, Disposition::InvalidNumber),
        (AnswerMode::Status(503), 503, Disposition::Congestion),
        (AnswerMode::Status(480), 480, Disposition::NoAnswer),
        (AnswerMode::Status(302), 302, Disposition::Failed),
    ];
    for (leg, (mode, status, disposition)) in (1..).zip(modes) {
        callee.set_answer(mode);
        dial(&mut line, LegId(leg), &uri(callee.local_addr()));
        let cause = ended(&mut line, LegId(leg)).await;
        assert_eq!(
            (cause.sip_code, cause.disposition),
            (Some(status), disposition),
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn a_ringing_callee_is_cancelled_with_the_reason() {
    let mut adapter = crate::support::adapter("127.21.3.1").await;
    let caller = phone("127.21.3.2", AnswerMode::Ring).await;
    let callee = phone("127.21.3.3", AnswerMode::Ring).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    for (leg, cause, disposition, reason) in [
        (
            1,
            EndCause::AnsweredElsewhere,
            Disposition::AnsweredElsewhere,
            "SIP;cause=200;text=\"Call completed elsewhere\"",
        ),
        (
            2,
            EndCause::NoAnswer,
            Disposition::NoAnswer,
            "Q.850;cause=19",
        ),
        (3, EndCause::Normal, Disposition::Canceled, ""),
    ] {
        let leg = LegId(leg);
        dial(&mut line, leg, &uri(callee.local_addr()));
        expect(&mut line, Notice::LegRinging { leg }).await;
        line.perform(Command::Hangup { leg, cause });
        assert_eq!(ended(&mut line, leg).await, local(disposition));
        let taken = callee.next_call().await.unwrap();
        taken.wait_ended(LONG).await.unwrap();
        assert_eq!(taken.record().cancelled.as_deref(), Some(reason));
    }
    assert_eq!(callee.calls().len(), 3);
    drop(line);
    empty(|| adapter.handle().stats()).await;
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let mut config = config("127.21.4.1");
    config.no_provisional = Duration::from_millis(300);
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let caller = phone("127.21.4.2", AnswerMode::Ring).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    // Deaf: bound, and never read from.
    let deaf = UdpSocket::bind("127.21.4.3:0").unwrap();
    let refused = "127.21.4.4:9".parse().unwrap();
    for (leg, uri) in (1..).zip([
        uri(deaf.local_addr().unwrap()),
        format!("{};transport=tcp", uri(refused)),
        "sips:ann@127.21.4.4".to_owned(),
        "sip:ann@no-such-host.invalid".to_owned(),
    ]) {
        dial(&mut line, LegId(leg), &uri);
        assert_eq!(
            ended(&mut line, LegId(leg)).await.disposition,
            Disposition::Unreachable,
            "{uri}"
        );
    }
    // Neither a trunk nor a contact.
    line.perform(Command::Dial {
        leg: LegId(9),
        to: DialTarget::Number(Number::new("+1682").unwrap()),
        from: Caller::Withheld,
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    });
    assert_eq!(
        ended(&mut line, LegId(9)).await,
        local(Disposition::Unreachable)
    );
    drop(line);
    empty(|| adapter.handle().stats()).await;
}

#[tokio::test]
async fn the_end_of_a_line_ends_all_its_legs() {
    let mut adapter = crate::support::adapter("127.21.5.1").await;
    let caller = phone("127.21.5.2", AnswerMode::Ring).await;
    let answers = phone("127.21.5.3", AnswerMode::After(Duration::ZERO)).await;
    let rings = phone("127.21.5.4", AnswerMode::Ring).await;
    let call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    answer(&mut line).await;
    dial(&mut line, CALLEE, &uri(answers.local_addr()));
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    dial(&mut line, LegId(2), &uri(rings.local_addr()));
    expect(&mut line, Notice::LegRinging { leg: LegId(2) }).await;
    drop(line);
    assert_eq!(call.wait_ended(LONG).await, Some(Cause::normal()));
    let answered = answers.next_call().await.unwrap();
    assert_eq!(answered.wait_ended(LONG).await, Some(Cause::normal()));
    let rung = rings.next_call().await.unwrap();
    assert_eq!(rung.wait_ended(LONG).await, Some(Cause::from_sip(487)));
    empty(|| adapter.handle().stats()).await;
}

#[tokio::test]
async fn a_contact_is_looked_at_before_the_trunk_and_may_use_tcp() {
    let callee = phone("127.21.6.3", AnswerMode::After(Duration::ZERO)).await;
    let mut config = config("127.21.6.1");
    config.trunk = Some("sip:127.21.6.9".to_owned());
    let contact = format!("sip:bob@{};transport=tcp", callee.local_addr());
    config.contacts.insert("1001".to_owned(), contact);
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let caller = phone("127.21.6.2", AnswerMode::Ring).await;
    let _call = caller
        .call(&uri(adapter.local_addr()), "ann")
        .await
        .unwrap();
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Dial {
        leg: CALLEE,
        to: DialTarget::Number(Number::new("1001").unwrap()),
        from: Caller::Withheld,
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    });
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    let taken = callee.next_call().await.unwrap();
    assert_eq!(taken.record().to, "bob");
    line.perform(Command::Hangup {
        leg: CALLEE,
        cause: EndCause::Normal,
    });
    assert_eq!(taken.wait_ended(LONG).await, Some(Cause::normal()));
}

/// A name that takes its time keeps nobody from hanging up.
#[tokio::test]
async fn who_is_looked_up_may_be_hung_up_on() {
    let names = tokio::net::UdpSocket::bind("127.21.7.9:0").await.unwrap();
    let mut adapter = bind(Config {
        name_server: Some(names.local_addr().unwrap()),
        ..config("127.21.7.1")
    })
    .await;
    let mut caller = Raw::new("127.21.7.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, "sip:bob@slow.test");
    let mut query = [0; 1500];
    timeout(LONG, names.recv_from(&mut query))
        .await
        .unwrap()
        .unwrap();
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    assert_eq!(ended(&mut line, CALLEE).await, local(Disposition::Canceled));
}

/// Nor is the next way tried, whichever of the refusal and the hang-up is seen first.
#[tokio::test]
async fn who_hangs_up_between_two_ways_calls_nobody_more() {
    let mut first = Raw::new("127.21.8.3", "127.21.8.1:1".parse().unwrap()).await;
    let mut second = Raw::new("127.21.8.4", first.peer).await;
    let trunk = |name: &str, raw: &Raw| Trunk::new(name, &format!("sip:{}", raw.addr));
    let mut adapter = bind(Config {
        trunks: vec![trunk("first", &first), trunk("second", &second)],
        ..config("127.21.8.1")
    })
    .await;
    let mut caller = Raw::new("127.21.8.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    for round in 1..9 {
        let leg = LegId(round);
        line.perform(Command::Dial {
            leg,
            to: DialTarget::Number(Number::new("+16822306467").unwrap()),
            from: Caller::Withheld,
            from_name: None,
            headers: std::collections::BTreeMap::new(),
        });
        let invite = first.until("INVITE").await;
        first
            .send(&first.response(&invite, "503 Busy", ";tag=a", "", ""))
            .await;
        let cause = EndCause::Normal;
        line.perform(Command::Hangup { leg, cause });
        assert_eq!(ended(&mut line, leg).await, local(Disposition::Canceled));
    }
    assert!(second.quiet("INVITE", Duration::from_millis(100)).await);
}
