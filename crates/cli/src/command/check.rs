//! `check`: everything that is wrong with routing files, and what they make one wonder about.

use callroute_router::{WebhookConfigError, endpoints_of};
use callroute_rules::{Engine, Faults, Judges, review_with};
use callroute_tables::LoadError;
use callroute_webhook::{Endpoint, Network};

use crate::args::Check;
use crate::error::Error;
use crate::input::Input;
use crate::output::Output;
use crate::status::Status;
use crate::table;

pub(crate) fn run(args: &Check, out: &mut Output) -> Result<Status, Error> {
    if args
        .files
        .iter()
        .filter(|file| **file == Input::Stdin)
        .count()
        > 1
    {
        return Err(Error::StdinTwice);
    }
    let mut worst = Status::Fine;
    for file in &args.files {
        let status = match table::load(file) {
            Ok(engine) => good(file, &engine, out)?,
            Err(Error::Table(LoadError::Faults(faults))) => bad(file, &faults, out)?,
            Err(error) => {
                out.flush()?;
                out.tell_error(&error);
                error.status()
            }
        };
        worst = worst.max(status);
    }
    Ok(worst)
}

fn good(file: &Input, engine: &Engine, out: &mut Output) -> Result<Status, Error> {
    let (_, refused) = endpoints_of(engine);
    let settings = |webhook: &str| {
        let of_it = |fault: &&WebhookConfigError| fault.webhook() == webhook;
        let fault = refused.iter().find(of_it)?;
        Some((fault.key()?, fault.to_string()))
    };
    let judges = Judges {
        host: &never_asked,
        settings: &settings,
    };
    let found = review_with(engine, &judges);
    if out.is_json() {
        found.iter().try_for_each(|warning| out.json(warning))?;
    } else {
        let numbers = count(engine.numbers().count(), "number");
        let rules = count(engine.rule_count(), "rule");
        let release = engine.zone_release();
        let verdict = match found.as_slice().len() {
            0 => "ok".to_owned(),
            warnings => {
                out.tell(format_args!("{found}\n"))?;
                count(warnings, "warning")
            }
        };
        out.line(format_args!(
            "{file}: {verdict}, {numbers}, {rules}, tzdata {release}"
        ))?;
    }
    Ok(match found.as_slice() {
        [] => Status::Fine,
        _ => Status::Findings,
    })
}

/// What is wrong with the host of a webhook: the client refuses it on every call.
fn never_asked(url: &str, allow: &[String]) -> Option<String> {
    let endpoint = Endpoint::new(url).ok()?;
    let allow: Vec<Network> = allow.iter().filter_map(|text| text.parse().ok()).collect();
    let what = endpoint.refused(&allow)?;
    Some(format!("its host is not of the public internet ({what})"))
}

fn bad(file: &Input, faults: &Faults, out: &mut Output) -> Result<Status, Error> {
    if out.is_json() {
        faults.iter().try_for_each(|fault| out.json(fault))?;
    } else {
        let found = count(faults.as_slice().len(), "fault");
        out.tell(format_args!("{faults}\n\n{file}: {found}"))?;
    }
    Ok(Status::Findings)
}

fn count(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}
