//! The memory as a whole: opened once, shared by all that read and write.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vigil_core::port::Clock;

use crate::place::{Kept, Place};
use crate::postgres::Postgres;
use crate::sql::{Act, DatabaseFault, DatabaseFaultKind};
use crate::sqlite::{NotOpened, Sqlite};

/// What the service remembers. Clones share one database; it is closed when the last one is dropped.
#[derive(Clone)]
pub struct Store(Arc<Opened>);

struct Opened {
    place: Place,
    engine: Engine,
    clock: Arc<dyn Clock>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Changes whenever anything that is remembered does: an entity tag for answers that come from the store alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(String);

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
        Ok(Self(Arc::new(Opened { place: place.clone(), engine, clock })))
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

    /// Whether it can be read: for the question of readiness.
    ///
    /// # Errors
    ///
    /// If it cannot.
    pub async fn ping(&self) -> Result<(), DatabaseFault> {
        self.read((), |session, ()| Box::pin(async { session.rows("SELECT 1", &[]).await.map(drop) })).await
    }

    /// The present revision. What is read after it was asked for is at least as new.
    ///
    /// # Errors
    ///
    /// If the database is away.
    pub async fn revision(&self) -> Result<Revision, DatabaseFault> {
        Ok(Revision(match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.revision().to_string(),
            Engine::Postgres(postgres) => postgres.revision().await?,
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
            Engine::Postgres(postgres) => postgres.read(&Arc::new(given), act).await,
        }
    }

    /// Writes. A database that is away is an error at once.
    pub(crate) async fn write<A, T>(&self, given: A, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.write(given, act).await,
            Engine::Postgres(postgres) => {
                let given = Arc::new(given);
                for _ in 1..CONFLICTS {
                    match postgres.write(&given, act).await {
                        Err(fault) if fault.kind == DatabaseFaultKind::Conflict => {}
                        done => return done,
                    }
                }
                postgres.write(&given, act).await
            }
        }
    }

    /// Writes, and waits as long as the database is away: until it is back, or the caller stops waiting.
    pub(crate) async fn write_patiently<A, T>(&self, given: A, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let Engine::Postgres(postgres) = &self.0.engine else { return self.write(given, act).await };
        let (given, mut wait) = (Arc::new(given), FIRST_WAIT);
        loop {
            match postgres.write(&given, act).await {
                Err(fault) if fault.may_pass() => self.wait(&fault, &mut wait).await,
                done => return done,
            }
        }
    }

    /// Reads, and waits as long as the database is away.
    pub(crate) async fn read_patiently<A, T>(&self, given: A, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let Engine::Postgres(postgres) = &self.0.engine else { return self.read(given, act).await };
        let (given, mut wait) = (Arc::new(given), FIRST_WAIT);
        loop {
            match postgres.read(&given, act).await {
                Err(fault) if fault.may_pass() => self.wait(&fault, &mut wait).await,
                done => return done,
            }
        }
    }

    async fn wait(&self, fault: &DatabaseFault, wait: &mut Duration) {
        tracing::warn!(%fault, wait_seconds = wait.as_secs_f64(), "waiting for the database");
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
