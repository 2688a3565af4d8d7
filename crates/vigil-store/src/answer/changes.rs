//! What has changed along lineages: what is new, what got worse, what was fixed, and when.

use jiff::Timestamp;
use vigil_core::finding::Severity;
use vigil_core::image::{Digest, RegistryId, RepositoryName};
use vigil_core::lineage::{FindingState, LineageName};
use vigil_core::news::ChangeId;

use super::image::lineage;
use super::image_findings::severity_rank;
use super::narrower::Narrower;
use super::scope::Scope;
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::pass::PassId;
use crate::sql::{DatabaseFault, Row, Session, Statement};
use crate::store::Store;

/// Which changes are wanted; all, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct ChangeFilter {
    /// In which repositories.
    pub scope: Scope,
    /// Seen at this time or later.
    pub since: Option<Timestamp>,
    /// Seen by this pass.
    pub pass: Option<PassId>,
    /// Of these kinds (new, worsened, fixed); empty: of all.
    pub kinds: Vec<FindingState>,
    /// As severe as this, or of a severity that we do not know.
    pub reaches: Option<Severity>,
    /// Along this lineage: a tag, or a pattern as it was written.
    pub lineage: Option<String>,
}

/// Something that has changed along a lineage. A lineage's first scan changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// When it was seen.
    pub at: Timestamp,
    /// By which pass; `None` if somebody made or ended an exception.
    pub pass: Option<PassId>,
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryName,
    /// The lineage.
    pub lineage: LineageName,
    /// The image in which it was seen, or missed.
    pub digest: Digest,
    /// The vulnerability.
    pub vulnerability: String,
    /// The package, where the scanner names one.
    pub package: Option<String>,
    /// New, worsened or fixed.
    pub kind: FindingState,
    /// How bad it is, or was.
    pub severity: Severity,
}

impl Store {
    /// Changes, newest first.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn changes(&self, filter: ChangeFilter, slice: Slice) -> Result<Page<Change>, Unanswered> {
        const NAME: &str = "changes";
        let key = slice.key(NAME, &[0.into(), 0.into()])?;
        let given = (filter, slice.limit, key);
        let found = self
            .read(given, |session, (filter, limit, key)| Box::pin(list(session, filter, *limit, key.clone())))
            .await?;
        Ok(page(found, &slice, NAME))
    }
}

const CHANGES: &str =
    "SELECT c.at, c.id, n.id, r.partition_name, r.account, r.region, p.name, l.name, l.platform,
      c.digest, v.name, k.name, c.kind, s.word
    FROM changes c JOIN lineages l ON l.id = c.lineage
    JOIN repositories p ON p.id = c.repository JOIN registries r ON r.id = p.registry
    JOIN vulnerabilities v ON v.id = c.vulnerability JOIN severities s ON s.id = c.severity
    LEFT JOIN packages k ON k.id = c.package LEFT JOIN passes n ON n.number = c.pass WHERE true";

pub(super) async fn list(
    session: &mut dyn Session,
    filter: &ChangeFilter,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, Change)>, DatabaseFault> {
    let mut statement = Statement::new(CHANGES);
    let repositories = filter.scope.repositories(session).await?;
    repositories.narrow("c.repository", &mut statement);
    let of_name = filter.lineage.as_ref().map(Narrower::lineages);
    let mut are_few = filter.pass.is_some();
    for narrower in [repositories.lineages(), of_name].into_iter().flatten() {
        are_few |= narrower.narrow("c.lineage", session, &mut statement).await?;
    }
    statement.with_some("AND c.at >= $", filter.since);
    let pass = "AND c.pass = (SELECT number FROM passes WHERE id = $)";
    statement.with_some(pass, filter.pass.map(|pass| pass.to_string()));
    statement.with_some("AND l.name || '' = $", filter.lineage.as_ref());
    if let Some(least) = filter.reaches.as_ref().map(severity_rank) {
        statement.with("AND (c.severity >= $ OR c.severity < 0)", [least.into()]);
    }
    if !filter.kinds.is_empty() {
        // Each kind once, in one order: a statement is kept prepared.
        let kinds = FindingState::ALL.into_iter().filter(|kind| filter.kinds.contains(kind));
        let kinds: Vec<String> = kinds.map(|kind| format!("'{}'", kind.code())).collect();
        statement.with(&format!("AND c.kind IN ({})", kinds.join(", ")), []);
    }
    if let Some([at, id]) = key.and_then(|key| <[_; 2]>::try_from(key).ok()) {
        statement.with("AND (c.at, c.id) < ($, $)", [at, id]);
    }
    let limit = limit as u64 + 1;
    let at = if are_few { "c.at + 0" } else { "c.at" };
    statement.with(&format!("ORDER BY {at} DESC, c.id DESC LIMIT $"), [limit.into()]);
    let found = session.ask(&statement).await?.into_iter().map(change);
    found.map(|change| change.map(|change| (vec![change.at.into(), change.id.0.into()], change))).collect()
}

fn change(mut row: Row) -> Result<Change, DatabaseFault> {
    let (at, id, pass) = (row.take()?, ChangeId(row.take()?), row.take()?);
    let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
    let repository = row.take()?;
    let lineage = lineage(row.take()?, row.take()?);
    let (digest, vulnerability, package) = (row.take()?, row.take()?, row.take()?);
    let kind: String = row.take()?;
    let kind = FindingState::ALL.into_iter().find(|state| state.code() == kind).unwrap_or(FindingState::New);
    let severity = row.take()?;
    Ok(Change { id, at, pass, registry, repository, lineage, digest, vulnerability, package, kind, severity })
}
