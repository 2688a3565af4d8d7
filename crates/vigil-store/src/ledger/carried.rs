//! What a look at a repository could not see of its images, and what is therefore taken as it was known: what an index gives
//! its children, if the index was not opened or not asked for.

use std::collections::{BTreeMap, BTreeSet};

use vigil_core::image::{Digest, Image, Kind, Platform, Storage, Tag};

use super::listed::{Absent, kind_from, platform_from};
use crate::sql::{DatabaseFault, Session};

/// What was looked at in a repository.
pub(super) struct Look<'a> {
    pub(super) images: &'a [Image],
    /// Whether these are all.
    pub(super) whole: bool,
    /// Indexes among them whose children are not known.
    pub(super) unopened: &'a BTreeSet<Digest>,
    /// What was asked for and is not there.
    pub(super) absent: &'a Absent,
}

/// What was known of an image that an index lists.
struct Child {
    index: Digest,
    kind: Kind,
    platform: Option<Platform>,
    tags: BTreeSet<Tag>,
}

/// The images that were looked at, with what is still known of them. It is the whole truth on each.
pub(super) async fn carried(
    session: &mut dyn Session,
    repository: i64,
    look: &Look<'_>,
) -> Result<Vec<Image>, DatabaseFault> {
    if look.whole && look.unopened.is_empty() {
        return Ok(look.images.to_vec());
    }
    let known = children(session, repository).await?;
    Ok(carry(look, &known))
}

fn carry(look: &Look<'_>, known: &BTreeMap<Digest, Child>) -> Vec<Image> {
    let looked_at: BTreeMap<Digest, &Image> = look.images.iter().map(|image| (image.digest, image)).collect();
    let of_images = look.images.iter().flat_map(|image| &image.tags);
    let told: BTreeSet<&Tag> = of_images.chain(&look.absent.tags).collect();
    let unopened = || look.unopened.iter().filter_map(|index| looked_at.get(index).copied());
    let of_unopened: BTreeSet<&Tag> = unopened().flat_map(|index| &index.tags).collect();
    let carry = |image: &Image| {
        let mut image = image.clone();
        let Some(child) = known.get(&image.digest) else { return image };
        let is_unopened = look.unopened.contains(&child.index);
        let is_elsewhere = !look.whole && !looked_at.contains_key(&child.index);
        if is_unopened {
            let given = looked_at.get(&child.index).into_iter().flat_map(|index| &index.tags);
            image.tags.extend(given.cloned());
            image.tags.extend(child.tags.iter().filter(|tag| of_unopened.contains(tag)).cloned());
        }
        if is_elsewhere || !look.whole && image.index.is_some() {
            // A tag that was told was told of all that have it.
            image.tags.extend(child.tags.iter().filter(|tag| !told.contains(tag)).cloned());
        }
        image.tags.sort();
        image.tags.dedup();
        if image.index.is_none() && (is_unopened || is_elsewhere) {
            image.index = Some(child.index);
            image.platform = child.platform.clone();
            image.kind = if child.kind == Kind::Attestation { Kind::Attestation } else { image.kind };
        }
        image
    };
    look.images.iter().map(carry).collect()
}

async fn children(
    session: &mut dyn Session,
    repository: i64,
) -> Result<BTreeMap<Digest, Child>, DatabaseFault> {
    let sql = "SELECT i.digest, i.index_digest, i.kind, i.platform, t.name
        FROM images i LEFT JOIN tags t ON t.image = i.id AND t.until IS NULL
        WHERE i.repository = $1 AND i.index_digest IS NOT NULL";
    let mut children: BTreeMap<Digest, Child> = BTreeMap::new();
    for mut row in session.rows(sql, &[repository.into()]).await? {
        let (digest, index) = (row.take()?, row.take()?);
        let (kind, platform): (String, Option<String>) = (row.take()?, row.take()?);
        let child = children.entry(digest).or_insert_with(|| Child {
            index,
            kind: kind_from(&kind),
            platform: platform.as_deref().map(platform_from),
            tags: BTreeSet::new(),
        });
        child.tags.extend(row.take::<Option<Tag>>()?);
    }
    Ok(children)
}

/// The images of a repository with their tags, as far as they are known: as far as a lineage looks at them.
pub(super) async fn all_known(
    session: &mut dyn Session,
    repository: i64,
) -> Result<Vec<Image>, DatabaseFault> {
    let sql = "SELECT i.digest, i.kind, i.platform, i.pushed_at, t.name
        FROM tags t JOIN images i ON i.id = t.image
        WHERE i.repository = $1 AND i.gone_at IS NULL AND t.until IS NULL";
    let mut images: BTreeMap<Digest, Image> = BTreeMap::new();
    for mut row in session.rows(sql, &[repository.into()]).await? {
        let digest = row.take()?;
        let (kind, platform): (String, Option<String>) = (row.take()?, row.take()?);
        let pushed_at = row.take()?;
        let image = images.entry(digest).or_insert_with(|| Image {
            digest,
            tags: Vec::new(),
            kind: kind_from(&kind),
            platform: platform.as_deref().map(platform_from),
            index: None,
            pushed_at,
            pulled_at: None,
            size_bytes: None,
            storage: Storage::Active,
        });
        image.tags.push(row.take()?);
    }
    Ok(images.into_values().collect())
}
