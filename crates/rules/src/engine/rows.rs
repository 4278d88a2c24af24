//! The rows of a CSV file that rules and texts may use.

use std::fmt;

/// Columns and rows, without the column that they are found by.
#[derive(Clone, Default)]
pub(crate) struct Rows {
    columns: Box<[Box<str>]>,
    /// Row by row.
    cells: Vec<Box<str>>,
}

/// Without what the rows say, which is of people.
impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Rows {
    pub(crate) fn new(columns: Vec<Box<str>>) -> Self {
        Self {
            columns: columns.into(),
            cells: Vec::new(),
        }
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(AsRef::as_ref)
    }

    /// Adds a row: what `value` says of each column. Gives back its place.
    pub(crate) fn push(&mut self, value: impl Fn(&str) -> Box<str>) -> u32 {
        if self.columns.is_empty() {
            return 0;
        }
        let row = self.cells.len() / self.columns.len();
        for column in &self.columns {
            self.cells.push(value(column));
        }
        u32::try_from(row).unwrap_or(u32::MAX)
    }

    /// A cell; `None`: no such row, no such column, or nothing stands there.
    pub(crate) fn cell(&self, row: Option<u32>, column: &str) -> Option<&str> {
        let column = self.columns.iter().position(|known| **known == *column)?;
        let row = usize::try_from(row?).ok()?;
        let cell = self
            .cells
            .get(row.checked_mul(self.columns.len())? + column)?;
        (!cell.is_empty()).then_some(cell)
    }
}
