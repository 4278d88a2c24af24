//! TOML to the same tree as YAML, with the same places.

use callroute_schema::tree::{Key, Node, Span, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::fault::Report;
use crate::yaml::{MAX_DEPTH, fits};

/// Whether a routing file of this name is TOML; all others are YAML, or JSON, which is YAML.
pub(crate) fn is_toml(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("toml"))
}

/// Reads a text. Faults go to the report; `None`: nothing could be read.
pub(crate) fn read(text: &str, report: &mut Report) -> Option<Node> {
    if !fits(text, report) {
        return None;
    }
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().map(|range| lines.span(text, range));
        let message = format!("this is not valid TOML: {}", error.message());
        report.add(span, String::new(), message);
    }
    if !errors.is_empty() {
        return None;
    }
    let mut reader = Reader {
        text,
        lines: &lines,
        report,
    };
    let span = table.span();
    let value = reader.table(table.get_ref(), 1);
    Some(Node {
        value,
        span: Some(lines.span(text, span)),
    })
}

struct Reader<'a> {
    text: &'a str,
    lines: &'a Lines,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Value {
        let mut entries: Vec<(Key, Node)> = table
            .iter()
            .map(|(key, value)| {
                let key = Key {
                    text: key.get_ref().to_string(),
                    span: Some(self.lines.span(self.text, key.span())),
                };
                (key, self.value(value, depth))
            })
            .collect();
        // The parser sorts by name; rules and reports go by the written order.
        entries.sort_by_key(|(key, _)| key.span.map(|span| span.start));
        Value::Map(entries)
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, depth: usize) -> Node {
        let span = Some(self.lines.span(self.text, value.span()));
        if depth > MAX_DEPTH {
            let message = format!("a routing file is nested at most {MAX_DEPTH} deep");
            self.report.add(span, String::new(), message);
            return Node {
                value: Value::Null,
                span,
            };
        }
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => Value::Number(number.to_string()),
            DeValue::Float(number) => Value::Number(number.to_string()),
            DeValue::Boolean(value) => Value::Bool(*value),
            // Dates of calendars and exceptions may stand without quotes.
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Array(items) => Value::Seq(
                items
                    .iter()
                    .map(|item| self.value(item, depth + 1))
                    .collect(),
            ),
            DeValue::Table(table) => self.table(table, depth + 1),
        };
        Node { value, span }
    }
}

/// Where each line begins.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self(starts)
    }

    fn span(&self, text: &str, range: std::ops::Range<usize>) -> Span {
        let line = self.0.partition_point(|start| *start <= range.start);
        let start = self.0.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = text.get(start..range.start).unwrap_or_default();
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span {
            line: small(line),
            column: small(before.chars().count() + 1),
            start: range.start,
            end: range.end,
        }
    }
}

#[cfg(test)]
mod tests;
