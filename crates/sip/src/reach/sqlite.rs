//! Registrations in a file of SQLite.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, params};

use crate::reach::kept::{Registered, Registrations, RegistrationsError};

/// Changes that may wait for the disk; one beyond them is lost until that user's next REGISTER.
const WAITING: usize = 4096;
/// Changes that are written at once.
const TOGETHER: usize = 256;

const TABLE: &str = "
    create table if not exists registrations (
        user text not null,
        contact text not null,
        address text not null,
        transport text not null,
        call_id blob not null,
        sequence integer not null,
        until integer not null,
        behind_nat integer not null,
        primary key (user, contact)
    ) without rowid";

/// Registrations in a file of SQLite, written by a thread of its own.
#[derive(Debug)]
pub struct SqliteRegistrations {
    path: std::path::PathBuf,
    /// `None` once it is being dropped.
    changes: Option<SyncSender<Change>>,
    writer: Option<JoinHandle<()>>,
}

/// A user, and all that is registered for it now.
type Change = (String, Vec<Registered>);

impl SqliteRegistrations {
    /// Opens the file; makes it, and the folders above, when it is not there.
    ///
    /// # Errors
    /// [`RegistrationsError`] when it cannot be opened, or is no such file.
    pub fn open(path: &Path) -> Result<Self, RegistrationsError> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let connection = connect(path).map_err(failed)?;
        let (changes, waiting) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("registrations".to_owned());
        let writer = thread
            .spawn(move || write(connection, &waiting))
            .map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            changes: Some(changes),
            writer: Some(writer),
        })
    }
}

impl Registrations for SqliteRegistrations {
    fn load(&self) -> Result<Vec<Registered>, RegistrationsError> {
        read(&self.path).map_err(failed)
    }

    fn keep(&self, user: &str, registrations: Vec<Registered>) {
        let change = (user.to_owned(), registrations);
        if let Some(changes) = &self.changes
            && changes.try_send(change).is_err()
        {
            tracing::error!("the disk is too slow: a registration is not kept");
        }
    }
}

impl Drop for SqliteRegistrations {
    /// What waits is still written.
    fn drop(&mut self) {
        self.changes = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that keeps registrations broke down");
        }
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> RegistrationsError {
    RegistrationsError(Box::new(error))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.execute(TABLE, [])?;
    Ok(connection)
}

fn read(path: &Path) -> rusqlite::Result<Vec<Registered>> {
    let connection = connect(path)?;
    let mut rows = connection.prepare(
        "select user, contact, address, transport, call_id, sequence, until, behind_nat
         from registrations where until > unixepoch()",
    )?;
    let rows = rows.query_map([], |row| {
        let address: String = row.get(2)?;
        let until: i64 = row.get(6)?;
        let Ok(address) = address.parse() else {
            // Nobody but us writes here, and we write addresses.
            return Ok(None);
        };
        Ok(Some(Registered {
            user: row.get(0)?,
            contact: row.get(1)?,
            address,
            transport: row.get(3)?,
            call_id: row.get(4)?,
            sequence: row.get(5)?,
            until: u64::try_from(until).unwrap_or(0),
            behind_nat: row.get(7)?,
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

fn write(mut connection: Connection, changes: &Receiver<Change>) {
    while let Ok(first) = changes.recv() {
        let mut together = vec![first];
        together.extend(changes.try_iter().take(TOGETHER));
        if let Err(error) = written(&mut connection, &together) {
            tracing::error!(%error, "registrations were not kept");
        }
    }
}

fn written(connection: &mut Connection, changes: &[Change]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for (user, registrations) in changes {
        transaction.execute("delete from registrations where user = ?1", [user])?;
        let mut insert = transaction.prepare(
            "insert or replace into registrations
             (user, contact, address, transport, call_id, sequence, until, behind_nat)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for one in registrations {
            insert.execute(params![
                one.user,
                one.contact,
                one.address.to_string(),
                one.transport,
                one.call_id,
                one.sequence,
                i64::try_from(one.until).unwrap_or(i64::MAX),
                one.behind_nat,
            ])?;
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::{Registered, Registrations, SqliteRegistrations};

    fn registered(user: &str, contact: &str, until: u64) -> Registered {
        Registered {
            user: user.to_owned(),
            contact: contact.to_owned(),
            address: "192.0.2.1:40000".parse().unwrap(),
            transport: "UDP".to_owned(),
            call_id: b"c\0d".to_vec(),
            sequence: 7,
            until,
            behind_nat: true,
        }
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("registrations.db");
        let far = 4_000_000_000;
        let kept = SqliteRegistrations::open(&path).unwrap();
        assert!(kept.load().unwrap().is_empty());
        kept.keep(
            "ann",
            vec![
                registered("ann", "sip:a", far),
                registered("ann", "sip:b", far),
            ],
        );
        kept.keep("ann", vec![registered("ann", "sip:b", far)]);
        kept.keep("bob", vec![registered("bob", "sip:c", 1)]);
        drop(kept);
        let again = SqliteRegistrations::open(&path).unwrap();
        assert_eq!(again.load().unwrap(), [registered("ann", "sip:b", far)]);
        again.keep("ann", Vec::new());
        drop(again);
        assert!(
            SqliteRegistrations::open(&path)
                .unwrap()
                .load()
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_is_no_database_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(
            &path,
            "this is no database, but long enough to look like one ".repeat(40),
        )
        .unwrap();
        let error = SqliteRegistrations::open(&path).unwrap_err();
        assert!(error.to_string().contains("not a database"), "{error}");
    }
}
