//! Findings along lineages: what is new, open, worse, fixed or accepted where people look, and since when.

use jiff::Timestamp;
use vigil_core::finding::Severity;
use vigil_core::image::{Digest, RegistryId, RepositoryName};
use vigil_core::lineage::{FindingState, LineageName};
use vigil_core::threat::{Probability, Threat};

use super::finding::{THREAT, threat};
use super::image::lineage;
use super::image_findings::severity_rank;
use super::likeliest::{by_vulnerability, likely};
use super::narrower::Narrower;
use super::scope::{Repositories, Scope};
use crate::ledger::{state_code, state_from};
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Row, Session, Statement, Value};
use crate::store::Store;

/// Which findings along lineages are wanted; all that are there, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    /// In which repositories.
    pub scope: Scope,
    /// Of this lineage: a tag, or a pattern as it was written.
    pub lineage: Option<String>,
    /// In this image, at which lineages stand, or stood when it was the last one that was scanned.
    pub digest: Option<Digest>,
    /// As severe as this, or of a severity that we do not know.
    pub reaches: Option<Severity>,
    /// In one of these states; empty: in any but fixed.
    pub states: Vec<FindingState>,
    /// Of this vulnerability.
    pub vulnerability: Option<String>,
    /// In this package.
    pub package: Option<String>,
    /// With a version that fixes it, or without.
    pub fixable: Option<bool>,
    /// With an exploit that the scanner knows, or without.
    pub exploit_known: Option<bool>,
    /// Listed as known exploited, or not.
    pub known_exploited: Option<bool>,
    /// As likely to be exploited as this.
    pub min_epss: Option<Probability>,
}

/// The order of a list of findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FindingOrder {
    /// The most severe first, and the oldest first among them.
    #[default]
    WorstFirst,
    /// The oldest first.
    OldestFirst,
    /// The most likely to be exploited first.
    LikeliestFirst,
}

/// A finding along a lineage.
#[derive(Debug, Clone, PartialEq)]
pub struct LineageFinding {
    /// Its registry.
    pub registry: RegistryId,
    /// Its repository.
    pub repository: RepositoryName,
    /// The lineage.
    pub lineage: LineageName,
    /// The image whose finding it is: the last one of the lineage that was scanned.
    pub digest: Digest,
    /// The vulnerability.
    pub vulnerability: String,
    /// The package, where the scanner names one.
    pub package: Option<String>,
    /// How bad it is, or was.
    pub severity: Severity,
    /// Whether a version that fixes it is known.
    pub fixable: bool,
    /// Whether the scanner knows an exploit.
    pub exploit_known: bool,
    /// What catalogues say of it.
    pub threat: Threat,
    /// Where it stands.
    pub state: FindingState,
    /// When the lineage first had it.
    pub first_seen: Timestamp,
    /// When any of this last changed.
    pub changed_at: Timestamp,
    /// When it went; `None` while it is there.
    pub fixed_at: Option<Timestamp>,
}

impl Store {
    /// Findings along the lineages that still stand at an image.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn findings(
        &self,
        filter: FindingFilter,
        order: FindingOrder,
        slice: Slice,
    ) -> Result<Page<LineageFinding>, Unanswered> {
        let width = order.columns().split(',').count();
        let key = slice.key(order.name(), &vec![0.into(); width])?;
        let given = (filter, order, slice.limit, key);
        let found = self
            .read(given, |session, (filter, order, limit, key)| {
                Box::pin(list(session, filter, *order, *limit, key.clone()))
            })
            .await?;
        Ok(page(found, &slice, order.name()))
    }
}

impl FindingOrder {
    fn name(self) -> &'static str {
        match self {
            Self::WorstFirst => "findings worst first",
            Self::OldestFirst => "findings oldest first",
            Self::LikeliestFirst => "findings likeliest first",
        }
    }

    /// As the indexes have them: the severity turned round, so that all go one way.
    fn columns(self) -> &'static str {
        match self {
            Self::WorstFirst => "f.rank, f.first_seen, f.lineage, f.vulnerability, f.package",
            Self::OldestFirst => "f.first_seen, f.lineage, f.vulnerability, f.package",
            Self::LikeliestFirst => "-v.epss, -f.vulnerability, f.lineage, f.package",
        }
    }
}

pub(super) type Found = (Key, LineageFinding);

pub(super) async fn list(
    session: &mut dyn Session,
    filter: &FindingFilter,
    order: FindingOrder,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<Found>, DatabaseFault> {
    let repositories = filter.scope.repositories(session).await?;
    let mut found = Vec::new();
    for part in filter.parts() {
        found.extend(list_part(session, &part, &repositories, order, limit + 1, key.clone()).await?);
    }
    found.sort_by_cached_key(|(key, _)| numbers(key));
    Ok(found)
}

/// A key of this list is made of numbers.
fn numbers(key: &Key) -> Vec<i64> {
    let number = |part: &Value| if let Value::Int(number) = part { *number } else { 0 };
    key.iter().map(number).collect()
}

pub(super) async fn list_part(
    session: &mut dyn Session,
    filter: &FindingFilter,
    repositories: &Repositories,
    order: FindingOrder,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<Found>, DatabaseFault> {
    let columns = order.columns();
    let width = columns.split(',').count();
    let mut statement = Statement::new(&format!(
        "SELECT {columns}, r.partition_name, r.account, r.region, p.name, l.name, l.platform, coalesce(o.digest, i.digest), v.name,
           k.name, s.word, f.fixable, f.exploited IN (1, 3), {THREAT}, f.state, f.first_seen, f.changed_at, f.fixed_at
         FROM lineage_findings f JOIN lineages l ON l.id = f.lineage JOIN images i ON i.id = l.image
         LEFT JOIN images o ON o.id = l.followed_image
         JOIN repositories p ON p.id = l.repository JOIN registries r ON r.id = p.registry
         JOIN vulnerabilities v ON v.id = f.vulnerability JOIN severities s ON s.id = f.severity
         LEFT JOIN packages k ON k.id = f.package WHERE true"
    ));
    let are_few = filter.narrow(session, repositories, &mut statement).await?;
    if order == FindingOrder::LikeliestFirst && !are_few {
        return Box::pin(by_vulnerability(session, filter, repositories, limit, key)).await;
    }
    if let Some(key) = key {
        let places = vec!["$"; width].join(", ");
        statement.with(&format!("AND ({columns}) > ({places})"), key);
    }
    // Where few are meant, they are found by what they are and then sorted; an index by the order would be read through for
    // them, if it could be.
    let ordered = if are_few { columns.replacen(',', " + 0,", 1) } else { columns.to_owned() };
    statement.with(&format!("ORDER BY {ordered} LIMIT $"), [(limit as u64).into()]);
    session.ask(&statement).await?.into_iter().map(|row| finding(row, width)).collect()
}

impl FindingFilter {
    /// What is there and what was fixed are found by different indexes: each for itself, in the same order.
    fn parts(&self) -> Vec<Self> {
        let (fixed, there): (Vec<_>, Vec<_>) =
            self.states.iter().partition(|state| **state == FindingState::Fixed);
        if fixed.is_empty() || there.is_empty() {
            return vec![self.clone()];
        }
        [there, fixed].map(|states| Self { states, ..self.clone() }).into()
    }

    pub(super) fn means_fixed(&self) -> bool {
        self.states.contains(&FindingState::Fixed)
    }

    /// Finds the lineages first: by the images that have the vulnerability, for those that are behind their images by
    /// trying all, and by what was fixed.
    fn narrow_to_vulnerability(&self, statement: &mut Statement) {
        let Some(name) = &self.vulnerability else { return };
        const THIS: &str = "(SELECT id FROM vulnerabilities WHERE name = $)";
        statement.with(&format!("AND f.vulnerability = {THIS} AND f.lineage IN ("), [name.into()]);
        if self.means_fixed() {
            let fixed = "SELECT lineage FROM lineage_findings WHERE fixed_at IS NOT NULL AND vulnerability =";
            statement.with(&format!("{fixed} {THIS}"), [name.into()]);
        } else {
            let images = format!("SELECT image FROM image_findings WHERE vulnerability = {THIS}");
            statement.with(&format!("SELECT id FROM lineages WHERE image IN ({images})"), [name.into()]);
            statement.with("UNION SELECT id FROM lineages WHERE image <> followed_image", []);
        }
        statement.with(")", []);
    }

    /// The lineages that have the package, found as those that have a vulnerability.
    fn by_package(&self) -> Option<Narrower> {
        let package = self.package.as_ref()?;
        let sql = if self.means_fixed() {
            "SELECT lineage FROM lineage_findings
             WHERE fixed_at IS NOT NULL AND package = (SELECT id FROM packages WHERE name = $)"
        } else {
            "SELECT l.id FROM contents c
               JOIN image_findings g ON g.vulnerability = c.vulnerability AND g.content = c.id
               JOIN lineages l ON l.image = g.image
             WHERE c.package = (SELECT id FROM packages WHERE name = $)
             UNION ALL SELECT id FROM lineages WHERE image <> followed_image"
        };
        Some(Narrower::new(sql, [package.into()]))
    }

    /// Whether all states that are meant are rare ones, for which there is an index.
    fn means_rare_states(&self) -> bool {
        let is_rare = |state: &FindingState| {
            matches!(state, FindingState::New | FindingState::Worsened | FindingState::Excepted)
        };
        !self.states.is_empty() && self.states.iter().all(is_rare)
    }

    /// Goes on with what is meant. Returns whether that is found by a narrower way than by the order.
    async fn narrow(
        &self,
        session: &mut dyn Session,
        repositories: &Repositories,
        statement: &mut Statement,
    ) -> Result<bool, DatabaseFault> {
        let mut are_few = self.vulnerability.is_some() || self.digest.is_some() || self.means_rare_states();
        let of_name = self.lineage.as_ref().map(Narrower::lineages);
        for narrower in
            [repositories.lineages(), of_name, self.by_package(), likely(self)].into_iter().flatten()
        {
            are_few |= narrower.narrow("f.lineage", session, statement).await?;
        }
        // Where these are many, no index leads to them.
        repositories.narrow("+l.repository", statement);
        statement.with_some("AND l.name || '' = $", self.lineage.as_ref());
        self.narrow_to_place(statement);
        self.narrow_to_kind(statement);
        Ok(are_few)
    }

    fn narrow_to_place(&self, statement: &mut Statement) {
        if let Some(digest) = self.digest {
            // By the indexes of lineages that stand at the image whose findings they know, and of those that do not.
            const THESE: &str = "(SELECT id FROM images WHERE digest = $)";
            let at = format!("SELECT id FROM lineages WHERE image IN {THESE} AND image = followed_image");
            statement.with(&format!("AND l.id IN ({at}"), [digest.into()]);
            let behind = format!(
                "SELECT id FROM lineages WHERE image <> followed_image AND followed_image IN {THESE}"
            );
            statement.with(&format!("UNION {behind})"), [digest.into()]);
        }
        self.narrow_to_vulnerability(statement);
    }

    fn narrow_to_kind(&self, statement: &mut Statement) {
        if let Some(least) = self.reaches.as_ref().map(severity_rank) {
            statement.with("AND (f.severity >= $ OR f.severity < 0)", [least.into()]);
        }
        statement
            .with_some("AND f.package = (SELECT id FROM packages WHERE name = $)", self.package.as_ref());
        statement.with_some("AND f.fixable = $", self.fixable);
        // In the words of the indexes, of which each holds the one or the other.
        statement.when(self.exploit_known == Some(true), "AND f.exploited IN (1, 3)");
        statement.when(self.exploit_known == Some(false), "AND f.exploited IN (0, 2)");
        statement.when(self.known_exploited == Some(true), "AND f.exploited IN (2, 3)");
        statement.when(self.known_exploited == Some(false), "AND f.exploited IN (0, 1)");
        // Not by the index of scores: the order is another.
        statement.with_some("AND v.epss + 0 >= $", self.min_epss.map(|least| i64::from(least.parts())));
        let there = if self.means_fixed() { "AND f.fixed_at IS NOT NULL" } else { "AND f.fixed_at IS NULL" };
        statement.with(there, []);
        // In the words of that index.
        statement.when(self.means_rare_states(), "AND f.state IN (0, 2, 4)");
        if !self.states.is_empty() {
            let codes = self.states.iter().map(|state| state_code(*state)).collect();
            statement.with("AND f.state IN LIST($)", [Value::Ints(codes)]);
        }
    }
}

fn finding(mut row: Row, width: usize) -> Result<(Key, LineageFinding), DatabaseFault> {
    let key = (0..width).map(|_| row.take::<i64>().map(Into::into)).collect::<Result<Key, _>>()?;
    let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
    let repository = row.take()?;
    let lineage = lineage(row.take()?, row.take()?);
    let of = LineageFinding {
        registry,
        repository,
        lineage,
        digest: row.take()?,
        vulnerability: row.take()?,
        package: row.take()?,
        severity: row.take()?,
        fixable: row.take()?,
        exploit_known: row.take()?,
        threat: threat(&mut row)?,
        state: state_from(row.take()?),
        first_seen: row.take()?,
        changed_at: row.take()?,
        fixed_at: row.take()?,
    };
    Ok((key, of))
}
