//! The findings of one image, as its last scan told them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::finding::{Finding, Severity};
use vigil_core::image::{Digest, RegistryId, RepositoryName};
use vigil_core::lineage::FindingState;

use super::finding::{FINDING, finding};
use super::image::row_of;
use crate::exceptions::ExceptionId;
use crate::ledger::state_from;
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Row, Session, Statement};
use crate::store::Store;

/// Which findings of an image are wanted; all, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct ImageFindingFilter {
    /// As severe as this, or of a severity that we do not know.
    pub reaches: Option<Severity>,
    /// With a version that fixes it, or without.
    pub fixable: Option<bool>,
    /// Accepted ones, or open ones.
    pub accepted: Option<bool>,
}

/// A finding of an image. Its ARN is not kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageFinding {
    /// The finding.
    pub finding: Finding,
    /// By whom it is accepted, if it is.
    pub accepted: Option<AcceptedHere>,
    /// When it was first seen: along the lineages that stand at the image, or else in the image itself.
    pub first_seen: Timestamp,
    /// Where it stands in the lineage that has had it longest; `None` if no lineage stands at the image.
    pub state: Option<FindingState>,
}

/// By whom a finding is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedHere {
    /// `exception` for one that is kept here, `settings` for one of the settings, `inspector` for a suppression rule.
    pub source: String,
    /// Which one of those that are kept here.
    pub exception: Option<ExceptionId>,
    /// Why.
    pub reason: String,
}

impl Store {
    /// The findings of an image, worst first; `None` if the image was never seen.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn findings_of_image(
        &self,
        registry: RegistryId,
        repository: RepositoryName,
        digest: Digest,
        filter: ImageFindingFilter,
        slice: Slice,
    ) -> Result<Option<Page<ImageFinding>>, Unanswered> {
        const NAME: &str = "findings of an image";
        let key = slice.key(NAME, &[0.into(), 0.into()])?;
        let given = ((registry, repository, digest), filter, slice.limit, key);
        let found = self
            .read(given, |session, ((registry, repository, digest), filter, limit, key)| {
                Box::pin(async move {
                    let image = row_of(session, registry, repository, *digest).await?;
                    match image {
                        Some(image) => list(session, image, filter, *limit, key.clone()).await.map(Some),
                        None => Ok(None),
                    }
                })
            })
            .await?;
        Ok(found.map(|found| page(found, &slice, NAME)))
    }
}

async fn list(
    session: &mut dyn Session,
    image: i64,
    filter: &ImageFindingFilter,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, ImageFinding)>, DatabaseFault> {
    let along = along_lineages(session, image).await?;
    let mut statement = Statement::new(&format!(
        "SELECT c.severity, c.id, c.vulnerability, c.package, f.first_seen, a.source, a.exception, a.reason,
           {FINDING}
         FROM image_findings f JOIN contents c ON c.id = f.content
         JOIN vulnerabilities v ON v.id = c.vulnerability JOIN severities s ON s.id = c.severity
         LEFT JOIN packages k ON k.id = c.package LEFT JOIN acceptances a ON a.id = f.accepted",
    ));
    statement.with("WHERE f.image = $", [image.into()]);
    if let Some(least) = filter.reaches.as_ref().map(severity_rank) {
        statement.with("AND (c.severity >= $ OR c.severity < 0)", [least.into()]);
    }
    match filter.fixable {
        Some(true) => {
            statement.with("AND c.fixed_in IS NOT NULL", []);
        }
        Some(false) => {
            statement.with("AND c.fixed_in IS NULL", []);
        }
        None => {}
    }
    match filter.accepted {
        Some(true) => {
            statement.with("AND f.accepted IS NOT NULL", []);
        }
        Some(false) => {
            statement.with("AND f.accepted IS NULL", []);
        }
        None => {}
    }
    if let Some([severity, content]) = key.and_then(|key| <[_; 2]>::try_from(key).ok()) {
        statement.with("AND (c.severity, c.id) < ($, $)", [severity, content]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY c.severity DESC, c.id DESC LIMIT $", [limit.into()]);
    let found = session.ask(&statement).await?.into_iter();
    found.map(|row| image_finding(row, &along)).collect()
}

type Along = BTreeMap<(i64, i64), (Timestamp, FindingState)>;

/// Since when the lineages that stand at the image have had each finding, and how it stands in the one that had it first.
async fn along_lineages(session: &mut dyn Session, image: i64) -> Result<Along, DatabaseFault> {
    let sql = "SELECT f.vulnerability, f.package, f.first_seen, f.state
        FROM lineages l JOIN lineage_findings f ON f.lineage = l.id
        WHERE l.image = $1 AND l.followed_image = $1 AND f.fixed_at IS NULL";
    let mut along = Along::new();
    for mut row in session.rows(sql, &[image.into()]).await? {
        let key = (row.take()?, row.take()?);
        let told = (row.take()?, state_from(row.take()?));
        let first = along.entry(key).or_insert(told);
        if told.0 < first.0 {
            *first = told;
        }
    }
    Ok(along)
}

fn image_finding(mut row: Row, along: &Along) -> Result<(Key, ImageFinding), DatabaseFault> {
    let (severity, content): (i64, i64) = (row.take()?, row.take()?);
    let lineage = along.get(&(row.take()?, row.take()?));
    let here: Timestamp = row.take()?;
    let (source, exception, reason) = (row.take()?, row.take::<Option<String>>()?, row.take()?);
    let accepted = Option::zip(source, reason).map(|(source, reason)| AcceptedHere {
        source,
        exception: exception.and_then(|id| id.parse().ok()),
        reason,
    });
    let finding = finding(&mut row)?;
    let first_seen = lineage.map_or(here, |(since, _)| *since);
    let state = lineage.map(|(_, state)| *state);
    Ok((vec![severity.into(), content.into()], ImageFinding { finding, accepted, first_seen, state }))
}

/// The id under which a known severity is stored; 0 stands for all.
pub(super) fn severity_rank(severity: &Severity) -> i64 {
    Severity::KNOWN.iter().rev().zip(1..).find(|(known, _)| *known == severity).map_or(0, |(_, rank)| rank)
}
