//! The commands.

mod check;
mod decide;
mod explain;
mod number;
mod replay;
mod route;
mod schema;
mod test;
mod trigger;

use crate::args::{Args, Command};
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;

/// Does what the command line says.
pub(crate) fn run(args: &Args) -> Status {
    let mut out = Output::new(args.json);
    let done = match &args.command {
        Command::Check(args) => check::run(args, &mut out),
        Command::Decide(args) => decide::run(args, &mut out),
        Command::Route(args) => route::run(args, &mut out),
        Command::Trigger(args) => trigger::run(args, &mut out),
        Command::Explain(args) => explain::run(args, &mut out),
        Command::Test(args) => test::run(args, &mut out),
        Command::Replay(args) => replay::run(args, &mut out),
        Command::Number(args) => number::run(args, &mut out),
        Command::Schema(args) => schema::run(args, &mut out),
    };
    match (done, out.flush()) {
        (Ok(status), Ok(())) => status,
        (Ok(_), Err(error)) | (Err(error), Ok(())) | (Err(error @ Error::Write(_)), Err(_)) => {
            end(&out, &error)
        }
        (Err(error), Err(second)) => end(&out, &error).max(end(&out, &second)),
    }
}

fn end(out: &Output, error: &Error) -> Status {
    out.tell_error(error);
    error.status()
}
