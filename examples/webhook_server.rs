//! A webhook in Rust, for the example router: `cargo run --example webhook_server -- [ADDRESS]`

#[path = "common/server.rs"]
mod server;

use callroute_schema::{Event, mask};
use callroute_webhook::{SecretError, SigningSecret};
use clap::Parser;
use tokio::net::TcpListener;

/// A webhook server. With secrets in the environment variable CALLROUTE_SECRET ("whsec_…" and
/// base64, or any text; two, with a blank between them, while they are changed), requests that none
/// of them signed are refused.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
}

/// The one function to change: an event in, an action (or a list of actions) out.
fn route(event: &Event) -> String {
    println!("{} from {}", event.kind, mask(event.from.as_str()));
    let digits = event.menu.as_ref().and_then(|menu| menu.digits.as_ref());
    match digits.map(|digits| digits.as_str()) {
        Some("1") => r#"{"action":"forward","destination":{"type":"ring_group","members":["+16822306467","+12125551234"],"strategy":"simultaneous"}}"#,
        _ => r#"{"action":"voicemail","message":"general"}"#,
    }
    .to_owned()
}

/// None where the variable is not set; where it is set, it has to hold one.
fn secrets() -> Result<Vec<SigningSecret>, Box<dyn std::error::Error>> {
    let text = match std::env::var("CALLROUTE_SECRET") {
        Err(std::env::VarError::NotPresent) => return Ok(Vec::new()),
        text => text?,
    };
    let secrets = text.split_whitespace().map(SigningSecret::new);
    match secrets.collect::<Result<Vec<_>, _>>()? {
        none if none.is_empty() => Err(SecretError::Empty.into()),
        secrets => Ok(secrets),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Args { address } = Args::parse();
    let secrets = secrets().map_err(|error| format!("CALLROUTE_SECRET: {error}"))?;
    let verifies = match secrets.is_empty() {
        true => "signatures are not verified",
        false => "signatures are verified",
    };
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}; name another address"))?;
    let at = listener.local_addr()?;
    println!("webhook on http://{at}/webhook/sales ({verifies})");
    let stop = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            eprintln!("cannot wait for Ctrl-C: {error}");
        }
    };
    server::serve(listener, route, secrets, stop).await;
    Ok(())
}
