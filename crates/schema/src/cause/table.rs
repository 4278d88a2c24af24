//! The table itself, in both directions.

use crate::disposition::Disposition;

/// What a SIP status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SipRow {
    /// The status.
    pub status: u16,
    /// What it means to routing.
    pub disposition: Disposition,
    /// The Q.850 cause (RFC 3398, section 8.2.6.1).
    pub q850: u8,
}

/// What a Q.850 cause means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Q850Row {
    /// The cause.
    pub cause: u8,
    /// What it means to routing; `None` when it says nothing about why.
    pub disposition: Option<Disposition>,
    /// The SIP status (RFC 3398, section 7.2.4.1).
    pub sip: u16,
}

macro_rules! sip {
    ($($status:literal $disposition:ident $q850:literal,)+) => {
        &[$(SipRow { status: $status, disposition: Disposition::$disposition, q850: $q850 },)+]
    };
}

macro_rules! causes {
    ($($cause:literal $disposition:tt $sip:literal,)+) => {
        &[$(Q850Row { cause: $cause, disposition: meaning!($disposition), sip: $sip },)+]
    };
}

macro_rules! meaning {
    (-) => {
        None
    };
    ($disposition:ident) => {
        Some(Disposition::$disposition)
    };
}

/// SIP status to disposition and Q.850 cause, in order of the status.
///
/// Q.850 causes are those of RFC 3398; statuses younger than it have the cause of their nearest
/// relative.
pub const SIP_CAUSES: &[SipRow] = sip! {
    300 Failed 127,
    301 Failed 127,
    302 Failed 127,
    305 Failed 127,
    380 Failed 127,
    400 Failed 41,
    401 Declined 21,
    402 Declined 21,
    403 Declined 21,
    404 InvalidNumber 1,
    405 Failed 63,
    406 Failed 79,
    407 Declined 21,
    408 NoAnswer 102,
    410 InvalidNumber 22,
    413 Failed 127,
    414 Failed 127,
    415 Failed 79,
    416 InvalidNumber 127,
    420 Failed 127,
    421 Failed 127,
    423 Failed 127,
    433 Declined 21,
    436 Failed 127,
    480 NoAnswer 18,
    481 Failed 41,
    482 Failed 25,
    483 Failed 25,
    484 InvalidNumber 28,
    485 InvalidNumber 1,
    486 Busy 17,
    487 Canceled 16,
    488 Failed 127,
    491 Failed 41,
    500 Unreachable 41,
    501 Unreachable 79,
    502 Unreachable 38,
    503 Congestion 41,
    504 Unreachable 102,
    505 Unreachable 127,
    513 Unreachable 127,
    580 Failed 47,
    600 Busy 17,
    603 Declined 21,
    604 InvalidNumber 1,
    606 Failed 127,
    607 Declined 21,
    608 Declined 21,
};

/// Q.850 cause to disposition and SIP status, in order of the cause. `-`: it says nothing about
/// why, so that a status beside it keeps its meaning.
pub const Q850_CAUSES: &[Q850Row] = causes! {
    1 InvalidNumber 404,
    2 Unreachable 404,
    3 Unreachable 404,
    16 - 480,
    17 Busy 486,
    18 NoAnswer 408,
    19 NoAnswer 480,
    20 Unreachable 480,
    21 Declined 403,
    22 InvalidNumber 410,
    26 AnsweredElsewhere 404,
    27 Unreachable 502,
    28 InvalidNumber 484,
    29 Declined 501,
    31 - 480,
    34 Congestion 503,
    38 Unreachable 503,
    41 Congestion 503,
    42 Congestion 503,
    44 Congestion 503,
    47 Congestion 503,
    55 Declined 403,
    57 Declined 403,
    58 Congestion 503,
    63 - 488,
    65 Failed 488,
    70 Failed 488,
    79 Failed 501,
    87 Declined 403,
    88 Failed 503,
    102 NoAnswer 504,
    111 - 500,
    127 - 500,
};

/// The row of a status; of the first of its class when it has none of its own.
pub(super) fn sip(status: u16) -> SipRow {
    let row = |wanted: u16| {
        SIP_CAUSES
            .binary_search_by_key(&wanted, |row| row.status)
            .ok()
            .and_then(|index| SIP_CAUSES.get(index))
            .copied()
    };
    row(status)
        .or_else(|| row(status / 100 * 100))
        .unwrap_or(SipRow {
            status,
            disposition: Disposition::Failed,
            q850: 127,
        })
}

pub(super) fn q850(wanted: u8) -> Option<&'static Q850Row> {
    let index = Q850_CAUSES.binary_search_by_key(&wanted, |row| row.cause);
    index.ok().and_then(|index| Q850_CAUSES.get(index))
}

/// The SIP status for an end that no code came with.
pub(super) fn status_of(disposition: Disposition) -> u16 {
    match disposition {
        Disposition::Busy => 486,
        Disposition::Declined | Disposition::Blocked => 403,
        Disposition::InvalidNumber => 404,
        Disposition::Congestion | Disposition::Unreachable => 503,
        Disposition::Canceled => 487,
        _ => 480,
    }
}
