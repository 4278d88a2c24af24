//! A folder with files, and the command run in it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Office hours on one number; the clock is in UTC, so that any zone data will do.
pub(crate) const ROUTES: &str = r#"version: 1
default: { action: voicemail, message: general }
hours:
  office: { zone: UTC, open: "Mo-Fr 09:00-17:30" }
callers:
  blocked: { numbers: ["+1900*"] }
webhooks:
  sales: { urls: ["https://yourcompany.example/webhook/sales"], deadline_ms: 1500 }
numbers:
  "+13146523057":
    - { name: blocked callers, when: { caller: { in: blocked } }, then: { action: reject, cause: call_rejected } }
    - { name: after hours, when: { closed: office }, then: { action: voicemail, message: office_closed } }
    - { name: everybody else, then: [{ action: webhook, name: sales }] }
"#;

/// An event, as a line of JSON; the timestamp is a Tuesday's.
pub(crate) fn event(call_id: &str, from: &str, time: &str) -> String {
    format!(
        "{{\"event\":\"incoming_call\",\"from\":\"{from}\",\"to\":\"+13146523057\",\
         \"timestamp\":\"2026-04-21T{time}Z\",\"call_id\":\"{call_id}\"}}"
    )
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Each line of standard output as JSON.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A folder of its own for one test.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with [`ROUTES`] in `routes.yaml`.
    pub(crate) fn with_routes() -> Self {
        let place = Self::new();
        place.file("routes.yaml", ROUTES);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callroute"));
        command.args(args).current_dir(self.0.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    /// Runs with this on standard input.
    pub(crate) fn run_with(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Ran {
        let mut child = self.command(args).spawn().unwrap();
        // A command that reads nothing closes the pipe, which is its right.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_ref());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
