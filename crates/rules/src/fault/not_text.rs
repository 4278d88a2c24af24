//! Files that are no text.

use std::sync::Arc;

use callroute_schema::tree::Span;

use super::{Fault, Faults, Severity};

impl Faults {
    /// What is wrong with the bytes of a file that is no text in UTF-8, with the line and column
    /// of the first bad byte; `None`: it is one.
    ///
    /// ```
    /// use callroute_rules::Faults;
    ///
    /// let found = Faults::not_text("routes.yaml", b"version: 1\nname: caf\xe9\n");
    /// let place = found.as_ref().and_then(|faults| faults.as_slice()[0].span);
    /// assert_eq!(place.map(|span| (span.line, span.column)), Some((2, 10)));
    /// assert!(Faults::not_text("routes.yaml", "name: café".as_bytes()).is_none());
    /// ```
    #[must_use]
    pub fn not_text(file: &str, bytes: &[u8]) -> Option<Self> {
        let error = std::str::from_utf8(bytes).err()?;
        let start = error.valid_up_to();
        let before = bytes.get(..start).unwrap_or_default();
        let before = std::str::from_utf8(before).unwrap_or_default();
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let span = Span {
            line: small(before.matches('\n').count().saturating_add(1)),
            column: small(line.chars().count().saturating_add(1)),
            start,
            end: start.saturating_add(error.error_len().unwrap_or(1)),
        };
        let found = bytes.get(start).copied().unwrap_or_default();
        let fault = Fault {
            file: file.to_owned(),
            span: Some(span),
            path: String::new(),
            message: format!(
                "this is no UTF-8 text: the byte 0x{found:02x} is no character here; save the file as UTF-8"
            ),
            other: None,
            severity: Severity::Error,
        };
        Some(Self {
            list: vec![fault],
            more: 0,
            files: vec![(file.to_owned(), Arc::from(before))],
        })
    }
}
