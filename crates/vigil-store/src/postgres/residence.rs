//! Of several services, the one that works with a database: it holds a lock on a connection of its own as long as it lives.

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::sync::Mutex;

use super::session::{fault, unconnected};
use crate::sql::{DatabaseFault, DatabaseFaultKind};

/// Whether this service works with the database; `None` as long as it only reads, or nobody has asked.
#[derive(Default)]
pub(super) struct Residence(Mutex<Option<ClientWrapper>>);

/// The lock, together with the schema: in the server's space of locks with two numbers.
const RESIDENT: i32 = 0x7669_676c;

impl Residence {
    /// Takes the lock. Returns whether no other service has it.
    pub(super) async fn take(&self, pool: &Pool) -> Result<bool, DatabaseFault> {
        let mut held = self.0.lock().await;
        if held.as_ref().is_none_or(|connection| connection.is_closed()) {
            let Some(connection) = connection_with_lock(pool).await? else { return Ok(false) };
            *held = Some(connection);
        }
        Ok(true)
    }

    /// Takes the lock again if it was held and the connection is lost. Whoever cannot must not write.
    pub(super) async fn keep(&self, pool: &Pool) -> Result<(), DatabaseFault> {
        let mut held = self.0.lock().await;
        if held.as_ref().is_some_and(|connection| connection.is_closed()) {
            *held = Some(connection_with_lock(pool).await?.ok_or_else(|| {
                let said = "another service works with it, or our own former connection is not over there";
                DatabaseFault::new(DatabaseFaultKind::Unavailable, said)
            })?);
        }
        Ok(())
    }
}

/// A connection out of the pool for good, if the lock is free.
async fn connection_with_lock(pool: &Pool) -> Result<Option<ClientWrapper>, DatabaseFault> {
    let connection = Object::take(pool.get().await.map_err(unconnected)?);
    let sql = "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))";
    let row = connection.query_one(sql, &[&RESIDENT]).await.map_err(fault)?;
    let is_free: bool = row.try_get(0).map_err(fault)?;
    Ok(is_free.then_some(connection))
}

impl std::fmt::Debug for Residence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Residence")
    }
}
