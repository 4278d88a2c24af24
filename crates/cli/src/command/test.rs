//! `test`: route tests. Calls are played in virtual time; nobody is asked and nothing is called.

use std::path::Path;
use std::sync::Arc;

use callroute_rules::Engine;
use serde::Serialize;

use crate::args::Test;
use crate::error::Error;
use crate::input::Input;
use crate::output::Output;
use crate::status::Status;
use crate::table::load;
use crate::test::{Case, TestFile, judge, play, unknown};

/// Longest test file, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// How one case went, as JSON.
#[derive(Serialize)]
struct Verdict<'a> {
    file: String,
    name: &'a str,
    passed: bool,
    failures: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Vec<String>>,
}

pub(super) fn run(args: &Test, out: &mut Output) -> Result<Status, Error> {
    let mut status = Status::Fine;
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for input in &args.files {
        let file = read(input)?;
        let engine = engine(args, input, &file)?;
        for case in &file.tests {
            if args
                .only
                .as_ref()
                .is_some_and(|only| !case.name.contains(only.as_str()))
            {
                continue;
            }
            let verdict = verdict(&engine, input, &file, case, args.trace);
            if verdict.passed {
                passed += 1;
            } else {
                failed += 1;
                status = Status::Findings;
            }
            tell(&verdict, out)?;
        }
    }
    if !out.is_json() {
        out.line(format_args!("{passed} passed, {failed} failed"))?;
    }
    // Nothing was shown to be right.
    if passed + failed == 0 {
        return Err(Error::NoTests {
            only: args.only.clone(),
        });
    }
    Ok(status)
}

fn read(input: &Input) -> Result<TestFile, Error> {
    let text = input.text(MAX_FILE)?;
    serde_saphyr::from_str(&text).map_err(|error| {
        let name = input.to_string();
        let mut detail = error.to_string().replace("<input>", &name);
        if is_routing(&text) {
            detail.push_str(
                "\nThis is a routing file; give the test file that names it as its `routes`.",
            );
        }
        Error::TestFile { name, detail }
    })
}

/// Whether a text has what a routing file must have, and a test file has not.
fn is_routing(text: &str) -> bool {
    ["version:", "default:"]
        .iter()
        .all(|section| text.lines().any(|line| line.starts_with(section)))
}

/// The routing file is named on the command line, or in the test file and stands beside it.
fn engine(args: &Test, input: &Input, file: &TestFile) -> Result<Arc<Engine>, Error> {
    if let Some(routes) = &args.routes {
        return load(routes);
    }
    let Some(routes) = &file.routes else {
        return Err(Error::TestFile {
            name: input.to_string(),
            detail: "no `routes`: which routing file is tested? (or add --routes FILE)".to_owned(),
        });
    };
    let folder = match input {
        Input::File(path) => path.parent().unwrap_or(Path::new("")),
        Input::Stdin => Path::new(""),
    };
    load(&Input::File(folder.join(routes)))
}

fn verdict<'a>(
    engine: &Arc<Engine>,
    input: &Input,
    file: &TestFile,
    case: &'a Case,
    trace: bool,
) -> Verdict<'a> {
    let mut lines = Vec::new();
    let mut failures = unknown(engine, file, case);
    match play(engine, file, case) {
        // A call in which something is not as the case says shows nothing.
        Ok(played) if failures.is_empty() => {
            lines = played.text().lines().map(str::to_owned).collect();
            failures = judge(&played, &case.expect);
        }
        Ok(_) => {}
        Err(why) => failures.push(why),
    }
    let passed = failures.is_empty();
    Verdict {
        file: input.to_string(),
        name: &case.name,
        passed,
        failures,
        trace: (!passed || trace).then_some(lines),
    }
}

fn tell(verdict: &Verdict<'_>, out: &mut Output) -> Result<(), Error> {
    if out.is_json() {
        return out.json(verdict);
    }
    let word = if verdict.passed { "ok    " } else { "FAILED" };
    out.line(format_args!("{word} {}", verdict.name))?;
    for failure in &verdict.failures {
        out.line(format_args!("       {failure}"))?;
    }
    for line in verdict.trace.iter().flatten() {
        out.line(format_args!("         {line}"))?;
    }
    Ok(())
}
