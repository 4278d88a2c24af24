//! Comma-separated values (RFC 4180) with the place of each field.

use callroute_schema::tree::Span;

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// Why a record could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A quote is never closed, and nothing behind it is read.
    Unclosed(Span),
    /// A quote is closed, and more text stands behind it: this first.
    Behind(Span, char),
}

/// Reads records one after the other.
#[derive(Debug)]
pub(crate) struct Records<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
}

impl<'a> Records<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let bom = text.len() - text.trim_start_matches('\u{feff}').len();
        Self {
            text,
            at: bom,
            line: 1,
            line_start: bom,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, start: usize) -> Span {
        let before = self.text.get(self.line_start..start).unwrap_or_default();
        Span {
            line: self.line,
            column: u32::try_from(before.chars().count())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            start,
            end: self.at,
        }
    }

    fn newline(&mut self) {
        self.line = self.line.saturating_add(1);
        self.line_start = self.at;
    }

    /// Goes on behind a record that could not be read.
    fn skip(&mut self, broken: &Broken) {
        let rest = self.rest();
        let line = rest.find('\n').map(|end| end + 1);
        self.at += match broken {
            Broken::Unclosed(_) => rest.len(),
            Broken::Behind(..) => line.unwrap_or(rest.len()),
        };
        self.newline();
    }

    fn field(&mut self) -> Result<Field, Broken> {
        let start = self.at;
        if !self.rest().starts_with('"') {
            let rest = self.rest();
            let end = rest.find([',', '\n']).unwrap_or(rest.len());
            self.at += end;
            let text = rest.get(..end).unwrap_or_default().trim();
            return Ok(Field {
                text: text.to_owned(),
                span: self.span(start),
            });
        }
        self.at += 1;
        let opening = self.span(start);
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(['"', '\n']) else {
                return Err(Broken::Unclosed(opening));
            };
            text.push_str(rest.get(..end).unwrap_or_default());
            self.at += end + 1;
            if rest.get(end..).is_some_and(|found| found.starts_with('\n')) {
                text.push('\n');
                self.newline();
            } else if self.rest().starts_with('"') {
                text.push('"');
                self.at += 1;
            } else {
                break;
            }
        }
        let span = Span {
            end: self.at,
            ..opening
        };
        let closing = self.span(self.at.saturating_sub(1));
        let rest = self.rest();
        let end = rest.find([',', '\n']).unwrap_or(rest.len());
        let behind = rest.get(..end).unwrap_or_default();
        if !behind.trim().is_empty() {
            let first = behind.trim_start_matches(' ').chars().next();
            return Err(Broken::Behind(closing, first.unwrap_or(' ')));
        }
        self.at += end;
        Ok(Field { text, span })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Vec<Field>, Broken>;

    /// The next record that is not empty.
    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest().is_empty() {
            let mut fields = Vec::new();
            loop {
                match self.field() {
                    Ok(field) => fields.push(field),
                    Err(broken) => {
                        self.skip(&broken);
                        return Some(Err(broken));
                    }
                }
                let separator = self.rest().chars().next();
                self.at += separator.map_or(0, char::len_utf8);
                if separator != Some(',') {
                    break;
                }
            }
            self.newline();
            if fields.iter().any(|field| !field.text.is_empty()) {
                return Some(Ok(fields));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Broken, Records};

    fn read(text: &str) -> Vec<Vec<String>> {
        Records::new(text)
            .map(|record| {
                record
                    .unwrap()
                    .into_iter()
                    .map(|field| field.text)
                    .collect()
            })
            .collect()
    }

    #[test]
    fn reads_quotes_and_line_ends() {
        let text = "\u{feff}number,name\r\n+1,\"Ann \"\"A\"\", Ltd\"\n\n\"+2\",b";
        assert_eq!(
            read(text),
            [
                vec!["number", "name"],
                vec!["+1", "Ann \"A\", Ltd"],
                vec!["+2", "b"]
            ]
        );
    }

    #[test]
    fn knows_where_it_is() {
        let records: Vec<_> = Records::new("a,b\n\"x\ny\",c\nd,é,f\n").collect();
        let place = |record: usize, field: usize| {
            let span = records[record].as_ref().unwrap()[field].span;
            (span.line, span.column)
        };
        assert_eq!(place(0, 1), (1, 3));
        assert_eq!(place(1, 0), (2, 1));
        assert_eq!(place(2, 0), (4, 1));
        assert_eq!(place(2, 2), (4, 5));
        assert!(Records::new("a\n\"b").last().unwrap().is_err());
    }

    #[test]
    fn nothing_stands_behind_a_quote() {
        let mut records = Records::new("a,b\n\"x\ny\" z,c\n\"d\" \t,e\r\n\"f\"\n");
        assert!(records.next().unwrap().is_ok());
        let Some(Err(Broken::Behind(span, 'z'))) = records.next() else {
            panic!("text behind a quote is expected");
        };
        assert_eq!((span.line, span.column, span.end - span.start), (3, 2, 1));
        let rest: Vec<_> = records.map(Result::unwrap).collect();
        let texts = rest.iter().map(|record| record[0].text.as_str());
        assert_eq!(texts.collect::<Vec<_>>(), ["d", "f"]);
        assert_eq!(rest[0][0].span.line, 4);
    }

    proptest! {
        #[test]
        fn never_fails_to_end(text in "[\",\n\raé ]{0,40}") {
            let count = Records::new(&text).count();
            prop_assert!(count <= text.len());
        }

        #[test]
        fn reads_back_what_was_quoted(fields in proptest::collection::vec("[\",\nab]{1,5}", 1..4)) {
            let quoted: Vec<String> =
                fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            prop_assert_eq!(read(&quoted.join(",")), vec![fields]);
        }
    }
}
