//! What a lineage has before its first scan: the findings of the image before it, each since when that has had it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::lineage::{self, Beginning, FindingKey, Sighting};

use super::follow::{key, seen};
use crate::exceptions;
use crate::sql::{DatabaseFault, Session};

/// What a lineage begins with that has not followed any scan: the findings of the image of the same platform that was
/// pushed before, if that matters.
pub(super) async fn inherited(
    session: &mut dyn Session,
    image: i64,
) -> Result<(Beginning, BTreeMap<FindingKey, (Sighting, Timestamp)>), DatabaseFault> {
    let (beginning, predecessor) = predecessor(session, image).await?;
    let Some(predecessor) = predecessor else { return Ok((beginning, BTreeMap::new())) };
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

/// Lets lineages that begin with this image know, before it is judged, how severe may be what these exceptions accept.
pub(super) async fn inherit_acceptances(
    session: &mut dyn Session,
    image: i64,
    in_force: impl FnOnce() -> BTreeSet<String>,
) -> Result<(), DatabaseFault> {
    let begins = "SELECT 1 FROM lineages WHERE image = $1 AND followed_image IS NULL LIMIT 1";
    if session.row(begins, &[image.into()]).await?.is_none() {
        return Ok(());
    }
    match predecessor(session, image).await? {
        (_, Some(predecessor)) => exceptions::hand_on(session, (predecessor, image), &in_force()).await,
        (_, None) => Ok(()),
    }
}

/// How a lineage begins with this image, and after which other one, if it does.
async fn predecessor(
    session: &mut dyn Session,
    image: i64,
) -> Result<(Beginning, Option<i64>), DatabaseFault> {
    let sql = "SELECT i.pushed_at, r.seen_at, (SELECT b.id FROM images b
            WHERE b.repository = i.repository AND b.gone_at IS NULL AND b.kind = 'image'
              AND b.judged_content IS NOT NULL AND coalesce(b.pushed_at, 0) < coalesce(i.pushed_at, 0)
              AND b.platform IS NOT DISTINCT FROM i.platform
            ORDER BY coalesce(b.pushed_at, 0) DESC, b.id DESC LIMIT 1)
        FROM images i JOIN repositories p ON p.id = i.repository JOIN registries r ON r.id = p.registry
        WHERE i.id = $1";
    let Some(mut row) = session.row(sql, &[image.into()]).await? else {
        return Ok((Beginning::Baseline, None));
    };
    let (pushed_at, seen_at, predecessor): (_, _, Option<i64>) = (row.take()?, row.take()?, row.take()?);
    let beginning = lineage::beginning(pushed_at, seen_at, predecessor.is_some());
    Ok((beginning, predecessor.filter(|_| beginning == Beginning::Predecessor)))
}
