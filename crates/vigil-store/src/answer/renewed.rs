//! When the findings of images last became something to look at anew.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::image::{Digest, RegistryId, RepositoryName};

use crate::sql::{DatabaseFault, Session, Type, Value};
use crate::store::Store;

/// When a finding of an image last was new or got worse, along the lineages that stand at the image. Those of which nothing
/// is said came with the first scan of their lineages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewed(BTreeMap<(Digest, String, Option<String>), Timestamp>);

impl Renewed {
    /// Of this vulnerability in this package.
    pub fn at(&self, digest: Digest, vulnerability: &str, package: Option<&str>) -> Option<Timestamp> {
        let finding = (digest, vulnerability.to_owned(), package.map(str::to_owned));
        self.0.get(&finding).copied()
    }
}

impl Store {
    /// When the findings of these images of a repository last were new or got worse: one question for all of them.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn renewed(
        &self,
        registry: RegistryId,
        repository: RepositoryName,
        digests: Vec<Digest>,
    ) -> Result<Renewed, DatabaseFault> {
        self.read((registry, repository, digests), |session, (registry, repository, digests)| {
            Box::pin(renewed(session, registry, repository, digests))
        })
        .await
    }
}

async fn renewed(
    session: &mut dyn Session,
    registry: &RegistryId,
    repository: &RepositoryName,
    digests: &[Digest],
) -> Result<Renewed, DatabaseFault> {
    let sql = "SELECT p.id FROM repositories p JOIN registries r ON r.id = p.registry
        WHERE r.account = $1 AND r.region = $2 AND p.name = $3";
    let place = [registry.account.as_str().into(), registry.region.as_str().into(), repository.into()];
    let Some(mut row) = session.row(sql, &place).await? else { return Ok(Renewed::default()) };
    let repository: i64 = row.take()?;
    // From the image to its lineages, and from these to their changes: each by an index.
    let sql = "SELECT i.digest, v.name, k.name, max(c.at) FROM {rows}
        JOIN images i ON i.repository = rows.repository AND i.digest = rows.digest
        JOIN lineages l ON l.image = i.id
        JOIN changes c ON c.lineage = l.id AND c.kind IN ('new', 'worsened')
        JOIN vulnerabilities v ON v.id = c.vulnerability LEFT JOIN packages k ON k.id = c.package
        GROUP BY i.digest, v.name, k.name";
    let rows = digests.iter().map(|digest| vec![Value::from(repository), (*digest).into()]).collect();
    let mut all = BTreeMap::new();
    for mut row in session.each(sql, &[("repository", Type::Int), ("digest", Type::Bytes)], rows).await? {
        all.insert((row.take()?, row.take()?, row.take()?), row.take()?);
    }
    Ok(Renewed(all))
}
