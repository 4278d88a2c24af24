//! The command `callroute`: checks routing files, decides, explains, tests and replays calls, prints schemas.

mod args;
mod command;
mod error;
mod events;
mod facts;
mod input;
mod output;
mod status;
mod table;
mod test;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match args::Args::try_parse() {
        Ok(args) => command::run(&args).into(),
        Err(error) => status::usage(&error).into(),
    }
}
