//! SIP status, Q.850 cause and disposition: one named table.
//!
//! The base is RFC 3398, section 8.2.6.1 (SIP status to ISUP cause), with the statuses that came
//! later. Vendors disagree: 480 is 18, 19 or 20, and 503 is 34, 38 or 41, depending on whom one
//! asks. So the raw status is always kept beside what we read in it, and a Reason header
//! (RFC 3326), in which the far end says it itself, outranks the table.

mod table;

use serde::{Deserialize, Serialize};

pub use self::table::{Q850_CAUSES, Q850Row, SIP_CAUSES, SipRow};
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

    /// The far end said nothing for too long: recovery on timer expiry (Q.850 cause 102).
    #[must_use]
    pub fn recovery() -> Self {
        Self {
            q850: Some(102),
            ..Self::local(Disposition::Failed)
        }
    }

    /// The meaning of a final SIP status, by [`SIP_CAUSES`]. A status that the table does not
    /// have means what the first of its class does (RFC 3261, section 8.1.3.2).
    #[must_use]
    pub fn from_sip(status: u16) -> Self {
        let row = table::sip(status);
        Self {
            disposition: row.disposition,
            sip_code: Some(status),
            q850: Some(row.q850),
        }
    }

    /// The meaning of a Q.850 cause alone, as a switch that speaks ISUP reports it.
    #[must_use]
    pub fn from_q850(cause: u8) -> Self {
        let row = table::q850(cause);
        Self {
            disposition: row.map_or(Disposition::Failed, |row| {
                row.disposition.unwrap_or(Disposition::Failed)
            }),
            sip_code: None,
            q850: Some(cause),
        }
    }

    /// The same with the Q.850 cause of a Reason header, which outranks the status.
    ///
    /// The SIP status is kept. Causes that say nothing about why (16, 31, 127 and those not in
    /// [`Q850_CAUSES`]) leave the status's meaning as it is.
    #[must_use]
    pub fn with_q850(mut self, cause: u8) -> Self {
        self.q850 = Some(cause);
        if let Some(disposition) = table::q850(cause).and_then(|row| row.disposition) {
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

    /// The SIP status to answer a caller with: the raw one when there is one, else by the Q.850
    /// cause (RFC 3398, section 7.2.4.1), else by the disposition.
    #[must_use]
    pub fn sip_status(&self) -> u16 {
        if let Some(code @ 300..=699) = self.sip_code {
            return code;
        }
        if let Some(row) = self.q850.and_then(table::q850) {
            return row.sip;
        }
        table::status_of(self.disposition)
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

#[cfg(test)]
mod tests {
    use super::{Cause, Q850_CAUSES, SIP_CAUSES};
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

    #[test]
    fn the_tables_are_in_order_and_without_doubles() {
        assert!(SIP_CAUSES.is_sorted_by(|a, b| a.status < b.status));
        assert!(Q850_CAUSES.is_sorted_by(|a, b| a.cause < b.cause));
    }

    /// RFC 3398, sections 7.2.4.1 and 8.2.6.1, where we follow it to the letter.
    #[test]
    fn the_base_is_rfc_3398() {
        for (status, q850) in [
            (400, 41),
            (401, 21),
            (402, 21),
            (403, 21),
            (404, 1),
            (405, 63),
            (406, 79),
            (407, 21),
            (408, 102),
            (410, 22),
            (413, 127),
            (414, 127),
            (415, 79),
            (416, 127),
            (420, 127),
            (421, 127),
            (423, 127),
            (480, 18),
            (481, 41),
            (482, 25),
            (483, 25),
            (484, 28),
            (485, 1),
            (486, 17),
            (488, 127),
            (500, 41),
            (501, 79),
            (502, 38),
            (503, 41),
            (504, 102),
            (505, 127),
            (513, 127),
            (600, 17),
            (603, 21),
            (604, 1),
            (606, 127),
        ] {
            assert_eq!(Cause::from_sip(status).q850, Some(q850), "{status}");
        }
        for (q850, status) in [
            (1, 404),
            (2, 404),
            (3, 404),
            (17, 486),
            (18, 408),
            (19, 480),
            (20, 480),
            (21, 403),
            (22, 410),
            (26, 404),
            (27, 502),
            (28, 484),
            (29, 501),
            (31, 480),
            (34, 503),
            (38, 503),
            (41, 503),
            (42, 503),
            (47, 503),
            (55, 403),
            (57, 403),
            (58, 503),
            (65, 488),
            (70, 488),
            (79, 501),
            (87, 403),
            (88, 503),
            (102, 504),
            (111, 500),
            (127, 500),
        ] {
            assert_eq!(Cause::from_q850(q850).sip_status(), status, "{q850}");
        }
    }

    #[test]
    fn an_unknown_status_means_what_its_class_does() {
        assert_eq!(Cause::from_sip(499).disposition, Disposition::Failed);
        assert_eq!(Cause::from_sip(599).disposition, Disposition::Unreachable);
        assert_eq!(Cause::from_sip(699).disposition, Disposition::Busy);
        assert_eq!(
            Cause::from_sip(499).sip_code,
            Some(499),
            "the raw code is kept"
        );
    }
}
