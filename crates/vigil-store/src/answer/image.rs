//! One image, with all that is known of it but its findings.

use jiff::Timestamp;
use vigil_core::image::{Digest, RegistryId, RepositoryName, Tag};
use vigil_core::lineage::LineageName;

use super::images::{COLUMNS, ImageRow, TABLES, image_row, tags_of};
use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

/// An image and its history.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageDetail {
    /// The image.
    pub image: ImageRow,
    /// The tags that it had and has, oldest first.
    pub tags: Vec<TagSpan>,
    /// The lineages that stand at it.
    pub lineages: Vec<LineageName>,
}

/// A tag that an image had for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagSpan {
    /// The tag.
    pub tag: Tag,
    /// When it was first seen on this image.
    pub since: Timestamp,
    /// When it was first missed there; `None` while it is there.
    pub until: Option<Timestamp>,
}

impl Store {
    /// One image, gone or not; `None` if it was never seen.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn image(
        &self,
        registry: RegistryId,
        repository: RepositoryName,
        digest: Digest,
    ) -> Result<Option<ImageDetail>, DatabaseFault> {
        self.read((registry, repository, digest), |session, (registry, repository, digest)| {
            Box::pin(detail(session, registry, repository, *digest))
        })
        .await
    }
}

/// The row of an image.
pub(super) async fn row_of(
    session: &mut dyn Session,
    registry: &RegistryId,
    repository: &RepositoryName,
    digest: Digest,
) -> Result<Option<i64>, DatabaseFault> {
    let sql = format!(
        "SELECT i.id FROM {TABLES} WHERE r.account = $1 AND r.region = $2 AND p.name = $3 AND i.digest = $4"
    );
    let account = registry.account.as_str().into();
    let place = [account, registry.region.as_str().into(), repository.into(), digest.into()];
    session.row(&sql, &place).await?.map(|mut row| row.take()).transpose()
}

async fn detail(
    session: &mut dyn Session,
    registry: &RegistryId,
    repository: &RepositoryName,
    digest: Digest,
) -> Result<Option<ImageDetail>, DatabaseFault> {
    let Some(id) = row_of(session, registry, repository, digest).await? else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE i.id = $1");
    let Some(row) = session.row(&sql, &[id.into()]).await? else { return Ok(None) };
    let (_, mut image) = image_row(row)?;
    image.image.tags = tags_of(session, id).await?;
    let sql = "SELECT name, since, until FROM tags WHERE image = $1 ORDER BY since, name";
    let tags = session
        .rows(sql, &[id.into()])
        .await?
        .into_iter()
        .map(|mut row| Ok(TagSpan { tag: row.take()?, since: row.take()?, until: row.take()? }));
    let tags = tags.collect::<Result<_, DatabaseFault>>()?;
    let sql = "SELECT name, platform FROM lineages WHERE image = $1 ORDER BY name, platform";
    let lineages = session.rows(sql, &[id.into()]).await?.into_iter();
    let lineages = lineages.map(|mut row| Ok(lineage(row.take()?, row.take()?)));
    Ok(Some(ImageDetail { image, tags, lineages: lineages.collect::<Result<_, DatabaseFault>>()? }))
}

/// A lineage's name as it is stored: no platform is an empty one.
pub(crate) fn lineage(name: String, platform: String) -> LineageName {
    LineageName { name, platform: Some(platform).filter(|platform| !platform.is_empty()) }
}
