//! `number`: how a telephone number is read; alone, or as JSON lines, one out for each in.

use callroute_schema::number::{Kind, Reading, Region, read};
use serde::{Deserialize, Serialize};

use crate::args::Number;
use crate::error::Error;
use crate::input::{Input, Line, MAX_LINE};
use crate::output::Output;
use crate::status::Status;

pub(crate) fn run(args: &Number, out: &mut Output) -> Result<Status, Error> {
    if args.text == "-" {
        return lines(args.region, out);
    }
    let reading = read(&args.text, args.region);
    out.json(&reading)?;
    Ok(match reading.kind {
        Kind::Invalid(_) => Status::Findings,
        _ => Status::Fine,
    })
}

/// One question of a stream.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    text: String,
    #[serde(default)]
    region: Option<Region>,
}

/// Stands in the answers where a line could not be read, so that they stay in step.
#[derive(Serialize)]
struct Refused {
    line: usize,
    error: String,
}

fn lines(region: Option<Region>, out: &mut Output) -> Result<Status, Error> {
    let mut lines = Input::Stdin.lines()?;
    let mut status = Status::Fine;
    while let Some(line) = lines.next(out)? {
        let number = line.number;
        match answer(&line, region) {
            Ok(reading) => out.json(&reading)?,
            Err(error) => {
                status = Status::Findings;
                let line = number;
                out.json(&Refused { line, error })?;
            }
        }
    }
    Ok(status)
}

fn answer(line: &Line<'_>, region: Option<Region>) -> Result<Reading, String> {
    let bytes = line
        .bytes
        .ok_or_else(|| format!("longer than {MAX_LINE} bytes"))?;
    let question: Question = serde_json::from_slice(bytes).map_err(|error| {
        format!("{error}; expected {{\"text\": …, \"region\": …}}, the region if there is one")
    })?;
    Ok(read(&question.text, question.region.or(region)))
}
