//! Requests that are too long for UDP, to whom there is no way by TCP (RFC 3261, section 18.1.1).

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_media::{Command, DialTarget, EndCause, Line, Notice};
use callroute_schema::{Caller, SipUri};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::raw::Raw;
use crate::reach::{ann, telephone, with_ann};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, adapter, ended, expect};

/// A telephone whose TCP port takes no connection and refuses none, as one behind a NAT.
async fn deaf(raw: &Raw) -> (TcpListener, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(raw.addr).unwrap();
    let listener = socket.listen(0).unwrap();
    // There is room for one.
    let taken = TcpStream::connect(raw.addr).await.unwrap();
    (listener, taken)
}

fn dial_long(to: DialTarget) -> Command {
    Command::Dial {
        leg: CALLEE,
        to,
        from: Caller::Withheld,
        from_name: None,
        headers: (0..8)
            .map(|at| (format!("X-Long-{at}"), "y".repeat(180)))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn at(raw: &Raw) -> DialTarget {
    DialTarget::Sip(SipUri::new(format!("sip:bob@{}", raw.addr)).unwrap())
}

/// UDP is tried before it is given up.
#[tokio::test]
async fn a_telephone_without_tcp_is_called_by_udp_in_time() {
    let mut adapter = adapter("127.77.1.1").await;
    let mut caller = Raw::new("127.77.1.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.77.1.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let _deaf = deaf(&raw).await;
    line.perform(dial_long(at(&raw)));
    let invite = raw.until("INVITE").await;
    assert!(invite.len() > 1300, "{invite}");
    raw.send(&raw.response(&invite, "180 Ringing", ";tag=a", "", ""))
        .await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
}

#[tokio::test]
async fn who_is_hung_up_on_meanwhile_is_not_called() {
    let mut adapter = adapter("127.77.2.1").await;
    let mut caller = Raw::new("127.77.2.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.77.2.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let _deaf = deaf(&raw).await;
    line.perform(dial_long(at(&raw)));
    assert!(raw.quiet("INVITE", Duration::from_millis(50)).await);
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    ended(&mut line, CALLEE).await;
    assert!(raw.quiet("INVITE", Duration::from_millis(1500)).await);
}

/// The way that a registration has opened is there, and no other is known.
#[tokio::test]
async fn who_has_registered_by_udp_is_called_by_udp() {
    let mut adapter = bind(with_ann("127.77.3.1")).await;
    let mut caller = Raw::new("127.77.3.2", adapter.local_addr()).await;
    let mut raw = telephone("127.77.3.3", &adapter).await;
    let _listener = TcpListener::bind(raw.addr).await.unwrap();
    let mut line = called(&mut adapter, &mut caller).await;
    line.perform(dial_long(ann()));
    let invite = raw.until("INVITE").await;
    assert!(invite.len() > 1300, "{invite}");
}
