//! What a lineage has before its first scan: the findings of the image before it, each since when that has had it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::lineage::{self, Beginning, FindingKey, Sighting};

use super::follow::{key, seen};
use crate::sql::{DatabaseFault, Session};

/// What a lineage begins with that has not followed any scan: the findings of the image of the same platform that was
/// pushed before, if that matters.
pub(super) async fn inherited(
    session: &mut dyn Session,
    repository: i64,
    image: i64,
) -> Result<(Beginning, BTreeMap<FindingKey, (Sighting, Timestamp)>), DatabaseFault> {
    let sql = "SELECT i.pushed_at, r.baseline_at, (SELECT b.id FROM images b
            WHERE b.repository = $1 AND b.gone_at IS NULL AND b.kind = 'image' AND b.judged_content IS NOT NULL
              AND coalesce(b.pushed_at, 0) < coalesce(i.pushed_at, 0)
              AND b.platform IS NOT DISTINCT FROM i.platform
            ORDER BY coalesce(b.pushed_at, 0) DESC, b.id DESC LIMIT 1)
        FROM images i JOIN repositories p ON p.id = i.repository JOIN registries r ON r.id = p.registry
        WHERE i.id = $2";
    let nothing = || (Beginning::Baseline, BTreeMap::new());
    let Some(mut row) = session.row(sql, &[repository.into(), image.into()]).await? else {
        return Ok(nothing());
    };
    let (pushed_at, baseline_at, predecessor): (_, _, Option<i64>) = (row.take()?, row.take()?, row.take()?);
    let beginning = lineage::beginning(pushed_at, baseline_at, predecessor.is_some());
    let Some(predecessor) = predecessor.filter(|_| beginning == Beginning::Predecessor) else {
        return Ok((beginning, BTreeMap::new()));
    };
    let sql = "SELECT c.vulnerability, c.package, min(f.first_seen) FROM image_findings f
        JOIN contents c ON c.id = f.content WHERE f.image = $1 GROUP BY c.vulnerability, c.package";
    let mut since: BTreeMap<FindingKey, Timestamp> = BTreeMap::new();
    for mut row in session.rows(sql, &[predecessor.into()]).await? {
        since.insert(key(row.take()?, row.take()?), row.take()?);
    }
    let before = seen(session, predecessor, None).await?.into_iter();
    Ok((
        beginning,
        before.filter_map(|(key, sight)| since.get(&key).map(|at| (key.clone(), (sight, *at)))).collect(),
    ))
}
