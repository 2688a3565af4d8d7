//! Images: where each stands, and how bad its findings are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::finding::{Counts, Severity};
use vigil_core::image::{Digest, Image, RegistryId, RepositoryName, Tag};
use vigil_core::policy::Pattern;
use vigil_core::scan::ScanState;

use super::scope::{Repositories, Scope};
use crate::ledger::{kind_from, least_badness, platform_from, storage_from};
use crate::page::{Key, Page, Slice, Unanswered, page};
use crate::sql::{DatabaseFault, Row, Session, Statement, Type};
use crate::store::Store;

/// Which images are wanted; all container images that are there, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct ImageFilter {
    /// In which repositories.
    pub scope: Scope,
    /// With a tag that matches; a plain tag matches itself alone.
    pub tag: Option<Pattern>,
    /// With this digest.
    pub digest: Option<Digest>,
    /// Whose last scan is in this state.
    pub scan_state: Option<ScanState>,
    /// With an open finding as severe as this. Words unknown to us count as the least severity here.
    pub reaches: Option<Severity>,
    /// On which the last decision was this: one of the codes of [`Standing::decision`].
    pub decision: Option<String>,
    /// That are gone from ECR, instead of those that are there.
    pub gone: bool,
    /// Indexes, attestations and whatever else is no container image, too.
    pub all_kinds: bool,
}

/// The order of a list of images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImageOrder {
    /// By open findings, most critical ones first.
    #[default]
    WorstFirst,
    /// By repository, and the order in which they were first seen.
    Name,
    /// Never scanned first.
    OldestScan,
}

/// An image, as it was last seen.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRow {
    /// Its registry.
    pub registry: RegistryId,
    /// Its repository.
    pub repository: RepositoryName,
    /// The image with its present tags.
    pub image: Image,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was first missed.
    pub gone_at: Option<Timestamp>,
    /// The last decision on it, and what came of that.
    pub standing: Standing,
    /// Its last scan; `None` if ECR has never told of one.
    pub scan: Option<LastScan>,
    /// Open findings by severity, accepted ones left out; `None` if there was no scan with a result.
    pub counts: Option<Counts>,
    /// How many findings are accepted.
    pub accepted: u64,
    /// When we last asked for a scan.
    pub asked_at: Option<Timestamp>,
    /// When ECR last accepted that.
    pub started_at: Option<Timestamp>,
}

/// The last decision on an image, and what came of it, in codes and words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// `scan`, `wait`, `rest`, `hold`, `observe`, `leave_out` or `undecided`; `None` before any.
    pub decision: Option<String>,
    /// The reason's code, such as `never_scanned`, `fresh`, `daily_budget`.
    pub reason: Option<String>,
    /// The reason in words, where they say more than the code and the times.
    pub detail: Option<String>,
    /// From when it can be scanned, where that is known.
    pub next_at: Option<Timestamp>,
    /// `scanned`, `read`, `once_a_day`, `never_scanned`, `failed`, `unscannable`, `unavailable`, `fault`, `not_read`,
    /// `not_started`, `starting`, `started` or `still_running`; `None` before any.
    pub ending: Option<String>,
    /// What was said about it, by ECR or by us.
    pub said: Option<String>,
}

/// The last scan of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastScan {
    /// Its state.
    pub state: ScanState,
    /// ECR's own words on it.
    pub description: Option<String>,
    /// When the scan that the findings come from was completed.
    pub completed_at: Option<Timestamp>,
}

impl Store {
    /// Images, in an order.
    ///
    /// # Errors
    ///
    /// For a cursor of another list, and if the database cannot be read.
    pub async fn images(
        &self,
        filter: ImageFilter,
        order: ImageOrder,
        slice: Slice,
    ) -> Result<Page<ImageRow>, Unanswered> {
        let key = slice.key(order.name(), &order.shape())?;
        let given = (filter, order, slice.limit, key);
        let found = self
            .read(given, |session, (filter, order, limit, key)| {
                Box::pin(list(session, filter, *order, *limit, key.as_ref()))
            })
            .await?;
        Ok(page(found, &slice, order.name()))
    }
}

impl ImageOrder {
    fn name(self) -> &'static str {
        match self {
            Self::WorstFirst => "images worst first",
            Self::Name => "images by name",
            Self::OldestScan => "images by scan",
        }
    }

    fn shape(self) -> Key {
        match self {
            Self::WorstFirst | Self::OldestScan => vec![0.into(), 0.into()],
            Self::Name => vec!["".into(), 0.into()],
        }
    }

    /// What it orders by, and which way.
    fn columns(self) -> (&'static str, &'static str) {
        match self {
            Self::WorstFirst => ("i.badness", "DESC"),
            Self::Name => ("p.name", "ASC"),
            Self::OldestScan => ("coalesce(i.scanned_at, 0)", "ASC"),
        }
    }
}

/// What [`image_row`] reads; the key of the order stands before it.
pub(super) const COLUMNS: &str = "i.id, r.partition_name, r.account, r.region, p.name, i.digest, i.kind,
    i.platform, i.index_digest, i.pushed_at, i.pulled_at, i.size_bytes, i.storage, i.first_seen, i.gone_at,
    i.decision, i.reason, i.detail, i.next_at, i.ending, i.said, i.scan_state, i.scan_description,
    i.scanned_at, i.counts, i.accepted, i.asked_at, i.started_at";

/// Where it is read from.
pub(super) const TABLES: &str = "images i JOIN repositories p ON p.id = i.repository
    JOIN registries r ON r.id = p.registry";

async fn list(
    session: &mut dyn Session,
    filter: &ImageFilter,
    order: ImageOrder,
    limit: usize,
    key: Option<&Key>,
) -> Result<Vec<(Key, ImageRow)>, DatabaseFault> {
    let (by, way) = order.columns();
    let mut statement = Statement::new(&format!("SELECT {by}, {COLUMNS} FROM {TABLES} WHERE true"));
    filter.narrow(&filter.scope.repositories(session).await?, &mut statement);
    if let Some(tags) = filter.tags(session).await? {
        statement.with(&format!("AND i.id IN ({tags})"), []);
    }
    if let Some([first, id]) = key.and_then(|key| <[_; 2]>::try_from(key.clone()).ok()) {
        let after = if way == "DESC" { "<" } else { ">" };
        statement.with(&format!("AND ({by}, i.id) {after} ($, $)"), [first, id]);
    }
    let limit = limit as u64 + 1;
    statement.with(&format!("ORDER BY {by} {way}, i.id {way} LIMIT $"), [limit.into()]);
    let mut found = Vec::new();
    for mut row in session.ask(&statement).await? {
        let first = match order {
            ImageOrder::Name => row.take::<String>()?.into(),
            ImageOrder::WorstFirst | ImageOrder::OldestScan => row.take::<i64>()?.into(),
        };
        let (id, image) = image_row(row)?;
        found.push((id, (vec![first, id.into()], image)));
    }
    let mut tags = tags(session, found.iter().map(|(id, _)| *id)).await?;
    let with_tags = found.into_iter().map(|(id, (key, mut image))| {
        image.image.tags = tags.remove(&id).unwrap_or_default();
        (key, image)
    });
    Ok(with_tags.collect())
}

impl ImageFilter {
    fn narrow(&self, repositories: &Repositories, statement: &mut Statement) {
        repositories.narrow("i.repository", statement);
        statement.with(if self.gone { "AND i.gone_at IS NOT NULL" } else { "AND i.gone_at IS NULL" }, []);
        statement.when(!self.all_kinds, "AND i.kind = 'image'");
        statement.with_some("AND i.digest = $", self.digest);
        statement.with_some("AND i.scan_state = $", self.scan_state.as_ref().map(ScanState::as_str));
        statement.with_some("AND i.decision = $", self.decision.as_ref());
        statement.with_some("AND i.badness >= $", self.reaches.as_ref().map(least_badness));
    }

    /// A question for the images with a tag that matches. A plain tag is found by an index, a pattern by trying all.
    async fn tags(&self, session: &mut dyn Session) -> Result<Option<String>, DatabaseFault> {
        let Some(pattern) = &self.tag else { return Ok(None) };
        let text = pattern.to_string();
        if text.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c)) {
            return Ok(Some(format!("SELECT image FROM tags WHERE until IS NULL AND name = '{text}'")));
        }
        let mut ids = Vec::new();
        for mut row in session.rows("SELECT image, name FROM tags WHERE until IS NULL", &[]).await? {
            let (image, name): (i64, String) = (row.take()?, row.take()?);
            if pattern.matches(&name) {
                ids.push(image.to_string());
            }
        }
        Ok(Some(if ids.is_empty() { "-1".to_owned() } else { ids.join(", ") }))
    }
}

/// Reads an image, without its tags, and its row's id.
pub(super) fn image_row(mut row: Row) -> Result<(i64, ImageRow), DatabaseFault> {
    let id = row.take()?;
    let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
    let repository = row.take()?;
    let image = Image {
        digest: row.take()?,
        tags: Vec::new(),
        kind: kind_from(&row.take::<String>()?),
        platform: row.take::<Option<String>>()?.as_deref().map(platform_from),
        index: row.take()?,
        pushed_at: row.take()?,
        pulled_at: row.take()?,
        size_bytes: row.take()?,
        storage: storage_from(&row.take::<String>()?),
    };
    let (first_seen, gone_at) = (row.take()?, row.take()?);
    let standing = Standing {
        decision: row.take()?,
        reason: row.take()?,
        detail: row.take()?,
        next_at: row.take()?,
        ending: row.take()?,
        said: row.take()?,
    };
    let (state, description, completed_at) = (row.take::<Option<String>>()?, row.take()?, row.take()?);
    let scan = state.map(|state| LastScan { state: state.into(), description, completed_at });
    let (counts, accepted) = (counts_from(row.take()?), row.take()?);
    let (asked_at, started_at) = (row.take()?, row.take()?);
    let of = ImageRow {
        registry,
        repository,
        image,
        first_seen,
        gone_at,
        standing,
        scan,
        counts,
        accepted,
        asked_at,
        started_at,
    };
    Ok((id, of))
}

/// The present tags of images.
pub(super) async fn tags(
    session: &mut dyn Session,
    images: impl Iterator<Item = i64> + Send,
) -> Result<BTreeMap<i64, Vec<Tag>>, DatabaseFault> {
    let images: BTreeSet<i64> = images.collect();
    let rows = images.into_iter().map(|image| vec![image.into()]).collect();
    let sql = "SELECT t.image, t.name FROM {rows} JOIN tags t ON t.image = rows.image
        WHERE t.until IS NULL ORDER BY t.image, t.name";
    let mut tags: BTreeMap<i64, Vec<Tag>> = BTreeMap::new();
    for mut row in session.each(sql, &[("image", Type::Int)], rows).await? {
        tags.entry(row.take()?).or_default().push(row.take()?);
    }
    Ok(tags)
}

/// The present tags of one image.
pub(crate) async fn tags_of(session: &mut dyn Session, image: i64) -> Result<Vec<Tag>, DatabaseFault> {
    Ok(tags(session, std::iter::once(image)).await?.remove(&image).unwrap_or_default())
}

/// Counts as they are stored.
pub(crate) fn counts_from(stored: Option<String>) -> Option<Counts> {
    serde_json::from_str(&stored?).ok()
}
