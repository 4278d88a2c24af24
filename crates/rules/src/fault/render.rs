//! Faults as text: place, message, the line, and a caret under what is wrong.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use callroute_schema::tree::Span;

use super::{Fault, Faults, Severity};

/// Most faults that are shown.
const SHOWN: usize = 100;
/// Longest line that is shown, in bytes; a longer one (minified JSON) is only named.
const LINE: usize = 400;

pub(super) fn all(faults: &Faults, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let renderer = Renderer::plain();
    for (index, fault) in faults.list.iter().take(SHOWN).enumerate() {
        if index > 0 {
            f.write_str("\n\n")?;
        }
        let text = faults.text_of(&fault.file);
        f.write_str(&renderer.render(&[group(fault, text)]))?;
    }
    match faults
        .list
        .len()
        .saturating_sub(SHOWN)
        .saturating_add(faults.more)
    {
        0 => Ok(()),
        more => write!(f, "\n\nand {more} more"),
    }
}

fn group<'a>(fault: &'a Fault, text: Option<&'a str>) -> Group<'a> {
    let level = match fault.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let file = fault.file.as_str();
    let Some(span) = fault.span else {
        // What has no line has its path.
        let message = match fault.path.as_str() {
            "" | "$" => fault.message.clone(),
            path => format!("{path}: {}", fault.message),
        };
        return level.primary_title(message).element(Origin::path(file));
    };
    let title = level.primary_title(fault.message.as_str());
    let (Some(line), Some(text)) = (text.and_then(|text| line(text, &span)), text) else {
        let origin = Origin::path(file).line(span.line as usize);
        return title.element(origin.char_column(span.column as usize));
    };
    let mut snippet = line.snippet(file, &span);
    snippet = snippet.annotation(AnnotationKind::Primary.span(line.caret.clone()));
    let Some(other) = &fault.other else {
        return title.element(snippet);
    };
    match self::line(text, &other.span) {
        Some(second) if other.span.line == span.line => title.element(
            snippet.annotation(
                AnnotationKind::Context
                    .span(second.caret)
                    .label(other.text.as_str()),
            ),
        ),
        Some(second) => {
            let label = AnnotationKind::Context
                .span(second.caret.clone())
                .label(other.text.as_str());
            title
                .element(snippet)
                .element(second.snippet(file, &other.span).annotation(label))
        }
        None => title.element(snippet),
    }
}

/// The line that a span begins on.
struct Line<'a> {
    text: &'a str,
    /// What is underlined, in bytes of the line: never beyond it.
    caret: Range<usize>,
}

impl<'a> Line<'a> {
    fn snippet(
        &self,
        file: &'a str,
        span: &Span,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        Snippet::source(self.text)
            .path(file)
            .line_start(span.line as usize)
    }
}

fn line<'a>(text: &'a str, span: &Span) -> Option<Line<'a>> {
    let before = text.get(..span.start)?;
    let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text.get(begin..)?;
    let line = rest.lines().next().unwrap_or_default();
    if line.len() > LINE {
        return None;
    }
    let start = span.start.saturating_sub(begin).min(line.len());
    let end = span.end.saturating_sub(begin).clamp(start, line.len());
    let end = if line.is_char_boundary(end) {
        end
    } else {
        start
    };
    Some(Line {
        text: line,
        caret: start..end,
    })
}
