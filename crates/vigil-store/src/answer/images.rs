//! Images: where each stands, and how bad its findings are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::finding::{Counts, Severity};
use vigil_core::image::{Digest, Image, RegistryId, RepositoryName, Tag};
use vigil_core::policy::Pattern;
use vigil_core::scan::ScanState;

use super::narrower::Narrower;
use super::scope::{Repositories, Scope};
use crate::ledger::{kind_from, least_badness, platform_from, storage_from};
use crate::page::{Key, Page, Slice, Unanswered, page, page_up_to};
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
    /// Who looks after the repository by its own tags.
    pub owner: Option<String>,
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
    /// Images, in an order. With a pattern for tags a page may hold fewer than were asked for, or none, and still lead on.
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
                Box::pin(list(session, filter, *order, *limit, key.clone()))
            })
            .await?;
        Ok(match found {
            Listed::ToItsEnd(found) => page(found, &slice, order.name()),
            Listed::UpTo(key, found) => page_up_to(&key, found, order.name()),
        })
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

    /// What changes nothing in what it orders by, and keeps it from any index.
    fn nothing(self) -> &'static str {
        match self {
            Self::WorstFirst | Self::OldestScan => " + 0",
            Self::Name => " || ''",
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
    i.scanned_at, i.counts, i.accepted, i.asked_at, i.started_at, p.owner";

/// Where it is read from.
pub(super) const TABLES: &str = "images i JOIN repositories p ON p.id = i.repository
    JOIN registries r ON r.id = p.registry";

/// What was found of a list.
pub(super) enum Listed {
    /// As many as were wanted and one more, or all that there are.
    ToItsEnd(Vec<(Key, ImageRow)>),
    /// What there is up to this place; enough was looked at, and there may be more.
    UpTo(Key, Vec<(Key, ImageRow)>),
}

/// With a pattern for tags images are read in the order of the list, so many at a time …
const LOOKED_AT_TOGETHER: usize = 1_000;
/// … and so many for a page: a fraction of a second.
const LOOKED_AT: usize = 20_000;

pub(super) async fn list(
    session: &mut dyn Session,
    filter: &ImageFilter,
    order: ImageOrder,
    limit: usize,
    mut key: Option<Key>,
) -> Result<Listed, DatabaseFault> {
    let repositories = filter.scope.repositories(session).await?;
    let narrowed = filter.narrowed(session, &repositories).await?;
    let Some(pattern) = filter.tag.as_ref().filter(|_| filter.plain_tag().is_none()) else {
        return rows(session, &narrowed, order, limit + 1, key.as_ref()).await.map(Listed::ToItsEnd);
    };
    let mut found = Vec::new();
    for _ in 0..LOOKED_AT / LOOKED_AT_TOGETHER {
        let some = rows(session, &narrowed, order, LOOKED_AT_TOGETHER, key.as_ref()).await?;
        let is_end = some.len() < LOOKED_AT_TOGETHER;
        key = some.last().map(|(key, _)| key.clone()).or(key);
        let matches =
            |(_, row): &(Key, ImageRow)| row.image.tags.iter().any(|tag| pattern.matches(tag.as_str()));
        found.extend(some.into_iter().filter(matches));
        if is_end || found.len() > limit {
            return Ok(Listed::ToItsEnd(found));
        }
    }
    Ok(key.map_or(Listed::ToItsEnd(Vec::new()), |key| Listed::UpTo(key, found)))
}

/// Images in an order, with their tags.
async fn rows(
    session: &mut dyn Session,
    Narrowed { statement, are_few }: &Narrowed,
    order: ImageOrder,
    limit: usize,
    key: Option<&Key>,
) -> Result<Vec<(Key, ImageRow)>, DatabaseFault> {
    let (by, way) = order.columns();
    let mut statement = statement.clone();
    statement.text.insert_str(0, &format!("SELECT {by}, {COLUMNS} "));
    if let Some([first, id]) = key.and_then(|key| <[_; 2]>::try_from(key.clone()).ok()) {
        let after = if way == "DESC" { "<" } else { ">" };
        statement.with(&format!("AND ({by}, i.id) {after} ($, $)"), [first, id]);
    }
    // Where there are few they are sorted, so that no index by the order is read through for them.
    let nothing = if *are_few { order.nothing() } else { "" };
    let ordered = format!("ORDER BY {by}{nothing} {way}, i.id {way} LIMIT $");
    statement.with(&ordered, [(limit as u64).into()]);
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

/// From where images are read that are wanted, but for what a pattern of tags says.
struct Narrowed {
    statement: Statement,
    /// Whether they are found by a narrower way than by their order.
    are_few: bool,
}

impl ImageFilter {
    async fn narrowed(
        &self,
        session: &mut dyn Session,
        repositories: &Repositories,
    ) -> Result<Narrowed, DatabaseFault> {
        let mut statement = Statement::new(&format!("FROM {TABLES} WHERE true"));
        repositories.narrow("i.repository", &mut statement);
        statement.with(if self.gone { "AND i.gone_at IS NOT NULL" } else { "AND i.gone_at IS NULL" }, []);
        statement.when(!self.all_kinds, "AND i.kind = 'image'");
        statement.with_some("AND i.digest = $", self.digest);
        statement.with_some("AND i.scan_state = $", self.scan_state.as_ref().map(ScanState::as_str));
        statement.with_some("AND i.decision || '' = $", self.decision.as_ref());
        statement.with_some("AND i.badness >= $", self.reaches.as_ref().map(least_badness));
        let mut are_few = self.digest.is_some();
        for narrower in [self.by_tag(), self.by_decision()].into_iter().flatten() {
            are_few |= narrower.narrow("i.id", session, &mut statement).await?;
        }
        if let Some(tag) = self.plain_tag() {
            let has =
                "AND EXISTS (SELECT 1 FROM tags t WHERE t.image = i.id AND t.name = $ AND t.until IS NULL)";
            statement.with(has, [tag.into()]);
        }
        Ok(Narrowed { statement, are_few })
    }

    /// The images that have the tag, or one that begins as those do that match.
    fn by_tag(&self) -> Option<Narrower> {
        const BETWEEN: &str = "SELECT image FROM tags WHERE until IS NULL AND name >= $ AND name <= $";
        if let Some(tag) = self.plain_tag() {
            return Some(Narrower::new(BETWEEN, [tag.as_str().into(), tag.into()]));
        }
        let pattern = self.tag.as_ref()?.to_string();
        let beginning = pattern.split(|c: char| !is_plain(c)).next().filter(|text| !text.is_empty())?;
        if pattern.starts_with("regex:") {
            return None;
        }
        // The last character that there is: nothing that begins so comes after it.
        let end = format!("{beginning}{}", char::MAX);
        Some(Narrower::new(BETWEEN, [beginning.into(), end.into()]))
    }

    /// The images on which the last decision was this.
    fn by_decision(&self) -> Option<Narrower> {
        let decision = self.decision.as_ref().filter(|_| !self.gone)?;
        let sql = "SELECT id FROM images WHERE decision = $ AND gone_at IS NULL";
        Some(Narrower::new(sql, [decision.into()]))
    }

    /// The tag, if it is a plain one.
    fn plain_tag(&self) -> Option<String> {
        let text = self.tag.as_ref()?.to_string();
        text.chars().all(is_plain).then_some(text)
    }
}

/// Whether a tag may hold it, and a pattern mean nothing else by it.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
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
        owner: row.take()?,
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
pub(crate) async fn tags(
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
