//! A process that is measured, and what it uses.

use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

type Failure = Box<dyn std::error::Error>;

/// A process; ended when this is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// This program once more, with these arguments; under the program that the environment names,
    /// such as `UNDER="valgrind --tool=callgrind"`, to see what it does.
    pub(crate) fn start(args: &[&str]) -> Result<Self, Failure> {
        let itself = std::env::current_exe()?;
        let under = std::env::var("UNDER").unwrap_or_default();
        let mut words = under.split_whitespace();
        match words.next() {
            Some(program) => Self::run(Command::new(program).args(words).arg(itself).args(args)),
            None => Self::run(Command::new(itself).args(args)),
        }
    }

    /// Any program; what it prints is not shown.
    pub(crate) fn run(command: &mut Command) -> Result<Self, Failure> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Self {
            child: command.spawn()?,
        })
    }

    /// Memory that it holds, in KiB.
    pub(crate) fn rss_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    }

    /// CPU time that it and its children have used, in microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        let pid = self.child.id();
        let is_ours = |name: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
            let parent = stat
                .rsplit_once(')')
                .and_then(|(_, fields)| fields.split_whitespace().nth(1)?.parse().ok());
            name == pid.to_string() || parent == Some(pid)
        };
        let mut nanos = 0_u64;
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            if !is_ours(&process.file_name().to_string_lossy()) {
                continue;
            }
            let threads = std::fs::read_dir(process.path().join("task"));
            for thread in threads.into_iter().flatten().flatten() {
                let used = std::fs::read_to_string(thread.path().join("schedstat"));
                let used = used.unwrap_or_default();
                nanos += used
                    .split_whitespace()
                    .next()
                    .and_then(|nanos| nanos.parse::<u64>().ok())
                    .unwrap_or(0);
            }
        }
        nanos as f64 / 1000.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself. Asked rather than killed: kamailio ends its children.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}
