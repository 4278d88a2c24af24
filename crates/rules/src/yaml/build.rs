//! From the parser's events to the tree.

use std::collections::HashMap;

use callroute_schema::tree::{Key, Node, Span, Value};
use granit_parser::{Event, ScalarStyle};

use super::{MAX_DEPTH, MAX_NODES, QUOTE, no_value, too_deep};
use crate::fault::Report;
use callroute_schema::hint::shorten;

/// A list or map that is not closed yet.
enum Open {
    Seq {
        items: Vec<Node>,
        start: Span,
    },
    Map {
        entries: Vec<(Key, Node)>,
        seen: HashMap<String, Span>,
        key: Option<Pending>,
        start: Span,
    },
}

/// A key whose value comes next.
struct Pending {
    key: Key,
    /// It stood there before, or is no key at all: its value is dropped.
    dropped: bool,
}

pub(super) struct Builder<'a> {
    text: &'a str,
    pub(super) report: &'a mut Report,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    /// The line of an alias that was meant as a key: the colon went into its name.
    alias_key: Option<u32>,
    /// A comment behind a colon or brace that looks like a feature code, and what is said of it
    /// if nothing closes the brace.
    code: Option<(Span, String)>,
}

/// The parser's span as ours.
pub(super) fn span_of(span: &granit_parser::Span) -> Span {
    let range = span.byte_range().unwrap_or_default();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Span {
        line: number(span.start.line()),
        column: number(span.start.col()).saturating_add(1),
        start: range.start,
        end: range.end,
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str, report: &'a mut Report) -> Self {
        Self {
            text,
            report,
            open: Vec::new(),
            root: None,
            nodes: 0,
            alias_key: None,
            code: None,
        }
    }

    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }

    fn fault(&mut self, span: Span, message: impl Into<String>) {
        self.report.add(Some(span), String::new(), message);
    }

    /// Takes one event; `false`: the file is beyond its bounds, and reading stops.
    pub(super) fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        self.properties(&event, span);
        match event {
            Event::Scalar(text, style, ..) => {
                let value = match style {
                    ScalarStyle::Plain if span.start == span.end => self.nothing(span),
                    ScalarStyle::Plain if matches!(&*text, "null" | "~") => {
                        self.fault(span, no_value(&text));
                        Value::Null
                    }
                    ScalarStyle::Plain => Value::Plain(text.into_owned()),
                    _ => Value::Text(text.into_owned()),
                };
                self.value(value, span);
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let found = self
                    .text
                    .get(span.start..span.end)
                    .unwrap_or("*")
                    .to_owned();
                let key = found.strip_suffix(':');
                self.alias_key = key.map(|_| span.line);
                let found = shorten(key.unwrap_or(&found));
                let message = format!(
                    "`{found}` is a YAML alias, which routing files do not have; {QUOTE}: \"{found}\""
                );
                self.fault(span, message);
                self.value(Value::Text(found), span);
            }
            Event::Comment(comment, _) => {
                self.comment(&comment, span);
                return true;
            }
            Event::SequenceStart(..) => self.open.push(Open::Seq {
                items: Vec::new(),
                start: span,
            }),
            Event::MappingStart(..) => self.open.push(Open::Map {
                entries: Vec::new(),
                seen: HashMap::new(),
                key: None,
                start: span,
            }),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => return true,
        }
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MAX_NODES {
            self.fault(
                span,
                format!("a routing file has at most {MAX_NODES} values"),
            );
            return false;
        }
        if self.open.len() > MAX_DEPTH {
            self.fault(span, too_deep());
            return false;
        }
        true
    }

    fn properties(&mut self, event: &Event<'_>, span: Span) {
        let anchor = match event {
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(_, anchor, _)
            | Event::MappingStart(_, anchor, _) => *anchor,
            _ => 0,
        };
        if anchor != 0 {
            let message = "routing files have no anchors; write the value out, or name it under \
                           `targets` and use its name";
            self.fault(span, message);
        }
        if let Some(tag) = event.tag() {
            let message = format!("routing files have no tags; leave `{tag}` out");
            self.fault(span, message);
        }
    }

    /// In a list in brackets, a comment may have swallowed an entry: `["1", #2`.
    fn comment(&mut self, comment: &str, span: Span) {
        let before = self.text.get(..span.start).unwrap_or_default();
        let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        let before = before.get(begin..).unwrap_or_default().trim_end();
        let word = comment
            .split([' ', '\t', ',', ']', '}'])
            .next()
            .unwrap_or_default();
        let is_code = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#');
        let word = word.trim_end_matches(':');
        if word.is_empty() || !word.chars().all(is_code) {
            return;
        }
        let word = shorten(word);
        let message = format!(
            "`#` starts a comment; {QUOTE}: \"#{word}\" (a comment has a space after the `#`)"
        );
        if before.ends_with([',', '[']) {
            self.fault(span, message);
        } else if before.ends_with([':', '{']) && self.in_braces() {
            self.code = Some((span, message));
        }
    }

    /// Whether what comes next stands in braces or brackets.
    fn in_braces(&self) -> bool {
        let start = match self.open.last() {
            Some(Open::Seq { start, .. } | Open::Map { start, .. }) => start.start,
            None => return false,
        };
        let rest = self.text.get(start..).unwrap_or_default();
        rest.starts_with(['{', '['])
    }

    /// Whether a scan that ended here did so for a mark that was not quoted, which is told then.
    pub(super) fn is_marked(&mut self, end: Option<Span>) -> bool {
        if self
            .alias_key
            .is_some_and(|line| end.is_some_and(|end| end.line == line))
        {
            return true;
        }
        match self.code.take() {
            Some((span, message)) => {
                self.fault(span, message);
                true
            }
            None => false,
        }
    }

    /// A value that is not there. A section of the file may be empty; anything else is a slip,
    /// and often a value that starts with `#`, which YAML takes for a comment.
    fn nothing(&mut self, span: Span) -> Value {
        if self.alias_key == Some(span.line) {
            return Value::Null;
        }
        let is_value = !matches!(self.open.last(), Some(Open::Map { key: None, .. }));
        let section = self.open.len() == 1 && is_value;
        if let Some(comment) = comment_at(self.text, span) {
            let first = comment.split_whitespace().next().unwrap_or("#");
            let message = format!(
                "there is no value here: `#` starts a comment; {QUOTE}: \"{}\"",
                shorten(first)
            );
            self.fault(span, message);
        } else if !section {
            let message = match is_value {
                true => "there is no value here; give one, or leave the entry out",
                false => "there is no key here",
            };
            self.fault(span, message);
        }
        Value::Null
    }

    fn value(&mut self, value: Value, span: Span) {
        let node = Node {
            value,
            span: Some(span),
        };
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Seq { items, .. }) => items.push(node),
            Some(Open::Map { key: None, .. }) => self.key(&node, span),
            Some(Open::Map { key, entries, .. }) => {
                if let Some(pending) = key.take()
                    && !pending.dropped
                {
                    entries.push((pending.key, node));
                }
            }
        }
    }

    fn key(&mut self, node: &Node, span: Span) {
        let text = node.text().map(str::to_owned);
        if text.is_none() && !matches!(node.value, Value::Null) {
            self.fault(span, "a key must be text, not a list or a map");
        }
        let usable = text.is_some();
        let text = text.unwrap_or_default();
        let Some(Open::Map { seen, key, .. }) = self.open.last_mut() else {
            return;
        };
        let first = match usable {
            true => seen.get(&text).copied(),
            false => None,
        };
        if usable && first.is_none() {
            seen.insert(text.clone(), span);
        }
        let shown = shorten(&text);
        *key = Some(Pending {
            key: Key {
                text,
                span: Some(span),
            },
            dropped: !usable || first.is_some(),
        });
        if let Some(first) = first {
            let message = format!("`{shown}` is given twice");
            let other = (first, "first given here");
            self.report
                .conflict(Some(span), String::new(), message, other);
        }
    }

    fn close(&mut self, end: Span) {
        let (value, start) = match self.open.pop() {
            Some(Open::Seq { items, start }) => (Value::Seq(items), start),
            Some(Open::Map { entries, start, .. }) => (Value::Map(entries), start),
            None => return,
        };
        let span = Span {
            end: end.end.max(start.start),
            ..start
        };
        self.value(value, span);
    }
}

/// The comment on the line of a value that is not there.
fn comment_at(text: &str, span: Span) -> Option<&str> {
    let before = text.get(..span.start)?;
    let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest_of_line = |at: usize| text.get(at..).and_then(|rest| rest.lines().next());
    // After a key, the place is before its colon; in a list, it is after the comment.
    let after = rest_of_line(span.start)?.trim_start_matches([':', ' ', '\t']);
    let line = rest_of_line(begin)?.trim_start_matches(['-', '?', ' ', '\t']);
    [after, line].into_iter().find(|part| part.starts_with('#'))
}
