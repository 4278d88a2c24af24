//! Everything that is wrong with a routing file, each with its place.

mod not_text;
mod render;

use std::fmt;
use std::sync::Arc;

use callroute_schema::hint;
use callroute_schema::tree::{Node, ReadError, Span};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::path::{Path, Spot};
use crate::source::SourceFile;

/// Most faults that are kept; the rest are counted.
const MAX_FAULTS: usize = 1_000;
/// Most faults that have hints: as many as are shown.
const MAX_HINTS: usize = 100;

/// One thing that is wrong with a routing file, or with a file that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// Where it stands; `None` when it is about the whole file.
    pub span: Option<Span>,
    /// The path from the root, as in `$.targets.sales_group`; empty when there is none.
    pub path: String,
    /// What was found, and what would be right.
    pub message: String,
    /// The other place of a conflict.
    pub other: Option<Label>,
    /// Whether the file loads all the same.
    pub severity: Severity,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A file with it does not load.
    Error,
    /// The file loads; it probably does not do what was meant.
    Warning,
}

/// A second place that a fault is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Label {
    /// Where it stands, in the same file.
    pub span: Span,
    /// What it is.
    pub text: String,
}

impl Serialize for Label {
    /// `{"line", "column", "text"}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Label", 3)?;
        object.serialize_field("line", &self.span.line)?;
        object.serialize_field("column", &self.span.column)?;
        object.serialize_field("text", &self.text)?;
        object.end()
    }
}

impl Serialize for Fault {
    /// `{"severity", "file", "line", "column", "path", "message", "other"}`; lines and columns
    /// count from 1, and `other` is there when a second place is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = if self.other.is_some() { 7 } else { 6 };
        let mut object = serializer.serialize_struct("Fault", fields)?;
        object.serialize_field("severity", &self.severity)?;
        object.serialize_field("file", &self.file)?;
        object.serialize_field("line", &self.span.map(|span| span.line))?;
        object.serialize_field("column", &self.span.map(|span| span.column))?;
        object.serialize_field("path", &self.path)?;
        object.serialize_field("message", &self.message)?;
        if let Some(other) = &self.other {
            object.serialize_field("other", other)?;
        }
        object.end()
    }
}

/// Every fault of a routing file, sorted by place. Beyond 1,000 they are counted. Its text shows
/// each with the line it stands on. As an error of loading it is never empty.
#[derive(Debug, Clone)]
pub struct Faults {
    list: Vec<Fault>,
    /// How many more there are that were not kept.
    more: usize,
    /// The files, for showing lines; names and texts.
    files: Vec<(String, Arc<str>)>,
}

impl Faults {
    /// The faults, sorted by place.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.list
    }

    /// The faults, sorted by place.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.list.iter()
    }

    fn text_of(&self, file: &str) -> Option<&str> {
        let found = self.files.iter().find(|(name, _)| name == file);
        found.map(|(_, text)| text.as_ref())
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render::all(self, f)
    }
}

impl std::error::Error for Faults {}

/// Gathers faults while a file is read.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    file: String,
    list: Vec<Fault>,
    /// How many more there are.
    more: usize,
    severity: Severity,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            list: Vec::new(),
            more: 0,
            severity: Severity::Error,
        }
    }

    /// For what a file that loads makes one wonder about.
    pub(crate) fn of_warnings(file: &str) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::new(file)
        }
    }

    /// A fault at a place of the tree, and the place that it goes back to.
    pub(crate) fn between(
        &mut self,
        root: &Node,
        path: &Path<'_>,
        message: impl Into<String>,
        other: (&Path<'_>, &str),
    ) {
        if self.is_beyond() {
            return;
        }
        let (there, text) = other;
        let (here, there) = (Spot::of(root, path), Spot::of(root, there));
        self.between_spots(&here, message, (&there, text));
    }

    /// The same of places that were kept.
    pub(crate) fn between_spots(
        &mut self,
        here: &Spot,
        message: impl Into<String>,
        (there, text): (&Spot, &str),
    ) {
        match there.span {
            Some(span) => self.conflict(here.span, here.path.clone(), message, (span, text)),
            None => self.add(here.span, here.path.clone(), message),
        }
    }

    /// That a name of this kind is not given, and which ones are.
    pub(crate) fn unknown<'n>(
        &self,
        kind: &str,
        name: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> String {
        match self.has_hints() {
            true => hint::unknown(kind, name, names),
            false => format!("unknown {kind} `{}`", hint::shorten(name)),
        }
    }

    /// What to say after "unknown …". Of many faults the last ones have no hints: each is looked
    /// for among all names.
    pub(crate) fn choices<'n>(
        &self,
        name: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> String {
        match self.has_hints() {
            true => hint::choices(name, names),
            false => String::new(),
        }
    }

    /// Whether the next fault may have a hint.
    pub(crate) fn has_hints(&self) -> bool {
        self.list.len() < MAX_HINTS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many faults there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len().saturating_add(self.more)
    }

    /// A fault of the routing file itself.
    pub(crate) fn add(&mut self, span: Option<Span>, path: String, message: impl Into<String>) {
        self.push(Fault {
            file: self.file.clone(),
            span,
            path,
            message: message.into(),
            other: None,
            severity: self.severity,
        });
    }

    fn push(&mut self, fault: Fault) {
        if self.list.len() < MAX_FAULTS {
            self.list.push(fault);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// A fault at a place of the tree.
    pub(crate) fn at(&mut self, root: &Node, path: &Path<'_>, message: impl Into<String>) {
        if !self.is_beyond() {
            self.add(path.span(root), path.to_string(), message);
        }
    }

    /// A fault of an entry as a whole, where its name stands.
    pub(crate) fn at_key(&mut self, root: &Node, path: &Path<'_>, message: impl Into<String>) {
        if !self.is_beyond() {
            self.add(path.key_span(root), path.to_string(), message);
        }
    }

    /// Whether a fault more is only counted, which is done then. Its place is not looked for: in a
    /// large file each takes as long as reading a part of it.
    pub(crate) fn is_beyond(&mut self) -> bool {
        let is_beyond = self.list.len() >= MAX_FAULTS;
        if is_beyond {
            self.more = self.more.saturating_add(1);
        }
        is_beyond
    }

    /// A fault between two places.
    pub(crate) fn conflict(
        &mut self,
        span: Option<Span>,
        path: String,
        message: impl Into<String>,
        other: (Span, &str),
    ) {
        let (other, text) = other;
        self.push(Fault {
            file: self.file.clone(),
            span,
            path,
            message: message.into(),
            other: Some(Label {
                span: other,
                text: text.to_owned(),
            }),
            severity: self.severity,
        });
    }

    /// A value below a place could not be read.
    pub(crate) fn unreadable(&mut self, path: &Path<'_>, node: &Node, error: &ReadError) {
        let below = error.path();
        let below = below.strip_prefix('$').unwrap_or(&below);
        let span = error.span().or(node.span);
        self.add(span, format!("{path}{below}"), error.message());
    }

    /// A fault of a file that the routing file names; `other`: another place there.
    pub(crate) fn elsewhere(
        &mut self,
        file: &str,
        span: Option<Span>,
        message: impl Into<String>,
        other: Option<(Span, &str)>,
    ) {
        self.push(Fault {
            file: file.to_owned(),
            span,
            path: String::new(),
            message: message.into(),
            other: other.map(|(span, text)| Label {
                span,
                text: text.to_owned(),
            }),
            severity: self.severity,
        });
    }

    /// The faults in order, the routing file's first.
    pub(crate) fn finish(mut self, sources: &[SourceFile]) -> Faults {
        // Nothing is left out without a fault; if it ever is, the table does not load either.
        if self.list.is_empty() && self.severity == Severity::Error {
            self.add(None, String::new(), "the file could not be compiled");
        }
        let place = |fault: &Fault| fault.span.map(|span| (span.line, span.column));
        let main = self.file;
        self.list.sort_by(|a, b| {
            (a.file != main, &a.file, place(a)).cmp(&(b.file != main, &b.file, place(b)))
        });
        // What could not be understood as YAML is not told a second time as a wrong type.
        self.list.dedup_by(|later, first| {
            let syntax = first.path.is_empty() && first.file == main;
            syntax && later.file == main && later.span.is_some() && place(later) == place(first)
        });
        let files = sources
            .iter()
            .map(|source| (source.name.clone(), Arc::from(source.text.as_str())))
            .collect();
        Faults {
            list: self.list,
            more: self.more,
            files,
        }
    }
}
