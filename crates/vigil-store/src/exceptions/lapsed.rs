//! What an exception has lapsed for by itself: findings that have become more severe along a lineage than they were when it
//! first accepted them there. It stays so until somebody makes another exception.

use std::collections::{BTreeMap, BTreeSet};

use super::Acceptance;
use crate::sql::{DatabaseFault, Session, Type};

/// Findings of one image, by their contents, with what identifies the exception that has lapsed for each.
pub(crate) type Lapsed = BTreeSet<(i64, String)>;

/// What has lapsed in each of these images, along any lineage that stands at it.
pub(crate) async fn lapsed(
    session: &mut dyn Session,
    images: impl Iterator<Item = i64>,
) -> Result<BTreeMap<i64, Lapsed>, DatabaseFault> {
    let sql = "SELECT f.image, f.content, a.exception FROM {rows}
        JOIN lineages l ON l.image = rows.image
        JOIN lineage_findings m ON m.lineage = l.id AND m.accepted_by IS NOT NULL
        JOIN image_findings f ON f.image = rows.image AND f.vulnerability = m.vulnerability
        JOIN contents c ON c.id = f.content AND c.package = m.package
        JOIN acceptances a ON a.id = m.accepted_by
        WHERE m.accepted_severity IS NULL OR c.severity > m.accepted_severity";
    let rows = images.map(|image| vec![image.into()]).collect();
    let mut lapsed: BTreeMap<i64, Lapsed> = BTreeMap::new();
    for mut row in session.each(sql, &[("image", Type::Int)], rows).await? {
        lapsed.entry(row.take()?).or_default().insert((row.take()?, row.take()?));
    }
    Ok(lapsed)
}

/// Takes note of how severe findings of an image are that somebody accepts along a lineage: those that he did not accept
/// there before. What has become worse than that has lapsed, whatever becomes of it.
pub(crate) async fn note_severities(
    session: &mut dyn Session,
    lineage: i64,
    image: i64,
    accepted_state: i64,
) -> Result<(), DatabaseFault> {
    let lapse = "UPDATE lineage_findings SET accepted_severity = NULL
        WHERE lineage = $1 AND accepted_by IS NOT NULL AND accepted_severity IS NOT NULL
          AND fixed_at IS NULL AND state <> $2 AND severity > accepted_severity";
    session.execute(lapse, &[lineage.into(), accepted_state.into()]).await?;
    let note =
        "UPDATE lineage_findings SET accepted_by = x.accepted, accepted_severity = lineage_findings.severity
        FROM (SELECT c.vulnerability, c.package, max(f.accepted) AS accepted
              FROM image_findings f JOIN contents c ON c.id = f.content
              JOIN acceptances a ON a.id = f.accepted AND a.source <> 'inspector'
              WHERE f.image = $2 AND f.accepted IS NOT NULL GROUP BY c.vulnerability, c.package) AS x
        WHERE lineage_findings.lineage = $1 AND lineage_findings.vulnerability = x.vulnerability
          AND lineage_findings.package = x.package AND lineage_findings.state = $3
          AND lineage_findings.accepted_by IS DISTINCT FROM x.accepted";
    session.execute(note, &[lineage.into(), image.into(), accepted_state.into()]).await.map(drop)
}

/// Why findings of a lineage were accepted until they became more severe, by vulnerability and package.
pub(crate) async fn reasons(
    session: &mut dyn Session,
    lineage: i64,
) -> Result<BTreeMap<(i64, i64), String>, DatabaseFault> {
    let sql = "SELECT m.vulnerability, m.package, a.reason FROM lineage_findings m
        JOIN acceptances a ON a.id = m.accepted_by
        WHERE m.lineage = $1 AND m.accepted_by IS NOT NULL
          AND (m.accepted_severity IS NULL OR m.severity > m.accepted_severity)";
    let rows = session.rows(sql, &[lineage.into()]).await?.into_iter();
    rows.map(|mut row| Ok(((row.take()?, row.take()?), row.take()?))).collect()
}

/// What identifies the exception of an acceptance; `None`: it is none.
pub(crate) fn exception_of(acceptance: &Acceptance) -> Option<String> {
    match acceptance {
        Acceptance::Exception { id, .. } => Some(id.to_string()),
        Acceptance::Settings { exception, .. } => Some(exception.clone()),
        Acceptance::Inspector { .. } => None,
    }
}
