//! Judges one vulnerability anew wherever it is, by the exceptions in force, some images at a time: what they accept, what
//! they do not accept any more, and what both mean for counts and lineages. What others accept stays accepted.
//!
//! Each exception remembers up to which image that has been done since it was made or ended. An image that is new since
//! then was judged by it from the start, and comes later in the order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::finding::Counts;
use vigil_core::image::{Digest, RepositoryName};

use super::acceptance_id;
use super::judge::{Found, There, accepting, counts_after};
use super::lapsed::lapsed;
use super::stored::{ExceptionId, Kept, in_force};
use crate::answer::{counts_from, tags_of_images};
use crate::ledger::{badness, follow_acceptances};
use crate::sql::{DatabaseFault, Session, Statement, Type, Value};

/// The lock of whoever makes or ends exceptions; whoever judges shares it. Those of repositories are above zero.
pub(crate) const EXCEPTIONS: i64 = -2;
/// The lock of whoever judges anew: two at once would do the same.
const JUDGING: i64 = -3;

/// So many images in a transaction: it is over in a fraction of a second.
const AT_ONCE: usize = 100;

/// An image that has the vulnerability.
struct Affected {
    repository: i64,
    name: RepositoryName,
    digest: Digest,
    counts: Counts,
    found: Vec<Found>,
}

/// What has changed of an image.
struct Changed {
    counts: Counts,
    /// The findings that somebody else accepts now than before, or nobody, with the row of the acceptance.
    by: Vec<(i64, Option<i64>)>,
    /// How many more are accepted.
    accepted: i64,
}

/// Judges the next images that this exception is about anew; if none is named, those of the first one that has any left.
/// Returns whether there may be others.
pub(super) async fn judge_some(
    session: &mut dyn Session,
    of: Option<ExceptionId>,
    now: Timestamp,
) -> Result<bool, DatabaseFault> {
    session.lock(JUDGING).await?;
    session.share(EXCEPTIONS).await?;
    let mut statement =
        Statement::new("SELECT number, vulnerability, judged_to FROM exceptions WHERE judged_to IS NOT NULL");
    statement.with_some("AND id = $", of.map(|id| id.to_string())).with("ORDER BY number LIMIT 1", []);
    let Some(mut row) = session.ask(&statement).await?.into_iter().next() else { return Ok(false) };
    let (number, vulnerability, judged_to): (i64, String, i64) = (row.take()?, row.take()?, row.take()?);
    let next = next(session, &vulnerability, judged_to).await?;
    let last = next.keys().next_back().copied().filter(|_| next.len() == AT_ONCE);
    rejudge(session, &vulnerability, &next, now).await?;
    let sql = "UPDATE exceptions SET judged_to = $2 WHERE number = $1";
    session.execute(sql, &[number.into(), last.into()]).await?;
    Ok(last.is_some() || of.is_none())
}

/// The next images with the vulnerability, and the ids that it has there: names differ in how they are spelled.
async fn next(
    session: &mut dyn Session,
    vulnerability: &str,
    judged_to: i64,
) -> Result<BTreeMap<i64, Vec<i64>>, DatabaseFault> {
    let mut next: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let sql = "SELECT id FROM vulnerabilities WHERE lower(name) = lower($1)";
    for mut row in session.rows(sql, &[vulnerability.into()]).await? {
        let id: i64 = row.take()?;
        let sql = "SELECT DISTINCT image FROM image_findings WHERE vulnerability = $1 AND image > $2
            ORDER BY image LIMIT $3";
        let limit = AT_ONCE as u64;
        for mut row in session.rows(sql, &[id.into(), judged_to.into(), limit.into()]).await? {
            next.entry(row.take()?).or_default().push(id);
        }
    }
    while next.len() > AT_ONCE {
        next.pop_last();
    }
    Ok(next)
}

async fn rejudge(
    session: &mut dyn Session,
    vulnerability: &str,
    images: &BTreeMap<i64, Vec<i64>>,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let repositories = repositories(session, images.keys().copied()).await?;
    for repository in &repositories {
        // A pass that writes down what it found there has ended, or begins when this is done.
        session.lock(*repository).await?;
    }
    let kept = in_force(session, now).await?;
    let kept: Vec<Kept> =
        kept.into_iter().filter(|kept| kept.exception.id.eq_ignore_ascii_case(vulnerability)).collect();
    let tags_matter = kept.iter().any(|kept| kept.exception.tag.is_some());
    let mut tags = BTreeMap::new();
    if tags_matter {
        tags = tags_of_images(session, images.keys().copied()).await?;
    }
    let mut lapsed = lapsed(session, images.keys().copied()).await?;
    let mut acceptances = BTreeMap::new();
    let (mut changed, mut judged) = (BTreeMap::new(), BTreeMap::<i64, Vec<i64>>::new());
    for (image, affected) in affected(session, images).await? {
        let (tags, lapsed) =
            (tags.remove(&image).unwrap_or_default(), lapsed.remove(&image).unwrap_or_default());
        let there =
            There { repository: &affected.name, digest: affected.digest, tags: &tags, lapsed: &lapsed };
        if let Some(change) = judge(session, &affected, there, &kept, &mut acceptances, now).await? {
            changed.insert(image, change);
            judged.entry(affected.repository).or_default().push(image);
        }
    }
    write(session, &changed).await?;
    let ids: BTreeSet<i64> = images.values().flatten().copied().collect();
    for (repository, images) in judged {
        follow_acceptances(session, repository, images, &ids, now).await?;
    }
    Ok(())
}

async fn repositories(
    session: &mut dyn Session,
    images: impl Iterator<Item = i64>,
) -> Result<BTreeSet<i64>, DatabaseFault> {
    let rows = images.map(|image| vec![image.into()]).collect();
    let sql = "SELECT i.repository FROM {rows} JOIN images i ON i.id = rows.image";
    let found = session.each(sql, &[("image", Type::Int)], rows).await?;
    found.into_iter().map(|mut row| row.take()).collect()
}

/// Returns what is different now, if anything is. The rows of acceptances are made when the first finding needs them.
async fn judge(
    session: &mut dyn Session,
    affected: &Affected,
    there: There<'_>,
    kept: &[Kept],
    acceptances: &mut BTreeMap<ExceptionId, i64>,
    now: Timestamp,
) -> Result<Option<Changed>, DatabaseFault> {
    let Affected { counts, found, .. } = affected;
    let kept: Vec<&Kept> = kept.iter().collect();
    let accepting = accepting(found, there, &kept, now);
    let (mut by, mut accepted) = (Vec::new(), 0);
    for (found, kept) in found.iter().zip(&accepting).filter(|(found, _)| !found.by_others) {
        let after = match kept {
            None => None,
            Some(kept) => Some(match acceptances.get(&kept.id) {
                Some(known) => *known,
                None => {
                    let id = acceptance_id(session, &kept.acceptance()).await?;
                    *acceptances.entry(kept.id).or_insert(id)
                }
            }),
        };
        if found.before != after {
            by.push((found.content, after));
            accepted += i64::from(after.is_some()) - i64::from(found.before.is_some());
        }
    }
    let counts = counts_after(counts, found, &accepting);
    Ok((!by.is_empty()).then_some(Changed { counts, by, accepted }))
}

async fn write(session: &mut dyn Session, changed: &BTreeMap<i64, Changed>) -> Result<(), DatabaseFault> {
    let by = changed.iter().flat_map(|(image, changed)| changed.by.iter().map(move |by| (image, by)));
    let rows = by.map(|(image, (content, by))| vec![(*image).into(), (*content).into(), (*by).into()]);
    let columns = ["image", "content", "accepted"].map(|name| (name, Type::Int));
    let sql = "UPDATE image_findings SET accepted = rows.accepted FROM {rows}
        WHERE image_findings.image = rows.image AND image_findings.content = rows.content";
    session.each(sql, &columns, rows.collect()).await?;
    let rows = changed.iter().map(|(image, Changed { counts, accepted, .. })| -> Vec<Value> {
        vec![
            (*image).into(),
            serde_json::to_string(counts).unwrap_or_default().into(),
            (*accepted).into(),
            badness(counts).into(),
            // Another judgement than before, whatever comes: the lineages go on to it.
            uuid::Uuid::new_v4().as_bytes().to_vec().into(),
        ]
    });
    let columns = [
        ("image", Type::Int),
        ("counts", Type::Text),
        ("accepted", Type::Int),
        ("badness", Type::Int),
        ("content", Type::Bytes),
    ];
    let sql = "UPDATE images SET counts = rows.counts, accepted = images.accepted + rows.accepted,
          badness = rows.badness, judged_content = rows.content FROM {rows} WHERE images.id = rows.image";
    session.each(sql, &columns, rows.collect()).await.map(drop)
}

async fn affected(
    session: &mut dyn Session,
    images: &BTreeMap<i64, Vec<i64>>,
) -> Result<BTreeMap<i64, Affected>, DatabaseFault> {
    let sql = "SELECT f.image, i.repository, p.name, i.digest, i.counts, f.content, f.vulnerability, v.name, k.name,
          s.word, c.grouped, f.accepted, a.source
        FROM {rows}
        JOIN images i ON i.id = rows.image
        JOIN repositories p ON p.id = i.repository
        JOIN image_findings f ON f.vulnerability = rows.vulnerability AND f.image = rows.image
        JOIN vulnerabilities v ON v.id = f.vulnerability
        JOIN contents c ON c.id = f.content
        JOIN severities s ON s.id = c.severity
        LEFT JOIN packages k ON k.id = c.package
        LEFT JOIN acceptances a ON a.id = f.accepted
        WHERE i.judged_content IS NOT NULL";
    let pairs = images.iter().flat_map(|(image, ids)| ids.iter().map(move |id| (*image, *id)));
    let rows = pairs.map(|(image, id)| vec![image.into(), id.into()]).collect();
    let columns = [("image", Type::Int), ("vulnerability", Type::Int)];
    let mut affected: BTreeMap<i64, Affected> = BTreeMap::new();
    for mut row in session.each(sql, &columns, rows).await? {
        let image: i64 = row.take()?;
        let (repository, name, digest) = (row.take()?, row.take()?, row.take()?);
        let counts = counts_from(row.take()?).unwrap_or_default();
        let of =
            affected.entry(image).or_insert(Affected { repository, name, digest, counts, found: Vec::new() });
        let mut found = Found {
            content: row.take()?,
            vulnerability: row.take()?,
            name: row.take()?,
            package: row.take()?,
            severity: row.take()?,
            grouped: row.take()?,
            before: row.take()?,
            by_others: false,
        };
        found.by_others = row.take::<Option<String>>()?.is_some_and(|source| source != "exception");
        of.found.push(found);
    }
    Ok(affected)
}
