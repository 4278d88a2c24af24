//! Trunks, their passwords and their health; registrations, ours and those of our users.

use std::time::Duration;

use callroute_media::{Command, DialTarget, EndCause, Line, Notice};
use callroute_schema::{Address, Caller, Disposition, Number, SipUri};
use callroute_sip::{Access, Config, Credentials, Registration, SipLine, Trunk, TrunkStatus, User};
use tokio::time::{sleep, timeout};

use crate::raw::{Raw, SDP, header};
use crate::reach::{proof, registration, with_ann};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, LONG, config, ended, expect, next_call};

/// A trunk that answers, and where we are registered.
pub(crate) const WELL: TrunkStatus = TrunkStatus {
    healthy: true,
    registered: true,
};

fn dial_number(line: &mut SipLine, number: &str) {
    line.perform(Command::Dial {
        leg: CALLEE,
        to: DialTarget::Number(Number::new(number).unwrap()),
        from: Caller::Known(Address::new("+14155550123").unwrap()),
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    });
}

fn carrier(name: &str, uri: &str) -> Trunk {
    Trunk {
        credentials: Some(Credentials {
            user: "us".to_owned(),
            password: "pw".into(),
        }),
        ..Trunk::new(name, uri)
    }
}

/// A trunk asks for a password, for INVITE and for BYE; a wrong one is not offered twice.
#[tokio::test]
async fn a_trunk_is_given_its_password() {
    let mut raw = Raw::new("127.29.3.2", "127.29.3.1:1".parse().unwrap()).await;
    let mut adapter = bind(Config {
        trunks: vec![carrier("carrier", &format!("sip:{}", raw.addr))],
        ..config("127.29.3.1")
    })
    .await;
    let mut caller = Raw::new("127.29.3.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial_number(&mut line, "+13145550100");
    let ask =
        "Proxy-Authenticate: Digest realm=\"c\",nonce=\"n1\",qop=\"auth\",algorithm=SHA-256\r\n";
    let first = raw.until("INVITE sip:+13145550100@").await;
    assert!(header(&first, "Proxy-Authorization").is_none());
    raw.send(&raw.response(&first, "407 Proxy", ";tag=p", ask, ""))
        .await;
    raw.until("ACK").await;
    let second = raw.until("INVITE").await;
    let given = header(&second, "Proxy-Authorization").unwrap();
    for part in [
        "username=\"us\"",
        "realm=\"c\"",
        "nonce=\"n1\"",
        "qop=auth",
        "nc=00000001",
    ] {
        assert!(given.contains(part), "{given}");
    }
    assert_eq!(header(&second, "CSeq"), Some("2 INVITE"));
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    assert_eq!(
        header(&second, "Max-Forwards"),
        Some("69"),
        "one less than the caller's"
    );
    assert_eq!(header(&second, "X-Callroute-Hops"), Some("1"));
    raw.send(&raw.response(&second, "200 OK", ";tag=a", "", SDP))
        .await;
    let ack = raw.until("ACK").await;
    assert_eq!(header(&ack, "Proxy-Authorization"), Some(given));
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    line.perform(Command::Hangup {
        leg: CALLEE,
        cause: EndCause::Normal,
    });
    let bye = raw.until("BYE").await;
    raw.send(&raw.response(&bye, "407 Proxy", "", ask, ""))
        .await;
    let again = raw.until("BYE").await;
    assert!(header(&again, "Proxy-Authorization").is_some());
    raw.send(&raw.response(&again, "200 OK", "", "", "")).await;
    ended(&mut line, CALLEE).await;
    // The same question twice means that the answer was wrong.
    let mut line = called(&mut adapter, &mut caller).await;
    dial_number(&mut line, "+13145550100");
    for _ in 0..2 {
        let invite = raw.until("INVITE").await;
        raw.send(&raw.response(&invite, "407 Proxy", ";tag=p", ask, ""))
            .await;
        raw.until("ACK").await;
    }
    assert_eq!(ended(&mut line, CALLEE).await.sip_code, Some(407));
}

/// B34: a trunk that is silent, and one that is overloaded, are passed over.
#[tokio::test]
async fn the_next_trunk_is_tried() {
    let silent = Raw::new("127.29.4.2", "127.29.4.1:1".parse().unwrap()).await;
    let mut full = Raw::new("127.29.4.3", "127.29.4.1:1".parse().unwrap()).await;
    let mut good = Raw::new("127.29.4.4", "127.29.4.1:1".parse().unwrap()).await;
    let at = |raw: &Raw| format!("sip:{}", raw.addr);
    let mut adapter = bind(Config {
        trunks: vec![
            Trunk::new("refused", "sip:127.29.4.9:1;transport=tcp"),
            Trunk::new("silent", &at(&silent)),
            Trunk::new("full", &at(&full)),
            Trunk {
                ping: Some(Duration::from_millis(200)),
                ..Trunk::new("good", &at(&good))
            },
        ],
        no_provisional: Duration::from_millis(300),
        ..config("127.29.4.1")
    })
    .await;
    let mut caller = Raw::new("127.29.4.5", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial_number(&mut line, "+13145550100");
    let invite = full.until("INVITE").await;
    full.send(&full.response(&invite, "503 Full", ";tag=f", "Retry-After: 5\r\n", ""))
        .await;
    let invite = good.until("INVITE").await;
    good.send(&good.response(&invite, "486 Busy", ";tag=g", "", ""))
        .await;
    assert_eq!(
        ended(&mut line, CALLEE).await.disposition,
        Disposition::Busy
    );
    // OPTIONS says which trunk is there.
    let handle = adapter.handle();
    assert_eq!(handle.trunk("nobody"), None);
    let healthy = async |wanted: bool| {
        while handle
            .trunk("good")
            .is_none_or(|trunk| trunk.healthy != wanted)
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, healthy(false)).await.expect("it is silent");
    let answers = async {
        loop {
            let options = good.until("OPTIONS").await;
            good.send(&good.response(&options, "200 OK", ";tag=o", "", ""))
                .await;
        }
    };
    tokio::select! {
        () = answers => {}
        well = timeout(LONG, healthy(true)) => well.expect("it has answered"),
    }
}

#[tokio::test]
async fn we_register_at_a_trunk_and_renew_in_time() {
    let mut raw = Raw::new("127.29.5.2", "127.29.5.1:1".parse().unwrap()).await;
    let trunk = Trunk {
        register: Some(Registration::new("line1")),
        ..carrier("carrier", &format!("sip:{}", raw.addr))
    };
    let adapter = bind(Config {
        trunks: vec![trunk],
        ..config("127.29.5.1")
    })
    .await;
    let first = raw.until("REGISTER").await;
    assert!(
        header(&first, "To").unwrap().contains("sip:line1@"),
        "{first}"
    );
    let ask = "WWW-Authenticate: Digest realm=\"c\",nonce=\"n1\",algorithm=MD5,qop=\"auth\"\r\n";
    raw.send(&raw.response(&first, "401 Who", ";tag=p", ask, ""))
        .await;
    let second = raw.until("REGISTER").await;
    assert!(
        header(&second, "Authorization")
            .unwrap()
            .contains("username=\"us\"")
    );
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    let contact = header(&second, "Contact").unwrap().to_owned();
    assert!(contact.starts_with("<sip:line1@127.29.5.1"), "{contact}");
    // The registrar grants two seconds only; half of it later we are there again.
    let granted = raw.response(&second, "200 OK", ";tag=p", "", "").replace(
        &format!("Contact: <sip:bob@{}>", raw.addr),
        &format!("Contact: {contact};expires=2"),
    );
    raw.send(&granted).await;
    let third = raw.until("REGISTER").await;
    assert_eq!(header(&third, "Call-ID"), header(&first, "Call-ID"));
    let number = |text: &str| -> u32 {
        header(text, "CSeq")
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(number(&third) > number(&second) && number(&second) > number(&first));
    assert_eq!(adapter.handle().trunk("carrier"), Some(WELL));
}

/// B35: a telephone behind a NAT registers, and calls for it go to where it registered from.
#[tokio::test]
async fn a_telephone_registers_and_is_called_where_it_is() {
    let mut adapter = bind(Config {
        access: Access::Known,
        users: vec![User {
            name: "ann".to_owned(),
            password: "secret".into(),
        }],
        realm: "pbx.example".to_owned(),
        ..config("127.29.6.1")
    })
    .await;
    let mut raw = Raw::new("127.29.6.2", adapter.local_addr()).await;
    let register = |raw: &Raw, branch: &str, number, extra: &str| {
        raw.request("REGISTER", branch, number, "", extra, "")
            .replace("+1314@", "ann@")
            .replace(
                &format!("<sip:ann@{}>\r\n", raw.addr),
                "<sip:ann@10.1.2.3:5060>\r\n",
            )
    };
    raw.send(&register(&raw, "r1", 1, "")).await;
    raw.send(&register(&raw, "r1b", 1, "")).await;
    let asked = raw.until("SIP/2.0 401").await;
    let prove = |asked: &str, method: &str, count| {
        let challenge = header(asked, "WWW-Authenticate").unwrap();
        let challenge = sipx_sip::auth::Challenge::parse(challenge.as_bytes(), false).unwrap();
        let credentials = sipx_sip::auth::Credentials::new("ann", "secret");
        let uri = match method {
            "REGISTER" => "sip:ann@x",
            _ => "sip:+1314@x",
        };
        let answer = sipx_sip::auth::respond(&challenge, &credentials, method, uri, count, "c");
        format!("Authorization: {answer}\r\n")
    };
    let proof = prove(&asked, "REGISTER", 1);
    raw.send(&register(&raw, "r2", 2, &format!("{proof}Expires: 30\r\n")))
        .await;
    let brief = raw.until("SIP/2.0 423").await;
    assert_eq!(header(&brief, "Min-Expires"), Some("60"));
    let proof = prove(&asked, "REGISTER", 2);
    raw.send(&register(
        &raw,
        "r3",
        3,
        &format!("{proof}Expires: 120\r\n"),
    ))
    .await;
    let ok = raw.until("SIP/2.0 200").await;
    assert!(
        ok.contains("Contact: <sip:ann@10.1.2.3:5060>;expires=1"),
        "{ok}"
    );
    assert_eq!(adapter.handle().registered(), 1);
    // Somebody else's name is not hers to register.
    let proof = prove(&asked, "REGISTER", 3);
    let other = register(&raw, "r4", 4, &proof).replace("To: <sip:ann@", "To: <sip:bob@");
    raw.send(&other).await;
    raw.until("SIP/2.0 403").await;
    // A call by her, with her password, then one to her.
    let proof = prove(&asked, "INVITE", 4);
    raw.send(&raw.request("INVITE", "i1", 5, "", &proof, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Dial {
        leg: CALLEE,
        to: DialTarget::Sip(SipUri::new("sip:ann@pbx.example").unwrap()),
        from: Caller::Unavailable,
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    });
    let invite = raw.until("INVITE").await;
    assert!(
        invite.starts_with("INVITE sip:ann@10.1.2.3:5060 SIP/2.0"),
        "{invite}"
    );
    raw.send(&raw.response(&invite, "200 OK", ";tag=a", "", SDP))
        .await;
    // Her Contact cannot be reached; ACK and BYE go by the way that her registration opened.
    raw.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    line.perform(Command::Hangup {
        leg: CALLEE,
        cause: EndCause::Normal,
    });
    raw.until("BYE").await;
}

/// Whose telephone stands behind a trunk's address is shown by its password.
#[tokio::test]
async fn a_telephone_at_a_trunks_address_registers() {
    let adapter = bind(Config {
        trunks: vec![Trunk {
            networks: vec!["127.29.15.2".parse().unwrap()],
            ..Trunk::new("one", "sip:127.29.15.9")
        }],
        ..with_ann("127.29.15.1")
    })
    .await;
    let mut raw = Raw::new("127.29.15.2", adapter.local_addr()).await;
    raw.send(&registration(&raw, "r1", 1, "")).await;
    let extra = proof(&raw.until("SIP/2.0 401").await);
    raw.send(&registration(&raw, "r2", 2, &extra)).await;
    raw.until("SIP/2.0 200").await;
}

/// Each trunk calls from its own networks; nobody else calls without a password.
#[tokio::test]
async fn a_trunk_is_known_by_its_networks() {
    let trunk = |name: &str, networks: &[&str]| Trunk {
        networks: networks.iter().map(|it| it.parse().unwrap()).collect(),
        ..Trunk::new(name, "sip:127.29.12.9")
    };
    let mut adapter = bind(Config {
        access: Access::Known,
        trunks: vec![
            trunk("one", &["127.29.12.2", "127.29.12.16/28"]),
            trunk("two", &["127.29.12.3"]),
        ],
        ..config("127.29.12.1")
    })
    .await;
    for (last, known) in [(2, "one"), (17, "one"), (31, "one"), (3, "two")] {
        let raw = Raw::new(&format!("127.29.12.{last}"), adapter.local_addr()).await;
        raw.send(&raw.request("INVITE", "i", 1, "", "", SDP)).await;
        let offer = next_call(&mut adapter).await.offer;
        assert_eq!(offer.source.trunk.as_deref(), Some(known), "{last}");
    }
    for last in [4, 15, 32] {
        let mut raw = Raw::new(&format!("127.29.12.{last}"), adapter.local_addr()).await;
        raw.send(&raw.request("INVITE", "i", 1, "", "", SDP)).await;
        raw.until("SIP/2.0 403").await;
    }
}
