//! Transfers: REFER both ways, what is told of them, and INVITE with Replaces.

use callroute_media::{Command, Deed, DialTarget, Line, Notice, Referral};
use callroute_schema::{Disposition, Party, SipUri};
use callroute_sip::phone::AnswerMode;
use callroute_sip::{SipAdapter, SipLine};

use crate::raw::{Raw, SDP, header, to_tag};
use crate::signalling::{self, called};
use crate::support::{
    CALLEE, CALLER, LONG, adapter, any_notice, dial, ended, expect, notice, phone, uri,
};

/// A call that is answered; its line, the tag of our end, and the dialog's name as it was told.
async fn answered(adapter: &mut SipAdapter, raw: &mut Raw) -> (SipLine, String, String) {
    let (mut line, tag) = signalling::answered(adapter, raw).await;
    match any_notice(&mut line).await {
        Some(Notice::Dialog { leg, dialog }) if leg == CALLER => (line, tag, dialog),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_telephone_transfers_and_is_told_what_became_of_it() {
    let mut adapter = adapter("127.43.1.1").await;
    let mut raw = Raw::new("127.43.1.2", adapter.local_addr()).await;
    let (mut line, tag, dialog) = answered(&mut adapter, &mut raw).await;
    let ours = tag.trim_start_matches(";tag=");
    assert_eq!(
        dialog,
        format!("{};to-tag={ours};from-tag=raw", raw.call_id)
    );
    let to = format!("Refer-To: <sip:+16822306467@{}>\r\n", adapter.local_addr());
    let leg = CALLER;
    for (number, outcome, told) in [
        (2, Referral::Failed, "SIP/2.0 503"),
        (4, Referral::Refused(Disposition::Busy), "SIP/2.0 486"),
        (6, Referral::Done, "SIP/2.0 200"),
    ] {
        raw.send(&raw.request("REFER", &format!("r{number}"), number, &tag, &to, ""))
            .await;
        raw.until("SIP/2.0 202").await;
        let notify = raw.until("NOTIFY").await;
        assert_eq!(
            header(&notify, "Event"),
            Some(&*format!("refer;id={number}"))
        );
        assert!(
            header(&notify, "Subscription-State")
                .unwrap()
                .starts_with("active")
        );
        assert!(notify.contains("\r\n\r\nSIP/2.0 100 Trying"), "{notify}");
        raw.send(&raw.response(&notify, "200 OK", "", "", "")).await;
        match notice(&mut line).await {
            Some(Notice::Refer {
                to: Party::Number(to),
                replaces: None,
                ..
            }) => {
                assert_eq!(to.as_str(), "+16822306467");
            }
            other => panic!("{other:?}"),
        }
        // One after the other.
        let second = raw.request("REFER", &format!("s{number}"), number + 1, &tag, &to, "");
        raw.send(&second).await;
        raw.until("SIP/2.0 491").await;
        line.perform(Command::Referred {
            leg,
            outcome: Referral::Trying,
        });
        line.perform(Command::Referred { leg, outcome });
        let notify = raw.until("NOTIFY").await;
        assert!(
            header(&notify, "Subscription-State")
                .unwrap()
                .starts_with("terminated")
        );
        assert!(notify.contains(&format!("\r\n\r\n{told}")), "{notify}");
        raw.send(&raw.response(&notify, "200 OK", "", "", "")).await;
    }
    // Who has asked for nothing is told nothing.
    line.perform(Command::Referred {
        leg,
        outcome: Referral::Done,
    });
    let told = notice(&mut line).await;
    let deed = Deed::Referred;
    assert!(
        matches!(told, Some(Notice::NotDone { deed: found, .. }) if found == deed),
        "{told:?}"
    );
    for wrong in ["", "Refer-To: <http://h/>\r\n"] {
        let branch = format!("w{}", wrong.len());
        let number = 10 + u32::try_from(wrong.len()).unwrap();
        raw.send(&raw.request("REFER", &branch, number, &tag, wrong, ""))
            .await;
        raw.until("SIP/2.0 400").await;
    }
}

#[tokio::test]
async fn an_attended_transfer_names_the_other_dialog_and_may_be_silent() {
    let mut adapter = adapter("127.43.2.1").await;
    let mut raw = Raw::new("127.43.2.2", adapter.local_addr()).await;
    let (_other, _, dialog) = answered(&mut adapter, &mut raw).await;
    let mut raw = Raw::new("127.43.2.2", adapter.local_addr()).await;
    let (mut line, tag, _) = answered(&mut adapter, &mut raw).await;
    let escaped = dialog.replace(';', "%3B").replace('=', "%3D");
    let headers =
        format!("Refer-To: <sip:bob@127.43.2.9?Replaces={escaped}>\r\nRefer-Sub: false\r\n");
    raw.send(&raw.request("REFER", "r", 2, &tag, &headers, ""))
        .await;
    let accepted = raw.until("SIP/2.0 202").await;
    assert_eq!(header(&accepted, "Refer-Sub"), Some("false"));
    match notice(&mut line).await {
        Some(Notice::Refer { to, replaces, .. }) => {
            assert_eq!(to.to_string(), "sip:bob@127.43.2.9");
            assert_eq!(replaces, Some(dialog));
        }
        other => panic!("{other:?}"),
    }
    line.perform(Command::Referred {
        leg: CALLER,
        outcome: Referral::Done,
    });
    assert!(
        raw.quiet("NOTIFY", std::time::Duration::from_millis(300))
            .await
    );
}

#[tokio::test]
async fn another_telephone_takes_the_place_of_one() {
    let mut adapter = adapter("127.43.3.1").await;
    let callee = phone("127.43.3.3", AnswerMode::After(std::time::Duration::ZERO)).await;
    let mut old = Raw::new("127.43.3.2", adapter.local_addr()).await;
    let (mut line, tag, _) = answered(&mut adapter, &mut old).await;
    dial(&mut line, CALLEE, &uri(callee.local_addr()));
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    line.perform(Command::Bridge {
        a: CALLER,
        b: CALLEE,
    });
    let heard = callee.next_call().await.unwrap();
    let ours = tag.trim_start_matches(";tag=").to_owned();
    let name = |to: &str, from: &str, more: &str| {
        format!(
            "Replaces: {};to-tag={to};from-tag={from}{more}\r\n",
            old.call_id
        )
    };

    // A name that is not quite right, or asks for another state.
    let mut new = Raw::new("127.43.3.4", adapter.local_addr()).await;
    for (branch, replaces, status) in [
        ("a", name("wrong", "raw", ""), "481"),
        ("b", name(&ours, "wrong", ""), "481"),
        ("c", name(&ours, "raw", ";early-only"), "486"),
        ("d", "Replaces: nonsense\r\n".to_owned(), "400"),
    ] {
        new.call_id = format!("new-{branch}");
        new.send(&new.request("INVITE", branch, 1, "", &replaces, SDP))
            .await;
        let refused = new.until(&format!("SIP/2.0 {status}")).await;
        new.send(&new.request("ACK", branch, 1, &to_tag(&refused), "", ""))
            .await;
    }

    new.call_id = "new".to_owned();
    let socket = std::net::UdpSocket::bind("127.43.3.4:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let sdp = SDP
        .replace("127.0.0.1", "127.43.3.4")
        .replace("40000", &port);
    new.send(&new.request("INVITE", "e", 1, "", &name(&ours, "raw", ""), &sdp))
        .await;
    let ok = new.until("SIP/2.0 200").await;
    let bye = old.until("BYE").await;
    old.send(&old.response(&bye, "200 OK", "", "", "")).await;
    new.send(&new.request("ACK", "f", 1, &to_tag(&ok), "", ""))
        .await;
    let name = match any_notice(&mut line).await {
        Some(Notice::Dialog { leg, dialog }) if leg == CALLEE => {
            // The callee's own; the new one follows.
            assert!(!dialog.starts_with("new;"));
            any_notice(&mut line).await
        }
        other => other,
    };
    assert!(
        matches!(name, Some(Notice::Dialog { leg: CALLER, ref dialog }) if dialog.starts_with("new;")),
        "{name:?}"
    );
    // Its sound goes to the same party.
    let media = ok
        .lines()
        .find_map(|line| line.strip_prefix("m=audio "))
        .unwrap();
    let port: u16 = media.split(' ').next().unwrap().parse().unwrap();
    for sequence in 0..100u16 {
        let mut packet = vec![0x80, 0];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * 160).to_be_bytes());
        packet.extend(9u32.to_be_bytes());
        packet.extend([0x10; 160]);
        socket.send_to(&packet, ("127.43.3.1", port)).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(
        heard
            .wait_heard(std::time::Duration::from_secs(1), LONG)
            .await
    );
    new.send(&new.request("BYE", "g", 2, &to_tag(&ok), "", ""))
        .await;
    assert_eq!(
        ended(&mut line, CALLER).await.disposition,
        Disposition::Answered
    );
}

#[tokio::test]
async fn an_answered_caller_is_sent_elsewhere_by_refer() {
    let mut adapter = adapter("127.43.4.1").await;
    let to = || vec![DialTarget::Sip(SipUri::new("sip:ann@127.43.4.9").unwrap())];
    let leg = CALLER;
    for (number, status, arrives) in [(1, "180 Ringing", true), (2, "486 Busy Here", false)] {
        let mut raw = Raw::new(&format!("127.43.4.{}", number + 1), adapter.local_addr()).await;
        let (mut line, tag, _) = answered(&mut adapter, &mut raw).await;
        line.perform(Command::Redirect {
            leg,
            contacts: to(),
        });
        let refer = raw.until("REFER").await;
        assert_eq!(header(&refer, "Refer-To"), Some("<sip:ann@127.43.4.9>"));
        raw.send(&raw.response(&refer, "202 Accepted", "", "", ""))
            .await;
        let notify = |raw: &Raw, sequence: u32, state: &str, status: &str| {
            let headers = format!("Event: refer\r\nSubscription-State: {state}\r\n");
            let body = format!("SIP/2.0 {status}\r\n");
            raw.request(
                "NOTIFY",
                &format!("n{sequence}"),
                sequence,
                &tag,
                &headers,
                &body,
            )
            .replace("application/sdp", "message/sipfrag")
        };
        raw.send(&notify(&raw, 2, "active;expires=60", status))
            .await;
        if arrives {
            raw.until("SIP/2.0 200").await;
            raw.send(&notify(&raw, 3, "terminated;reason=noresource", "200 OK"))
                .await;
            let bye = raw.until("BYE").await;
            raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
            assert_eq!(ended(&mut line, leg).await.sip_code, Some(302));
        } else {
            let told = notice(&mut line).await;
            let deed = Deed::Redirect;
            assert!(matches!(told, Some(Notice::NotDone { deed: found, .. }) if found == deed));
        }
    }
    // Who does not know REFER stays.
    let mut raw = Raw::new("127.43.4.5", adapter.local_addr()).await;
    let (mut line, ..) = answered(&mut adapter, &mut raw).await;
    line.perform(Command::Redirect {
        leg,
        contacts: to(),
    });
    let refer = raw.until("REFER").await;
    raw.send(&raw.response(&refer, "405 Method Not Allowed", "", "", ""))
        .await;
    assert!(matches!(
        notice(&mut line).await,
        Some(Notice::NotDone { .. })
    ));
    // Nor is a callee sent anywhere before its answer.
    let mut line = called(&mut adapter, &mut raw).await;
    let bob = Raw::new("127.43.4.6", adapter.local_addr()).await;
    dial(&mut line, CALLEE, &uri(bob.addr));
    line.perform(Command::Redirect {
        leg: CALLEE,
        contacts: to(),
    });
    assert!(matches!(
        notice(&mut line).await,
        Some(Notice::NotDone { .. })
    ));
}
