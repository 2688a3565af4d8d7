//! A PostgreSQL database that is open: connections for those who read, and others for those who write.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    BuildError, ClientWrapper, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use tokio::sync::oneshot;
use tokio_postgres::{Config, IsolationLevel};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::ending::{Unheard, Written, commit, was_done};
use super::residence::{Residence, take_turn};
use super::session::{PostgresSession, fault, unconnected};
use super::tls;
use crate::migrate::{Dialect, NotMigrated, migrate};
use crate::place::Place;
use crate::sql::{Act, DatabaseFault, DatabaseFaultKind, Session};
use crate::store::NotOpened;

/// A pass writes a few transactions at a time.
const WRITERS: usize = 8;
/// So many read at a time; others wait, but nobody who writes waits for them.
const READERS: usize = 8;
/// Whoever cannot be reached within this time is away.
const REACHED_WITHIN: Duration = Duration::from_secs(5);

/// One database of a server. Clones share its connections.
#[derive(Clone)]
pub(crate) struct Postgres {
    readers: Pool,
    writers: Pool,
    /// How a server is reached that is to end a question.
    tls: MakeRustlsConnect,
    residence: Arc<Residence>,
}

impl Postgres {
    /// Connects, and brings the database to the newest version.
    pub(crate) async fn open(url: &str, place: &Place) -> Result<Self, NotOpened> {
        let this = Self::reach(url, place)?;
        this.migrate().await.map_err(|wrong| wrong.at(&place.to_string()))?;
        Ok(this)
    }

    /// The same for those who only read: nothing is made or changed.
    pub(crate) async fn look(url: &str, place: &Place) -> Result<Self, NotOpened> {
        let this = Self::reach(url, place)?;
        let newest: Act<(), Result<(), NotMigrated>> =
            |session, ()| Box::pin(async { Ok(Dialect::Postgres.check_newest(session).await) });
        let known = this.read(&Arc::new(()), newest).await.unwrap_or_else(|fault| Err(fault.into()));
        known.map_err(|wrong| wrong.at(&place.to_string()))?;
        Ok(this)
    }

    fn reach(url: &str, place: &Place) -> Result<Self, NotOpened> {
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
        let tls = tls::connector(&trust).map_err(refused)?;
        let of = |size| pool(&config, &tls, size).map_err(|error| refused(error.to_string()));
        let (readers, writers) = (of(READERS)?, of(WRITERS)?);
        Ok(Self { readers, writers, tls, residence: Arc::default() })
    }

    async fn migrate(&self) -> Result<(), NotMigrated> {
        loop {
            let mut connection = connection(&self.writers).await?;
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
        self.residence.take(&self.writers).await
    }

    /// The turn to tell the news, if no other process has it.
    pub(crate) async fn take_turn(&self) -> Result<Option<Arc<ClientWrapper>>, DatabaseFault> {
        take_turn(&self.writers).await
    }

    /// Waits until another service works with the database instead of this one.
    pub(crate) async fn evicted(&self) {
        self.residence.evicted().await;
    }

    /// Whether it answers; a resident has a connection that nobody else keeps busy.
    pub(crate) async fn ping(&self) -> Result<(), DatabaseFault> {
        match self.residence.keep(&self.writers).await? {
            Some(connection) => connection.simple_query("SELECT 1").await.map(drop).map_err(fault),
            None => {
                let connection = connection(&self.readers).await?;
                connection.simple_query("SELECT 1").await.map(drop).map_err(fault)
            }
        }
    }

    /// A transaction that is not done if this returns an error.
    pub(crate) async fn write<A, T>(
        &self,
        given: &Arc<A>,
        act: Act<A, T>,
    ) -> Result<Written<T>, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (this, given) = (self.clone(), given.clone());
        in_a_task(async move {
            this.residence.keep(&this.writers).await?;
            let mut connection = connection(&this.writers).await?;
            let mut session = PostgresSession(connection.transaction().await.map_err(fault)?);
            let done = act(&mut session, &given).await?;
            commit(session, done).await
        })
        .await
    }

    /// Whether a transaction whose end nobody heard of was done.
    pub(crate) async fn was_done(&self, transaction: &Unheard) -> Result<bool, DatabaseFault> {
        let mut connection = connection(&self.writers).await?;
        let mut session = PostgresSession(connection.transaction().await.map_err(fault)?);
        was_done(&mut session, transaction).await
    }

    /// A question whose asker has gone is ended.
    pub(crate) async fn read<A, T>(&self, given: &Arc<A>, act: Act<A, T>) -> Result<T, DatabaseFault>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (this, given) = (self.clone(), given.clone());
        // Dropped together with this future: by the end of the answer nobody looks at it any more.
        let (_asks, gone) = oneshot::channel::<()>();
        in_a_task(async move {
            let mut gone = gone;
            let nobody =
                || DatabaseFault::new(DatabaseFaultKind::Refused, "nobody waits for the answer any more");
            let mut connection = tokio::select! {
                connection = connection(&this.readers) => connection?,
                _ = &mut gone => return Err(nobody()),
            };
            let cancel = connection.cancel_token();
            tokio::select! {
                answer = in_one_moment(&mut connection, &*given, act) => return answer,
                _ = &mut gone => {}
            }
            // Not given back before that has arrived: it would end somebody else's question.
            let _ = cancel.cancel_query(this.tls.clone()).await;
            drop(Object::take(connection));
            Err(nobody())
        })
        .await
    }

    /// What is different as soon as anybody has changed anything.
    pub(crate) async fn revision(&self) -> Result<String, DatabaseFault> {
        let mut connection = connection(&self.readers).await?;
        let mut session = PostgresSession(connection.transaction().await.map_err(fault)?);
        let row = session.row("SELECT CAST(pg_current_snapshot() AS text)", &[]).await?;
        row.map_or_else(|| Ok(String::new()), |mut row| row.take())
    }

    /// The bytes of the database on its server.
    pub(crate) async fn size(&self) -> Result<u64, DatabaseFault> {
        let mut connection = connection(&self.readers).await?;
        let mut session = PostgresSession(connection.transaction().await.map_err(fault)?);
        let row = session.row("SELECT pg_database_size(current_database())", &[]).await?;
        row.map_or(Ok(0), |mut row| row.take())
    }
}

fn pool(config: &Config, tls: &MakeRustlsConnect, size: usize) -> Result<Pool, BuildError> {
    let keep = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config.clone(), tls.clone(), keep);
    // There is no limit to waiting for one's turn: only the server can be away.
    let pool = Pool::builder(manager).max_size(size).runtime(Runtime::Tokio1);
    pool.create_timeout(Some(REACHED_WITHIN)).recycle_timeout(Some(REACHED_WITHIN)).build()
}

async fn connection(pool: &Pool) -> Result<Object, DatabaseFault> {
    pool.get().await.map_err(unconnected)
}

/// One moment of the database, however many questions are asked.
async fn in_one_moment<A, T>(connection: &mut Object, given: &A, act: Act<A, T>) -> Result<T, DatabaseFault> {
    let transaction =
        connection.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let mut session = PostgresSession(transaction.start().await.map_err(fault)?);
    let answer = act(&mut session, given).await?;
    session.0.rollback().await.map_err(fault)?;
    Ok(answer)
}

/// Goes on in a task of its own, whoever waits for it and whenever they look. Somebody who has several calls in flight may
/// wait for one and not look at the others: a transaction among these would keep its locks, and the one that is waited for
/// may need them.
async fn in_a_task<T: Send + 'static>(
    transaction: impl Future<Output = Result<T, DatabaseFault>> + Send + 'static,
) -> Result<T, DatabaseFault> {
    let ended = tokio::spawn(transaction).await;
    ended.map_err(|error| DatabaseFault::new(DatabaseFaultKind::Refused, error))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the test command says where its servers are")]
    async fn open() -> Postgres {
        let server = std::env::var("VIGIL_TEST_POSTGRES").unwrap();
        let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let name = format!("engine_{}", std::process::id());
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let url = server.replacen("///postgres?", &format!("///{name}?"), 1);
        Postgres::open(&url, &url.parse().unwrap()).await.unwrap()
    }

    async fn asleep(postgres: &Postgres) -> i64 {
        let count: Act<(), i64> = |session, ()| {
            let sql = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event = 'PgSleep'";
            Box::pin(async { session.row(sql, &[]).await?.map_or(Ok(0), |mut row| row.take()) })
        };
        match postgres.write(&Arc::new(()), count).await.unwrap() {
            Written::Done(count) => count,
            Written::Unheard(..) => panic!("the server is there"),
        }
    }

    #[tokio::test]
    async fn a_question_whose_asker_has_gone_is_ended() {
        let postgres = open().await;
        let long: Act<(), ()> = |session, ()| {
            Box::pin(async { session.rows("SELECT CAST(pg_sleep(600) AS text)", &[]).await.map(drop) })
        };
        let nothing = Arc::new(());
        let mut asked: Vec<_> = (0..READERS + 3).map(|_| Box::pin(postgres.read(&nothing, long))).collect();
        while asleep(&postgres).await < READERS as i64 {
            for asked in &mut asked {
                assert!(futures::poll!(asked).is_pending());
            }
        }
        // Nobody who writes waits for those who read.
        drop(asked);
        postgres.ping().await.unwrap();
        while asleep(&postgres).await > 0 {}
    }
}
