//! Callees that say that they are elsewhere (RFC 3261, section 8.1.3.4): the order, the bounds.

use std::sync::{Arc, Mutex};

use callroute_media::{LegId, Line, Notice};
use callroute_schema::Disposition;
use callroute_sip::{Permit, Redirects, SipAdapter, SipLine};

use crate::raw::{Raw, header, to_tag};
use crate::signalling::called;
use crate::support::{CALLEE, config, dial, ended, notice, uri};

/// An adapter that follows, and what its permit was asked; `sip:no@…` may not be called.
async fn follows(ip: &str) -> (SipAdapter, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut config = config(ip);
    let kept = Arc::clone(&asked);
    config.redirects = Redirects::Follow(Permit::new(move |uri| {
        kept.lock().unwrap().push(uri.to_owned());
        !uri.starts_with("sip:no@")
    }));
    (SipAdapter::bind(config).await.unwrap(), asked)
}

/// Answers the next INVITE; gives it.
async fn refuse(raw: &mut Raw, status: &str, contacts: &str) -> String {
    let invite = raw.until("INVITE").await;
    let refused = raw
        .response(&invite, status, ";tag=b", "", "")
        .replace(&format!("Contact: <sip:bob@{}>\r\n", raw.addr), contacts);
    raw.send(&refused).await;
    raw.until("ACK").await;
    invite
}

async fn sent_to(line: &mut SipLine) -> String {
    match notice(line).await {
        Some(Notice::Diverted { leg: CALLEE, to }) => to,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn contacts_are_called_in_their_order_and_none_twice() {
    let (mut adapter, asked) = follows("127.61.1.1").await;
    let mut caller = Raw::new("127.61.1.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let mut first = Raw::new("127.61.1.3", adapter.local_addr()).await;
    let mut second = Raw::new("127.61.1.4", adapter.local_addr()).await;
    let mut third = Raw::new("127.61.1.5", adapter.local_addr()).await;
    dial(&mut line, CALLEE, &uri(first.addr));
    let at = |raw: &Raw, user: &str| format!("sip:{user}@{}", raw.addr);
    let (best, worse) = (at(&second, "best"), at(&third, "worse"));
    let contacts = format!(
        "Contact: <{worse}>;q=0.5, <{}>;q=0.8\r\nContact: <{best};transport=udp?Subject=x>;q=0.9\r\n",
        at(&second, "no"),
    );
    let asked_first = refuse(&mut first, "301 Moved Permanently", &contacts).await;
    assert_eq!(sent_to(&mut line).await, format!("{best};transport=udp"));
    let invite = refuse(&mut second, "486 Busy Here", "").await;
    assert!(invite.starts_with(&format!("INVITE {best};transport=udp SIP/2.0\r\n")));
    assert_eq!(header(&invite, "To"), header(&asked_first, "To"));
    assert_ne!(header(&invite, "Call-ID"), header(&asked_first, "Call-ID"));
    assert_eq!(
        header(&invite, "Subject"),
        None,
        "headers are not the callee's"
    );
    let diversion = format!("<{}>;reason=deflection;counter=1", uri(first.addr));
    assert_eq!(header(&invite, "Diversion"), Some(&*diversion));
    // The other one sends it back to where it has been, and to another user there.
    assert_eq!(sent_to(&mut line).await, worse);
    let back = format!(
        "Contact: <{}>, <{}>\r\n",
        uri(first.addr),
        at(&first, "new")
    );
    refuse(&mut third, "302 Moved Temporarily", &back).await;
    assert_eq!(sent_to(&mut line).await, at(&first, "new"));
    let invite = first.until("INVITE").await;
    let diversion = format!("<{worse}>;reason=deflection;counter=1");
    assert_eq!(header(&invite, "Diversion"), Some(&*diversion));
    let ok = first.response(&invite, "200 OK", ";tag=c", "", crate::raw::SDP);
    first.send(&ok).await;
    let ack = first.until("ACK").await;
    assert_eq!(to_tag(&ack), ";tag=c");
    assert_eq!(
        notice(&mut line).await,
        Some(Notice::LegAnswered { leg: CALLEE })
    );
    assert_eq!(
        *asked.lock().unwrap(),
        [
            format!("{best};transport=udp"),
            at(&second, "no"),
            worse,
            at(&first, "new")
        ]
    );
}

/// At most five times, and at most eight Contacts, whatever a callee says.
#[tokio::test]
async fn nobody_is_sent_on_for_ever() {
    let (mut adapter, _) = follows("127.61.2.1").await;
    let mut caller = Raw::new("127.61.2.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let mut callee = Raw::new("127.61.2.3", adapter.local_addr()).await;
    dial(&mut line, CALLEE, &uri(callee.addr));
    for times in 0..6 {
        let next = format!("Contact: <sip:n{times}@{}>\r\n", callee.addr);
        refuse(&mut callee, "302 Moved Temporarily", &next).await;
        if times < 5 {
            let to = sent_to(&mut line).await;
            assert_eq!(to, format!("sip:n{times}@{}", callee.addr));
        }
    }
    let cause = ended(&mut line, CALLEE).await;
    assert_eq!(
        (cause.disposition, cause.sip_code),
        (Disposition::Failed, Some(302))
    );

    let leg = LegId(2);
    dial(&mut line, leg, &uri(callee.addr));
    let contacts: String = (0..12)
        .map(|n| format!("Contact: <sip:c{n}@{}>\r\n", callee.addr))
        .collect();
    refuse(&mut callee, "300 Multiple Choices", &contacts).await;
    for n in 0..8 {
        let invite = refuse(&mut callee, "480 Temporarily Unavailable", "").await;
        assert!(invite.starts_with(&format!("INVITE sip:c{n}@")), "{invite}");
        assert!(matches!(
            notice(&mut line).await,
            Some(Notice::Diverted { .. })
        ));
    }
    assert_eq!(ended(&mut line, leg).await.sip_code, Some(480));
}

#[tokio::test]
async fn what_is_not_followed() {
    let (mut adapter, _) = follows("127.61.3.1").await;
    let mut caller = Raw::new("127.61.3.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let mut callee = Raw::new("127.61.3.3", adapter.local_addr()).await;
    let here = format!("Contact: <sip:+13146523057@{}>\r\n", adapter.local_addr());
    let there = format!("Contact: <sip:x@{}>\r\n", callee.addr);
    let cases = [
        ("302 Moved Temporarily", &*here),
        ("302 Moved Temporarily", "Contact: <tel:+14155550123>\r\n"),
        ("302 Moved Temporarily", "Contact: *\r\n"),
        ("302 Moved Temporarily", "Contact: <sip:no@127.61.3.3>\r\n"),
        (
            "302 Moved Temporarily",
            "Contact: <sips:x@localhost:5999;transport=udp>\r\n",
        ),
        ("302 Moved Temporarily", ""),
        ("305 Use Proxy", &*there),
        ("380 Alternative Service", &*there),
        ("486 Busy Here", &*there),
    ];
    for (leg, (status, contacts)) in (1..).zip(cases) {
        let leg = LegId(leg);
        dial(&mut line, leg, &uri(callee.addr));
        refuse(&mut callee, status, contacts).await;
        let code = status.split(' ').next().unwrap().parse().ok();
        assert_eq!(
            ended(&mut line, leg).await.sip_code,
            code,
            "{status} {contacts}"
        );
    }
    assert_eq!(adapter.handle().stats().calls, 1, "nobody called us");
    // A 6xx of whom it was sent to is meant for all (RFC 3261, section 21.6).
    let leg = LegId(20);
    dial(&mut line, leg, &uri(callee.addr));
    let two = format!("{there}Contact: <sip:y@{}>\r\n", callee.addr);
    refuse(&mut callee, "302 Moved Temporarily", &two).await;
    refuse(&mut callee, "603 Decline", "").await;
    assert!(matches!(
        notice(&mut line).await,
        Some(Notice::Diverted { .. })
    ));
    assert_eq!(ended(&mut line, leg).await.sip_code, Some(603));
    // A hang-up ends it wherever it is.
    let leg = LegId(21);
    dial(&mut line, leg, &uri(callee.addr));
    refuse(&mut callee, "302 Moved Temporarily", &there).await;
    let invite = callee.until("INVITE").await;
    callee
        .send(&callee.response(&invite, "180 Ringing", ";tag=r", "", ""))
        .await;
    assert!(matches!(
        notice(&mut line).await,
        Some(Notice::Diverted { .. })
    ));
    assert_eq!(notice(&mut line).await, Some(Notice::LegRinging { leg }));
    line.perform(callroute_media::Command::Hangup {
        leg,
        cause: callroute_media::EndCause::Normal,
    });
    callee.until("CANCEL").await;
    assert_eq!(
        ended(&mut line, leg).await.disposition,
        Disposition::Canceled
    );
}
