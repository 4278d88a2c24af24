//! An event as a line of a file.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::outbox::{Place, Record, segment};
use crate::queue::Told;

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    seq: u64,
    id: String,
    at_ms: u64,
    call: &'a str,
    #[serde(borrow)]
    event: &'a RawValue,
}

pub(super) fn line(told: &Told, seq: u64, at_ms: u64) -> io::Result<Vec<u8>> {
    let event: &RawValue = serde_json::from_str(&told.json)?;
    let mut line = serde_json::to_vec(&Line {
        seq,
        id: ulid::Ulid(told.id).to_string(),
        at_ms,
        call: &told.call,
        event,
    })?;
    line.push(b'\n');
    if line.len() as u64 > segment::MAX_LINE {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "an event has {} bytes; at most {} are told",
                line.len(),
                segment::MAX_LINE
            ),
        ));
    }
    Ok(line)
}

/// A line that is none was damaged on the disk, and cannot be told.
pub(super) fn parse(line: &[u8], place: Place) -> Option<Record> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    (line.seq == place.seq).then_some(())?;
    Some(Record {
        place,
        at_ms: line.at_ms,
        told: Told {
            id: ulid::Ulid::from_string(&line.id).ok()?.0,
            call: line.call.into(),
            json: Arc::from(line.event.get()),
        },
    })
}
