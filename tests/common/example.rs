//! An example as a process, as `cargo run --example` starts it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::wait::until;

/// An example that runs; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Example {
    child: Child,
    says: PathBuf,
}

/// An example's program, as `cargo test --workspace` has built it; built now where it was not.
pub(crate) fn program(name: &str) -> PathBuf {
    let build = ["-p", "callroute-examples", "--example", name];
    built(&Path::new("examples").join(name), build)
}

/// The command `callroute`, in the same way.
pub(crate) fn callroute() -> PathBuf {
    let build = ["-p", "callroute-cli", "--bin", "callroute"];
    built(Path::new("callroute"), build)
}

fn built(place: &Path, build: [&str; 4]) -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let target = exe.ancestors().nth(2).unwrap();
    let path = target.join(place);
    if !path.is_file() {
        let mut cargo = Command::new(env!("CARGO"));
        let built = cargo.args(["build", "--quiet"]).args(build).status();
        assert!(built.is_ok_and(|status| status.success()));
    }
    path
}

impl Example {
    /// Starts it, with options and their values, and waits until it says that it is ready.
    pub(crate) async fn start(
        name: &str,
        folder: &Path,
        args: &[(&str, String)],
        ready: &str,
    ) -> Self {
        let says = folder.join(format!("{name}.txt"));
        let file = File::create(&says).unwrap();
        let mut command = Command::new(program(name));
        for (option, value) in args {
            command.args([option, value.as_str()]);
        }
        let child = command
            .stdin(Stdio::null())
            .stderr(file.try_clone().unwrap())
            .stdout(file)
            .spawn()
            .unwrap();
        let mut example = Self { child, says };
        until("the example is ready", || {
            let ended = example.child.try_wait().unwrap();
            assert!(ended.is_none(), "{name}: {}", example.said());
            example.said().contains(ready)
        })
        .await;
        example
    }

    /// What it has printed.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.says).unwrap_or_default()
    }

    /// Tells it to stop (SIGTERM).
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.unwrap().success());
    }

    /// As if the machine had died.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, which must be a good one; gives what it has printed.
    pub(crate) async fn has_ended_well(mut self) -> String {
        let mut status = None;
        until("the example ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        assert!(status.unwrap().success(), "{}", self.said());
        self.said()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
