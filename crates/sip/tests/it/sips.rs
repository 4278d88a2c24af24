//! `sips:` URIs: nothing that is meant for one goes in the clear (RFC 3261, sections 8.1.2 and 26.2.2).

use std::time::Duration;

use callroute_media::{Command, EndCause, LegId, Line, Notice};
use callroute_schema::Disposition;
use callroute_sip::{BindError, Config, Permit, Redirects, Registration, SipAdapter, Trunk};
use tokio::net::UdpSocket;

use crate::raw::{Raw, SDP, to_tag};
use crate::reach::{proof, registration, telephone, with_ann};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, CALLER, config, dial, ended, next_call, notice};
use crate::tls::{Peer, Server, listening, trusting};

/// Dials it, which comes to nothing; and whoever is named hears nothing of it.
async fn is_not_dialed(line: &mut callroute_sip::SipLine, leg: u32, uri: &str, raw: &mut Raw) {
    let leg = LegId(leg);
    dial(line, leg, uri);
    let cause = ended(line, leg).await;
    assert_eq!(cause.disposition, Disposition::Unreachable, "{uri}");
    assert!(
        raw.quiet("INVITE", Duration::from_millis(50)).await,
        "{uri}"
    );
}

#[tokio::test]
async fn a_sips_uri_is_not_dialed_in_the_clear() {
    let mut adapter = bind(with_ann("127.81.1.1")).await;
    let mut caller = Raw::new("127.81.1.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let mut ann = telephone("127.81.1.3", &adapter).await;
    is_not_dialed(&mut line, 1, "sips:ann@pbx.example", &mut ann).await;
    let mut raw = Raw::new("127.0.0.1", adapter.local_addr()).await;
    for (leg, transport) in [(2, "udp"), (3, "ws"), (4, "wss")] {
        let uri = format!("sips:x@localhost:{};transport={transport}", raw.addr.port());
        is_not_dialed(&mut line, leg, &uri, &mut raw).await;
    }
}

#[tokio::test]
async fn what_cannot_be_called_by_tls_is_not_taken_for_it() {
    for (setting, uri) in [
        ("trunk", "sips:h;transport=udp"),
        ("trunk", "SIPS:h;Transport=UDP"),
    ] {
        let bound = SipAdapter::bind(Config {
            trunk: Some(uri.to_owned()),
            ..config("127.81.2.1")
        });
        let refused = bound.await.map(|_| ()).unwrap_err();
        assert!(
            matches!(&refused, BindError::SecureUri { setting: found, .. } if found == setting),
            "{refused}"
        );
    }
    let adapter = bind(with_ann("127.81.2.1")).await;
    let mut raw = Raw::new("127.81.2.2", adapter.local_addr()).await;
    let secured = |text: String| text.replace("Contact: <sip:", "Contact: <sips:");
    for branch in ["a", "b"] {
        raw.send(&registration(&raw, branch, 1, "")).await;
    }
    let asked = raw.until("SIP/2.0 401").await;
    raw.send(&secured(registration(&raw, "c", 2, &proof(&asked))))
        .await;
    raw.until("SIP/2.0 400").await;
    assert_eq!(adapter.handle().registered(), 0);
}

/// Of two telephones of hers, the one that is registered by TLS; and not where that sends it on to in the
/// clear.
#[tokio::test]
async fn a_user_who_is_dialed_by_sips_is_called_by_tls() {
    let (mut adapter, root) = listening(Config {
        redirects: Redirects::Follow(Permit::new(|_| true)),
        ..with_ann("127.81.3.1")
    })
    .await;
    let mut caller = Raw::new("127.81.3.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let mut plain = telephone("127.81.3.3", &adapter).await;
    let mut ann = Peer::connect("127.81.3.4", &adapter, &root).await;
    ann.send(&registration(&ann.raw, "r1", 1, "")).await;
    let asked = ann.until("SIP/2.0 401").await;
    ann.send(&registration(&ann.raw, "r2", 2, &proof(&asked)))
        .await;
    ann.until("SIP/2.0 200").await;
    dial(&mut line, CALLEE, "sips:ann@pbx.example");
    let invite = ann.until("INVITE").await;
    let contact = format!("Contact: <sip:x@{}>\r\n", plain.addr);
    let bob = format!("Contact: <sip:bob@{}>\r\n", ann.raw.addr);
    let moved = ann.raw.response(&invite, "302 Moved", ";tag=m", "", "");
    ann.send(&moved.replace(&bob, &contact)).await;
    ann.until("ACK").await;
    assert_eq!(ended(&mut line, CALLEE).await.sip_code, Some(302));
    assert!(plain.quiet("INVITE", Duration::from_millis(50)).await);
}

/// A proxy that names itself by a plain URI is on the way of a dialog that is not.
#[tokio::test]
async fn a_proxy_within_a_secure_dialog_is_asked_by_tls() {
    let server = Server::new("127.81.4.2").await;
    let proxy = Server::new("127.81.4.3").await;
    let mut adapter = trusting("127.81.4.1", &server, |config| {
        config.roots.push(proxy.root.clone());
        config.trunks = vec![Trunk {
            register: Some(Registration::new("us")),
            networks: vec!["127.81.4.2".parse().unwrap()],
            ..Trunk::new("carrier", &format!("sips:{}", server.addr))
        }];
    })
    .await;
    let clear = UdpSocket::bind(proxy.addr).await.unwrap();
    let mut peer = server.accept(&adapter).await;
    let register = peer.until("REGISTER").await;
    let ok = peer.raw.response(&register, "200 OK", ";tag=r", "", "");
    peer.send(&ok).await;
    let route = format!("Record-Route: <sip:{};lr>\r\n", proxy.addr);
    let invite = peer.raw.request("INVITE", "i", 1, "", &route, SDP);
    peer.send(&invite.replace("INVITE sip:", "INVITE sips:"))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = peer.until("SIP/2.0 200").await;
    peer.send(&peer.raw.request("ACK", "a", 1, &to_tag(&ok), "", ""))
        .await;
    assert_eq!(
        notice(&mut line).await,
        Some(Notice::LegAnswered { leg: CALLER })
    );
    let (leg, cause) = (CALLER, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    proxy.accept(&adapter).await.until("BYE").await;
    assert!(clear.try_recv_from(&mut [0; 2048]).is_err());
}
