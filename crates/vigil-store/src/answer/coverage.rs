//! How much of what could be scanned was, and how lately.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use vigil_core::image::RegistryId;

use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

/// How far one registry's images are scanned. What was left out by the user's selection does not count.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryCoverage {
    /// The registry.
    pub registry: RegistryId,
    /// Images that ECR can scan.
    pub scannable: u64,
    /// Those of them that were scanned within the given time.
    pub fresh: u64,
    /// Those of them that were never scanned.
    pub never_scanned: u64,
    /// The oldest of their last scans.
    pub oldest_scan: Option<Timestamp>,
    /// Images that ECR cannot scan, by the state that it told.
    pub unscannable: BTreeMap<String, u64>,
    /// Images on which this was the last decision: `scan`, `wait`, `rest`, `hold`, …
    pub decisions: BTreeMap<String, u64>,
    /// Scans that were completed within 24 hours, by anybody: what is used of the day's quota.
    pub scanned_today: u64,
}

impl Store {
    /// How far each registry is covered, for scans not older than `within`.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn coverage(
        &self,
        within: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<RegistryCoverage>, DatabaseFault> {
        self.read((within, now), |session, (within, now)| Box::pin(read(session, *within, *now))).await
    }
}

async fn read(
    session: &mut dyn Session,
    within: SignedDuration,
    now: Timestamp,
) -> Result<Vec<RegistryCoverage>, DatabaseFault> {
    let mut all = BTreeMap::new();
    for mut row in session.rows("SELECT id, partition_name, account, region FROM registries", &[]).await? {
        let id: i64 = row.take()?;
        let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
        let nothing = RegistryCoverage {
            registry,
            scannable: 0,
            fresh: 0,
            never_scanned: 0,
            oldest_scan: None,
            unscannable: BTreeMap::new(),
            decisions: BTreeMap::new(),
            scanned_today: 0,
        };
        all.insert(id, nothing);
    }
    let since = |ago: SignedDuration| now.checked_sub(ago).unwrap_or(Timestamp::MIN);
    images(session, &mut all, since(within)).await?;
    let sql = "SELECT p.registry, count(*) FROM scans s JOIN images i ON i.id = s.image
          JOIN repositories p ON p.id = i.repository
        WHERE s.at > $1 AND s.completed_at > $1 GROUP BY p.registry";
    let day = since(vigil_core::due::IMAGE_QUOTA_WINDOW);
    for mut row in session.rows(sql, &[day.into()]).await? {
        if let Some(coverage) = all.get_mut(&row.take()?) {
            coverage.scanned_today = row.take()?;
        }
    }
    Ok(all.into_values().collect())
}

async fn images(
    session: &mut dyn Session,
    all: &mut BTreeMap<i64, RegistryCoverage>,
    since: Timestamp,
) -> Result<(), DatabaseFault> {
    // Grouped as the index is sorted, and joined only then.
    let sql = "SELECT p.registry, coalesce(g.decision, ''),
          coalesce(g.reason = 'unscannable' OR g.ending = 'unscannable', false), coalesce(g.scan_state, ''),
          g.images, g.scanned, g.fresh, g.oldest
        FROM (SELECT i.repository, i.decision, i.reason, i.ending, i.scan_state, count(*) AS images,
            count(i.scanned_at) AS scanned, count(CASE WHEN i.scanned_at >= $1 THEN 1 END) AS fresh,
            min(i.scanned_at) AS oldest
          FROM images i
          WHERE i.gone_at IS NULL AND i.kind = 'image' AND coalesce(i.decision, '') <> 'leave_out'
          GROUP BY i.repository, i.decision, i.reason, i.ending, i.scan_state) AS g
        JOIN repositories p ON p.id = g.repository";
    for mut row in session.rows(sql, &[since.into()]).await? {
        let Some(coverage) = all.get_mut(&row.take()?) else { continue };
        let (decision, unscannable, state): (String, bool, String) = (row.take()?, row.take()?, row.take()?);
        let (images, scanned, fresh): (u64, u64, u64) = (row.take()?, row.take()?, row.take()?);
        let oldest: Option<Timestamp> = row.take()?;
        if !decision.is_empty() {
            *coverage.decisions.entry(decision).or_default() += images;
        }
        if unscannable {
            *coverage.unscannable.entry(state).or_default() += images;
            continue;
        }
        coverage.scannable += images;
        coverage.fresh += fresh;
        coverage.never_scanned += images - scanned;
        coverage.oldest_scan = [coverage.oldest_scan, oldest].into_iter().flatten().min();
    }
    Ok(())
}
