//! A SQLite database that is open.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::executor::block_on;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::file::{self, NotOpened};
use super::session::{SqliteSession, fault};
use super::writer::Writer;
use crate::migrate::{Dialect, migrate};
use crate::sql::{Act, DatabaseFault, DatabaseFaultKind, Session};

/// So many read at a time; others wait. More would only share the same two disks and cores.
const READERS: usize = 8;

/// One file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    file: PathBuf,
    writer: Writer,
    idle: Arc<Mutex<Vec<Connection>>>,
    readers: Arc<Semaphore>,
    /// Held as long as this lives; let go after the writer has closed the file.
    _lock: File,
}

impl Sqlite {
    /// Opens the file, creating it if it is not there, and brings it to the newest version.
    pub(crate) fn open(file: &Path) -> Result<Self, NotOpened> {
        let lock = file::lock(file)?;
        let unusable = |fault| unusable(file, fault);
        if file::inspect(file)? {
            // What a newer program has written is not even opened for writing.
            let mut reader = file::reader(file).map_err(unusable)?;
            let mut session = SqliteSession(&mut reader);
            let known = block_on(Dialect::Sqlite.check(&mut session));
            known.map_err(|wrong| wrong.at(&file.display().to_string()))?;
        }
        let mut connection = file::writer(file).map_err(unusable)?;
        let migrated = in_transactions(&mut connection);
        migrated.map_err(|wrong| wrong.at(&file.display().to_string()))?;
        let revision = revision(&mut connection).map_err(unusable)?;
        Ok(Self {
            file: file.to_owned(),
            writer: Writer::start(connection, revision),
            idle: Arc::default(),
            readers: Arc::new(Semaphore::new(READERS)),
            _lock: lock,
        })
    }

    pub(crate) async fn write<A: Send + 'static, T: Send + 'static>(
        &self,
        given: A,
        act: Act<A, T>,
    ) -> Result<T, DatabaseFault> {
        self.writer.write(given, act).await
    }

    pub(crate) async fn read<A: Send + 'static, T: Send + 'static>(
        &self,
        given: A,
        act: Act<A, T>,
    ) -> Result<T, DatabaseFault> {
        let ended = |_| DatabaseFault::new(DatabaseFaultKind::Refused, "its readers have ended");
        let turn = self.readers.clone().acquire_owned().await.map_err(ended)?;
        let (idle, file) = (self.idle.clone(), self.file.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = kept.map_or_else(|| file::reader(&file), Ok)?;
            // One moment of the database, however many questions are asked.
            connection.execute_batch("BEGIN").map_err(fault)?;
            let answer = block_on(act(&mut SqliteSession(&mut connection), &given));
            let ended = connection.execute_batch("ROLLBACK");
            if ended.is_ok() {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
            answer
        });
        reading.await.map_err(|error| DatabaseFault::new(DatabaseFaultKind::Refused, error))?
    }

    /// How often anything was changed since the file was made.
    pub(crate) fn revision(&self) -> u64 {
        self.writer.revision()
    }
}

fn unusable(file: &Path, fault: DatabaseFault) -> NotOpened {
    match fault.kind {
        DatabaseFaultKind::Corrupt => NotOpened::Corrupt { file: file.to_owned(), said: fault.said },
        _ => NotOpened::Database { place: file.display().to_string(), fault },
    }
}

fn in_transactions(connection: &mut Connection) -> Result<(), crate::migrate::NotMigrated> {
    loop {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(fault)?;
        let step = block_on(migrate(&mut SqliteSession(connection), Dialect::Sqlite));
        let end = if step.is_ok() { "COMMIT" } else { "ROLLBACK" };
        connection.execute_batch(end).map_err(fault)?;
        if step? {
            return Ok(());
        }
    }
}

fn revision(connection: &mut Connection) -> Result<u64, DatabaseFault> {
    let mut session = SqliteSession(connection);
    let row = block_on(session.row("SELECT number FROM revision", &[]))?;
    row.map_or(Ok(0), |mut row| row.take())
}
