//! Rows of a database: what a query says of a call.

#[cfg(feature = "sqlite")]
mod sqlite;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

#[cfg(feature = "sqlite")]
pub use self::sqlite::{OpenError, SqliteRows};

/// One row, by column; what is NULL is left out.
pub type Row = BTreeMap<String, String>;

/// A row, being found: `None` when the query has none.
pub type RowsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Row>, QueryError>> + Send + 'a>>;

/// What a query's parameters stand for. They are bound, and never become part of the query.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// `:from`, who calls; `None`, which is NULL, when that is not known.
    pub from: Option<String>,
    /// `:to`, what was dialed.
    pub to: String,
    /// `:call_id`.
    pub call_id: String,
}

/// Who calls whom is left out.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values")
            .field("call_id", &self.call_id)
            .finish_non_exhaustive()
    }
}

/// Why a row cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The database does not take the query, or failed.
    #[error("the database says: {message}")]
    Database {
        /// What it says.
        message: String,
    },
    /// The query changes something.
    #[error("the query changes the database; expected one that only reads")]
    Writes,
    /// The query has a parameter that nothing stands for.
    #[error("unknown parameter {name}; there are :from, :to and :call_id")]
    Parameter {
        /// The parameter.
        name: String,
    },
    /// The query has too many columns, or none.
    #[error("the query has {found} columns; expected 1 to {most}")]
    Columns {
        /// How many.
        found: usize,
        /// The most that it may have.
        most: usize,
    },
    /// Two columns have the same name.
    #[error("two columns are named {name}; give one another name by `as`")]
    SameName {
        /// The name.
        name: String,
    },
    /// A value is no text and no number.
    #[error("column {column} holds bytes; expected a text or a number")]
    Bytes {
        /// The column.
        column: String,
    },
    /// A value is too long.
    #[error("column {column} holds {found} bytes; expected at most {most}")]
    TooLong {
        /// The column.
        column: String,
        /// How long it is.
        found: usize,
        /// The most that it may have.
        most: usize,
    },
    /// It was not found in time.
    #[error("no row within {budget_ms} ms")]
    Late {
        /// How long it might have taken.
        budget_ms: u64,
    },
    /// Too many ask at once.
    #[error("{most} queries are waiting already")]
    Busy {
        /// The most that may wait.
        most: usize,
    },
    /// Nobody works on queries any more.
    #[error("the database is closed")]
    Closed,
}

/// A database that is asked for rows.
pub trait RowSource: Send + Sync + fmt::Debug + 'static {
    /// Whether a query can be asked at all, before any call needs it. May block for a moment.
    ///
    /// # Errors
    /// [`QueryError`]: what is wrong with it.
    fn check(&self, query: &str) -> Result<(), QueryError>;

    /// The first row of a query. Never blocks, and ends about when the budget does, whatever the
    /// database does.
    fn find<'a>(&'a self, query: &'a str, values: Values, budget: Duration) -> RowsFuture<'a>;
}
