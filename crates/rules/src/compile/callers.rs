//! Lists of callers, written in the file or in a CSV beside it.

use callroute_schema::number::Region;

use super::records::{self, Columns, Wrong, fits};
use super::{Compiler, Shared};
use crate::csv::Field;
use crate::engine::{CallerList, Dialed, Lists};
use crate::number::{self, NumberError, Pattern};
use crate::path::Path;
use crate::prefix::Key;
use crate::source::SourceFile;
use crate::table::CallersEntry;
use crate::yaml::MAX_TEXT;
use callroute_schema::hint::shorten;

/// The word for callers who withhold their number.
pub(crate) const ANONYMOUS: &str = "anonymous";
/// The name of the column that holds numbers.
pub(crate) const COLUMN: &str = "number";

impl Compiler<'_> {
    /// The lists in written order; one that is faulty keeps its place.
    pub(super) fn callers(&mut self, shared: &mut Shared) -> Lists {
        let table = self.table;
        let section = Path::ROOT.key("callers");
        let mut all = Vec::new();
        for entry in table.callers.entries() {
            let before = self.report.len();
            let list = match &entry.value {
                Some(value) => self.list(&entry.name, value, shared, &section.key(&entry.name)),
                None => CallerList::default(),
            };
            let file = entry.value.as_ref().and_then(|value| value.file.as_ref());
            if file.is_some() && self.report.len() > before {
                shared.note_unread(&entry.name, &list.rows);
            }
            shared.lists.insert(entry.name.clone(), all.len());
            all.push(list);
        }
        Lists::new(all)
    }

    fn list(
        &mut self,
        name: &str,
        entry: &CallersEntry,
        shared: &Shared,
        at: &Path<'_>,
    ) -> CallerList {
        let mut list = CallerList {
            name: name.to_owned(),
            ..CallerList::default()
        };
        if entry.numbers.is_none() && entry.file.is_none() && entry.lookup.is_none() {
            let message = "a list of callers needs `numbers`, as in [\"+1900*\", anonymous], a \
                           `file` or a `lookup`";
            self.fault(at, message);
        }
        if let Some(lookup) = &entry.lookup {
            let at = at.key("lookup");
            list.lookup = self.place("lookup", lookup, &shared.lookups, &at);
        }
        if let Some(file) = &entry.file {
            self.file(file, &mut list, &at.key("file"));
        }
        let numbers = at.key("numbers");
        for (index, text) in entry.numbers.iter().flatten().enumerate() {
            if let Err(error) = add(&mut list, text, None, self.region) {
                self.fault(&numbers.index(index), error.to_string());
            }
        }
        list
    }

    fn file(&mut self, file: &str, list: &mut CallerList, at: &Path<'_>) {
        let Some(text) = self.read(file, at) else {
            return;
        };
        let region = self.region;
        let mut columns = Columns::default();
        let mut column = 0;
        self.records(file, &text, |index, record| {
            if index == 0 && is_heading(record) {
                let Some(found) = record.iter().position(|field| field.text == COLUMN) else {
                    let message =
                        format!("this heading has no `{COLUMN}`; write it as in `number,name,…`");
                    return Err(Wrong::stop(record.first(), message));
                };
                column = found;
                columns = Columns::of(record);
                list.rows = columns.rows(COLUMN);
                return Ok(());
            }
            // Without a heading, only the numbers are read.
            if columns.count() > 0 {
                fits(columns.count(), record)?;
            }
            let Some(field) = record.get(column).filter(|field| !field.text.is_empty()) else {
                return Err(Wrong::line(
                    record.first(),
                    "this line has no number".to_owned(),
                ));
            };
            let row = list.rows.push(|name| columns.cell(record, name));
            add(list, &field.text, Some(row), region)
                .map_err(|error| Wrong::line(Some(field), error.to_string()))
        });
    }

    /// The text of a file that an entry names; it becomes one of the table's sources.
    pub(super) fn read(&mut self, file: &str, at: &Path<'_>) -> Option<String> {
        if let Some(source) = self.further.iter().find(|source| source.name == file) {
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
        self.further.push(SourceFile {
            name: file.to_owned(),
            text: text.clone(),
        });
        Some(text)
    }
}

/// Whether a first line names columns, and is no entry without a digit.
pub(crate) fn is_heading(record: &[Field]) -> bool {
    let is_entry = record.first().is_some_and(|field| field.text == ANONYMOUS);
    !is_entry && records::is_heading(record, COLUMN)
}

/// Adds an entry with its row in the list's file, where it has one.
fn add(
    list: &mut CallerList,
    text: &str,
    row: Option<u32>,
    region: Option<Region>,
) -> Result<(), NumberError> {
    if text == ANONYMOUS {
        list.anonymous = true;
        return Ok(());
    }
    match number::pattern(text, region)? {
        // Everybody is no list of callers, and would hold those back who withhold their number.
        Pattern::Any => return Err(NumberError::Everybody),
        Pattern::Exact(Dialed::Text(text)) => {
            if row.is_some() || !list.texts.contains_key(&text) {
                list.texts.insert(text, row.unwrap_or(CallerList::ROWLESS));
            }
        }
        Pattern::Exact(Dialed::Key(key)) => add_key(list, key, row),
        Pattern::Prefix(keys) => keys.into_iter().for_each(|key| add_key(list, key, row)),
    }
    Ok(())
}

/// What has no row hides none that the file has for it.
fn add_key(list: &mut CallerList, key: Key, row: Option<u32>) {
    if row.is_some() || list.numbers.longest(key).is_none() {
        list.numbers.insert(key, row.unwrap_or(CallerList::ROWLESS));
    }
    list.keys.push(key);
}
