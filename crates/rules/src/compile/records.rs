//! CSV files record by record, with a fault's place.

use std::collections::HashMap;

use callroute_schema::tree::Span;

use super::Compiler;
use crate::csv::{Broken, Field, Records};
use crate::engine::Rows;

/// After so many faults, the rest of a file is not worth reading.
pub(super) const MAX_FAULTS: usize = 100;

/// What spreadsheets separate by in many languages.
const COMMAS: &str = "fields are separated by commas here, not by semicolons or tabs; export the file with commas, and texts with a comma in quotes";
const BEHIND: &str =
    "the quote ends here, and more stands behind it; double a quote within a value, as in \"\"";

/// What is wrong with a record.
pub(super) struct Wrong {
    span: Option<Span>,
    message: String,
    /// The other place of a conflict, and what it is.
    other: Option<(Span, &'static str)>,
    /// Whether the rest of the file makes no sense without it.
    stop: bool,
}

impl Wrong {
    /// Something is wrong with this line; the others may be right.
    pub(super) fn line(field: Option<&Field>, message: String) -> Self {
        Self {
            span: field.map(|field| field.span),
            message,
            other: None,
            stop: false,
        }
    }

    /// The same, with the place that it goes back to.
    pub(super) fn between(self, span: Span, text: &'static str) -> Self {
        Self {
            other: Some((span, text)),
            ..self
        }
    }

    /// Nothing after this makes sense.
    pub(super) fn stop(field: Option<&Field>, message: String) -> Self {
        Self {
            stop: true,
            ..Self::line(field, message)
        }
    }
}

/// The columns that a heading names.
#[derive(Default)]
pub(super) struct Columns {
    names: Vec<Box<str>>,
    /// Where each stands; of two with one name, the first.
    places: HashMap<Box<str>, usize>,
}

impl Columns {
    pub(super) fn of(heading: &[Field]) -> Self {
        let mut columns = Self::default();
        for field in heading {
            let place = columns.names.len();
            let name: Box<str> = field.text.as_str().into();
            columns.places.entry(name.clone()).or_insert(place);
            columns.names.push(name);
        }
        columns
    }

    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Rows with all of them but this one.
    pub(super) fn rows(&self, but: &str) -> Rows {
        let others = self.names.iter().filter(|name| ***name != *but);
        Rows::new(others.cloned().collect())
    }

    /// What stands in a record under a column's name.
    pub(super) fn cell(&self, record: &[Field], name: &str) -> Box<str> {
        let field = self.places.get(name).and_then(|place| record.get(*place));
        field.map_or("", |field| field.text.as_str()).into()
    }
}

/// Whether a first line names columns: this one, which every heading has, or no field has a digit.
pub(super) fn is_heading(record: &[Field], column: &str) -> bool {
    let is_named = |field: &Field| field.text.eq_ignore_ascii_case(column);
    record.iter().any(is_named) || are_words(record)
}

fn are_words(record: &[Field]) -> bool {
    let is_word = |field: &Field| !field.text.contains(|c: char| c.is_ascii_digit());
    record.iter().all(is_word)
}

/// Whether a first line is a heading of several columns that nothing we know separates.
fn has_no_commas(record: &[Field]) -> bool {
    let [field] = record else {
        return false;
    };
    are_words(record) && field.text.contains([';', '\t'])
}

/// A line with more than its heading has columns for: a comma too many, behind which everything
/// would stand under the wrong heading.
///
/// # Errors
/// Where the first text without a heading stands.
pub(super) fn fits(columns: usize, record: &[Field]) -> Result<(), Wrong> {
    let mut beyond = record.iter().skip(columns);
    match beyond.find(|field| !field.text.is_empty()) {
        None => Ok(()),
        Some(first) => {
            let found = record.len();
            let message = format!(
                "this line has {found} fields, and the heading {columns}; put quotes around a text \
                 with a comma, as in \"Smith, John\", and a point into a decimal number"
            );
            Err(Wrong::line(Some(first), message))
        }
    }
}

impl Compiler<'_> {
    /// Hands over each record that is not empty, with its position.
    pub(super) fn records(
        &mut self,
        file: &str,
        text: &str,
        mut take: impl FnMut(usize, &[Field]) -> Result<(), Wrong>,
    ) {
        let mut faults = 0;
        for (index, record) in Records::new(text).enumerate() {
            let wrong = match &record {
                Ok(record) if index == 0 && has_no_commas(record) => {
                    Some(Wrong::stop(record.first(), COMMAS.to_owned()))
                }
                Ok(record) => take(index, record).err(),
                Err(Broken::Unclosed(span)) => Some(Wrong {
                    span: Some(*span),
                    message: "this quote is never closed".to_owned(),
                    other: None,
                    stop: true,
                }),
                Err(Broken::Behind(span, first)) => Some(Wrong {
                    span: Some(*span),
                    message: match first {
                        ';' | '\t' => COMMAS.to_owned(),
                        _ => BEHIND.to_owned(),
                    },
                    other: None,
                    // Without its heading, no line can be told.
                    stop: index == 0 || matches!(first, ';' | '\t'),
                }),
            };
            let Some(wrong) = wrong else {
                continue;
            };
            self.report
                .elsewhere(file, wrong.span, wrong.message, wrong.other);
            faults += 1;
            if wrong.stop || faults >= MAX_FAULTS {
                return;
            }
        }
    }
}
