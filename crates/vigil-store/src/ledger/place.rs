//! Registries and repositories: their rows, and which of them are gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::image::{Digest, RegistryId, Repository, RepositoryName};

use crate::sql::{DatabaseFault, Session, Type, Value};

/// The row of a registry, made if there is none.
pub(super) async fn registry(session: &mut dyn Session, id: &RegistryId) -> Result<i64, DatabaseFault> {
    let place = [id.account.as_str().into(), id.region.as_str().into()];
    let known = session.row("SELECT id FROM registries WHERE account = $1 AND region = $2", &place).await?;
    if let Some(mut row) = known {
        return row.take();
    }
    let sql = "INSERT INTO registries (account, region, partition_name) VALUES ($1, $2, $3)
        ON CONFLICT (account, region) DO UPDATE SET partition_name = excluded.partition_name RETURNING id";
    let [account, region] = place;
    let row = session.row(sql, &[account, region, id.partition.as_str().into()]).await?;
    row.map_or(Ok(0), |mut row| row.take())
}

/// The row of a repository that was heard of before.
pub(super) async fn known_repository(
    session: &mut dyn Session,
    id: &RegistryId,
    name: &RepositoryName,
) -> Result<Option<i64>, DatabaseFault> {
    let sql = "SELECT p.id FROM repositories p JOIN registries r ON r.id = p.registry
        WHERE r.account = $1 AND r.region = $2 AND p.name = $3";
    let place = [id.account.as_str().into(), id.region.as_str().into(), name.into()];
    session.row(sql, &place).await?.map(|mut row| row.take()).transpose()
}

/// The row of a repository that is there, made if there is none.
pub(super) async fn repository(
    session: &mut dyn Session,
    id: &RegistryId,
    name: &RepositoryName,
    now: Timestamp,
) -> Result<i64, DatabaseFault> {
    if let Some(known) = known_repository(session, id, name).await? {
        return Ok(known);
    }
    let registry = registry(session, id).await?;
    let sql = "INSERT INTO repositories (registry, name, first_seen) VALUES ($1, $2, $3)
        ON CONFLICT (registry, name) DO UPDATE SET name = excluded.name RETURNING id";
    let row = session.row(sql, &[registry.into(), name.into(), now.into()]).await?;
    row.map_or(Ok(0), |mut row| row.take())
}

/// What is known of a repository: its row, whether it is gone, and its settings.
type Known = (i64, bool, (Option<Timestamp>, Option<bool>, Option<String>));

/// Takes note of all repositories of a registry: what is not among them is gone, with its images.
pub(super) async fn present(
    session: &mut dyn Session,
    id: &RegistryId,
    repositories: &[Repository],
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let registry = registry(session, id).await?;
    let mut known = known(session, registry).await?;
    let mut changed = Vec::new();
    for repository in repositories {
        let Repository { name, created_at, scan_on_push, tag_mutability } = repository;
        let told = (*created_at, *scan_on_push, tag_mutability.clone());
        if known.remove(name).is_none_or(|(_, gone, before)| gone || before != told) {
            let (created_at, scan_on_push, tag_mutability) = told;
            changed.push(vec![
                registry.into(),
                name.into(),
                created_at.into(),
                scan_on_push.into(),
                tag_mutability.into(),
                now.into(),
            ]);
        }
    }
    let columns = [
        ("registry", Type::Int),
        ("name", Type::Text),
        ("created_at", Type::Int),
        ("scan_on_push", Type::Int),
        ("tag_mutability", Type::Text),
        ("first_seen", Type::Int),
    ];
    let sql =
        "INSERT INTO repositories (registry, name, created_at, scan_on_push, tag_mutability, first_seen)
        SELECT registry, name, created_at, scan_on_push, tag_mutability, first_seen FROM {rows} WHERE true
        ON CONFLICT (registry, name) DO UPDATE SET created_at = excluded.created_at,
          scan_on_push = excluded.scan_on_push, tag_mutability = excluded.tag_mutability, gone_at = NULL";
    session.each(sql, &columns, changed).await?;
    let gone = known.into_values().filter(|(_, gone, _)| !gone).map(|(repository, ..)| repository);
    for repository in gone.collect::<Vec<_>>() {
        go(session, repository, now).await?;
    }
    Ok(())
}

async fn known(
    session: &mut dyn Session,
    registry: i64,
) -> Result<BTreeMap<RepositoryName, Known>, DatabaseFault> {
    let sql = "SELECT name, id, gone_at IS NOT NULL, created_at, scan_on_push, tag_mutability
        FROM repositories WHERE registry = $1";
    let mut known = BTreeMap::new();
    for mut row in session.rows(sql, &[registry.into()]).await? {
        let name = row.take()?;
        known.insert(name, (row.take()?, row.take()?, (row.take()?, row.take()?, row.take()?)));
    }
    Ok(known)
}

/// The images of a repository that are taken to be there, unless it was listed since this time.
pub(super) async fn unlisted(
    session: &mut dyn Session,
    id: &RegistryId,
    name: &RepositoryName,
    since: Timestamp,
) -> Result<BTreeSet<Digest>, DatabaseFault> {
    let Some(repository) = known_repository(session, id, name).await? else { return Ok(BTreeSet::new()) };
    let sql = "SELECT i.digest FROM images i JOIN repositories p ON p.id = i.repository
        WHERE p.id = $1 AND i.gone_at IS NULL AND (p.listed_at IS NULL OR p.listed_at < $2)";
    let rows = session.rows(sql, &[repository.into(), since.into()]).await?;
    rows.into_iter().map(|mut row| row.take()).collect()
}

/// A repository is gone, with its images.
pub(super) async fn go(
    session: &mut dyn Session,
    repository: i64,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let at: [Value; 2] = [repository.into(), now.into()];
    for sql in [
        "UPDATE repositories SET gone_at = $2 WHERE id = $1 AND gone_at IS NULL",
        "UPDATE tags SET until = $2
         WHERE until IS NULL AND image IN (SELECT id FROM images WHERE repository = $1)",
        "UPDATE images SET gone_at = $2 WHERE repository = $1 AND gone_at IS NULL",
        "UPDATE lineages SET image = NULL, ended_at = $2 WHERE repository = $1 AND image IS NOT NULL",
    ] {
        session.execute(sql, &at).await?;
    }
    Ok(())
}
