//! Of several services, the one that works with a database: it holds a lock on a connection of its own as long as it lives.
//! A lock of that kind belongs to a session of the server: a pooler that shares sessions among transactions breaks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::sync::{Mutex, watch};

use super::session::{fault, unconnected};
use crate::sql::{DatabaseFault, DatabaseFaultKind};

/// Whether this service works with the database.
#[derive(Default)]
pub(super) struct Residence {
    state: Mutex<State>,
    /// How often a lost connection was to be replaced.
    attempts: AtomicU64,
    evicted: watch::Sender<bool>,
}

#[derive(Default)]
enum State {
    /// It only reads, or nobody has asked.
    #[default]
    Guest,
    Resident {
        held: Held,
        /// Why the last attempt to replace its connection did not work.
        failed: Option<DatabaseFault>,
    },
    /// Another service has come since: this one never works with the database again.
    Evicted,
}

/// The lock.
struct Held {
    connection: Arc<ClientWrapper>,
    session: ServerSession,
    /// How many services had come when this one had.
    number: i64,
}

/// The server's side of a connection. The same process id comes again, but not at the same moment.
#[derive(PartialEq, Eq)]
struct ServerSession {
    process: i32,
    began: Option<i64>,
}

/// The lock, together with the schema: in the server's space of locks with two numbers.
const RESIDENT: i32 = 0x7669_676c;

/// The lock of whoever tells the news, in the same space.
const TELLER: i32 = 0x7669_676e;

/// The turn to tell the news: as long as this is kept and its connection stands, no other process has it.
pub(super) async fn take_turn(pool: &Pool) -> Result<Option<Arc<ClientWrapper>>, DatabaseFault> {
    Ok(connection_with_lock(pool, TELLER).await?.map(|(connection, _)| connection))
}

impl Residence {
    /// Takes the lock. Returns whether no other service has it.
    pub(super) async fn take(&self, pool: &Pool) -> Result<bool, DatabaseFault> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Resident { held, .. } if !held.connection.is_closed() => return Ok(true),
            State::Evicted => return Ok(false),
            State::Resident { .. } | State::Guest => {}
        }
        let Some((connection, session)) = connection_with_lock(pool, RESIDENT).await? else {
            return Ok(false);
        };
        let sql = "UPDATE residence SET number = number + 1 RETURNING number";
        let number = connection.query_one(sql, &[]).await.and_then(|row| row.try_get(0)).map_err(fault)?;
        *state = State::Resident { held: Held { connection, session, number }, failed: None };
        Ok(true)
    }

    /// Takes the lock again if it was held and the connection is lost. Whoever cannot must not write. Returns the
    /// connection that holds it; none for a guest.
    pub(super) async fn keep(&self, pool: &Pool) -> Result<Option<Arc<ClientWrapper>>, DatabaseFault> {
        let before = self.attempts.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        let State::Resident { held, failed } = &mut *state else {
            return if matches!(*state, State::Evicted) { Err(evicted()) } else { Ok(None) };
        };
        if !held.connection.is_closed() {
            return Ok(Some(held.connection.clone()));
        }
        // Many may have waited while one of them tried: what it was told holds for all.
        if let Some(failed) = failed.as_ref().filter(|_| self.attempts.load(Ordering::Acquire) != before) {
            return Err(failed.clone());
        }
        let again = again(pool, held).await;
        self.attempts.fetch_add(1, Ordering::Release);
        match again {
            Ok(again) => {
                let connection = again.connection.clone();
                *state = State::Resident { held: again, failed: None };
                Ok(Some(connection))
            }
            Err(fault) if fault.kind == DatabaseFaultKind::Occupied => {
                *state = State::Evicted;
                self.evicted.send_replace(true);
                Err(fault)
            }
            Err(fault) => {
                *failed = Some(fault.clone());
                Err(fault)
            }
        }
    }

    /// Waits until another service works with the database instead of this one.
    pub(super) async fn evicted(&self) {
        // It cannot fail: the sender is ours.
        let _ = self.evicted.subscribe().wait_for(|evicted| *evicted).await;
    }
}

fn evicted() -> DatabaseFault {
    let said = "since the connection to it was lost, and this one must not write any more";
    DatabaseFault::new(DatabaseFaultKind::Occupied, said)
}

/// The lock on a new connection, unless another service has or had it since.
async fn again(pool: &Pool, before: &Held) -> Result<Held, DatabaseFault> {
    if let Some((connection, session)) = connection_with_lock(pool, RESIDENT).await? {
        let sql = "SELECT number FROM residence";
        let number: i64 =
            connection.query_one(sql, &[]).await.and_then(|row| row.try_get(0)).map_err(fault)?;
        return if number == before.number {
            Ok(Held { connection, session, number })
        } else {
            Err(evicted())
        };
    }
    match holder(pool).await? {
        Some(holder) if holder == before.session => {
            // The server has not noticed yet that nobody is there any more.
            let connection = pool.get().await.map_err(unconnected)?;
            let ended = connection.execute("SELECT pg_terminate_backend($1)", &[&holder.process]).await;
            ended.map_err(fault)?;
            Err(not_yet("our own former connection is not over there"))
        }
        Some(_) => Err(evicted()),
        None => Err(not_yet("who works with it has just ended")),
    }
}

fn not_yet(said: &str) -> DatabaseFault {
    DatabaseFault::new(DatabaseFaultKind::Unavailable, said)
}

/// A connection out of the pool for good, if the lock is free.
async fn connection_with_lock(
    pool: &Pool,
    lock: i32,
) -> Result<Option<(Arc<ClientWrapper>, ServerSession)>, DatabaseFault> {
    let connection = pool.get().await.map_err(unconnected)?;
    let sql = "SELECT pg_try_advisory_lock($1, hashtext(current_schema())), pg_backend_pid(),
        (SELECT CAST(extract(epoch FROM backend_start) * 1000000 AS bigint)
         FROM pg_stat_activity WHERE pid = pg_backend_pid())";
    let row = connection.query_one(sql, &[&lock]).await.map_err(fault)?;
    let is_free: bool = row.try_get(0).map_err(fault)?;
    let process = row.try_get(1).map_err(fault)?;
    let session = ServerSession { process, began: row.try_get(2).map_err(fault)? };
    Ok(is_free.then(|| (Arc::new(Object::take(connection)), session)))
}

/// Who holds the lock.
async fn holder(pool: &Pool) -> Result<Option<ServerSession>, DatabaseFault> {
    let connection = pool.get().await.map_err(unconnected)?;
    let sql = "SELECT a.pid, CAST(extract(epoch FROM a.backend_start) * 1000000 AS bigint)
        FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND CAST(l.classid AS bigint) = $1 AND l.objsubid = 2
          AND CAST(l.objid AS bigint) = CAST(hashtext(current_schema()) AS bigint) & 4294967295
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let row = connection.query_opt(sql, &[&i64::from(RESIDENT)]).await.map_err(fault)?;
    let session = |row: tokio_postgres::Row| {
        Ok(ServerSession { process: row.try_get(0).map_err(fault)?, began: row.try_get(1).map_err(fault)? })
    };
    row.map(session).transpose()
}

impl std::fmt::Debug for Residence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Residence")
    }
}
