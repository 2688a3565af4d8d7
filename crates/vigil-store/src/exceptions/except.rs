//! Adds to what a pass has judged what our own exceptions accept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::finding::Counts;

use super::Acceptance;
use super::judge::{Found, There, accepting, counts_after};
use super::lapsed::exception_of;
use super::stored::Kept;
use crate::sql::{DatabaseFault, Session};

/// What was judged of an image: which findings are accepted by whom, and how many others there are.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) by: BTreeMap<i64, Acceptance>,
    pub(crate) counts: Counts,
}

/// Adds to a judgement what these exceptions accept of the image's findings that nobody else does, and takes from it that
/// for which the settings' have lapsed.
pub(crate) async fn except(
    session: &mut dyn Session,
    image: i64,
    there: There<'_>,
    kept: &[&Kept],
    judgement: &mut Judgement,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let has_lapsed = |content: i64, acceptance: &Acceptance| {
        exception_of(acceptance).is_some_and(|exception| there.lapsed.contains(&(content, exception)))
    };
    let by = std::mem::take(&mut judgement.by);
    let (gone, by): (BTreeMap<_, _>, BTreeMap<_, _>) =
        by.into_iter().partition(|(content, acceptance)| has_lapsed(*content, acceptance));
    judgement.by = by;
    let gone = gone.into_keys().collect();
    let found = excepted(session, image, kept, judgement, &gone).await?;
    let by = accepting(&found, there, kept, now);
    judgement.counts = counts_after(&judgement.counts, &found, &by);
    let accepted = found.iter().zip(by).filter_map(|(found, by)| Some((found.content, by?)));
    judgement.by.extend(accepted.map(|(content, kept)| (content, kept.acceptance())));
    Ok(())
}

/// The image's findings about which these exceptions are, or that are accepted no more.
async fn excepted(
    session: &mut dyn Session,
    image: i64,
    kept: &[&Kept],
    judgement: &Judgement,
    gone: &BTreeSet<i64>,
) -> Result<Vec<Found>, DatabaseFault> {
    let sql = "SELECT f.vulnerability, f.content, v.name, s.word, k.name, c.grouped
        FROM image_findings f
        JOIN vulnerabilities v ON v.id = f.vulnerability
        JOIN contents c ON c.id = f.content
        JOIN severities s ON s.id = c.severity
        LEFT JOIN packages k ON k.id = c.package
        WHERE f.image = $1 ORDER BY f.content";
    let mut all = Vec::new();
    for mut row in session.rows(sql, &[image.into()]).await? {
        let (vulnerability, content, name) = (row.take()?, row.take()?, row.take::<String>()?);
        let (severity, package, grouped) = (row.take()?, row.take()?, row.take()?);
        let by_others = judgement.by.contains_key(&content);
        // It was left out of the counts, by whomever.
        let before = gone.contains(&content).then_some(0);
        let found = Found { content, vulnerability, name, package, severity, grouped, by_others, before };
        all.push(found);
    }
    let again: BTreeSet<i64> =
        all.iter().filter(|found| gone.contains(&found.content)).map(|found| found.vulnerability).collect();
    let is_meant = |found: &Found| {
        again.contains(&found.vulnerability)
            || kept.iter().any(|kept| kept.exception.id.eq_ignore_ascii_case(&found.name))
    };
    all.retain(is_meant);
    Ok(all)
}
