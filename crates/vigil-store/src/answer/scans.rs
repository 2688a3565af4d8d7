//! Scans that are over, of one image.

use jiff::Timestamp;
use vigil_core::finding::Counts;
use vigil_core::image::{Digest, RegistryId, RepositoryName};
use vigil_core::scan::ScanState;

use super::image::row_of;
use super::images::counts_from;
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Row, Session, Statement};
use crate::store::Store;

/// A scan that is over, as we saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRow {
    /// When it was completed; when we saw it, where ECR does not say.
    pub at: Timestamp,
    /// How it ended.
    pub state: ScanState,
    /// ECR's own words on that.
    pub description: Option<String>,
    /// When ECR says it was completed.
    pub completed_at: Option<Timestamp>,
    /// How many findings of each severity ECR counts.
    pub counts: Option<Counts>,
    /// How many it lists.
    pub findings: u64,
    /// How many of them the image's scan before did not have.
    pub appeared: u64,
    /// How many that one had which this one has not.
    pub vanished: u64,
}

impl Store {
    /// The scans of an image, newest first; `None` if the image was never seen.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn scans_of_image(
        &self,
        registry: RegistryId,
        repository: RepositoryName,
        digest: Digest,
        slice: Slice,
    ) -> Result<Option<Page<ScanRow>>, Unanswered> {
        const NAME: &str = "scans of an image";
        let key = slice.key(NAME, &[0.into(), 0.into()])?;
        let given = ((registry, repository, digest), slice.limit, key);
        let found = self
            .read(given, |session, ((registry, repository, digest), limit, key)| {
                Box::pin(async move {
                    match row_of(session, registry, repository, *digest).await? {
                        Some(image) => list(session, image, *limit, key.clone()).await.map(Some),
                        None => Ok(None),
                    }
                })
            })
            .await?;
        Ok(found.map(|found| page(found, &slice, NAME)))
    }
}

async fn list(
    session: &mut dyn Session,
    image: i64,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<(Key, ScanRow)>, DatabaseFault> {
    let mut statement = Statement::new(
        "SELECT id, at, state, description, completed_at, counts, findings, appeared, vanished FROM scans",
    );
    statement.with("WHERE image = $", [image.into()]);
    if let Some([at, id]) = key.and_then(|key| <[_; 2]>::try_from(key).ok()) {
        statement.with("AND (at, id) < ($, $)", [at, id]);
    }
    let limit = limit as u64 + 1;
    statement.with("ORDER BY at DESC, id DESC LIMIT $", [limit.into()]);
    session.ask(&statement).await?.into_iter().map(scan).collect()
}

fn scan(mut row: Row) -> Result<(Key, ScanRow), DatabaseFault> {
    let id: i64 = row.take()?;
    let of = ScanRow {
        at: row.take()?,
        state: row.take::<String>()?.into(),
        description: row.take()?,
        completed_at: row.take()?,
        counts: counts_from(row.take()?),
        findings: row.take()?,
        appeared: row.take()?,
        vanished: row.take()?,
    };
    Ok((vec![of.at.into(), id.into()], of))
}
