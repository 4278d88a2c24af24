//! What is logged, down to the last trace: neither passwords nor what proves them.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use callroute_media::{Command, DialTarget, Line, Notice};
use callroute_schema::{Caller, Number};
use callroute_sip::{Config, Credentials, Registration, Trunk};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::raw::{Raw, SDP, header};
use crate::reach::{proof, registration, with_ann};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, expect};

/// Keeps all that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The proof that a header gives.
fn response(message: &str, name: &str) -> String {
    let given = header(message, name).unwrap();
    let found = given.split("response=\"").nth(1).unwrap();
    found.split('"').next().unwrap().to_owned()
}

/// The request that comes with an answer to the question.
async fn until_proven(trunk: &mut Raw, method: &str, name: &str) -> String {
    loop {
        let request = trunk.until(method).await;
        if header(&request, name).is_some() {
            return request;
        }
    }
}

#[tokio::test]
async fn no_password_and_no_proof_of_one_is_logged() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.clone());
    let mut trunk = Raw::new("127.82.1.2", "127.82.1.1:1".parse().unwrap()).await;
    let mut adapter = bind(Config {
        trunks: vec![Trunk {
            credentials: Some(Credentials {
                user: "us".to_owned(),
                password: "open-sesame".into(),
            }),
            register: Some(Registration::new("us")),
            ..Trunk::new("carrier", &format!("sip:{}", trunk.addr))
        }],
        ..with_ann("127.82.1.1")
    })
    .await;
    let mut secrets = vec!["open-sesame".to_owned(), "secret".to_owned()];
    let ask = "Digest realm=\"c\",nonce=\"n1\",qop=\"auth\"\r\n";
    let first = trunk.until("REGISTER").await;
    let asked = format!("WWW-Authenticate: {ask}");
    trunk
        .send(&trunk.response(&first, "401 No", ";tag=t", &asked, ""))
        .await;
    let proven = until_proven(&mut trunk, "REGISTER", "Authorization").await;
    secrets.push(response(&proven, "Authorization"));
    // Refused for good, which is worth a warning.
    trunk
        .send(&trunk.response(&proven, "403 No", ";tag=t", "", ""))
        .await;

    // A user, with a wrong password and the right one.
    let mut ann = Raw::new("127.82.1.3", adapter.local_addr()).await;
    for branch in ["a", "b"] {
        ann.send(&registration(&ann, branch, 1, "")).await;
    }
    let right = proof(&ann.until("SIP/2.0 401").await);
    let found = response(&right.replace("\r\n", ""), "Authorization");
    let wrong = right.replace(&found, &"0f".repeat(found.len() / 2));
    secrets.extend([found.clone(), "0f".repeat(found.len() / 2)]);
    ann.send(&registration(&ann, "c", 2, &wrong)).await;
    ann.until("SIP/2.0 401").await;
    ann.send(&registration(&ann, "d", 3, &right)).await;
    ann.until("SIP/2.0 200").await;

    let mut caller = Raw::new("127.82.1.4", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    line.perform(Command::Dial {
        leg: CALLEE,
        to: DialTarget::Number(Number::new("+13145550100").unwrap()),
        from: Caller::Unavailable,
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    });
    let invite = trunk.until("INVITE").await;
    let asked = format!("Proxy-Authenticate: {ask}");
    trunk
        .send(&trunk.response(&invite, "407 Proxy", ";tag=p", &asked, ""))
        .await;
    let proven = until_proven(&mut trunk, "INVITE", "Proxy-Authorization").await;
    secrets.push(response(&proven, "Proxy-Authorization"));
    trunk
        .send(&trunk.response(&proven, "200 OK", ";tag=a", "", SDP))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;

    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("a wrong password"), "{logged}");
    for secret in secrets {
        assert!(!logged.contains(&secret), "{secret} in {logged}");
    }
}
