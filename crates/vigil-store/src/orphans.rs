//! What is stored once for all and nothing refers to any more: contents, vulnerabilities, packages, acceptances.
//!
//! Whoever begins to refer to one of them does so in a transaction that has looked it up by its name or made it, and shares
//! a lock that is taken here. So they are looked for without any lock, and looked at again before they go.

use crate::exceptions::EXCEPTIONS;
use crate::sql::{DatabaseFault, Session, Type, Value};
use crate::store::Store;

/// One kind of them.
#[derive(Clone, Copy)]
struct Kind {
    /// Those that nothing refers to: over everything, since nobody counts what refers to them.
    find: &'static str,
    /// Deletes those among `{rows}` to which nothing refers still, by way of an index.
    delete: &'static str,
}

/// So many in a transaction: it is over in milliseconds.
const AT_ONCE: usize = 500;

/// In this order: a content refers to a vulnerability and a package.
const KINDS: [Kind; 4] = [
    Kind {
        find: "SELECT c.id FROM contents c WHERE NOT EXISTS (SELECT 1 FROM image_findings f
              WHERE f.vulnerability = c.vulnerability AND f.content = c.id)",
        delete: "DELETE FROM contents WHERE id IN (SELECT id FROM {rows}) AND NOT EXISTS (SELECT 1 FROM image_findings f
              WHERE f.vulnerability = contents.vulnerability AND f.content = contents.id) RETURNING id",
    },
    Kind {
        // Large tables without an index for it are looked through only if there is anybody to look for.
        find: "WITH lone AS MATERIALIZED (SELECT v.id FROM vulnerabilities v
              WHERE NOT EXISTS (SELECT 1 FROM contents c WHERE c.vulnerability = v.id))
            SELECT id FROM lone WHERE id NOT IN (
              SELECT vulnerability FROM lineage_findings WHERE vulnerability IN (SELECT id FROM lone)
              UNION ALL SELECT vulnerability FROM changes WHERE vulnerability IN (SELECT id FROM lone))",
        // What is told along lineages was in an image first, and so is in a content.
        delete: "DELETE FROM vulnerabilities WHERE id IN (SELECT id FROM {rows})
              AND NOT EXISTS (SELECT 1 FROM contents c WHERE c.vulnerability = vulnerabilities.id) RETURNING id",
    },
    Kind {
        find: "WITH lone AS MATERIALIZED (SELECT p.id FROM packages p
              WHERE NOT EXISTS (SELECT 1 FROM contents c WHERE c.package = p.id))
            SELECT id FROM lone WHERE id NOT IN (
              SELECT package FROM lineage_findings WHERE package IN (SELECT id FROM lone)
              UNION ALL SELECT package FROM changes WHERE package IN (SELECT id FROM lone))",
        delete: "DELETE FROM packages WHERE id IN (SELECT id FROM {rows})
              AND NOT EXISTS (SELECT 1 FROM contents c WHERE c.package = packages.id) RETURNING id",
    },
    Kind {
        find: "SELECT a.id FROM acceptances a
            WHERE NOT EXISTS (SELECT 1 FROM image_findings f WHERE f.accepted = a.id)
              AND NOT EXISTS (SELECT 1 FROM lineage_acceptances m WHERE m.acceptance = a.id)",
        delete: "DELETE FROM acceptances WHERE id IN (SELECT id FROM {rows})
              AND NOT EXISTS (SELECT 1 FROM image_findings f WHERE f.accepted = acceptances.id)
              AND NOT EXISTS (SELECT 1 FROM lineage_acceptances m WHERE m.acceptance = acceptances.id) RETURNING id",
    },
];

/// Forgets all of them. Returns how many there were.
pub(crate) async fn forget_orphans(store: &Store) -> Result<u64, DatabaseFault> {
    let mut forgotten = 0;
    for kind in KINDS {
        let found = store.read(kind, |session, kind| Box::pin(find(session, kind))).await?;
        for some in found.chunks(AT_ONCE) {
            let given = (kind, some.to_vec());
            forgotten +=
                store.write(given, |session, (kind, ids)| Box::pin(delete(session, kind, ids))).await?;
        }
    }
    Ok(forgotten)
}

async fn find(session: &mut dyn Session, kind: &Kind) -> Result<Vec<i64>, DatabaseFault> {
    session.rows(kind.find, &[]).await?.into_iter().map(|mut row| row.take()).collect()
}

async fn delete(session: &mut dyn Session, kind: &Kind, ids: &[i64]) -> Result<u64, DatabaseFault> {
    session.lock(EXCEPTIONS).await?;
    let rows = ids.iter().map(|id| vec![Value::from(*id)]).collect();
    Ok(session.each(kind.delete, &[("id", Type::Int)], rows).await?.len() as u64)
}
