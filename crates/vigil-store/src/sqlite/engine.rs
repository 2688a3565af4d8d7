//! A SQLite database that is open.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::executor::block_on;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::file;
use super::session::{SqliteSession, fault};
use super::writer::{self, Writer};
use crate::migrate::{Dialect, migrate};
use crate::sql::{Act, DatabaseFault, DatabaseFaultKind, Session};
use crate::store::NotOpened;

/// So many read at a time; others wait. More would only share the same two disks and cores.
const READERS: usize = 8;
/// A question takes so many steps, under a millisecond, before it looks whether its asker is still there.
const STEPS_UNASKED: i32 = 10_000;

/// One file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    file: PathBuf,
    readers: Arc<Semaphore>,
    /// Room for one who asks whether the file can be read, however many read.
    asks: Arc<Semaphore>,
    /// Closed before the writer, which as the last one takes the log into the file.
    idle: Arc<Mutex<Vec<Connection>>>,
    /// `None` where the file is only read.
    writer: Option<Writer>,
    /// Held as long as this lives; let go after the writer has closed the file. Who only reads shares the file.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens the file, creating it if it is not there, and brings it to the newest version.
    pub(crate) fn open(file: &Path) -> Result<Self, NotOpened> {
        let file = &file::resolve(file)?;
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
            readers: Arc::new(Semaphore::new(READERS)),
            asks: Arc::new(Semaphore::new(1)),
            idle: Arc::default(),
            writer: Some(Writer::start(connection, revision)),
            _lock: Some(lock),
        })
    }

    /// Opens the file to be read alone, beside whoever writes to it.
    pub(crate) fn look(file: &Path) -> Result<Self, NotOpened> {
        let file = &file::found(file)?;
        if !file::inspect(file)? {
            let nothing = std::io::Error::new(std::io::ErrorKind::NotFound, "there is nothing in it");
            return Err(NotOpened::Unreachable(file.to_owned(), nothing));
        }
        let mut reader = file::reader(file).map_err(|fault| unusable(file, fault))?;
        let known = block_on(Dialect::Sqlite.check_newest(&mut SqliteSession(&mut reader)));
        known.map_err(|wrong| wrong.at(&file.display().to_string()))?;
        Ok(Self {
            file: file.to_owned(),
            readers: Arc::new(Semaphore::new(READERS)),
            asks: Arc::new(Semaphore::new(1)),
            idle: Arc::new(Mutex::new(vec![reader])),
            writer: None,
            _lock: None,
        })
    }

    pub(crate) async fn write<A: Send + 'static, T: Send + 'static>(
        &self,
        given: A,
        act: Act<A, T>,
    ) -> Result<T, DatabaseFault> {
        let only_read = || DatabaseFault::new(DatabaseFaultKind::Refused, "it was opened to be read alone");
        self.writer.as_ref().ok_or_else(only_read)?.write(given, act).await
    }

    /// A question whose asker has gone is ended.
    pub(crate) async fn read<A: Send + 'static, T: Send + 'static>(
        &self,
        given: A,
        act: Act<A, T>,
    ) -> Result<T, DatabaseFault> {
        self.read_in_turn(&self.readers, given, act).await
    }

    /// Whether the file can be read, and written to if it lets itself be.
    pub(crate) async fn ping(&self) -> Result<(), DatabaseFault> {
        let one: Act<(), ()> =
            |session, ()| Box::pin(async { session.rows("SELECT 1", &[]).await.map(drop) });
        self.read_in_turn(&self.asks, (), one).await?;
        let writes = self.writer.as_ref().is_none_or(Writer::is_alive);
        if writes { Ok(()) } else { Err(writer::ended()) }
    }

    async fn read_in_turn<A: Send + 'static, T: Send + 'static>(
        &self,
        turns: &Arc<Semaphore>,
        given: A,
        act: Act<A, T>,
    ) -> Result<T, DatabaseFault> {
        let ended = |_| DatabaseFault::new(DatabaseFaultKind::Refused, "its readers have ended");
        let turn = turns.clone().acquire_owned().await.map_err(ended)?;
        let (idle, file) = (self.idle.clone(), self.file.clone());
        // Dropped together with this future: by the end of the answer nobody looks at it any more.
        let asks = Arc::new(());
        let asked = Arc::downgrade(&asks);
        let reading = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = kept.map_or_else(|| file::reader(&file), Ok)?;
            let nobody_asks = move || asked.strong_count() == 0;
            connection.progress_handler(STEPS_UNASKED, Some(nobody_asks)).map_err(fault)?;
            // One moment of the database, however many questions are asked.
            connection.execute_batch("BEGIN").map_err(fault)?;
            let answer = block_on(act(&mut SqliteSession(&mut connection), &given));
            let ended = connection.execute_batch("ROLLBACK");
            if ended.is_ok() {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
            answer
        });
        let answer = reading.await.map_err(|error| DatabaseFault::new(DatabaseFaultKind::Refused, error))?;
        drop(asks);
        answer
    }

    /// The bytes of the file and of its log.
    pub(crate) fn size(&self) -> Result<u64, DatabaseFault> {
        file::size(&self.file).map_err(|error| DatabaseFault::new(DatabaseFaultKind::Unavailable, error))
    }

    /// How often anything was changed since the file was made, as the writer knows it.
    pub(crate) fn revision(&self) -> u64 {
        self.writer.as_ref().map_or(0, Writer::revision)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Row;

    fn open() -> (tempfile::TempDir, Sqlite) {
        let room = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&room.path().join("vigil.db")).unwrap();
        (room, sqlite)
    }

    async fn keep(sqlite: &Sqlite, name: String) -> Result<u64, DatabaseFault> {
        let write: Act<String, u64> = |session, name| {
            Box::pin(async move {
                session.execute("INSERT INTO packages (name) VALUES ($1)", &[name.into()]).await
            })
        };
        sqlite.write(name, write).await
    }

    async fn kept(sqlite: &Sqlite) -> i64 {
        let count = sqlite.read((), |session, ()| {
            Box::pin(async { session.row("SELECT count(*) FROM packages", &[]).await })
        });
        count.await.unwrap().and_then(|mut row: Row| row.take().ok()).unwrap()
    }

    #[tokio::test]
    async fn whoever_only_looks_reads_beside_the_writer_and_changes_nothing() {
        let (room, sqlite) = open();
        keep(&sqlite, "a".into()).await.unwrap();
        let looking = Sqlite::look(&room.path().join("vigil.db")).unwrap();
        assert_eq!(kept(&looking).await, 1);
        keep(&sqlite, "b".into()).await.unwrap();
        assert_eq!(kept(&looking).await, 2);
        assert_eq!(keep(&looking, "c".into()).await.unwrap_err().kind, DatabaseFaultKind::Refused);
        let nowhere = room.path().join("nowhere.db");
        assert!(matches!(Sqlite::look(&nowhere), Err(NotOpened::Unreachable(..))));
        assert!(!nowhere.exists());
    }

    async fn room_for(sqlite: &Sqlite, pages: u64) {
        let limit: Act<u64, ()> = |session, pages| {
            Box::pin(
                async move { session.rows(&format!("PRAGMA max_page_count = {pages}"), &[]).await.map(drop) },
            )
        };
        sqlite.write(pages, limit).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_what_was_kept_before_stays() {
        let (_room, sqlite) = open();
        room_for(&sqlite, 80).await;
        let mut before = 0;
        let full = loop {
            match keep(&sqlite, format!("{before}{}", "x".repeat(2_000))).await {
                Ok(_) => before += 1,
                Err(fault) => break fault,
            }
        };
        assert_eq!(full.kind, DatabaseFaultKind::Full);
        assert!(full.to_string().starts_with("the disk of the database is full"), "{full}");
        assert_eq!(kept(&sqlite).await, before);
        room_for(&sqlite, 1_000).await;
        keep(&sqlite, "after".to_owned()).await.unwrap();
        assert_eq!(kept(&sqlite).await, before + 1, "there is room again");
    }

    #[tokio::test]
    async fn one_that_fails_among_many_that_wait_is_the_only_one_that_does() {
        let (_room, sqlite) = open();
        let all = (0..50).map(|n| keep(&sqlite, if n % 10 == 9 { "same".to_owned() } else { n.to_string() }));
        let done = futures::future::join_all(all).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 46);
        assert_eq!(kept(&sqlite).await, 46);
    }

    /// What a process leaves that is killed in the middle of a transaction: the files as they are at that moment.
    #[tokio::test]
    async fn half_a_transaction_is_none() {
        let (room, sqlite) = open();
        keep(&sqlite, "whole".to_owned()).await.unwrap();
        let half: Act<PathBuf, ()> = |session, room| {
            Box::pin(async move {
                // More than the cache holds, so that some of it is in the log already.
                session.script("PRAGMA cache_size = 10; PRAGMA cache_spill = 1").await?;
                for n in 0..2_000 {
                    let name = format!("half {n} {}", "x".repeat(500));
                    session.execute("INSERT INTO packages (name) VALUES ($1)", &[name.into()]).await?;
                }
                std::fs::create_dir(room.join("left")).unwrap();
                for name in ["vigil.db", "vigil.db-wal"] {
                    std::fs::copy(room.join(name), room.join("left").join(name)).unwrap();
                }
                Ok(())
            })
        };
        sqlite.write(room.path().to_owned(), half).await.unwrap();
        assert!(std::fs::metadata(room.path().join("left/vigil.db-wal")).unwrap().len() > 1 << 20);
        let left = Sqlite::open(&room.path().join("left/vigil.db")).unwrap();
        assert_eq!((kept(&left).await, kept(&sqlite).await), (1, 2_001));
    }

    #[tokio::test]
    async fn a_question_whose_asker_has_gone_is_ended() {
        let (_room, sqlite) = open();
        // It would count for ever.
        let endless: Act<(), ()> = |session, ()| {
            let sql =
                "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
            Box::pin(async { session.rows(sql, &[]).await.map(drop) })
        };
        let mut asked = Box::pin(sqlite.read((), endless));
        while sqlite.readers.available_permits() == READERS {
            assert!(futures::poll!(&mut asked).is_pending());
            tokio::task::yield_now().await;
        }
        sqlite.ping().await.unwrap();
        drop(asked);
        drop(sqlite.readers.acquire_many(READERS as u32).await.unwrap());
        assert_eq!(kept(&sqlite).await, 0, "the connection serves again");
    }
}
