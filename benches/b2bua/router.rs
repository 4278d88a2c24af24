//! The router that is measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use callroute_router::{Router, RouterConfig};
use callroute_rules::{ChronoTz, load};
use callroute_sip::{Config, Headroom, SipAdapter};
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig};

use crate::Failure;

/// Everything by the table alone.
const TABLE: &str = r#"{"version":1,"default":{"action":"reject"},"numbers":{"+13146523057":[
    {"then":{"action":"forward","destination":{"type":"number","number":"+16822306467"}}}]}}"#;

/// The web server is asked.
fn asking(web: SocketAddr) -> String {
    format!(
        r#"{{"version":1,"default":{{"action":"reject"}},
            "webhooks":{{"crm":{{"urls":["http://{web}/fast"],"deadline_ms":3000,
                "allow":["127.0.0.0/8"]}}}},
            "numbers":{{"+13146523057":[{{"then":{{"action":"webhook","name":"crm"}}}}]}}}}"#
    )
}

/// The port at which the router says what is left of its calls, to whomever asks.
pub(crate) const LEFT: u16 = 5_999;

/// Longer than the pause between two calls when the delay is measured.
const SPIN: Duration = Duration::from_millis(20);

/// Serves until it is ended; asks that web server, where there is one.
pub(crate) fn serve(
    listen: SocketAddr,
    callee: SocketAddr,
    web: Option<SocketAddr>,
    spins: bool,
) -> Result<(), Failure> {
    let workers = std::env::var("WORKERS").ok();
    let workers = workers.and_then(|workers| workers.parse().ok());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers.unwrap_or(2))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut sip = Config::new(listen);
        if spins {
            sip.spin = SPIN;
        }
        let contact = format!("sip:callee@{callee}");
        sip.contacts = [("+16822306467".to_owned(), contact)].into();
        sip.protection.exempt = vec![listen.ip().into()];
        if std::env::var_os("UNDER").is_some() {
            // Whatever it runs under has the CPU, and no call is to be refused for that.
            sip.headroom = Headroom::unlimited();
        }
        let table = web.map_or_else(|| TABLE.to_owned(), asking);
        let engine =
            load("routes.json", &table, &(), &ChronoTz).map_err(|faults| faults.to_string())?;
        let adapter = SipAdapter::bind(sip).await?;
        let handle = adapter.handle();
        let table = TableHandle::new(Arc::new(engine));
        let config = RouterConfig::new(table, Client::new(ClientConfig::default()));
        let router = Router::new(adapter, config)?;
        let left = std::net::UdpSocket::bind((listen.ip(), LEFT))?;
        std::thread::spawn(move || {
            while let Ok((_, asker)) = left.recv_from(&mut [0; 8]) {
                // Who does not hear it asks again.
                let _ = left.send_to(format!("{:?}", handle.stats()).as_bytes(), asker);
            }
        });
        router
            .run(tokio::time::sleep(Duration::from_secs(100_000)))
            .await;
        Ok(())
    })
}
