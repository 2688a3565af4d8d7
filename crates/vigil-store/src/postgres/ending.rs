//! How a transaction ends. Where the connection is lost before the answer to COMMIT has come, the server is asked later what
//! became of it, by its number: made again, a transaction that counts would count twice. Knows nothing of what was written.

use super::session::{PostgresSession, fault};
use crate::sql::{DatabaseFault, DatabaseFaultKind, Session};

/// A transaction that was carried out up to its end.
pub(crate) enum Written<T> {
    /// It is done.
    Done(T),
    /// Its end was asked for, and nobody heard the answer.
    Unheard(T, Unheard),
}

/// The number of a transaction, as the server gave it.
#[derive(Debug)]
pub(crate) struct Unheard(String);

/// Asks for the end of a transaction.
pub(super) async fn commit<T>(
    mut session: PostgresSession<'_>,
    done: T,
) -> Result<Written<T>, DatabaseFault> {
    // A number that is asked for is given: the memory's revision would change for a transaction that changes nothing.
    let sql = "SELECT CAST(pg_current_xact_id_if_assigned() AS text)";
    let number: Option<String> = session.row(sql, &[]).await?.map_or(Ok(None), |mut row| row.take())?;
    match (session.0.commit().await.map_err(fault), number) {
        (Ok(()), _) => Ok(Written::Done(done)),
        (Err(fault), Some(number)) if fault.kind == DatabaseFaultKind::Unavailable => {
            Ok(Written::Unheard(done, Unheard(number)))
        }
        // What has no number changed nothing.
        (Err(fault), _) => Err(fault),
    }
}

/// Whether a transaction was done; one that the server still works on is a fault that may pass.
pub(super) async fn was_done(
    session: &mut dyn Session,
    Unheard(number): &Unheard,
) -> Result<bool, DatabaseFault> {
    // A server that took over from another one may never have heard of a transaction, and may give its number again.
    let sql = "SELECT CASE WHEN CAST(CAST($1 AS text) AS xid8) < pg_snapshot_xmax(pg_current_snapshot())
          THEN pg_xact_status(CAST(CAST($1 AS text) AS xid8)) END";
    let row = session.row(sql, &[number.into()]).await?;
    match row.map_or(Ok(None), |mut row| row.take::<Option<String>>())?.as_deref() {
        Some("in progress") => {
            let said = "it has not ended a transaction whose connection was lost";
            Err(DatabaseFault::new(DatabaseFaultKind::Unavailable, said))
        }
        said => Ok(said == Some("committed")),
    }
}
