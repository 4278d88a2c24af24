//! sipp as a peer: a scenario that runs, and what it says afterwards.

use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::bench::{Bench, Running};
use super::expand::scenario;
use super::wait::{PATIENCE, came_true, until};

/// A sipp that runs; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Sipp {
    name: String,
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
}

/// How a sipp is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) calls: u32,
    pub(crate) variables: &'a [(&'a str, &'a str)],
    pub(crate) more: &'a [&'a str],
}

impl Default for How<'_> {
    fn default() -> Self {
        Self {
            calls: 1,
            variables: &[],
            more: &[],
        }
    }
}

/// The variable that lets a caller press these keys.
pub(crate) fn press(digits: &str) -> String {
    format!("{{{{keys digits={digits}}}}}")
}

impl Bench {
    /// Starts a caller of the mission's number.
    pub(crate) fn uac(&self, router: &Running, name: &str, variables: &[(&str, &str)]) -> Sipp {
        self.uac_with(
            router.addr,
            name,
            How {
                variables,
                ..How::default()
            },
        )
    }

    /// Starts a caller, or many.
    pub(crate) fn uac_with(&self, router: SocketAddr, name: &str, how: How<'_>) -> Sipp {
        self.uac_calling(router, "+13146523057", name, how)
    }

    /// Starts a caller of any number.
    pub(crate) fn uac_calling(
        &self,
        router: SocketAddr,
        number: &str,
        name: &str,
        how: How<'_>,
    ) -> Sipp {
        let target = [router.to_string(), "-s".to_owned(), number.to_owned()];
        self.sipp(name, self.free_port(), &target, how)
    }

    /// Starts a caller at a port of the test's choice.
    pub(crate) fn uac_at(
        &self,
        router: &Running,
        port: u16,
        name: &str,
        variables: &[(&str, &str)],
    ) -> Sipp {
        let how = How {
            variables,
            ..How::default()
        };
        self.sipp(name, port, &[router.addr.to_string()], how)
    }

    /// Starts a callee, and waits until it listens.
    pub(crate) async fn uas(&self, name: &str, variables: &[(&str, &str)]) -> Sipp {
        self.uas_with(
            name,
            How {
                variables,
                ..How::default()
            },
        )
        .await
    }

    /// Starts a callee of many calls, and waits until it listens.
    pub(crate) async fn uas_with(&self, name: &str, how: How<'_>) -> Sipp {
        self.uas_at(name, self.free_port(), how).await
    }

    /// Starts a callee on a port of the test's choice, and waits until it listens.
    pub(crate) async fn uas_at(&self, name: &str, port: u16, how: How<'_>) -> Sipp {
        let sipp = self.sipp(name, port, &[], how);
        until("sipp listens", || listens(sipp.addr)).await;
        sipp
    }

    fn sipp(&self, name: &str, sip: u16, target: &[String], how: How<'_>) -> Sipp {
        let media = self.free_port();
        let folder = self.path().join(format!("{name}-{sip}-{media}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("scenario.xml"), scenario(name, how.variables)).unwrap();
        let ip = self.ip.to_string();
        let child = Command::new("sipp")
            .args(target)
            .args([
                "-sf",
                "scenario.xml",
                "-nostdin",
                "-m",
                &how.calls.to_string(),
            ])
            .args([
                "-i",
                &ip,
                "-p",
                &sip.to_string(),
                "-mi",
                &ip,
                "-mp",
                &media.to_string(),
            ])
            .args(["-timeout", "60", "-timeout_error", "-deadcall_wait", "0"])
            .args(["-trace_err", "-error_file", "errors.txt"])
            .args(["-trace_msg", "-message_file", "messages.txt"])
            .args(how.more)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("screen.txt")).unwrap())
            .stderr(File::create(folder.join("stderr.txt")).unwrap())
            .spawn()
            .unwrap();
        Sipp {
            name: name.to_owned(),
            child,
            folder,
            addr: SocketAddr::new(self.ip.into(), sip),
        }
    }
}

impl Sipp {
    /// The URI under which it is called.
    pub(crate) fn uri(&self) -> String {
        format!("sip:callee@{}", self.addr)
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end; whatever it did not expect is in the text.
    pub(crate) async fn wait(&mut self) -> (ExitStatus, String) {
        let mut status = None;
        let ended = came_true(PATIENCE, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(
            ended.await,
            "sipp {} does not end: {}",
            self.name,
            self.said()
        );
        (status.unwrap(), self.said())
    }

    /// Waits for its end and fails unless every call went as its scenario says.
    pub(crate) async fn went_well(mut self, router: &Running) -> String {
        let (status, said) = self.wait().await;
        assert!(
            status.success(),
            "sipp {}: {status}\n{said}\n{}\n{}",
            self.name,
            router.seen.trace(),
            self.messages()
        );
        self.messages()
    }

    /// Every message that it sent and received.
    pub(crate) fn messages(&self) -> String {
        self.text("messages.txt")
    }

    fn said(&self) -> String {
        format!("{}{}", self.text("errors.txt"), self.text("stderr.txt"))
    }

    fn text(&self, file: &str) -> String {
        let bytes = std::fs::read(self.folder.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether somebody listens on an address, by UDP or TCP. Not tried by binding it: that would be
/// in the way of the one who is about to.
fn listens(addr: SocketAddr) -> bool {
    let IpAddr::V4(ip) = addr.ip() else {
        return false;
    };
    let local = format!(
        "{:08X}:{:04X}",
        u32::from_le_bytes(ip.octets()),
        addr.port()
    );
    let tables: Vec<String> = ["/proc/net/udp", "/proc/net/tcp"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    if tables.is_empty() {
        // No such tables: give it the time that it takes.
        std::thread::sleep(std::time::Duration::from_secs(1));
        return true;
    }
    let mut lines = tables.iter().flat_map(|table| table.lines());
    lines.any(|line| line.split_whitespace().nth(1) == Some(&local))
}
