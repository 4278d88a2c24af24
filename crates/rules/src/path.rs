//! Where something stands in a document, from the root inwards.

use std::fmt;

use callroute_schema::tree::{Node, Span, key_step};

/// A place, as a chain that lives on the stack: walking allocates nothing, only a fault does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    above: Option<&'a Self>,
    step: Step<'a>,
}

/// A place that outlives the walk that came to it.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) span: Option<Span>,
    pub(crate) path: String,
}

impl Spot {
    /// Where a value stands.
    pub(crate) fn of(root: &Node, path: &Path<'_>) -> Self {
        Self {
            span: path.span(root),
            path: path.to_string(),
        }
    }

    /// Where the key of an entry stands.
    pub(crate) fn of_key(root: &Node, path: &Path<'_>) -> Self {
        Self {
            span: path.key_span(root),
            path: path.to_string(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The whole document.
    pub(crate) const ROOT: Path<'static> = Path {
        above: None,
        step: Step::Root,
    };

    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Self {
            above: Some(self),
            step: Step::Key(key),
        }
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self {
            above: Some(self),
            step: Step::Index(index),
        }
    }

    /// Where this place stands in a document's text; when a step is not written out there (one
    /// action instead of a list), the place above it.
    pub(crate) fn span(&self, root: &Node) -> Option<Span> {
        self.find(root).1
    }

    /// Whether it is an entry of the map under this key.
    pub(crate) fn is_right_below(&self, key: &str) -> bool {
        let above = self.above.map(|above| above.step);
        matches!((self.step, above), (Step::Key(_), Some(Step::Key(above))) if above == key)
    }

    /// The name of the entry of a section that this place is, or is in.
    pub(crate) fn entry_of(&self, section: &str) -> Option<&'a str> {
        let above = self.above?;
        match (above.above, above.step, self.step) {
            (Some(root), Step::Key(key), Step::Key(name)) if root.above.is_none() => {
                (key == section).then_some(name)
            }
            _ => above.entry_of(section),
        }
    }

    /// Where its key stands; what is no entry of a map has none, and stands where its value does.
    pub(crate) fn key_span(&self, root: &Node) -> Option<Span> {
        let (Some(above), Step::Key(wanted)) = (self.above, self.step) else {
            return self.span(root);
        };
        let (node, _) = above.find(root);
        let only = node.map(|node| match node.items() {
            Some([only]) => only,
            _ => node,
        });
        let entries = only.and_then(Node::entries).unwrap_or_default();
        let found = entries.iter().find(|(key, _)| key.text == wanted);
        found
            .and_then(|(key, _)| key.span)
            .or_else(|| self.span(root))
    }

    fn find<'n>(&self, root: &'n Node) -> (Option<&'n Node>, Option<Span>) {
        let Some(above) = self.above else {
            return (Some(root), root.span);
        };
        let (found, span) = above.find(root);
        let Some(node) = found else {
            return (None, span);
        };
        match self.step {
            Step::Root => (Some(node), span),
            Step::Key(wanted) => {
                // A list of one action is walked as that action.
                let only = match node.items() {
                    Some([only]) => only,
                    _ => node,
                };
                let entries = only.entries().unwrap_or_default();
                match entries.iter().find(|(key, _)| key.text == wanted) {
                    Some((key, child)) => (Some(child), child.span.or(key.span).or(span)),
                    None => (None, span),
                }
            }
            // A single action may stand for a list of one.
            Step::Index(index) => match node.items() {
                Some(items) => match items.get(index) {
                    Some(child) => (Some(child), child.span.or(span)),
                    None => (None, span),
                },
                None => (Some(node), span),
            },
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
        }
        match self.step {
            Step::Root => f.write_str("$"),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => f.write_str(&key_step(key)),
        }
    }
}
