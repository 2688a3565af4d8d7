//! What an exception has lapsed for by itself: findings that have become more severe along a lineage than they were when it
//! first accepted them there, or than it says. It stays so until somebody makes another exception.

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
        JOIN lineage_acceptances m ON m.lineage = l.id
        JOIN image_findings f ON f.image = rows.image AND f.vulnerability = m.vulnerability
        JOIN contents c ON c.id = f.content AND c.package = m.package
        JOIN acceptances a ON a.id = m.acceptance
        WHERE m.severity IS NULL OR {worse}";
    let sql = sql.replace("{worse}", &worse("c"));
    let rows = images.map(|image| vec![image.into()]).collect();
    let mut lapsed: BTreeMap<i64, Lapsed> = BTreeMap::new();
    for mut row in session.each(&sql, &[("image", Type::Int)], rows).await? {
        lapsed.entry(row.take()?).or_default().insert((row.take()?, row.take()?));
    }
    Ok(lapsed)
}

/// That a finding is more severe than it may be. Words that nobody knew have ids below zero, and may mean anything.
fn worse(finding: &str) -> String {
    format!(
        "({finding}.severity > m.severity OR {finding}.severity < 0 AND {finding}.severity <> m.severity)"
    )
}

/// Takes note of how severe findings of an image may be that somebody accepts along a lineage: those that he did not accept
/// there before. What has become worse than that has lapsed, whatever becomes of it and whoever else accepts it.
pub(crate) async fn note_severities(
    session: &mut dyn Session,
    lineage: i64,
    image: i64,
    accepted_state: i64,
) -> Result<(), DatabaseFault> {
    let lapse = "UPDATE lineage_acceptances AS m SET severity = NULL
        WHERE m.lineage = $1 AND m.severity IS NOT NULL
          AND EXISTS (SELECT 1 FROM lineage_findings f WHERE f.lineage = m.lineage
            AND f.vulnerability = m.vulnerability AND f.package = m.package AND f.fixed_at IS NULL AND {worse})";
    session.execute(&lapse.replace("{worse}", &worse("f")), &[lineage.into()]).await?;
    let note = "INSERT INTO lineage_acceptances (lineage, vulnerability, package, acceptance, severity)
        SELECT DISTINCT m.lineage, m.vulnerability, m.package, a.id, coalesce(s.id, m.severity)
        FROM image_findings f JOIN contents c ON c.id = f.content
        JOIN acceptances a ON a.id = f.accepted AND a.source <> 'inspector'
        JOIN lineage_findings m ON m.lineage = $1 AND m.vulnerability = c.vulnerability AND m.package = c.package
        LEFT JOIN severities s ON s.word = a.severity
        WHERE f.image = $2 AND f.accepted IS NOT NULL AND m.state = $3
        ON CONFLICT (lineage, vulnerability, package, acceptance) DO NOTHING";
    session.execute(note, &[lineage.into(), image.into(), accepted_state.into()]).await.map(drop)
}

/// Hands on to a lineage that begins with an image how severe may be what these exceptions accept along those that have
/// followed the image before it.
pub(crate) async fn hand_on(
    session: &mut dyn Session,
    (predecessor, image): (i64, i64),
    exceptions: &BTreeSet<String>,
) -> Result<(), DatabaseFault> {
    let sql = "INSERT INTO lineage_acceptances (lineage, vulnerability, package, acceptance, severity)
        SELECT n.id, m.vulnerability, m.package, m.acceptance,
          CASE WHEN count(*) = count(m.severity) THEN min(m.severity) END
        FROM {rows} JOIN acceptances a ON a.exception = rows.exception AND a.source <> 'inspector'
        JOIN lineages b ON b.followed_image = rows.predecessor
        JOIN lineage_acceptances m ON m.lineage = b.id AND m.acceptance = a.id
        JOIN lineages n ON n.image = rows.image AND n.followed_image IS NULL
        WHERE true GROUP BY n.id, m.vulnerability, m.package, m.acceptance
        ON CONFLICT (lineage, vulnerability, package, acceptance) DO NOTHING";
    let columns = [("predecessor", Type::Int), ("image", Type::Int), ("exception", Type::Text)];
    let row = |exception: &String| vec![predecessor.into(), image.into(), exception.as_str().into()];
    session.each(sql, &columns, exceptions.iter().map(row).collect()).await.map(drop)
}

/// Why findings of a lineage were accepted until they became more severe, by vulnerability and package.
pub(crate) async fn reasons(
    session: &mut dyn Session,
    lineage: i64,
) -> Result<BTreeMap<(i64, i64), String>, DatabaseFault> {
    // The one that accepted it last is the last one here.
    let sql = "SELECT m.vulnerability, m.package, a.reason FROM lineage_acceptances m
        JOIN acceptances a ON a.id = m.acceptance
        JOIN lineage_findings f ON f.lineage = m.lineage AND f.vulnerability = m.vulnerability
          AND f.package = m.package
        WHERE m.lineage = $1 AND {worse} ORDER BY a.id";
    let rows = session.rows(&sql.replace("{worse}", &worse("f")), &[lineage.into()]).await?.into_iter();
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
