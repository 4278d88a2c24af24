//! What the kernel has dropped because nobody read it in time.

use std::collections::HashMap;
use std::net::SocketAddr;

/// Drops so far, of each UDP socket (IPv4) by where it is bound.
pub(crate) fn now() -> HashMap<SocketAddr, u64> {
    let table = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let row = |line: &str| {
        let mut fields = line.split_whitespace();
        let (ip, port) = fields.nth(1)?.split_once(':')?;
        // Written as the machine keeps it.
        let ip = u32::from_str_radix(ip, 16).ok()?.to_ne_bytes();
        let port = u16::from_str_radix(port, 16).ok()?;
        let drops = fields.last()?.parse().ok()?;
        Some((SocketAddr::from((ip, port)), drops))
    };
    table.lines().skip(1).filter_map(row).collect()
}
