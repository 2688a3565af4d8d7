//! How the images stand that some schedule watches, as far as coverage asks: counted, and not one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use vigil_core::coverage::{Alike, Obstacle};
use vigil_core::image::RegistryId;
use vigil_core::scan::{Meaning, ScanState};
use vigil_core::schedule::ScheduleName;

use crate::ledger::watchers_from;
use crate::sql::{DatabaseFault, Row, Session, Value};
use crate::store::Store;

/// How the images of one registry stand. Whether they count, and for what, its reader knows.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryStanding {
    /// The registry.
    pub registry: RegistryId,
    /// Its images that some schedule's pass found to be the schedule's.
    pub images: Vec<Alike>,
    /// Images whose scans were completed within 24 hours, whoever asked for them: what is used of the day's quota. Scans that
    /// ECR makes by itself are not of it.
    pub scanned_today: u64,
}

impl Store {
    /// How the images of each registry stand, and how many of them were scanned since each of these moments.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn standings(
        &self,
        since: Vec<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<RegistryStanding>, DatabaseFault> {
        self.read((since, now), |session, (since, now)| Box::pin(read(session, since, *now))).await
    }
}

async fn read(
    session: &mut dyn Session,
    since: &[Timestamp],
    now: Timestamp,
) -> Result<Vec<RegistryStanding>, DatabaseFault> {
    let mut all = BTreeMap::new();
    for mut row in session.rows("SELECT id, partition_name, account, region FROM registries", &[]).await? {
        let id: i64 = row.take()?;
        let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
        all.insert(id, RegistryStanding { registry, images: Vec::new(), scanned_today: 0 });
    }
    images(session, &mut all, since).await?;
    // Spelled as the index of the oldest scans is.
    let sql = "SELECT p.registry, count(*) FROM images i JOIN repositories p ON p.id = i.repository
        WHERE i.gone_at IS NULL AND coalesce(i.scanned_at, 0) > $1 AND coalesce(i.decision, '') <> 'observe'
        GROUP BY p.registry";
    // One that is gone has used the quota all the same.
    let gone = sql.replace("i.gone_at IS NULL", "i.gone_at > $1");
    let day = now.checked_sub(vigil_core::due::IMAGE_QUOTA_WINDOW).unwrap_or(Timestamp::MIN);
    for sql in [sql, &gone] {
        for mut row in session.rows(sql, &[day.into()]).await? {
            if let Some(standing) = all.get_mut(&row.take()?) {
                standing.scanned_today += row.take::<u64>()?;
            }
        }
    }
    Ok(all.into_values().collect())
}

async fn images(
    session: &mut dyn Session,
    all: &mut BTreeMap<i64, RegistryStanding>,
    since: &[Timestamp],
) -> Result<(), DatabaseFault> {
    let mut watchers = BTreeMap::new();
    for mut row in session.rows("SELECT id, schedules FROM watches", &[]).await? {
        watchers.insert(row.take::<i64>()?, Arc::new(watchers_from(&row.take::<String>()?)));
    }
    let parameters: Vec<Value> = since.iter().map(|since| (*since).into()).collect();
    for mut row in session.rows(&counted(since.len()), &parameters).await? {
        let registry: i64 = row.take()?;
        let alike = alike(&mut row, &watchers, since.len())?;
        if let Some(standing) = all.get_mut(&registry) {
            standing.images.push(alike);
        }
    }
    Ok(())
}

/// Grouped as the index `images_standing` is sorted, and joined only then. `since`: how many moments are asked about.
fn counted(since: usize) -> String {
    let each = |column: &dyn Fn(usize) -> String| (1..=since).map(column).collect::<String>();
    let (told, counts) = (
        each(&|n| format!(", g.since_{n}")),
        each(&|n| format!(", count(CASE WHEN i.scanned_at >= ${n} THEN 1 END) AS since_{n}")),
    );
    format!(
        "SELECT p.registry, p.name, g.watch, g.storage <> 'active' OR coalesce(g.reason = 'archived', false),
           coalesce(g.reason = 'unscannable' OR g.ending = 'unscannable', false), g.scan_state,
           g.images, g.scanned, g.oldest{told}
         FROM (SELECT i.repository, i.watch, i.reason, i.ending, i.scan_state, i.storage, count(*) AS images,
             count(i.scanned_at) AS scanned, min(i.scanned_at) AS oldest{counts}
           FROM images i
           WHERE i.gone_at IS NULL AND i.kind = 'image' AND i.watch <> 0
           GROUP BY i.repository, i.watch, i.reason, i.ending, i.scan_state, i.storage) AS g
         JOIN repositories p ON p.id = g.repository"
    )
}

fn alike(
    row: &mut Row,
    watchers: &BTreeMap<i64, Arc<BTreeSet<ScheduleName>>>,
    since: usize,
) -> Result<Alike, DatabaseFault> {
    let (repository, watch) = (row.take()?, row.take::<i64>()?);
    let (archived, unscannable): (bool, bool) = (row.take()?, row.take()?);
    let state: Option<String> = row.take()?;
    let obstacle = match (archived, unscannable) {
        (true, _) => Some(Obstacle::Archived),
        // A state that says something else is that of a scan before ECR refused another one.
        (false, true) => Some(Obstacle::Unscannable(
            state.map(ScanState::from).filter(|state| state.meaning() != Meaning::Finished),
        )),
        (false, false) => None,
    };
    Ok(Alike {
        repository,
        watchers: watchers.get(&watch).cloned().unwrap_or_default(),
        obstacle,
        images: row.take()?,
        scanned: row.take()?,
        oldest_scan: row.take()?,
        scanned_since: (0..since).map(|_| row.take()).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_image_itself_is_read_for_it() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        database.execute_batch(&crate::migrate::tables_of_sqlite()).unwrap();
        let plan = format!("EXPLAIN QUERY PLAN {}", counted(2));
        let mut statement = database.prepare(&plan).unwrap();
        let lines = statement.query_map([0, 0], |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<String> = lines.map(Result::unwrap).collect();
        assert!(plan.iter().any(|line| line.contains("USING COVERING INDEX images_standing")), "{plan:#?}");
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:#?}");
    }
}
