//! A PostgreSQL database that is open: a pool of connections.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, IsolationLevel};

use super::residence::Residence;
use super::session::{PostgresSession, fault, unconnected};
use super::tls;
use crate::migrate::{Dialect, NotMigrated, migrate};
use crate::place::Place;
use crate::sql::{Act, DatabaseFault, DatabaseFaultKind, Session};
use crate::sqlite::NotOpened;

/// A pass writes a few transactions at a time, and readers are served by as many again.
const CONNECTIONS: usize = 16;
/// Whoever cannot be reached within this time is away.
const REACHED_WITHIN: Duration = Duration::from_secs(5);

/// One database of a server. Clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    pool: Pool,
    residence: Arc<Residence>,
}

impl Postgres {
    /// Connects, and brings the database to the newest version.
    pub(crate) async fn open(url: &str, place: &Place) -> Result<Self, NotOpened> {
        let unusable = |fault| NotOpened::Database { place: place.to_string(), fault };
        let refused = |said: String| unusable(DatabaseFault::new(DatabaseFaultKind::Refused, said));
        let (url, trust) = tls::trust(url);
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            // The source names the parameter; the URL itself may hold a password.
            let source = std::error::Error::source(&error).map(ToString::to_string);
            refused(format!("the URL cannot be read: {}", source.unwrap_or_else(|| error.to_string())))
        })?;
        config.connect_timeout(REACHED_WITHIN).application_name("ecr-vigil");
        config.keepalives_idle(Duration::from_secs(60)).tcp_user_timeout(Duration::from_secs(30));
        let keep = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, tls::connector(&trust).map_err(refused)?, keep);
        let pool = Pool::builder(manager).max_size(CONNECTIONS).runtime(Runtime::Tokio1);
        // There is no limit to waiting for one's turn: only the server can be away.
        let pool = pool.create_timeout(Some(REACHED_WITHIN)).recycle_timeout(Some(REACHED_WITHIN));
        let pool = pool.build().map_err(|error| refused(error.to_string()))?;
        let this = Self { pool, residence: Arc::default() };
        this.migrate().await.map_err(|wrong| wrong.at(&place.to_string()))?;
        Ok(this)
    }

    async fn migrate(&self) -> Result<(), NotMigrated> {
        loop {
            let mut connection = self.connection().await?;
            let mut session = PostgresSession(connection.transaction().await.map_err(fault)?);
            let done = migrate(&mut session, Dialect::Postgres).await?;
            session.0.commit().await.map_err(fault)?;
            if done {
                return Ok(());
            }
        }
    }

    /// Takes the database for this service. Returns whether no other has it.
    pub(crate) async fn reside(&self) -> Result<bool, DatabaseFault> {
        self.residence.take(&self.pool).await
    }

    /// A transaction that is not done if this returns an error; but if the connection is lost at its end, nobody knows.
    pub(crate) async fn write<A, T>(&self, given: &Arc<A>, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (this, given) = (self.clone(), given.clone());
        to_its_end(async move {
            this.residence.keep(&this.pool).await?;
            let mut connection = this.connection().await?;
            let mut session = PostgresSession(connection.transaction().await.map_err(fault)?);
            let done = act(&mut session, &given).await?;
            session.0.commit().await.map_err(fault)?;
            Ok(done)
        })
        .await
    }

    pub(crate) async fn read<A, T>(&self, given: &Arc<A>, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (this, given) = (self.clone(), given.clone());
        to_its_end(async move {
            let mut connection = this.connection().await?;
            // One moment of the database, however many questions are asked.
            let transaction = connection
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true);
            let mut session = PostgresSession(transaction.start().await.map_err(fault)?);
            let answer = act(&mut session, &given).await?;
            session.0.rollback().await.map_err(fault)?;
            Ok(answer)
        })
        .await
    }

    /// What is different as soon as anybody has changed anything.
    pub(crate) async fn revision(&self) -> Result<String, DatabaseFault> {
        let mut connection = self.connection().await?;
        let mut session = PostgresSession(connection.transaction().await.map_err(fault)?);
        let row = session.row("SELECT CAST(pg_current_snapshot() AS text)", &[]).await?;
        row.map_or_else(|| Ok(String::new()), |mut row| row.take())
    }

    /// The bytes of the database on its server.
    pub(crate) async fn size(&self) -> Result<u64, DatabaseFault> {
        let mut connection = self.connection().await?;
        let mut session = PostgresSession(connection.transaction().await.map_err(fault)?);
        let row = session.row("SELECT pg_database_size(current_database())", &[]).await?;
        row.map_or(Ok(0), |mut row| row.take())
    }

    async fn connection(&self) -> Result<Object, DatabaseFault> {
        self.pool.get().await.map_err(unconnected)
    }
}

/// Goes on in a task of its own, whoever waits for it and whenever they look. Somebody who has several calls in flight may
/// wait for one and not look at the others: a transaction among these would keep its locks, and the one that is waited for
/// may need them.
async fn to_its_end<T: Send + 'static>(
    transaction: impl Future<Output = Result<T, DatabaseFault>> + Send + 'static,
) -> Result<T, DatabaseFault> {
    let ended = tokio::spawn(transaction).await;
    ended.map_err(|error| DatabaseFault::new(DatabaseFaultKind::Refused, error))?
}
