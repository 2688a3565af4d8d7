//! How severe what an exception is about is now: what somebody accepts who says nothing of that.

use std::collections::BTreeMap;

use vigil_core::finding::Severity;
use vigil_core::image::{Digest, RepositoryName, Tag};
use vigil_core::policy::{Exception, Occurrence};

use super::ExceptionId;
use crate::answer::tags_of_images;
use crate::sql::{DatabaseFault, Session};

/// The worst of the findings that the exception names in images that are there; `None` if there is none.
pub(super) async fn worst_named(
    session: &mut dyn Session,
    exception: &Exception,
) -> Result<Option<Severity>, DatabaseFault> {
    let sql = "SELECT DISTINCT v.name, k.name, s.id, s.word, p.name, i.digest, i.id
        FROM vulnerabilities v JOIN image_findings f ON f.vulnerability = v.id
        JOIN contents c ON c.id = f.content JOIN severities s ON s.id = c.severity
        JOIN images i ON i.id = f.image AND i.gone_at IS NULL
        JOIN repositories p ON p.id = i.repository LEFT JOIN packages k ON k.id = c.package
        WHERE lower(v.name) = lower($1) ORDER BY s.id DESC";
    let mut found = Vec::new();
    for mut row in session.rows(sql, &[(&exception.id).into()]).await? {
        let (name, package): (String, Option<String>) = (row.take()?, row.take()?);
        let (_, severity): (i64, Severity) = (row.take()?, row.take()?);
        let (repository, digest): (RepositoryName, Digest) = (row.take()?, row.take()?);
        found.push((name, package, severity, repository, digest, row.take::<i64>()?));
    }
    let mut tags: BTreeMap<i64, Vec<Tag>> = BTreeMap::new();
    if exception.tag.is_some() {
        tags = tags_of_images(session, found.iter().map(|(.., image)| *image)).await?;
    }
    let is_named = |(name, package, severity, repository, digest, image): &&(_, _, _, _, _, i64)| {
        let (vulnerability, package): (&String, &Option<String>) = (name, package);
        let tags = tags.get(image).map(Vec::as_slice).unwrap_or_default();
        let package = package.as_deref();
        exception.names(Occurrence { vulnerability, package, severity, repository, digest: *digest, tags })
    };
    Ok(found.iter().find(is_named).map(|(_, _, severity, ..)| severity.clone()))
}

/// Whether it has lapsed for anything.
pub(super) async fn has_lapsed(session: &mut dyn Session, id: ExceptionId) -> Result<bool, DatabaseFault> {
    let sql = "SELECT 1 FROM acceptances a JOIN lineage_acceptances m ON m.acceptance = a.id
        WHERE a.exception = $1 AND m.severity IS NULL LIMIT 1";
    Ok(session.row(sql, &[id.to_string().into()]).await?.is_some())
}
