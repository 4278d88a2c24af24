//! A name server on loopback that answers as a zone says: NAPTR, SRV and addresses.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::UdpSocket;

/// One record of a zone.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    A(Ipv4Addr),
    /// Priority, weight, port, target.
    Srv(u16, u16, u16, &'static str),
    /// Order, preference, service, replacement.
    Naptr(u16, u16, &'static str, &'static str),
}

/// Serves a zone; gives the server's address, and how often it was asked.
pub(crate) async fn serve(
    ip: &str,
    zone: Vec<(&'static str, Record)>,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind((ip, 0)).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut query = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            count.fetch_add(1, Ordering::Relaxed);
            let answer = answer(&query[..length], &zone);
            let _ = socket.send_to(&answer, from).await;
        }
    });
    (addr, asked)
}

/// The answer to a query (RFC 1035, section 4.1), valid for a minute.
fn answer(query: &[u8], zone: &[(&str, Record)]) -> Vec<u8> {
    let mut at = 12;
    let mut labels = Vec::new();
    while query[at] != 0 {
        let length = usize::from(query[at]);
        let label = &query[at + 1..=at + length];
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length + 1;
    }
    let name = labels.join(".");
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let question = &query[12..at + 5];
    let known = zone.iter().any(|(owner, _)| *owner == name);
    let found: Vec<Vec<u8>> = zone
        .iter()
        .filter(|(owner, _)| *owner == name)
        .filter_map(|(_, record)| data(record, kind))
        .collect();
    let count = u8::try_from(found.len()).unwrap();
    // What is not there is only believed with the zone's SOA (RFC 2308, section 2).
    let soa = u8::from(found.is_empty());
    let mut bytes = query[..2].to_vec();
    bytes.extend([
        0x85,
        if known { 0x80 } else { 0x83 },
        0,
        1,
        0,
        count,
        0,
        soa,
        0,
        0,
    ]);
    bytes.extend(question);
    for data in found {
        bytes.extend([0xc0, 12]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    if soa == 1 {
        bytes.extend(domain("test"));
        bytes.extend([0, 6, 0, 1, 0, 0, 0, 60]);
        let mut data = [domain("ns.test"), domain("root.test")].concat();
        data.extend([1u32, 60, 60, 60, 1].iter().flat_map(|n| n.to_be_bytes()));
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

fn data(record: &Record, kind: u16) -> Option<Vec<u8>> {
    match (record, kind) {
        (Record::A(ip), 1) => Some(ip.octets().to_vec()),
        (Record::Srv(priority, weight, port, target), 33) => {
            let numbers = [*priority, *weight, *port];
            let mut data: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
            data.extend(domain(target));
            Some(data)
        }
        (Record::Naptr(order, preference, service, replacement), 35) => {
            let mut data: Vec<u8> = [*order, *preference]
                .iter()
                .flat_map(|n| n.to_be_bytes())
                .collect();
            for text in ["s", service, ""] {
                data.push(u8::try_from(text.len()).unwrap());
                data.extend(text.bytes());
            }
            data.extend(domain(replacement));
            Some(data)
        }
        _ => None,
    }
}

fn domain(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes
}
