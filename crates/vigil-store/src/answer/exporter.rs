//! Images by tag, as an exporter of metrics shows them.

use jiff::Timestamp;
use vigil_core::finding::Counts;
use vigil_core::image::{Digest, RegistryId, RepositoryName, Tag};

use super::images::counts_from;
use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

/// An image under one of its tags; an untagged image has none.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedImage {
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag.
    pub tag: Option<Tag>,
    /// The image.
    pub digest: Digest,
    /// Its size, where ECR says.
    pub size_bytes: Option<u64>,
    /// When it was pushed, where ECR says.
    pub pushed_at: Option<Timestamp>,
    /// When its last scan was completed.
    pub scanned_at: Option<Timestamp>,
    /// Open findings by severity; `None` if there was no scan with a result.
    pub counts: Option<Counts>,
}

impl Store {
    /// The container images that are there, by repository and newest first; only so many tags of each repository, if that
    /// is said.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn exported_images(
        &self,
        newest_tags: Option<usize>,
    ) -> Result<Vec<ExportedImage>, DatabaseFault> {
        self.read(newest_tags, |session, newest| Box::pin(read(session, *newest))).await
    }
}

async fn read(session: &mut dyn Session, newest: Option<usize>) -> Result<Vec<ExportedImage>, DatabaseFault> {
    let sql =
        "SELECT r.partition_name, r.account, r.region, p.name, t.name, i.digest, i.size_bytes, i.pushed_at,
          i.scanned_at, i.counts
        FROM images i JOIN repositories p ON p.id = i.repository JOIN registries r ON r.id = p.registry
          LEFT JOIN tags t ON t.image = i.id AND t.until IS NULL
        WHERE i.gone_at IS NULL AND i.kind = 'image'
        ORDER BY r.id, p.name, coalesce(i.pushed_at, 0) DESC, i.id DESC, t.name";
    let mut all: Vec<ExportedImage> = Vec::new();
    let mut of_repository = 0;
    for mut row in session.rows(sql, &[]).await? {
        let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
        let image = ExportedImage {
            registry,
            repository: row.take()?,
            tag: row.take()?,
            digest: row.take()?,
            size_bytes: row.take()?,
            pushed_at: row.take()?,
            scanned_at: row.take()?,
            counts: counts_from(row.take()?),
        };
        let same = all
            .last()
            .is_some_and(|last| (&last.registry, &last.repository) == (&image.registry, &image.repository));
        of_repository = if same { of_repository + 1 } else { 1 };
        if newest.is_none_or(|newest| of_repository <= newest) {
            all.push(image);
        }
    }
    Ok(all)
}
