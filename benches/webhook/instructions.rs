//! Counts instructions with valgrind: the same on a busy machine as on a quiet one.

use std::process::Command;

use crate::clients::KINDS;
use crate::run::Setting;
use crate::server::Served;
use crate::{CONCURRENCY, Failure};

/// Runs each client under valgrind, twice: the difference is what the further requests cost.
pub(crate) fn print(quick: bool, server: &Served) -> Result<(), Failure> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("\nno instructions are counted: valgrind is not installed");
        return Ok(());
    }
    let (few, many) = if quick { (1100, 1200) } else { (2_000, 6_000) };
    let settings = if quick { 1 } else { CONCURRENCY.len() };
    for concurrency in CONCURRENCY.into_iter().take(settings) {
        println!("\n{concurrency} at once, instructions for one request");
        let setting = Setting {
            threads: 1,
            concurrency,
        };
        let mut floor = None;
        for kind in KINDS {
            let count = |requests| instructions(kind.name(), setting, requests, server);
            let each = (count(many)? - count(few)?) / f64::from(many - few);
            let ratio = each / *floor.get_or_insert(each);
            println!("  {:<16} {each:>9.0} ({ratio:>4.2} x)", kind.name());
        }
    }
    Ok(())
}

fn instructions(
    kind: &str,
    setting: Setting,
    requests: i32,
    server: &Served,
) -> Result<f64, Failure> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--count", kind])
        .args([setting.threads.to_string(), setting.concurrency.to_string()])
        .args([requests.to_string(), server.address.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind: {text}").into());
    }
    let counted = text
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let (_, count) = counted.ok_or("valgrind collected nothing")?;
    Ok(count.trim().parse()?)
}
