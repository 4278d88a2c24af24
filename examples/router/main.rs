//! A router that answers SIP calls by `examples/routes.yaml`:
//! `cargo run --release --example router`, or with `-- --demo` for three calls that it places itself.

mod args;
#[path = "../common/console.rs"]
mod console;
#[path = "../common/contact.rs"]
mod contact;
mod demo;
mod phones;
#[path = "../common/reload.rs"]
mod reload;
mod serve;
#[path = "../common/server.rs"]
mod server;
#[path = "../common/signal.rs"]
mod signal;
mod sounds;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let run = if args.demo {
        demo::run().await
    } else {
        serve::serve(args).await
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
