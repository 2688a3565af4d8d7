//! A repository's listing against what is remembered: images that are new, changed, gone or back, and tags that moved.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::image::{Digest, Image, Kind, Platform, Storage, Tag};

use crate::sql::{DatabaseFault, Session, Type, Value};

/// What a listing tells of an image, as it is stored.
#[derive(Debug, PartialEq)]
struct Told {
    kind: String,
    platform: Option<String>,
    index: Option<Digest>,
    pushed_at: Option<Timestamp>,
    pulled_at: Option<Timestamp>,
    size_bytes: Option<u64>,
    storage: String,
    gone: bool,
}

/// Takes the listing for the whole truth.
pub(super) async fn listed(
    session: &mut dyn Session,
    (repository, pass): (i64, Option<i64>),
    images: &[Image],
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let known = known(session, repository).await?;
    let there: BTreeSet<Digest> = images.iter().map(|image| image.digest).collect();
    keep(session, repository, images, &known, now).await?;
    go(session, &known, |image| !there.contains(image), now).await?;
    tags(session, repository, images, &BTreeSet::new(), |_, _| true, now).await?;
    let sql =
        "UPDATE repositories SET listed_at = $2, listed_in = $3, gone_at = NULL, unread = NULL WHERE id = $1";
    session.execute(sql, &[repository.into(), now.into(), pass.into()]).await.map(drop)
}

/// What was asked for by name and is not there.
#[derive(Debug, Default)]
pub(super) struct Absent {
    pub(super) tags: BTreeSet<Tag>,
    pub(super) images: BTreeSet<Digest>,
}

/// Takes what is said of these images for the truth on them and their tags, and what is absent for gone. Nothing is said of
/// others but that they do not have these tags.
pub(super) async fn named(
    session: &mut dyn Session,
    repository: i64,
    images: &[Image],
    absent: &Absent,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let known = known(session, repository).await?;
    keep(session, repository, images, &known, now).await?;
    go(session, &known, |image| absent.images.contains(image), now).await?;
    let digests: BTreeSet<Digest> = images.iter().map(|image| image.digest).collect();
    let of_images = images.iter().flat_map(|image| &image.tags);
    let told: BTreeSet<&Tag> = of_images.chain(&absent.tags).collect();
    let is_told = |image: &Digest, tag: &Tag| digests.contains(image) || told.contains(tag);
    tags(session, repository, images, &absent.images, is_told, now).await?;
    let sql = "UPDATE repositories SET gone_at = NULL, unread = NULL
        WHERE id = $1 AND (gone_at IS NOT NULL OR unread IS NOT NULL)";
    session.execute(sql, &[repository.into()]).await.map(drop)
}

/// Keeps images that are new or have changed, and does not look at what is not among them.
pub(super) async fn seen(
    session: &mut dyn Session,
    repository: i64,
    images: &[Image],
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let digests = images.iter().map(|image| vec![repository.into(), image.digest.into()]).collect();
    let columns = [("repository", Type::Int), ("digest", Type::Bytes)];
    let sql = "SELECT i.digest FROM {rows} JOIN images i ON i.repository = rows.repository AND i.digest = rows.digest";
    let mut known = BTreeSet::new();
    for mut row in session.each(sql, &columns, digests).await? {
        known.insert(row.take::<Digest>()?);
    }
    let unknown: Vec<Image> = images.iter().filter(|image| !known.contains(&image.digest)).cloned().collect();
    keep(session, repository, &unknown, &BTreeMap::new(), now).await
}

/// Those of the known images that are gone now.
async fn go(
    session: &mut dyn Session,
    known: &BTreeMap<Digest, (i64, Told)>,
    is_gone: impl Fn(&Digest) -> bool + Send,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let gone = known.iter().filter(|(digest, (_, told))| !told.gone && is_gone(digest));
    let gone: Vec<Vec<Value>> = gone.map(|(_, (id, _))| vec![(*id).into(), now.into()]).collect();
    let columns = [("id", Type::Int), ("at", Type::Int)];
    let sql = "UPDATE images SET gone_at = rows.at FROM {rows} WHERE images.id = rows.id";
    session.each(sql, &columns, gone).await.map(drop)
}

async fn known(
    session: &mut dyn Session,
    repository: i64,
) -> Result<BTreeMap<Digest, (i64, Told)>, DatabaseFault> {
    let sql = "SELECT digest, id, kind, platform, index_digest, pushed_at, pulled_at, size_bytes, storage,
          gone_at IS NOT NULL
        FROM images WHERE repository = $1";
    let mut known = BTreeMap::new();
    for mut row in session.rows(sql, &[repository.into()]).await? {
        let (digest, id) = (row.take()?, row.take()?);
        let told = Told {
            kind: row.take()?,
            platform: row.take()?,
            index: row.take()?,
            pushed_at: row.take()?,
            pulled_at: row.take()?,
            size_bytes: row.take()?,
            storage: row.take()?,
            gone: row.take()?,
        };
        known.insert(digest, (id, told));
    }
    Ok(known)
}

async fn keep(
    session: &mut dyn Session,
    repository: i64,
    images: &[Image],
    known: &BTreeMap<Digest, (i64, Told)>,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let changed = images.iter().map(|image| (image.digest, told(image)));
    let changed = changed.filter(|(digest, told)| known.get(digest).is_none_or(|(_, before)| before != told));
    let rows = changed.map(|(digest, told)| {
        vec![
            repository.into(),
            digest.into(),
            told.kind.into(),
            told.platform.into(),
            told.index.into(),
            told.pushed_at.into(),
            told.pulled_at.into(),
            told.size_bytes.into(),
            told.storage.into(),
            now.into(),
        ]
    });
    let columns = [
        ("repository", Type::Int),
        ("digest", Type::Bytes),
        ("kind", Type::Text),
        ("platform", Type::Text),
        ("index_digest", Type::Bytes),
        ("pushed_at", Type::Int),
        ("pulled_at", Type::Int),
        ("size_bytes", Type::Int),
        ("storage", Type::Text),
        ("first_seen", Type::Int),
    ];
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let sql = format!(
        "INSERT INTO images ({names}) SELECT {names} FROM {{rows}} WHERE true
         ON CONFLICT (repository, digest) DO UPDATE SET kind = excluded.kind, platform = excluded.platform,
           index_digest = excluded.index_digest, pushed_at = excluded.pushed_at, pulled_at = excluded.pulled_at,
           size_bytes = excluded.size_bytes, storage = excluded.storage, gone_at = NULL"
    );
    session.each(&sql, &columns, rows.collect()).await.map(drop)
}

/// Gives the images their tags, and takes those away that somebody has and that are not told, of which `is_told` says
/// that they would have been. What is gone takes its tags along, those, too, that it gave as an index.
async fn tags(
    session: &mut dyn Session,
    repository: i64,
    images: &[Image],
    gone: &BTreeSet<Digest>,
    is_told: impl Fn(&Digest, &Tag) -> bool + Send,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let sql = "SELECT i.digest, t.name, t.image, t.since FROM tags t JOIN images i ON i.id = t.image
        WHERE i.repository = $1 AND t.until IS NULL";
    let mut before: BTreeMap<(Digest, Tag), [Value; 2]> = BTreeMap::new();
    for mut row in session.rows(sql, &[repository.into()]).await? {
        let key = (row.take()?, row.take()?);
        before.insert(key, [row.take::<i64>()?.into(), row.take::<Timestamp>()?.into()]);
    }
    let of_gone = before.keys().filter(|(image, _)| gone.contains(image)).map(|(_, tag)| tag.clone());
    let of_gone: BTreeSet<Tag> = of_gone.collect();
    let mut new = Vec::new();
    for image in images {
        for tag in &image.tags {
            if before.remove(&(image.digest, tag.clone())).is_none() {
                new.push(vec![repository.into(), image.digest.into(), tag.into(), now.into()]);
            }
        }
    }
    before.retain(|(digest, tag), _| is_told(digest, tag) || of_gone.contains(tag));
    let columns =
        [("repository", Type::Int), ("digest", Type::Bytes), ("name", Type::Text), ("since", Type::Int)];
    let sql = "INSERT INTO tags (image, name, since) SELECT i.id, rows.name, rows.since
        FROM {rows} JOIN images i ON i.repository = rows.repository AND i.digest = rows.digest WHERE true
        ON CONFLICT (image, name, since) DO UPDATE SET until = NULL";
    session.each(sql, &columns, new).await?;
    let moved =
        before.into_iter().map(|((_, tag), [image, since])| vec![image, (&tag).into(), since, now.into()]);
    let columns = [("image", Type::Int), ("name", Type::Text), ("since", Type::Int), ("at", Type::Int)];
    let sql = "UPDATE tags SET until = rows.at FROM {rows}
        WHERE tags.image = rows.image AND tags.name = rows.name AND tags.since = rows.since";
    session.each(sql, &columns, moved.collect()).await.map(drop)
}

fn told(image: &Image) -> Told {
    Told {
        kind: kind_code(&image.kind),
        platform: image.platform.as_ref().map(Platform::to_string),
        index: image.index,
        pushed_at: image.pushed_at.map(to_micros),
        pulled_at: image.pulled_at.map(to_micros),
        size_bytes: image.size_bytes,
        storage: storage_code(image.storage).to_owned(),
        gone: false,
    }
}

/// As exact as it is stored: or it would differ each time.
fn to_micros(at: Timestamp) -> Timestamp {
    crate::sql::timestamp(crate::sql::micros(at))
}

fn kind_code(kind: &Kind) -> String {
    match kind {
        Kind::Image => "image".to_owned(),
        Kind::Index => "index".to_owned(),
        Kind::Attestation => "attestation".to_owned(),
        Kind::Signature => "signature".to_owned(),
        Kind::Referrer => "referrer".to_owned(),
        Kind::HelmChart => "helm_chart".to_owned(),
        Kind::Other(media_type) => format!("other {media_type}"),
    }
}

/// The kind that was stored in these words.
pub(crate) fn kind_from(stored: &str) -> Kind {
    match stored {
        "image" => Kind::Image,
        "index" => Kind::Index,
        "attestation" => Kind::Attestation,
        "signature" => Kind::Signature,
        "referrer" => Kind::Referrer,
        "helm_chart" => Kind::HelmChart,
        other => Kind::Other(other.strip_prefix("other ").unwrap_or(other).to_owned()),
    }
}

fn storage_code(storage: Storage) -> &'static str {
    match storage {
        Storage::Active => "active",
        Storage::Archived => "archived",
        Storage::Activating => "activating",
    }
}

/// The storage that was stored in this word.
pub(crate) fn storage_from(stored: &str) -> Storage {
    match stored {
        "archived" => Storage::Archived,
        "activating" => Storage::Activating,
        _ => Storage::Active,
    }
}

/// The platform that was stored in these words.
pub(crate) fn platform_from(stored: &str) -> Platform {
    let mut parts = stored.splitn(3, '/').map(str::to_owned);
    let mut next = || parts.next();
    Platform { os: next().unwrap_or_default(), architecture: next().unwrap_or_default(), variant: next() }
}
