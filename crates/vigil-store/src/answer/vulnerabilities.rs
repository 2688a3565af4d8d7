//! Vulnerabilities, and the images that have one.

use jiff::Timestamp;
use vigil_core::finding::Severity;
use vigil_core::image::{Digest, RegistryId, RepositoryName, Tag};
use vigil_core::threat::{Probability, Threat};

use super::finding::{json, threat};
use super::image_findings::severity_rank;
use super::images::tags;
use super::scope::Scope;
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Row, Session, Statement};
use crate::store::Store;

/// Which vulnerabilities are wanted; all, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct VulnerabilityFilter {
    /// Whose names begin so, such as `CVE-2024-`.
    pub prefix: Option<String>,
    /// At least once found as severe as this, or of a severity that we do not know.
    pub reaches: Option<Severity>,
    /// Listed as known exploited, or not.
    pub known_exploited: Option<bool>,
    /// As likely to be exploited as this.
    pub min_epss: Option<Probability>,
}

/// The order of a list of vulnerabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VulnerabilityOrder {
    /// The most severe first, and the last that we heard of first among them.
    #[default]
    WorstFirst,
    /// The most likely to be exploited first.
    LikeliestFirst,
    /// By name.
    Name,
}

/// A vulnerability.
#[derive(Debug, Clone, PartialEq)]
pub struct VulnerabilityRow {
    /// Its name, such as `CVE-2024-3094`.
    pub name: String,
    /// The worst severity that it was ever found with.
    pub severity: Severity,
    /// What it is about.
    pub description: Option<String>,
    /// Where to read more.
    pub links: Vec<String>,
    /// When any image was first seen with it.
    pub first_seen: Timestamp,
    /// What catalogues say of it.
    pub threat: Threat,
}

/// A vulnerability in a package of an image that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct SightingRow {
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryName,
    /// The image.
    pub digest: Digest,
    /// Its present tags.
    pub tags: Vec<Tag>,
    /// The package, where the scanner names one.
    pub package: Option<String>,
    /// The installed version.
    pub version: Option<String>,
    /// The version that fixes it, where one is known.
    pub fixed_in: Option<String>,
    /// The file, for language packages.
    pub path: Option<String>,
    /// How bad it is there.
    pub severity: Severity,
    /// Whether it is accepted there.
    pub accepted: bool,
    /// When the image was first seen with it.
    pub first_seen: Timestamp,
}

impl Store {
    /// Vulnerabilities that were ever found.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn vulnerabilities(
        &self,
        filter: VulnerabilityFilter,
        order: VulnerabilityOrder,
        slice: Slice,
    ) -> Result<Page<VulnerabilityRow>, Unanswered> {
        let key = slice.key(order.name(), &order.shape())?;
        let given = (filter, order, slice.limit, key);
        let found = self
            .read(given, |session, (filter, order, limit, key)| {
                Box::pin(list(session, filter, *order, *limit, key.clone()))
            })
            .await?;
        Ok(page(found, &slice, order.name()))
    }

    /// One vulnerability, and how many images that are there have it; `None` if it was never found.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn vulnerability(&self, name: &str) -> Result<Option<(VulnerabilityRow, u64)>, DatabaseFault> {
        self.read(name.to_owned(), |session, name| Box::pin(one(session, name))).await
    }

    /// Where a vulnerability is: the images that are there, in the order in which they were first seen; nowhere, if it
    /// was never found.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn images_with(
        &self,
        vulnerability: &str,
        scope: Scope,
        slice: Slice,
    ) -> Result<Page<SightingRow>, Unanswered> {
        const NAME: &str = "images with a vulnerability";
        let key = slice.key(NAME, &[0.into(), 0.into()])?;
        let given = (vulnerability.to_owned(), scope, slice.limit, key);
        let found = self
            .read(given, |session, (vulnerability, scope, limit, key)| {
                Box::pin(images_with(session, vulnerability, scope, *limit, key.clone()))
            })
            .await?;
        Ok(page(found, &slice, NAME))
    }
}

impl VulnerabilityOrder {
    fn name(self) -> &'static str {
        match self {
            Self::WorstFirst => "vulnerabilities worst first",
            Self::LikeliestFirst => "vulnerabilities likeliest first",
            Self::Name => "vulnerabilities by name",
        }
    }

    fn shape(self) -> Key {
        match self {
            Self::WorstFirst | Self::LikeliestFirst => vec![0.into(), 0.into()],
            Self::Name => vec!["".into()],
        }
    }
}

const COLUMNS: &str = "v.name, s.word, v.description, v.links, v.first_seen,
    v.listed_on, v.due_on, v.ransomware, v.epss, v.epss_percentile
    FROM vulnerabilities v JOIN severities s ON s.id = v.severity";

async fn list(
    session: &mut dyn Session,
    filter: &VulnerabilityFilter,
    order: VulnerabilityOrder,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, VulnerabilityRow)>, DatabaseFault> {
    let mut statement = Statement::new(&format!("SELECT v.severity, v.epss, v.id, {COLUMNS} WHERE true"));
    if let Some(prefix) = &filter.prefix {
        // The last character that there is: nothing that begins so comes after it.
        let end = format!("{prefix}{}", char::MAX);
        statement.with("AND v.name >= $ AND v.name < $", [prefix.into(), end.into()]);
    }
    if let Some(least) = filter.reaches.as_ref().map(severity_rank) {
        statement.with("AND (v.severity >= $ OR v.severity < 0)", [least.into()]);
    }
    statement.when(filter.known_exploited == Some(true), "AND v.listed_on IS NOT NULL");
    statement.when(filter.known_exploited == Some(false), "AND v.listed_on IS NULL");
    statement.with_some("AND v.epss >= $", filter.min_epss.map(|least| i64::from(least.parts())));
    match (order, key.as_deref()) {
        (VulnerabilityOrder::WorstFirst, Some([severity, id])) => {
            statement.with("AND (v.severity, v.id) < ($, $)", [severity.clone(), id.clone()]);
        }
        (VulnerabilityOrder::LikeliestFirst, Some([epss, id])) => {
            statement.with("AND (v.epss, v.id) < ($, $)", [epss.clone(), id.clone()]);
        }
        (VulnerabilityOrder::Name, Some([name])) => {
            statement.with("AND v.name > $", [name.clone()]);
        }
        _ => {}
    }
    let by = match order {
        VulnerabilityOrder::WorstFirst => "v.severity DESC, v.id DESC",
        VulnerabilityOrder::LikeliestFirst => "v.epss DESC, v.id DESC",
        VulnerabilityOrder::Name => "v.name",
    };
    let limit = limit as u64 + 1;
    statement.with(&format!("ORDER BY {by} LIMIT $"), [limit.into()]);
    let found = session.ask(&statement).await?.into_iter().map(|mut row| {
        let (severity, epss, id): (i64, i64, i64) = (row.take()?, row.take()?, row.take()?);
        let row = vulnerability(row)?;
        let key = match order {
            VulnerabilityOrder::WorstFirst => vec![severity.into(), id.into()],
            VulnerabilityOrder::LikeliestFirst => vec![epss.into(), id.into()],
            VulnerabilityOrder::Name => vec![(&row.name).into()],
        };
        Ok((key, row))
    });
    found.collect()
}

async fn one(
    session: &mut dyn Session,
    name: &str,
) -> Result<Option<(VulnerabilityRow, u64)>, DatabaseFault> {
    let sql = format!("SELECT {COLUMNS} WHERE v.name = $1");
    let Some(row) = session.row(&sql, &[name.into()]).await? else { return Ok(None) };
    let sql = "SELECT count(DISTINCT f.image) FROM image_findings f JOIN images i ON i.id = f.image
        WHERE i.gone_at IS NULL AND f.vulnerability = (SELECT id FROM vulnerabilities WHERE name = $1)";
    let images = session.row(sql, &[name.into()]).await?.map_or(Ok(0), |mut row| row.take())?;
    Ok(Some((vulnerability(row)?, images)))
}

fn vulnerability(mut row: Row) -> Result<VulnerabilityRow, DatabaseFault> {
    Ok(VulnerabilityRow {
        name: row.take()?,
        severity: row.take()?,
        description: row.take()?,
        links: json(row.take()?),
        first_seen: row.take()?,
        threat: threat(&mut row)?,
    })
}

async fn images_with(
    session: &mut dyn Session,
    vulnerability: &str,
    scope: &Scope,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, SightingRow)>, DatabaseFault> {
    let mut statement = Statement::new(
        "SELECT f.image, f.content, r.partition_name, r.account, r.region, p.name, i.digest, k.name, c.version,
           c.fixed_in, c.path, s.word, f.accepted IS NOT NULL, f.first_seen
         FROM image_findings f JOIN images i ON i.id = f.image JOIN repositories p ON p.id = i.repository
         JOIN registries r ON r.id = p.registry JOIN contents c ON c.id = f.content
         JOIN severities s ON s.id = c.severity LEFT JOIN packages k ON k.id = c.package
         WHERE i.gone_at IS NULL",
    );
    let of = "AND f.vulnerability = (SELECT id FROM vulnerabilities WHERE name = $)";
    statement.with(of, [vulnerability.into()]);
    scope.repositories(session).await?.narrow("i.repository", &mut statement);
    if let Some([image, content]) = key.and_then(|key| <[_; 2]>::try_from(key).ok()) {
        statement.with("AND (f.image, f.content) > ($, $)", [image, content]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY f.image, f.content LIMIT $", [limit.into()]);
    let mut found = Vec::new();
    for row in session.ask(&statement).await? {
        found.push(sighting(row)?);
    }
    let tags = tags(session, found.iter().map(|(image, ..)| *image)).await?;
    let with_tags = found.into_iter().map(|(image, key, mut row)| {
        row.tags = tags.get(&image).cloned().unwrap_or_default();
        (key, row)
    });
    Ok(with_tags.collect())
}

fn sighting(mut row: Row) -> Result<(i64, Key, SightingRow), DatabaseFault> {
    let (image, content): (i64, i64) = (row.take()?, row.take()?);
    let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
    let of = SightingRow {
        registry,
        repository: row.take()?,
        digest: row.take()?,
        tags: Vec::new(),
        package: row.take()?,
        version: row.take()?,
        fixed_in: row.take()?,
        path: row.take()?,
        severity: row.take()?,
        accepted: row.take()?,
        first_seen: row.take()?,
    };
    Ok((image, vec![image.into(), content.into()], of))
}
