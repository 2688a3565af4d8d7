//! Since when each schedule is known as it is written: what came around before was never promised.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

/// Schedules by name, each with its expression.
type Expressions = BTreeMap<String, String>;

impl Store {
    /// These are all the schedules now, each with its expression. Says since when each is known with it: since now, if it was
    /// not, or had another one. One that is no more is not known any more: if it comes back, it begins anew.
    ///
    /// # Errors
    ///
    /// If it cannot be written down; a PostgreSQL server that is away is waited for.
    pub async fn schedules_known_since(
        &self,
        schedules: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Timestamp>, DatabaseFault> {
        self.write_patiently((schedules, now), |session, (schedules, now)| {
            Box::pin(known_since(session, schedules, *now))
        })
        .await
    }
}

async fn known_since(
    session: &mut dyn Session,
    schedules: &Expressions,
    now: Timestamp,
) -> Result<BTreeMap<String, Timestamp>, DatabaseFault> {
    forget_others(session, schedules).await?;
    let sql = "INSERT INTO schedules (name, expression, since) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET
          since = CASE WHEN schedules.expression = excluded.expression THEN schedules.since ELSE excluded.since END,
          expression = excluded.expression
        RETURNING since";
    let mut known = BTreeMap::new();
    for (name, expression) in schedules {
        let row = session.row(sql, &[name.into(), expression.into(), now.into()]).await?;
        known.insert(name.clone(), row.map_or(Ok(now), |mut row| row.take())?);
    }
    Ok(known)
}

async fn forget_others(session: &mut dyn Session, schedules: &Expressions) -> Result<(), DatabaseFault> {
    let rows = session.rows("SELECT name FROM schedules", &[]).await?.into_iter();
    let known: BTreeSet<String> = rows.map(|mut row| row.take()).collect::<Result<_, _>>()?;
    for gone in known.iter().filter(|name| !schedules.contains_key(*name)) {
        session.execute("DELETE FROM schedules WHERE name = $1", &[gone.into()]).await?;
    }
    Ok(())
}
