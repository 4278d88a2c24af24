//! Lists of callers, written in the file or in a CSV beside it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Compiler;
use crate::csv::{Field, Records, Unclosed};
use crate::engine::{CallerList, Pattern};
use crate::hint::shorten;
use crate::number::{self, NumberError};
use crate::path::Path;
use crate::source::Source;
use crate::table::CallersEntry;
use crate::yaml::MAX_TEXT;

/// The word for callers who withhold their number.
const ANONYMOUS: &str = "anonymous";
/// The name of the column that holds numbers.
const COLUMN: &str = "number";
/// After so many faults, the rest of a file is not worth reading.
const MAX_FAULTS: usize = 100;

impl Compiler<'_> {
    pub(super) fn callers(&mut self) -> HashMap<String, Arc<CallerList>> {
        let table = self.table;
        let section = Path::ROOT.key("callers");
        let mut callers = HashMap::new();
        for entry in table.callers.entries() {
            let Some(value) = &entry.value else {
                continue;
            };
            let list = self.list(&entry.name, value, &section.key(&entry.name));
            callers.insert(entry.name.clone(), Arc::new(list));
        }
        callers
    }

    fn list(&mut self, name: &str, entry: &CallersEntry, at: &Path<'_>) -> CallerList {
        let mut list = CallerList {
            name: name.to_owned(),
            ..CallerList::default()
        };
        if entry.numbers.is_none() && entry.file.is_none() {
            let message = "a list of callers needs `numbers`, as in [\"+1900*\", anonymous], or a \
                           `file`";
            self.fault(at, message);
        }
        let numbers = at.key("numbers");
        for (index, text) in entry.numbers.iter().flatten().enumerate() {
            if let Err(error) = add(&mut list, text) {
                self.fault(&numbers.index(index), error.to_string());
            }
        }
        if let Some(file) = &entry.file {
            self.file(file, &mut list, &at.key("file"));
        }
        list
    }

    fn file(&mut self, file: &str, list: &mut CallerList, at: &Path<'_>) {
        let Some(text) = self.read(file, at) else {
            return;
        };
        let mut column = 0;
        let mut faults = 0;
        for (index, record) in Records::new(&text).enumerate() {
            let record = match record {
                Ok(record) => record,
                Err(Unclosed(span)) => {
                    self.report
                        .elsewhere(file, Some(span), "this quote is never closed");
                    return;
                }
            };
            if index == 0 && is_heading(&record) {
                match record.iter().position(|field| field.text == COLUMN) {
                    Some(found) => column = found,
                    None => {
                        let span = record.first().map(|field| field.span);
                        let message = format!(
                            "this heading has no `{COLUMN}`; write it as in `number,name,…`"
                        );
                        self.report.elsewhere(file, span, message);
                        return;
                    }
                }
                continue;
            }
            let Some(field) = record.get(column).filter(|field| !field.text.is_empty()) else {
                let span = record.first().map(|field| field.span);
                self.report.elsewhere(file, span, "this line has no number");
                faults += 1;
                continue;
            };
            if let Err(error) = add(list, &field.text) {
                self.report
                    .elsewhere(file, Some(field.span), error.to_string());
                faults += 1;
            }
            if faults >= MAX_FAULTS {
                return;
            }
        }
    }

    /// The text of a file that an entry names; it becomes one of the table's sources.
    pub(super) fn read(&mut self, file: &str, at: &Path<'_>) -> Option<String> {
        if let Some(source) = self
            .sources
            .iter()
            .skip(1)
            .find(|source| source.name == file)
        {
            return Some(source.text.clone());
        }
        let text = match self.files.read(file) {
            Ok(text) => text,
            Err(error) => {
                self.fault(at, format!("cannot read `{}`: {error}", shorten(file)));
                return None;
            }
        };
        if text.len() > MAX_TEXT {
            let found = text.len();
            let file = shorten(file);
            self.fault(
                at,
                format!("`{file}` has {found} bytes; expected at most {MAX_TEXT}"),
            );
            return None;
        }
        self.sources.push(Source {
            name: file.to_owned(),
            text: text.clone(),
        });
        Some(text)
    }
}

/// Whether a first line names columns: it has no digit, and is no entry without one.
fn is_heading(record: &[Field]) -> bool {
    let is_word = |field: &Field| !field.text.contains(|c: char| c.is_ascii_digit());
    record.iter().all(is_word) && record.first().is_some_and(|field| field.text != ANONYMOUS)
}

fn add(list: &mut CallerList, text: &str) -> Result<(), NumberError> {
    if text == ANONYMOUS {
        list.anonymous = true;
        return Ok(());
    }
    match number::pattern(text)? {
        // Everybody is no list of callers, and would hold those back who withhold their number.
        Pattern::Any => Err(NumberError::Everybody),
        pattern => {
            list.numbers.insert(pattern, ());
            Ok(())
        }
    }
}
