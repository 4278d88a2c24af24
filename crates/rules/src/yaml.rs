//! YAML, and JSON with it, to a tree that knows where everything stands.
//!
//! Only what a routing file needs: no anchors, aliases, tags, directives or second documents.
//! Unquoted text stays text; whoever reads it decides what it is.

mod build;

use callroute_schema::tree::{Node, Span};
use granit_parser::{ErrorKind, Event, Parser, ScanError};

use crate::fault::Report;
use build::{Builder, span_of};

/// Longest text that is read, in bytes.
pub(crate) const MAX_TEXT: usize = 16 * 1024 * 1024;
/// Deepest nesting of lists and maps.
pub(crate) const MAX_DEPTH: usize = 32;
/// Most values of one file.
const MAX_NODES: usize = 1_000_000;

/// What is wrong with a value that is none, in whichever notation.
pub(crate) fn no_value(text: &str) -> String {
    format!("`{text}` is no value; leave the entry out")
}

/// What is wrong with lists and maps beyond [`MAX_DEPTH`].
pub(crate) fn too_deep() -> String {
    format!("lists and maps are nested at most {MAX_DEPTH} deep")
}

const QUOTE: &str = "feature codes that start with * or # must be quoted";

/// Reads a text. Faults go to the report; what could be read is given all the same, so that
/// further faults are told in the same round. `None`: nothing could be.
pub(crate) fn read(text: &str, report: &mut Report) -> Option<Node> {
    if !fits(text, report) {
        return None;
    }
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        // Only to see whether a feature code went into one; the text's length bounds them.
        emit_comments: true,
        max_buffered_comment_events: MAX_TEXT,
        // One more than is accepted, so that the fault is ours.
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    let mut builder = Builder::new(text, report);
    let mut documents = 0_usize;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok((event, span)) => (event, span_of(&span)),
            Err(error) => {
                // What a mark that was not quoted leads to is told where the mark stands.
                if !builder.is_marked(place(text, &error)) {
                    let message = scan_message(text, &error);
                    builder
                        .report
                        .add(place(text, &error), String::new(), message);
                }
                return None;
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let message = "a second document starts here; a routing file is one document";
                builder.report.add(Some(span), String::new(), message);
                break;
            }
        }
        if !builder.event(event, span) {
            return None;
        }
    }
    let root = builder.finish();
    if root.is_none() && report.is_empty() {
        report.add(
            None,
            String::new(),
            "the file is empty; it needs at least `version` and `default`",
        );
    }
    root
}

/// Whether a text is short enough to be read, in whatever language; a fault if not.
pub(crate) fn fits(text: &str, report: &mut Report) -> bool {
    let found = text.len();
    if found > MAX_TEXT {
        let message = format!("a routing file has at most {MAX_TEXT} bytes, found {found}");
        report.add(None, String::new(), message);
    }
    found <= MAX_TEXT
}

fn place(text: &str, error: &ScanError) -> Option<Span> {
    let mark = error.marker();
    let start = mark.byte_offset()?.min(text.len());
    let len = text.get(start..)?.chars().next().map_or(0, char::len_utf8);
    Some(Span {
        line: u32::try_from(mark.line()).ok()?,
        column: u32::try_from(mark.col()).ok()?.saturating_add(1),
        start,
        end: start.saturating_add(len),
    })
}

fn scan_message(text: &str, error: &ScanError) -> String {
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return format!("lists and maps are nested at most {MAX_DEPTH} deep");
    }
    let what = format!("this is not valid YAML: {}", error.kind());
    let start = error.marker().byte_offset().unwrap_or_default();
    let line_start = text
        .get(..start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let line = text
        .get(line_start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    if line.contains('\t') && line.trim_start_matches(' ').starts_with('\t') {
        return format!("{what}; indent with spaces");
    }
    let unquoted = |mark: char| {
        line.match_indices(mark).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default().trim_end();
            before.is_empty() || before.ends_with(['[', ',', '-', ':', '{'])
        })
    };
    if unquoted('*') || unquoted('#') {
        return format!("{what}; {QUOTE}");
    }
    what
}

#[cfg(test)]
mod tests;
