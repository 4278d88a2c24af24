//! A webhook in Rust, for the example router: `cargo run --example webhook_server -- [ADDRESS]`

#[path = "common/server.rs"]
mod server;

use callroute_schema::{Event, mask};
use tokio::net::TcpListener;

/// The one function to change: an event in, an action (or a list of actions) out.
fn route(event: &Event) -> String {
    println!("{:?} from {}", event.kind, mask(event.from.as_str()));
    let digits = event.menu.as_ref().and_then(|menu| menu.digits.as_ref());
    match digits.map(|digits| digits.as_str()) {
        Some("1") => r#"{"action":"forward","destination":{"type":"ring_group","members":["+16822306467","+12125551234"],"strategy":"simultaneous"}}"#,
        _ => r#"{"action":"voicemail","message":"general"}"#,
    }
    .to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}; name another address"))?;
    println!("webhook on http://{}/webhook/sales", listener.local_addr()?);
    let stop = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            eprintln!("cannot wait for Ctrl-C: {error}");
        }
    };
    server::serve(listener, route, stop).await;
    Ok(())
}
