//! The command line.

use std::path::PathBuf;

use callroute_schema::Timestamp;
use callroute_schema::number::Region;
use clap::{Parser, Subcommand, ValueEnum};

use crate::input::Input;

/// What a file of facts may hold.
pub(crate) const FACTS: &str = "\
What is known besides the events, as JSON: a list of pairs; the rest counts as not to be had

  [[{\"available\":\"ann\"},\"yes\"],              an agent can take a call, or \"no\"
   [{\"calls\":\"sales\"},{\"count\":3}],          so many calls are on it
   [{\"row\":\"crm\"},{\"row\":{\"tier\":\"gold\"}}],  what a lookup finds, or \"no\"
   [{\"override\":\"night\"},\"yes\"],             a switch is on, or \"no\"
   [{\"available\":\"bob\"},\"missing\"]]          it could not be had";

/// Checks routing files, decides where calls go, says why, and replays recorded calls.
#[derive(Debug, Parser)]
#[command(name = "callroute", version, arg_required_else_help = true)]
#[command(
    after_help = "Exit status: 0 fine, 1 findings, 2 usage, 3 something out of reach.\n\
                        A file named - is standard input."
)]
pub(crate) struct Args {
    /// Write JSON lines instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show everything that is wrong with routing files
    Check(Check),
    /// Decide where calls go: events in, decisions out, as JSON lines
    Decide(Decide),
    /// Ask the webhooks as well: events in, the whole way out, as JSON lines
    Route(Route),
    /// Send events to a webhook, signed where a secret is given, and judge what it answers
    Trigger(Trigger),
    /// Say why a call goes where it goes
    Explain(Explain),
    /// Play calls as test files describe them, and see whether they go as expected
    Test(Test),
    /// Show a recorded call, step by step
    Replay(Replay),
    /// Say how a telephone number is read
    Number(Number),
    /// Print a schema: for editors, validators and code generators
    Schema(Schema),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Routing files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<Input>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Decide {
    /// The routing file
    #[arg(long, value_name = "FILE")]
    pub(crate) routes: Input,
    /// What is known besides the events, as JSON: a list of pairs such as
    /// [{"available":"ann"},"yes"]; the rest counts as not to be had
    #[arg(long, value_name = "FILE", long_help = FACTS)]
    pub(crate) facts: Option<Input>,
    /// Events, one JSON object a line
    #[arg(default_value = "-")]
    pub(crate) events: Input,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Route {
    /// The routing file
    #[arg(long, value_name = "FILE")]
    pub(crate) routes: Input,
    /// What is known besides the events, as JSON: a list of pairs such as
    /// [{"available":"ann"},"yes"]; the rest counts as not to be had
    #[arg(long, value_name = "FILE", long_help = FACTS)]
    pub(crate) facts: Option<Input>,
    /// The SQLite file that the routing file's queries (`sql`) are asked of
    #[arg(long, value_name = "FILE")]
    pub(crate) database: Option<PathBuf>,
    /// Events, one JSON object a line
    #[arg(default_value = "-")]
    pub(crate) events: Input,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Trigger {
    /// The webhook's URL, on any network
    pub(crate) url: String,
    /// Sign with the secret in this environment variable; twice for two secrets
    #[arg(long, value_name = "NAME")]
    pub(crate) secret_env: Vec<String>,
    /// Sign with the secret in this file; twice for two secrets
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Vec<PathBuf>,
    /// Send this event instead of an incoming call: one JSON object
    #[arg(long, value_name = "FILE", conflicts_with = "suite")]
    pub(crate) event: Option<Input>,
    /// Who calls
    #[arg(long, default_value = "+14155550123")]
    pub(crate) from: String,
    /// What is dialed
    #[arg(long, default_value = "+13146523057")]
    pub(crate) to: String,
    /// How long the webhook may take, in milliseconds (50 to 10000)
    #[arg(long, value_name = "MS", default_value_t = 1500, value_parser = clap::value_parser!(u64).range(50..=10_000))]
    pub(crate) deadline_ms: u64,
    /// Trust this CA instead of the operating system's: a file in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Send every kind of event, nasty ones too, and requests that must be refused
    #[arg(long)]
    pub(crate) suite: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The routing file
    #[arg(long, value_name = "FILE")]
    pub(crate) routes: Input,
    /// Ask for another time than the event's, as in 2026-04-21T14:32:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) at: Option<Timestamp>,
    /// What is known besides the events, as JSON: a list of pairs such as
    /// [{"available":"ann"},"yes"]; the rest counts as not to be had
    #[arg(long, value_name = "FILE", long_help = FACTS)]
    pub(crate) facts: Option<Input>,
    /// A file with one event in JSON
    #[arg(default_value = "-")]
    pub(crate) event: Input,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Test files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<Input>,
    /// Test this routing file instead of the ones that the test files name
    #[arg(long, value_name = "FILE")]
    pub(crate) routes: Option<Input>,
    /// Play only the cases whose names hold this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Show what happened in every call, not only in those that fail
    #[arg(long)]
    pub(crate) trace: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The call's journal; its table is looked for in the folder `tables` beside it
    pub(crate) journal: Input,
    /// Use this routing file instead of the table that the call began with
    #[arg(long, value_name = "FILE")]
    pub(crate) routes: Option<Input>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Number {
    /// The number as written; - reads JSON lines, {"text": …, "region": …}
    #[arg(allow_hyphen_values = true)]
    pub(crate) text: String,
    /// Where national and local numbers are dialed, as in US or IE
    #[arg(long)]
    pub(crate) region: Option<Region>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// What it is about
    #[arg(value_enum)]
    pub(crate) kind: SchemaKind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaKind {
    /// What is posted to a webhook (JSON Schema 2020-12)
    Event,
    /// What a webhook answers (JSON Schema 2020-12)
    Action,
    /// The record of a call that is over (JSON Schema 2020-12)
    Record,
    /// A routing file (JSON Schema 2020-12)
    Routes,
    /// The webhook as a whole (OpenAPI 3.1)
    Openapi,
}

impl From<std::ffi::OsString> for Input {
    fn from(text: std::ffi::OsString) -> Self {
        if text == "-" {
            Self::Stdin
        } else {
            Self::File(PathBuf::from(text))
        }
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_from_rfc3339(text).map_err(|error| {
        format!("{error}; write it as RFC 3339 does, with its offset: 2026-04-21T14:32:00Z")
    })
}
