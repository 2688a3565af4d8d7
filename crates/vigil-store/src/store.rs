//! The memory as a whole: opened once, shared by all that read and write.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use vigil_core::port::Clock;

use crate::outage::Outage;
use crate::place::{Kept, Place};
use crate::postgres::{Postgres, Written};
use crate::sql::{Act, DatabaseFault, DatabaseFaultKind};
use crate::sqlite::Sqlite;

/// What the service remembers. Clones share one database; it is closed when the last one is dropped.
#[derive(Clone)]
pub struct Store(Arc<Opened>);

struct Opened {
    place: Place,
    engine: Engine,
    clock: Arc<dyn Clock>,
    /// Whether the last write met a database that cannot be written to at all.
    unwritable: AtomicBool,
    outage: Outage,
    /// Somebody has made or ended an exception, and there may be images to judge anew.
    unsettled: Notify,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Changes whenever anything that is remembered does: an entity tag for answers that come from the store alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(String);

/// A database that could not be opened. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// Another process writes to it.
    #[error("the database {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The file has more than one name, and its log is found by one of them only.
    #[error("the database {} has several names (hard links): remove the others", .0.display())]
    SeveralNames(PathBuf),
    /// Another service works with it.
    #[error("the database {0} is in use by another service")]
    Occupied(String),
    /// The file cannot be read or written.
    #[error("the database {} cannot be opened", .0.display())]
    Unreachable(PathBuf, #[source] std::io::Error),
    /// The file holds something else.
    #[error("{} is not a database of this program: {said}; it was left as it is", .file.display())]
    NotOurs {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        said: String,
    },
    /// The file is damaged.
    #[error("the database {} is corrupt: {said}; it was left as it is", .file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        said: String,
    },
    /// A newer program has written it.
    #[error("the database {place} has version {found}, and this program knows versions up to {known}")]
    Newer {
        /// Which database.
        place: String,
        /// Its version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Nothing was ever written to it, or by an older program only.
    #[error(
        "the database {place} has version {found}, and can be read from version {known} on: a service brings it there"
    )]
    Older {
        /// Which database.
        place: String,
        /// Its version.
        found: i64,
        /// The one that is read here.
        known: i64,
    },
    /// The database itself does not work.
    #[error("the database {place} cannot be used")]
    Database {
        /// Which database.
        place: String,
        /// What it said.
        #[source]
        fault: DatabaseFault,
    },
}

/// A transaction that met another one is tried at once again, so often.
const CONFLICTS: usize = 10;
/// Five seconds, for a service that is about to end, or was killed and whose connection the server has not given up yet.
const TRIED_FOR_RESIDENCE: usize = 20;
/// The first wait for a database that is away; each next one is twice as long, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LAST_WAIT: Duration = Duration::from_secs(15);

impl Store {
    /// Opens the database, makes it if there is none, and brings it to the newest version. The clock is waited on while a
    /// PostgreSQL server is away, or another process has the file: one that is about to end is waited for a little.
    ///
    /// # Errors
    ///
    /// A file that is no database of ours, corrupt, of a newer version or in use by another process is left untouched.
    pub async fn open(place: &Place, clock: Arc<dyn Clock>) -> Result<Self, NotOpened> {
        let engine = match &place.0 {
            Kept::File(file) => Engine::Sqlite(open_file(file, &*clock).await?),
            Kept::Postgres(url) => Engine::Postgres(Postgres::open(url, place).await?),
        };
        Ok(Self::of(place, engine, clock))
    }

    fn of(place: &Place, engine: Engine, clock: Arc<dyn Clock>) -> Self {
        let (place, unwritable, unsettled) = (place.clone(), AtomicBool::new(false), Notify::new());
        let outage = Outage::default();
        Self(Arc::new(Opened { place, engine, clock, unwritable, outage, unsettled }))
    }

    /// Opens the database to be read alone, beside the service that writes to it. Nothing is made, and nothing changed.
    ///
    /// # Errors
    ///
    /// As [`Store::open`]; and if there is none, or an older program has made it.
    pub async fn look(place: &Place, clock: Arc<dyn Clock>) -> Result<Self, NotOpened> {
        let engine = match &place.0 {
            Kept::File(file) => {
                let path = file.clone();
                let opening = tokio::task::spawn_blocking(move || Sqlite::look(&path));
                let unreachable = |error| NotOpened::Unreachable(file.clone(), std::io::Error::other(error));
                Engine::Sqlite(opening.await.map_err(unreachable)??)
            }
            Kept::Postgres(url) => Engine::Postgres(Postgres::look(url, place).await?),
        };
        Ok(Self::of(place, engine, clock))
    }

    /// Takes the database for this service alone, for as long as this store is open: two services would make every pass
    /// twice. One that is about to end is waited for a little. A file belongs to whoever has opened it anyway.
    ///
    /// # Errors
    ///
    /// If another service has it, or the server is away.
    pub async fn reside(&self) -> Result<(), NotOpened> {
        let Engine::Postgres(postgres) = &self.0.engine else { return Ok(()) };
        let place = || self.0.place.to_string();
        for _ in 0..TRIED_FOR_RESIDENCE {
            let taken = postgres.reside().await;
            if taken.map_err(|fault| NotOpened::Database { place: place(), fault })? {
                return Ok(());
            }
            wait_for_the_other(self.clock()).await;
        }
        Err(NotOpened::Occupied(place()))
    }

    /// Where it is kept.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// Waits until another service works with the database instead of this one, which has lost its connection meanwhile:
    /// from then on every write is refused.
    pub async fn evicted(&self) {
        match &self.0.engine {
            // A file stays with whoever has opened it.
            Engine::Sqlite(_) => std::future::pending().await,
            Engine::Postgres(postgres) => postgres.evicted().await,
        }
    }

    /// Whether it can be read and written, and by this service: for the question of readiness.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    pub async fn ready(&self) -> Result<(), DatabaseFault> {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.ping().await?,
            Engine::Postgres(postgres) => self.0.outage.heard(postgres.ping().await)?,
        }
        // Writing costs something, so it is tried only where it did not work the last time.
        if self.0.unwritable.load(Ordering::Relaxed) { self.try_to_write().await } else { Ok(()) }
    }

    /// Writes as much as a small scan takes, and takes it away again.
    async fn try_to_write(&self) -> Result<(), DatabaseFault> {
        self.write((), |session, ()| {
            Box::pin(async {
                let filling = vec![0; 64 << 10];
                session.execute("INSERT INTO trials (filling) VALUES ($1)", &[filling.into()]).await.map(drop)
            })
        })
        .await?;
        self.write((), |session, ()| {
            Box::pin(async { session.execute("DELETE FROM trials", &[]).await.map(drop) })
        })
        .await
    }

    /// The present revision. What is read after it was asked for is at least as new.
    ///
    /// # Errors
    ///
    /// If the database is away.
    pub async fn revision(&self) -> Result<Revision, DatabaseFault> {
        Ok(Revision(match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.revision().to_string(),
            Engine::Postgres(postgres) => self.0.outage.heard(postgres.revision().await)?,
        }))
    }

    /// How many bytes it takes: the file and its log, or the database on its server.
    ///
    /// # Errors
    ///
    /// If the file or the database is away.
    pub async fn size(&self) -> Result<u64, DatabaseFault> {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.size(),
            Engine::Postgres(postgres) => postgres.size().await,
        }
    }

    pub(crate) fn postgres(&self) -> Option<&Postgres> {
        match &self.0.engine {
            Engine::Postgres(postgres) => Some(postgres),
            Engine::Sqlite(_) => None,
        }
    }

    pub(crate) fn unsettled(&self) -> &Notify {
        &self.0.unsettled
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Reads. A database that is away is an error at once.
    pub(crate) async fn read<A, T>(&self, given: A, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.read(given, act).await,
            Engine::Postgres(postgres) => self.0.outage.heard(postgres.read(&Arc::new(given), act).await),
        }
    }

    /// Writes. A database that is away is an error at once.
    pub(crate) async fn write<A, T>(&self, given: A, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.write_with(Patience::None, given, act).await
    }

    /// Writes, and waits as long as the database is away: until it is back, or the caller stops waiting.
    pub(crate) async fn write_patiently<A, T>(&self, given: A, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.write_with(Patience::Endless, given, act).await
    }

    async fn write_with<A, T>(&self, patience: Patience, given: A, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => self.noted(sqlite.write(given, act).await),
            Engine::Postgres(postgres) => {
                let given = Arc::new(given);
                loop {
                    let attempt = || async { self.noted(postgres.write(&given, act).await) };
                    match self.tried(patience, attempt).await? {
                        Written::Done(done) => return Ok(done),
                        Written::Unheard(done, transaction) => {
                            let asked = || postgres.was_done(&transaction);
                            if self.tried(patience, asked).await? {
                                return Ok(done);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Reads, and waits as long as the database is away.
    pub(crate) async fn read_patiently<A, T>(&self, given: A, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.read(given, act).await,
            Engine::Postgres(postgres) => {
                let given = Arc::new(given);
                self.tried(Patience::Endless, || postgres.read(&given, act)).await
            }
        }
    }

    /// Tries again: at once what met another transaction, and after a while, if there is patience, what may pass.
    async fn tried<T, F>(&self, patience: Patience, attempt: impl Fn() -> F) -> Result<T, DatabaseFault>
    where
        F: Future<Output = Result<T, DatabaseFault>>,
    {
        let (mut conflicts, mut wait) = (0, FIRST_WAIT);
        loop {
            match self.0.outage.heard(attempt().await) {
                Err(fault) if fault.kind == DatabaseFaultKind::Conflict && conflicts < CONFLICTS => {
                    conflicts += 1
                }
                Err(fault) if fault.may_pass() && patience == Patience::Endless => {
                    self.wait(&mut wait).await;
                    conflicts = 0;
                }
                done => return done,
            }
        }
    }

    /// Takes note of whether the database can be written to. What is wrong with one transaction says nothing of that.
    fn noted<T>(&self, written: Result<T, DatabaseFault>) -> Result<T, DatabaseFault> {
        match written.as_ref().map_err(|fault| fault.kind) {
            Ok(_) => self.0.unwritable.store(false, Ordering::Relaxed),
            Err(DatabaseFaultKind::Conflict | DatabaseFaultKind::Refused) => {}
            Err(_) => self.0.unwritable.store(true, Ordering::Relaxed),
        }
        written
    }

    async fn wait(&self, wait: &mut Duration) {
        let until = self.clock().now().checked_add(*wait).unwrap_or(jiff::Timestamp::MAX);
        self.clock().wait_until(until).await;
        *wait = (*wait * 2).min(LAST_WAIT);
    }
}

/// Opens the file. One that another process has is tried again for a little.
async fn open_file(file: &Path, clock: &dyn Clock) -> Result<Sqlite, NotOpened> {
    for _ in 0..TRIED_FOR_RESIDENCE {
        match try_file(file).await {
            Err(NotOpened::InUse(_)) => wait_for_the_other(clock).await,
            done => return done,
        }
    }
    try_file(file).await
}

async fn try_file(file: &Path) -> Result<Sqlite, NotOpened> {
    let path = file.to_owned();
    let opening = tokio::task::spawn_blocking(move || Sqlite::open(&path)).await;
    opening.map_err(|error| NotOpened::Unreachable(file.to_owned(), std::io::Error::other(error)))?
}

async fn wait_for_the_other(clock: &dyn Clock) {
    clock.wait_until(clock.now().checked_add(FIRST_WAIT).unwrap_or(jiff::Timestamp::MAX)).await;
}

/// How long whoever writes or reads waits for a database that is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    None,
    Endless,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0.place)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigil_core::testing::PausedClock;

    async fn room_for(store: &Store, pages: u64) {
        let limit: Act<u64, ()> = |session, pages| {
            let sql = format!("PRAGMA max_page_count = {pages}");
            Box::pin(async move { session.rows(&sql, &[]).await.map(drop) })
        };
        store.write(pages, limit).await.unwrap();
    }

    #[tokio::test]
    async fn a_store_that_cannot_be_written_to_is_not_ready_until_it_can() {
        let room = tempfile::tempdir().unwrap();
        let clock = Arc::new(PausedClock::new());
        let store = Store::open(&Place::file(room.path().join("vigil.db")), clock).await.unwrap();
        store.ready().await.unwrap();
        room_for(&store, 1).await;
        store.ready().await.unwrap();
        store.try_to_write().await.unwrap_err();
        assert_eq!(store.ready().await.unwrap_err().kind, DatabaseFaultKind::Full);
        room_for(&store, 10_000).await;
        store.ready().await.unwrap();
    }
}
