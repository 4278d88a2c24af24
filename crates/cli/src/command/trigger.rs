//! `trigger`: sends events to a webhook, signed where a secret is given, and judges what it answers.

mod cases;
mod judge;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callroute_schema::Event;
use callroute_webhook::{Client, ClientConfig, Endpoints, SigningSecret, Trust};
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::args::Trigger;
use crate::command::trigger::cases::{Case, Sign, Wanted};
use crate::command::trigger::judge::{Verdict, judge, unhurried};
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;

/// Longest event that is read.
const MAX_EVENT: u64 = 64 * 1024;
/// Requests after the first whose times are looked at.
const TIMED: usize = 5;
/// How long ago a replayed request was signed.
const REPLAYED: Duration = Duration::from_secs(10 * 60);

/// A runtime for one thing at a time.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().map_err(Error::Runtime)
}

pub(crate) fn run(args: &Trigger, out: &mut Output) -> Result<Status, Error> {
    let target = Target::new(args)?;
    let runtime = runtime()?;
    if args.suite {
        return runtime.block_on(suite(&target, args, out));
    }
    let event = match &args.event {
        Some(input) => {
            Event::from_json(&input.bytes(MAX_EVENT)?).map_err(|source| Error::Event {
                name: input.to_string(),
                source,
            })?
        }
        None => cases::incoming_call(args)?,
    };
    runtime.block_on(one(&target, event, out))
}

/// Sends one event, and then some more to see how quickly they are answered.
async fn one(target: &Target, event: Event, out: &mut Output) -> Result<Status, Error> {
    let case = Case::ask("incoming_call", event);
    let verdict = target.send(&case).await;
    let status = verdict.status();
    tell(&case, &verdict, out)?;
    if status == Status::Fine {
        advise(target, &case, out).await?;
    }
    Ok(status)
}

async fn suite(target: &Target, args: &Trigger, out: &mut Output) -> Result<Status, Error> {
    let mut target = target.clone();
    let cases = cases::all(args, !target.secrets.is_empty())?;
    let mut status = Status::Fine;
    let (mut sent, mut findings) = (0, 0);
    let mut plain = None;
    for case in &cases {
        let mut verdict = target.send(case).await;
        match &plain {
            None => plain = Some(verdict.refused()),
            Some(refused) => verdict.beside(case, *refused),
        }
        let found = verdict.status_within(sent > 0);
        sent += 1;
        findings += usize::from(found != Status::Fine);
        status = status.max(found);
        tell(case, &verdict, out)?;
        // Nobody there: the other cases would say the same.
        if found == Status::OutOfReach {
            break;
        }
        if found != Status::Fine {
            // What it did wrong before shall not keep it from being asked.
            target.forget();
        }
    }
    if let Some(first) = cases.first().filter(|_| status != Status::OutOfReach) {
        advise(&target, first, out).await?;
    }
    if out.is_json() {
        return Ok(status);
    }
    if target.secrets.is_empty() {
        out.line("signatures were not tried: give --secret-env or --secret-file")?;
    }
    let sent = match cases.len() - sent {
        0 => format!("{sent} requests"),
        _ => format!("{sent} of {} requests", cases.len()),
    };
    out.line(format_args!("{sent}, {findings} findings"))?;
    Ok(status)
}

/// How quickly further requests are answered, and what to do about it.
async fn advise(target: &Target, case: &Case, out: &mut Output) -> Result<(), Error> {
    let mut times = Vec::new();
    for _ in 0..TIMED {
        let verdict = target.send(case).await;
        if verdict.reused && verdict.status() == Status::Fine {
            times.push(verdict.elapsed);
        }
    }
    let Some(advice) = unhurried(&times) else {
        return Ok(());
    };
    match out.is_json() {
        true => out.json(&Advice { advice }),
        false => out.line(format_args!("hint: {advice}")),
    }
}

#[derive(Serialize)]
struct Advice {
    advice: String,
}

fn tell(case: &Case, verdict: &Verdict, out: &mut Output) -> Result<(), Error> {
    match out.is_json() {
        true => out.json(&verdict.line(case)),
        false => out.line(verdict.text(case)),
    }
}

/// Whom the events go to.
#[derive(Clone)]
struct Target {
    endpoints: Endpoints,
    secrets: Vec<SigningSecret>,
    config: ClientConfig,
    client: Client,
    /// A client whose clock is late.
    late: Client,
}

impl Target {
    fn new(args: &Trigger) -> Result<Self, Error> {
        // Whoever runs this names the server by hand: any network will do.
        let everywhere = ["0.0.0.0/0".to_owned(), "::/0".to_owned()];
        let deadline = Duration::from_millis(args.deadline_ms);
        let urls = std::slice::from_ref(&args.url);
        let mut endpoints = Endpoints::new("trigger", urls, deadline, &everywhere)?;
        let mut secrets = Vec::new();
        for name in &args.secret_env {
            secrets.push(SigningSecret::from_env(name)?);
        }
        for path in &args.secret_file {
            secrets.push(SigningSecret::from_file(path)?);
        }
        if let Some(path) = &args.ca {
            let pem = crate::input::Input::File(path.clone()).bytes(MAX_EVENT * 16)?;
            let trust = Trust::from_pem(Some(&pem), None).map_err(|source| Error::Ca {
                path: path.clone(),
                source,
            })?;
            endpoints = endpoints.with_trust(&trust);
        }
        // One request a case: what a retry would hide shall be seen.
        let config = ClientConfig {
            second_uses: false,
            ..ClientConfig::default()
        };
        Ok(Self {
            endpoints,
            secrets,
            client: Client::new(config.clone()),
            late: Client::new(late(&config)),
            config,
        })
    }

    /// Begins anew, without what is known of how the server did until now.
    fn forget(&mut self) {
        self.client = Client::new(self.config.clone());
        self.late = Client::new(late(&self.config));
    }

    async fn send(&self, case: &Case) -> Verdict {
        let mut endpoints = self.endpoints.clone();
        endpoints.secrets = match &case.sign {
            Sign::Usual | Sign::Late => self.secrets.clone(),
            Sign::Nothing => Vec::new(),
            Sign::With(other) => vec![other.clone()],
            Sign::Beside(other) => {
                let ours = self.secrets.iter().cloned();
                std::iter::once(other.clone()).chain(ours).collect()
            }
        };
        let client = match case.sign {
            Sign::Late => &self.late,
            _ => &self.client,
        };
        match case.wanted {
            Wanted::Actions | Wanted::Refusal => {
                judge(case, client.ask(&endpoints, &case.event).await)
            }
            Wanted::Receipt => {
                let id = cases::id();
                Verdict::of_notice(case, client.notify(&endpoints, &case.event, id).await)
            }
        }
    }
}

/// The same client with a clock that is late.
fn late(config: &ClientConfig) -> ClientConfig {
    let clock = || {
        SystemTime::now()
            .checked_sub(REPLAYED)
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    ClientConfig {
        clock: Some(Arc::new(clock)),
        ..config.clone()
    }
}
