//! The example router as a process, and a telephone that registers there over TLS.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;

use callroute_media::Adapter;
use callroute_sip::phone::{Phone, PhoneConfig};
use callroute_sip::{Config, Credentials, Registration, SipAdapter, Trunk};
use tokio::time::timeout;

use crate::common::Bench;
use crate::common::example::Example;
use crate::common::wait::{PATIENCE, until};

const ROUTES: &str = "
version: 1
default: { action: forward, destination: { type: user, name: ann } }
";

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// TLS, WebSocket and users are for the command line to give, as they are for the library.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telephone_registers_over_tls_and_is_called() {
    let bench = Bench::new();
    let folder = bench.path();
    let made = rcgen::generate_simple_self_signed(vec![bench.ip.to_string()]).unwrap();
    let pem = made.cert.pem();
    let port = || SocketAddr::new(bench.ip.into(), bench.free_port()).to_string();
    let (listen, tls) = (port(), port());
    let args = [
        ("--listen", listen.clone()),
        ("--routes", write(folder, "routes.yaml", ROUTES)),
        ("--tls", tls.clone()),
        ("--certificate", write(folder, "cert.pem", &pem)),
        (
            "--key",
            write(folder, "key.pem", &made.signing_key.serialize_pem()),
        ),
        ("--ws", port()),
        (
            "--users",
            write(folder, "users", "# telephones\nann:her:secret\n"),
        ),
        ("--data", folder.join("data").display().to_string()),
    ];
    let router = Example::start("router", folder, &args, "listening on").await;
    let said = router.said();
    assert!(said.contains(&format!("SIP over TLS on {tls}")), "{said}");
    assert!(said.contains("SIP over WebSocket on"), "{said}");
    let registrar = Trunk {
        credentials: Some(Credentials {
            user: "ann".to_owned(),
            password: "her:secret".into(),
        }),
        register: Some(Registration::new("ann")),
        ..Trunk::new("registrar", &format!("sip:{tls};transport=tls"))
    };
    let mut telephone = SipAdapter::bind(Config {
        trunks: vec![registrar],
        roots: vec![pem.into_bytes()],
        ..Config::new(SocketAddr::new(bench.ip.into(), bench.free_port()))
    })
    .await
    .unwrap();
    until("it is registered", || {
        let trunk = telephone.handle().trunk("registrar");
        trunk.is_some_and(|trunk| trunk.healthy && trunk.registered)
    })
    .await;
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let caller = Phone::bind(addr, PhoneConfig::default()).await.unwrap();
    let uri = format!("sip:+13146523057@{listen}");
    let _call = caller.call(&uri, "+14155550123").await.unwrap();
    let rings = poll_fn(|cx| telephone.poll_call(cx));
    let call = timeout(PATIENCE, rings).await.expect("a call").unwrap();
    assert_eq!(call.offer.from.as_str(), "+14155550123");
}
