//! Programs that a test needs, and what happens where they are missing.

use std::io::Write;
use std::path::PathBuf;

/// Whether a program is installed. Where it is not, the test says so and is skipped, or fails
/// when `CALLROUTE_REQUIRE_PEERS` is set.
pub(crate) fn peer(program: &str) -> bool {
    find(program).is_some()
        || skip(&format!(
            "{program} is not installed ({})",
            install(program)
        ))
}

/// The folder with what an install script has put there, or where `variable` says it is. Where
/// that is not, the test says so and is skipped, or fails when `CALLROUTE_REQUIRE_PEERS` is set.
pub(crate) fn installed(variable: &str, folder: PathBuf, script: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map_or(folder, PathBuf::from);
    let there = folder.join("installed").is_file()
        || skip(&format!(
            "there is nothing in {}: {script}",
            folder.display()
        ));
    there.then_some(folder)
}

/// Where a program is.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Whether sipp can press keys: it sends them through raw sockets, which only root may open.
pub(crate) fn can_press_keys() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let root = status.lines().any(|line| line.starts_with("Uid:\t0\t"));
    root || skip("sipp's play_dtmf opens raw sockets, which needs root")
}

/// Says why a test is skipped, or fails where peers are required.
pub(crate) fn skip(why: &str) -> bool {
    assert!(
        std::env::var_os("CALLROUTE_REQUIRE_PEERS").is_none(),
        "CALLROUTE_REQUIRE_PEERS is set, but {why}"
    );
    // Not by a print macro: the test harness would keep it to itself.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    false
}

fn install(program: &str) -> &'static str {
    match program {
        "sipp" => "apt install sip-tester",
        "baresip" => "apt install baresip-core",
        "php" => "apt install php-cli",
        "node" => "apt install nodejs",
        _ => "apt install python3",
    }
}
