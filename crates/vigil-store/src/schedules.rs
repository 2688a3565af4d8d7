//! Since when a schedule is known as it is written: what came around before was never promised.

use jiff::Timestamp;

use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

impl Store {
    /// Since when the schedule of this name is known with this expression: since now, if it was not, or had another one.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; a PostgreSQL server that is away is waited for.
    pub async fn schedule_known_since(
        &self,
        name: &str,
        expression: &str,
        now: Timestamp,
    ) -> Result<Timestamp, DatabaseFault> {
        let given = (name.to_owned(), expression.to_owned(), now);
        self.write_patiently(given, |session, (name, expression, now)| {
            Box::pin(known_since(session, name, expression, *now))
        })
        .await
    }
}

async fn known_since(
    session: &mut dyn Session,
    name: &str,
    expression: &str,
    now: Timestamp,
) -> Result<Timestamp, DatabaseFault> {
    let sql = "INSERT INTO schedules (name, expression, since) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET
          since = CASE WHEN schedules.expression = excluded.expression THEN schedules.since ELSE excluded.since END,
          expression = excluded.expression
        RETURNING since";
    let row = session.row(sql, &[name.into(), expression.into(), now.into()]).await?;
    row.map_or(Ok(now), |mut row| row.take())
}
