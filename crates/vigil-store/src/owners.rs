//! Who looks after a repository by its own tags, and when these were read.

use jiff::Timestamp;
use vigil_core::image::{RegistryId, RepositoryName};

use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

impl Store {
    /// Whether the tags of a repository were not read since this time. Of one that was never seen they need not be.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn is_owner_unread(
        &self,
        registry: RegistryId,
        repository: RepositoryName,
        since: Timestamp,
    ) -> Result<bool, DatabaseFault> {
        let given = (registry, repository, since);
        self.read(given, |session, (registry, repository, since)| {
            Box::pin(is_unread(session, registry, repository, *since))
        })
        .await
    }

    /// Takes note that the tags of a repository were read, and of whom they name.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn note_owner(
        &self,
        registry: RegistryId,
        repository: RepositoryName,
        owner: Option<String>,
        at: Timestamp,
    ) -> Result<(), DatabaseFault> {
        let given = (registry, repository, owner, at);
        self.write(given, |session, (registry, repository, owner, at)| {
            Box::pin(note(session, registry, repository, owner.clone(), *at))
        })
        .await
    }

    /// Takes note that the tags of a repository could not be read, which leaves the owner who is known.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    pub async fn put_off_owner(
        &self,
        registry: RegistryId,
        repository: RepositoryName,
        at: Timestamp,
    ) -> Result<(), DatabaseFault> {
        let given = (registry, repository, at);
        self.write(given, |session, (registry, repository, at)| {
            Box::pin(put_off(session, registry, repository, *at))
        })
        .await
    }
}

async fn is_unread(
    session: &mut dyn Session,
    registry: &RegistryId,
    repository: &RepositoryName,
    since: Timestamp,
) -> Result<bool, DatabaseFault> {
    let sql = "SELECT p.id FROM repositories p JOIN registries r ON r.id = p.registry
        WHERE r.account = $1 AND r.region = $2 AND p.name = $3 AND p.gone_at IS NULL
          AND (p.owner_read_at IS NULL OR p.owner_read_at < $4)";
    let (account, region) = (registry.account.as_str(), registry.region.as_str());
    let values = [account.into(), region.into(), repository.into(), since.into()];
    Ok(session.row(sql, &values).await?.is_some())
}

async fn note(
    session: &mut dyn Session,
    registry: &RegistryId,
    repository: &RepositoryName,
    owner: Option<String>,
    at: Timestamp,
) -> Result<(), DatabaseFault> {
    let sql = "UPDATE repositories SET owner = $4, owner_read_at = $5 WHERE name = $3
        AND registry IN (SELECT id FROM registries WHERE account = $1 AND region = $2)";
    let (account, region) = (registry.account.as_str(), registry.region.as_str());
    let values = [account.into(), region.into(), repository.into(), owner.into(), at.into()];
    session.execute(sql, &values).await.map(drop)
}

async fn put_off(
    session: &mut dyn Session,
    registry: &RegistryId,
    repository: &RepositoryName,
    at: Timestamp,
) -> Result<(), DatabaseFault> {
    let sql = "UPDATE repositories SET owner_read_at = $4 WHERE name = $3
        AND registry IN (SELECT id FROM registries WHERE account = $1 AND region = $2)";
    let (account, region) = (registry.account.as_str(), registry.region.as_str());
    session.execute(sql, &[account.into(), region.into(), repository.into(), at.into()]).await.map(drop)
}
