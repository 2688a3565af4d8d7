//! Tagged images, as an exporter of metrics shows them.

use jiff::Timestamp;
use vigil_core::finding::Counts;
use vigil_core::image::{Digest, RegistryId, RepositoryName, Tag};

use super::images::counts_from;
use crate::sql::{DatabaseFault, Session, Statement};
use crate::store::Store;

/// An image under one of its tags.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedImage {
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag.
    pub tag: Tag,
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
    /// The container images that are there and tagged, by repository and newest first; only so many tags of each
    /// repository, if that is said.
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

const IMAGES: &str = "SELECT r.partition_name, r.account, r.region, p.name, t.name, i.digest, i.size_bytes,
      i.pushed_at, i.scanned_at, i.counts
    FROM repositories p JOIN registries r ON r.id = p.registry JOIN images i ON i.repository = p.id
      JOIN tags t ON t.image = i.id AND t.until IS NULL";

/// The last of the newest tagged images of each repository: what is older has none of the newest tags.
const LAST: &str = "JOIN (SELECT q.id AS repository,
        (SELECT n.id FROM (SELECT j.id, coalesce(j.pushed_at, 0) AS pushed FROM images j
             WHERE j.repository = q.id AND j.gone_at IS NULL AND j.kind = 'image'
               AND EXISTS (SELECT 1 FROM tags u WHERE u.image = j.id AND u.until IS NULL)
             ORDER BY coalesce(j.pushed_at, 0) DESC, j.id DESC LIMIT $) AS n
         ORDER BY n.pushed, n.id LIMIT 1) AS image FROM repositories q) AS o ON o.repository = p.id
    JOIN images l ON l.id = o.image AND (coalesce(i.pushed_at, 0), i.id) >= (coalesce(l.pushed_at, 0), l.id)";

async fn read(session: &mut dyn Session, newest: Option<usize>) -> Result<Vec<ExportedImage>, DatabaseFault> {
    let mut statement = Statement::new(IMAGES);
    statement.with_some(LAST, newest.map(|newest| newest as u64));
    statement.with("WHERE i.gone_at IS NULL AND i.kind = 'image'", []);
    statement.with("ORDER BY r.id, p.name, coalesce(i.pushed_at, 0) DESC, i.id DESC, t.name", []);
    let mut all: Vec<ExportedImage> = Vec::new();
    let mut of_repository = 0;
    for mut row in session.ask(&statement).await? {
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
        // The last image may have more tags than are wanted.
        if newest.is_none_or(|newest| of_repository <= newest) {
            all.push(image);
        }
    }
    Ok(all)
}
