//! Adds to what a pass has judged what our own exceptions accept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::finding::Counts;
use vigil_core::image::{RepositoryName, Tag};

use super::Acceptance;
use super::judge::{Found, accepting, counts_after};
use super::stored::Kept;
use crate::sql::{DatabaseFault, Session};

/// What was judged of an image: which findings are accepted by whom, and how many others there are.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) by: BTreeMap<i64, Acceptance>,
    pub(crate) counts: Counts,
}

/// Adds to a judgement what these exceptions accept of the image's findings that nobody else does.
pub(crate) async fn except(
    session: &mut dyn Session,
    image: i64,
    there: (&RepositoryName, &[Tag]),
    kept: &[&Kept],
    judgement: &mut Judgement,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let found = excepted(session, image, kept, judgement).await?;
    let by = accepting(&found, there, kept, now);
    judgement.counts = counts_after(&judgement.counts, &found, &by);
    let accepted = found.iter().zip(by).filter_map(|(found, by)| Some((found.content, by?)));
    judgement.by.extend(accepted.map(|(content, kept)| (content, kept.acceptance())));
    Ok(())
}

/// The image's findings about which these exceptions are.
async fn excepted(
    session: &mut dyn Session,
    image: i64,
    kept: &[&Kept],
    judgement: &Judgement,
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
        if kept.iter().any(|kept| kept.exception.id.eq_ignore_ascii_case(&name)) {
            let (severity, package, grouped) = (row.take()?, row.take()?, row.take()?);
            let by_others = judgement.by.contains_key(&content);
            let before = None;
            let found = Found { content, vulnerability, name, package, severity, grouped, by_others, before };
            all.push(found);
        }
    }
    Ok(all)
}
