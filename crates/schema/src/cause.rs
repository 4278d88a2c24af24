//! SIP status, Q.850 cause and disposition: one named table (base: RFC 3398, section 7.2.4.1).

use serde::{Deserialize, Serialize};

use crate::disposition::Disposition;

/// Why a leg ended: what it means, and the raw codes that said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// What it means to routing.
    pub disposition: Disposition,
    /// The SIP status received or sent, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_code: Option<u16>,
    /// The Q.850 cause: of a Reason header when there was one (RFC 3326), else by the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q850: Option<u8>,
}

impl Cause {
    /// A cause without a SIP status, such as a timer of our own or a transport error.
    #[must_use]
    pub fn local(disposition: Disposition) -> Self {
        Self {
            disposition,
            sip_code: None,
            q850: None,
        }
    }

    /// The meaning of a final SIP status of 300 to 699.
    #[must_use]
    pub fn from_sip(status: u16) -> Self {
        let (disposition, q850) = by_status(status);
        Self {
            disposition,
            sip_code: Some(status),
            q850: Some(q850),
        }
    }

    /// The same with the Q.850 cause of a Reason header, which outranks the status.
    ///
    /// The SIP status is kept. Causes that say nothing about why (16, 31, 127 and those not in
    /// the table) leave the status's meaning as it is.
    #[must_use]
    pub fn with_q850(mut self, cause: u8) -> Self {
        self.q850 = Some(cause);
        if let Some(disposition) = by_q850(cause) {
            self.disposition = disposition;
        }
        self
    }

    /// Normal clearing of an answered call (Q.850 cause 16).
    #[must_use]
    pub fn normal() -> Self {
        Self {
            disposition: Disposition::Answered,
            sip_code: None,
            q850: Some(16),
        }
    }

    /// Whether a ring group goes on to its next member after this.
    ///
    /// Yes on 408, 480, 5xx (except 501, 505, 513), busy, no answer, transport errors and
    /// silence; no where the network says that trying elsewhere is pointless (404, 484, 600,
    /// 603, 604).
    #[must_use]
    pub fn tries_next(&self) -> bool {
        match self.sip_code {
            Some(404 | 484 | 501 | 505 | 513 | 600 | 603 | 604) => false,
            _ => self.disposition != Disposition::Answered,
        }
    }
}

/// Status to disposition and Q.850 cause.
fn by_status(status: u16) -> (Disposition, u8) {
    match status {
        401 | 402 | 403 | 407 | 603 | 607 | 608 => (Disposition::Declined, 21),
        404 | 604 => (Disposition::InvalidNumber, 1),
        410 => (Disposition::InvalidNumber, 22),
        416 | 484 | 485 => (Disposition::InvalidNumber, 28),
        408 => (Disposition::NoAnswer, 102),
        480 => (Disposition::NoAnswer, 18),
        486 | 600 => (Disposition::Busy, 17),
        487 => (Disposition::Canceled, 16),
        415 | 488 | 606 => (Disposition::Failed, 88),
        502 => (Disposition::Unreachable, 38),
        503 => (Disposition::Congestion, 41),
        504 => (Disposition::Unreachable, 102),
        500..=599 => (Disposition::Unreachable, 41),
        _ => (Disposition::Failed, 127),
    }
}

/// Q.850 cause to disposition, for causes that say more than "normal" or "unspecified".
fn by_q850(cause: u8) -> Option<Disposition> {
    Some(match cause {
        1 | 22 | 28 => Disposition::InvalidNumber,
        17 => Disposition::Busy,
        18 | 19 => Disposition::NoAnswer,
        21 | 55 | 57 => Disposition::Declined,
        2 | 3 | 20 | 27 | 38 => Disposition::Unreachable,
        34 | 41 | 42 | 44 | 47 => Disposition::Congestion,
        26 => Disposition::AnsweredElsewhere,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Cause;
    use crate::disposition::Disposition;

    #[test]
    fn a_reason_header_outranks_the_status() {
        let cause = Cause::from_sip(503).with_q850(17);
        assert_eq!(cause.disposition, Disposition::Busy);
        assert_eq!((cause.sip_code, cause.q850), (Some(503), Some(17)));
        let vague = Cause::from_sip(486).with_q850(16);
        assert_eq!(vague.disposition, Disposition::Busy);
    }

    #[test]
    fn the_next_member_is_tried_unless_it_is_pointless() {
        for status in [408, 480, 486, 500, 502, 503, 504] {
            assert!(Cause::from_sip(status).tries_next(), "{status}");
        }
        for status in [404, 484, 501, 505, 513, 600, 603, 604] {
            assert!(!Cause::from_sip(status).tries_next(), "{status}");
        }
        assert!(Cause::local(Disposition::Unreachable).tries_next());
    }
}
