//! The store as a journal: what is untold becomes messages in the outbox, in one transaction.

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::news::ChangeId;
use vigil_core::port::{Journal, NotKept, Telling, Untold};

use super::{post, tides, untold};
use crate::sql::{DatabaseFault, DatabaseFaultKind, Session, Type};
use crate::store::Store;

#[async_trait]
impl Journal for Store {
    async fn untold(&self) -> Result<Untold, NotKept> {
        self.read_patiently((), |session, ()| Box::pin(untold::read(session))).await.map_err(not_kept)
    }

    async fn tell(&self, told: &Untold, telling: Telling, at: Timestamp) -> Result<(), NotKept> {
        let given = (told.clone(), telling, at);
        let done = self.write_patiently(given, |session, (told, telling, at)| {
            Box::pin(async move {
                let marked = mark(session, told, *at).await?;
                if marked > 0 && marked < count(told) {
                    // Rolled back: nobody is told twice, and what is left is read anew.
                    let said = "others have told some of it at the same moment";
                    return Err(DatabaseFault::new(DatabaseFaultKind::Refused, said));
                }
                // Where the answer to this same transaction was lost, all of it is told already.
                if marked > 0 {
                    post::post(session, &telling.postings, *at).await?;
                    tides::keep(session, &telling.tides, *at).await?;
                }
                Ok(())
            })
        });
        done.await.map_err(not_kept)
    }
}

pub(super) fn not_kept(fault: DatabaseFault) -> NotKept {
    NotKept(fault.to_string())
}

fn count(told: &Untold) -> u64 {
    let Untold { changes, failures, baselines, exceptions, .. } = told;
    (changes.len() + failures.len() + baselines.len() + exceptions.len()) as u64
}

/// Takes note that all of this was told. Returns how much of it was not told before.
async fn mark(session: &mut dyn Session, told: &Untold, at: Timestamp) -> Result<u64, DatabaseFault> {
    let mut marked = 0;
    let changes = told.changes.iter().map(|change| change.id);
    let exceptions = told.exceptions.iter().map(|news| news.id);
    let failures = told.failures.iter().map(|failure| failure.id);
    let tables: [(&str, Vec<ChangeId>); 3] = [
        ("changes", changes.collect()),
        ("failures", failures.collect()),
        ("exception_notices", exceptions.collect()),
    ];
    for (table, ids) in tables {
        let rows = ids.into_iter().map(|ChangeId(id)| vec![id.into(), at.into()]).collect();
        let sql = format!(
            "UPDATE {table} SET published_at = rows.at FROM {{rows}}
             WHERE {table}.id = rows.id AND {table}.published_at IS NULL RETURNING {table}.id"
        );
        marked += session.each(&sql, &[("id", Type::Int), ("at", Type::Int)], rows).await?.len() as u64;
    }
    for baseline in &told.baselines {
        let registry = &baseline.registry;
        let sql = "UPDATE registries SET baseline_at = $3
            WHERE account = $1 AND region = $2 AND baseline_at IS NULL";
        let of = [registry.account.as_str().into(), registry.region.as_str().into(), at.into()];
        marked += session.execute(sql, &of).await?;
    }
    Ok(marked)
}
