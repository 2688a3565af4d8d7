//! Registries and repositories, with sums over their images.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::finding::Counts;
use vigil_core::image::{RegistryId, Repository, RepositoryName};

use super::images::counts_from;
use super::scope::Scope;
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Row, Session, Statement, Type, Value};
use crate::store::Store;

/// A registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRow {
    /// Which one.
    pub registry: RegistryId,
    /// Repositories that are there.
    pub repositories: u64,
    /// Container images that are there.
    pub images: u64,
}

/// A repository.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositoryRow {
    /// Its registry.
    pub registry: RegistryId,
    /// What its registry tells of it.
    pub repository: Repository,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When all its images were last listed.
    pub listed_at: Option<Timestamp>,
    /// When it was first missed.
    pub gone_at: Option<Timestamp>,
    /// Why it could not be read the last time, if it could not.
    pub unread: Option<String>,
    /// Who looks after it by its own tags.
    pub owner: Option<String>,
    /// Container images that are there.
    pub images: u64,
    /// Those of them that were scanned with a result.
    pub scanned: u64,
    /// Open findings of the images at which lineages stand.
    pub counts: Counts,
}

impl Store {
    /// All registries, in the order in which they were first seen.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn registries(&self) -> Result<Vec<RegistryRow>, DatabaseFault> {
        self.read((), |session, ()| Box::pin(registries(session))).await
    }

    /// Repositories, by name; those that are gone only if it is said.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn repositories(
        &self,
        scope: Scope,
        gone_too: bool,
        slice: Slice,
    ) -> Result<Page<RepositoryRow>, Unanswered> {
        const NAME: &str = "repositories";
        let key = slice.key(NAME, &["".into(), 0.into()])?;
        let given = (scope, gone_too, slice.limit, key);
        let found = self
            .read(given, |session, (scope, gone_too, limit, key)| {
                Box::pin(list(session, scope, *gone_too, *limit, key.clone()))
            })
            .await?;
        Ok(page(found, &slice, NAME))
    }

    /// One repository, gone or not; `None` if it was never seen.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn repository(
        &self,
        registry: RegistryId,
        name: RepositoryName,
    ) -> Result<Option<RepositoryRow>, DatabaseFault> {
        self.read((registry, name), |session, (registry, name)| Box::pin(one(session, registry, name))).await
    }
}

async fn registries(session: &mut dyn Session) -> Result<Vec<RegistryRow>, DatabaseFault> {
    let sql = "SELECT r.partition_name, r.account, r.region,
          (SELECT count(*) FROM repositories p WHERE p.registry = r.id AND p.gone_at IS NULL),
          (SELECT count(*) FROM repositories p JOIN images i ON i.repository = p.id
           WHERE p.registry = r.id AND i.gone_at IS NULL AND i.kind = 'image')
        FROM registries r ORDER BY r.id";
    let rows = session.rows(sql, &[]).await?.into_iter().map(|mut row| {
        let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
        Ok(RegistryRow { registry, repositories: row.take()?, images: row.take()? })
    });
    rows.collect()
}

const REPOSITORIES: &str = "SELECT p.id, r.partition_name, r.account, r.region, p.name, p.created_at,
      p.scan_on_push, p.tag_mutability, p.first_seen, p.listed_at, p.gone_at, p.unread, p.owner
    FROM repositories p JOIN registries r ON r.id = p.registry WHERE true";

async fn list(
    session: &mut dyn Session,
    scope: &Scope,
    gone_too: bool,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, RepositoryRow)>, DatabaseFault> {
    let mut statement = Statement::new(REPOSITORIES);
    scope.repositories(session).await?.narrow("p.id", &mut statement);
    statement.when(!gone_too, "AND p.gone_at IS NULL");
    if let Some([name, id]) = key.and_then(|key| <[_; 2]>::try_from(key).ok()) {
        statement.with("AND (p.name, p.id) > ($, $)", [name, id]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY p.name, p.id LIMIT $", [limit.into()]);
    summed(session, &statement).await
}

async fn one(
    session: &mut dyn Session,
    registry: &RegistryId,
    name: &RepositoryName,
) -> Result<Option<RepositoryRow>, DatabaseFault> {
    let mut statement = Statement::new(REPOSITORIES);
    let place = [registry.account.as_str().into(), registry.region.as_str().into(), name.into()];
    statement.with("AND r.account = $ AND r.region = $ AND p.name = $", place);
    Ok(summed(session, &statement).await?.pop().map(|(_, row)| row))
}

async fn summed(
    session: &mut dyn Session,
    statement: &Statement,
) -> Result<Vec<(Key, RepositoryRow)>, DatabaseFault> {
    let mut found = Vec::new();
    for row in session.ask(statement).await? {
        found.push(repository(row)?);
    }
    let ids = found.iter().map(|(id, _)| vec![(*id).into()]).collect();
    let mut sums = sums(session, ids).await?;
    let with_sums = found.into_iter().map(|(id, mut row)| {
        (row.images, row.scanned, row.counts) = sums.remove(&id).unwrap_or_default();
        (vec![row.repository.name.as_str().into(), id.into()], row)
    });
    Ok(with_sums.collect())
}

/// For each repository its images, those of them that were scanned, and the open findings of those at which lineages stand.
/// Most images have the counts of others, and the database puts these together.
async fn sums(
    session: &mut dyn Session,
    repositories: Vec<Vec<Value>>,
) -> Result<BTreeMap<i64, (u64, u64, Counts)>, DatabaseFault> {
    let sql = "SELECT i.repository, count(*), count(i.counts),
          CASE WHEN EXISTS (SELECT 1 FROM lineages l WHERE l.image = i.id) THEN i.counts END AS at_head
        FROM {rows} JOIN images i ON i.repository = rows.id
        WHERE i.gone_at IS NULL AND i.kind = 'image' GROUP BY i.repository, at_head";
    let mut sums: BTreeMap<i64, (u64, u64, Counts)> = BTreeMap::new();
    for mut row in session.each(sql, &[("id", Type::Int)], repositories).await? {
        let (images, scanned, counts) = sums.entry(row.take()?).or_default();
        let (alike, scanned_alike) = (row.take::<u64>()?, row.take::<u64>()?);
        *images += alike;
        *scanned += scanned_alike;
        let each = counts_from(row.take()?).unwrap_or_default();
        counts.add(&each.iter().map(|(severity, count)| (severity.clone(), count * alike)).collect());
    }
    Ok(sums)
}

fn repository(mut row: Row) -> Result<(i64, RepositoryRow), DatabaseFault> {
    let id = row.take()?;
    let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
    let repository = Repository {
        name: row.take()?,
        created_at: row.take()?,
        scan_on_push: row.take()?,
        tag_mutability: row.take()?,
    };
    let of = RepositoryRow {
        registry,
        repository,
        first_seen: row.take()?,
        listed_at: row.take()?,
        gone_at: row.take()?,
        unread: row.take()?,
        owner: row.take()?,
        images: 0,
        scanned: 0,
        counts: Counts::default(),
    };
    Ok((id, of))
}
