//! CSV files that load, and hold what is hardly meant.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use callroute_schema::Party;
use callroute_schema::tree::Span;

use super::Review;
use super::doubts::{Few, damage, doubt};
use super::used::Used;
use crate::compile::{ANONYMOUS, CALLERS_COLUMN, PREFIXES_COLUMN, is_heading};
use crate::csv::{Field, Records};
use crate::engine::Engine;
use crate::number::{Pattern, pattern};
use callroute_schema::hint::{choices, shorten};

/// Lines of a file whose numbers are held against numbering plans; of longer ones, the first.
const MAX_READ: usize = 20_000;

/// A place in a file, and the one that it goes back to.
type Places = (Span, Option<Span>);

/// A file by columns.
struct Sheet<'a> {
    text: &'a str,
    columns: Vec<String>,
}

impl<'a> Sheet<'a> {
    fn new(text: &'a str, is_heading: impl Fn(&[Field]) -> bool) -> Self {
        let first = Records::new(text).next().and_then(Result::ok);
        let heading = first.filter(|first| is_heading(first)).unwrap_or_default();
        let columns = heading.into_iter().map(|field| field.text).collect();
        Self { text, columns }
    }

    /// The lines below the heading.
    fn rows(&self) -> impl Iterator<Item = Vec<Field>> + use<'a> {
        let heading = usize::from(!self.columns.is_empty());
        Records::new(self.text).map_while(Result::ok).skip(heading)
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }
}

impl Review<'_> {
    /// The files of callers and of prefixes.
    pub(super) fn sheets(&mut self, used: &Used) {
        let table = self.table;
        for entry in table.callers.entries() {
            if let Some(file) = entry.value.as_ref().and_then(|list| list.file.as_deref())
                && let Some(text) = source(self.engine, file)
            {
                let sheet = Sheet::new(text, is_heading);
                self.callers_file(file, &sheet);
                self.agents_in(&entry.name, file, &sheet, used);
            }
        }
        for entry in table.prefixes.entries() {
            if let Some(file) = entry.value.as_ref().and_then(|deck| deck.file.as_deref())
                && let Some(text) = source(self.engine, file)
            {
                let named =
                    |record: &[Field]| record.iter().any(|field| field.text == PREFIXES_COLUMN);
                let sheet = Sheet::new(text, named);
                self.agents_in(&entry.name, file, &sheet, used);
            }
        }
    }

    fn tell_of(&mut self, file: &str, few: Few<Places>) {
        for ((span, other), message) in few.finish() {
            let other = other.map(|span| (span, "first given here"));
            self.report.elsewhere(file, Some(span), message, other);
        }
    }

    fn callers_file(&mut self, file: &str, sheet: &Sheet<'_>) {
        let region = self.engine.tables.region;
        let column = sheet.place(CALLERS_COLUMN).unwrap_or(0);
        let mut doubts = Few::new();
        let mut twice = Few::new();
        let mut rowless = Few::new();
        // Where each was given last, and what stood beside it.
        let mut seen: HashMap<Pattern, (Span, u64)> = HashMap::new();
        for (index, row) in sheet.rows().enumerate() {
            let Some(field) = row.get(column) else {
                continue;
            };
            let mut others = cells(&row, column);
            if field.text == ANONYMOUS {
                if !sheet.columns.is_empty() && others.any(|cell| !cell.is_empty()) {
                    let message = format!(
                        "what stands beside `{ANONYMOUS}` is not kept: who withholds the number has no row"
                    );
                    rowless.add(|| (field.span, None), || message);
                }
                continue;
            }
            let doubtful = match index < MAX_READ {
                true => doubt(&field.text, region),
                false => damage(&field.text),
            };
            if let Some(message) = doubtful {
                doubts.add(|| (field.span, None), || message);
            }
            // Where nothing else is said of a number, it may well be said twice.
            if sheet.columns.len() < 2 {
                continue;
            }
            let Ok(pattern) = pattern(&field.text, region) else {
                continue;
            };
            let mut beside = DefaultHasher::new();
            others.for_each(|cell| cell.hash(&mut beside));
            let beside = beside.finish();
            if let Some((first, other)) = seen.insert(pattern, (field.span, beside))
                && other != beside
            {
                let message = format!(
                    "`{}` stands here twice, and the last line counts; take one of them out",
                    shorten(&field.text)
                );
                twice.add(|| (field.span, Some(first)), || message);
            }
        }
        for few in [doubts, twice, rowless] {
            self.tell_of(file, few);
        }
    }

    /// Columns that agents are named by hold agents' names.
    fn agents_in(&mut self, table: &str, file: &str, sheet: &Sheet<'_>, used: &Used) {
        let (agents, rotas) = (&self.table.agents, &self.table.rotas);
        let of_table = used.agents_by.iter().filter(|(named, _)| named == table);
        let columns: Vec<_> = of_table.map(|(_, column)| column).collect();
        for column in columns {
            let Some(place) = sheet.place(column) else {
                continue;
            };
            let mut few = Few::new();
            for field in sheet.rows().filter_map(|row| row.into_iter().nth(place)) {
                let name = field.text.as_str();
                // A group rings numbers and addresses, too.
                let is_name = matches!(Party::new(name), Ok(Party::Agent(_)) | Err(_));
                if !name.is_empty() && is_name && !agents.has(name) && !rotas.has(name) {
                    few.add(
                        || (field.span, None),
                        || {
                            let choices = choices(name, agents.names().chain(rotas.names()));
                            let name = shorten(name);
                            format!(
                                "unknown agent `{name}`, whom `{{{table}.{column}}}` names{choices}"
                            )
                        },
                    );
                }
            }
            self.tell_of(file, few);
        }
    }
}

/// What a row says besides its number.
fn cells(row: &[Field], column: usize) -> impl Iterator<Item = &str> {
    let others = row
        .iter()
        .enumerate()
        .filter(move |(place, _)| *place != column);
    others.map(|(_, field)| field.text.as_str())
}

/// The text of a file beside the routing file.
fn source<'e>(engine: &'e Engine, file: &str) -> Option<&'e str> {
    let mut sources = engine.sources().iter().skip(1);
    let found = sources.find(|source| source.name == file);
    found.map(|source| source.text.as_str())
}
