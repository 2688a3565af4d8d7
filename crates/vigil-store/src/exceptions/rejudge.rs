//! Judges one vulnerability anew wherever it is, by the exceptions in force: what they accept, what they do not accept any
//! more, and what both mean for counts and lineages. What others accept stays accepted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::finding::{Counts, Finding, Package, Severity};
use vigil_core::image::{Digest, Image, Kind, RepositoryName, Storage, Tag};

use super::{Acceptance, Kept, acceptance_id, in_force};
use crate::answer::{counts_from, tags_of};
use crate::ledger::{badness, follow_lineages_of};
use crate::sql::{DatabaseFault, Session, Type, Value};

/// The lock of whoever makes or ends exceptions; passes share it. Those of repositories are above zero.
pub(crate) const EXCEPTIONS: i64 = -2;

/// What was judged of an image: which findings are accepted by whom, and how many others there are.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) by: BTreeMap<i64, Acceptance>,
    pub(crate) counts: Counts,
}

/// An image that has the vulnerability.
struct Affected {
    repository: i64,
    name: RepositoryName,
    digest: Digest,
    counts: Counts,
    found: Vec<Found>,
}

/// One finding of it there.
struct Found {
    content: i64,
    finding: Finding,
    /// All packages with it count as one.
    grouped: bool,
    before: Option<i64>,
    /// Whether it is accepted by others than our exceptions.
    by_others: bool,
}

/// Judges the vulnerability anew.
pub(super) async fn rejudge(
    session: &mut dyn Session,
    vulnerability: &str,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    // Passes that judge at the same time have ended theirs before anything is read, or begin when this is done.
    session.lock(EXCEPTIONS).await?;
    let kept = in_force(session, now).await?;
    let kept: Vec<Kept> =
        kept.into_iter().filter(|kept| kept.exception.id.eq_ignore_ascii_case(vulnerability)).collect();
    let affected = affected(session, vulnerability).await?;
    let mut by = Vec::new();
    for kept in kept.into_iter().filter(|_| !affected.is_empty()) {
        let acceptance = Acceptance::Exception { id: kept.id, reason: kept.exception.reason.clone() };
        by.push((kept, acceptance_id(session, &acceptance).await?));
    }
    let tags_matter = by.iter().any(|(kept, _)| kept.exception.tag.is_some());
    let mut judged: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (image, affected) in affected {
        let tags = if tags_matter { tags_of(session, image).await? } else { Vec::new() };
        let whole = image_with(affected.digest, tags);
        if judge(session, image, &affected, &whole, &by, now).await? {
            judged.entry(affected.repository).or_default().push(image);
        }
    }
    for (repository, images) in judged {
        follow_lineages_of(session, repository, Some(images), None, now).await?;
    }
    Ok(())
}

/// Adds to a judgement what these exceptions accept of the image's findings that nobody else does.
pub(crate) async fn except(
    session: &mut dyn Session,
    image: i64,
    (repository, whole): (&RepositoryName, &Image),
    kept: &[&Kept],
    judgement: &mut Judgement,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    for found in excepted(session, image, kept).await?.into_values() {
        let others = |found: &Found| judgement.by.contains_key(&found.content).then_some(0);
        let before: Vec<Option<i64>> = found.iter().map(others).collect();
        let mut after = before.clone();
        for (found, by) in found.iter().zip(&mut after).filter(|(_, by)| by.is_none()) {
            let accepts = |kept: &&&Kept| kept.accepts(&found.finding, repository, whole, now);
            if let Some(kept) = kept.iter().find(accepts) {
                let reason = kept.exception.reason.clone();
                judgement.by.insert(found.content, Acceptance::Exception { id: kept.id, reason });
                *by = Some(0);
            }
        }
        judgement.counts = judgement.counts.less(&open(&found, &before));
        judgement.counts.add(&open(&found, &after));
    }
    Ok(())
}

/// The image's findings about which these exceptions are, by their vulnerability.
async fn excepted(
    session: &mut dyn Session,
    image: i64,
    kept: &[&Kept],
) -> Result<BTreeMap<i64, Vec<Found>>, DatabaseFault> {
    let sql = "SELECT f.vulnerability, f.content, v.name, s.word, k.name, c.grouped
        FROM image_findings f
        JOIN vulnerabilities v ON v.id = f.vulnerability
        JOIN contents c ON c.id = f.content
        JOIN severities s ON s.id = c.severity
        LEFT JOIN packages k ON k.id = c.package
        WHERE f.image = $1 ORDER BY f.content";
    let mut all: BTreeMap<i64, Vec<Found>> = BTreeMap::new();
    for mut row in session.rows(sql, &[image.into()]).await? {
        let (vulnerability, content, name) = (row.take()?, row.take()?, row.take::<String>()?);
        if kept.iter().any(|kept| kept.exception.id.eq_ignore_ascii_case(&name)) {
            let finding = finding(&name, row.take()?, row.take()?);
            let found = Found { content, finding, grouped: row.take()?, before: None, by_others: false };
            all.entry(vulnerability).or_default().push(found);
        }
    }
    Ok(all)
}

/// Returns whether anything has changed.
async fn judge(
    session: &mut dyn Session,
    image: i64,
    affected: &Affected,
    whole: &Image,
    kept: &[(Kept, i64)],
    now: Timestamp,
) -> Result<bool, DatabaseFault> {
    let accepting = |found: &Found| {
        let accepts = |(kept, _): &&(Kept, i64)| kept.accepts(&found.finding, &affected.name, whole, now);
        kept.iter().find(accepts).map(|(_, by)| *by)
    };
    let after: Vec<Option<i64>> = affected
        .found
        .iter()
        .map(|found| if found.by_others { found.before } else { accepting(found) })
        .collect();
    let before: Vec<Option<i64>> = affected.found.iter().map(|found| found.before).collect();
    if before == after {
        return Ok(false);
    }
    let rows = affected.found.iter().zip(&after);
    let rows = rows.map(|(found, by)| vec![image.into(), found.content.into(), (*by).into()]).collect();
    let columns = ["image", "content", "accepted"].map(|name| (name, Type::Int));
    let sql = "UPDATE image_findings SET accepted = rows.accepted FROM {rows}
        WHERE image_findings.image = rows.image AND image_findings.content = rows.content";
    session.each(sql, &columns, rows).await?;
    let mut counts = affected.counts.less(&open(&affected.found, &before));
    counts.add(&open(&affected.found, &after));
    let accepted = |by: &[Option<i64>]| by.iter().flatten().count() as i64;
    // Another judgement than before, whatever comes: the lineages go on to it.
    let sql = "UPDATE images SET counts = $2, accepted = accepted + $3, badness = $4, judged_content = $5
        WHERE id = $1";
    let values: [Value; 5] = [
        image.into(),
        serde_json::to_string(&counts).unwrap_or_default().into(),
        (accepted(&after) - accepted(&before)).into(),
        badness(&counts).into(),
        uuid::Uuid::new_v4().as_bytes().to_vec().into(),
    ];
    session.execute(sql, &values).await?;
    Ok(true)
}

/// What these findings add to the open ones, if they are accepted by these.
fn open(found: &[Found], accepted: &[Option<i64>]) -> Counts {
    let open = found.iter().zip(accepted).filter(|(_, by)| by.is_none()).map(|(found, _)| found);
    let (grouped, single): (Vec<&Found>, Vec<&Found>) = open.partition(|found| found.grouped);
    let groups: BTreeSet<&Severity> = grouped.iter().map(|found| &found.finding.severity).collect();
    let single = single.iter().map(|found| &found.finding.severity);
    groups.into_iter().chain(single).map(|severity| (severity.clone(), 1)).collect()
}

async fn affected(
    session: &mut dyn Session,
    vulnerability: &str,
) -> Result<BTreeMap<i64, Affected>, DatabaseFault> {
    let sql = "SELECT f.image, i.repository, p.name, i.digest, i.counts, f.content, v.name, s.word, k.name,
          c.grouped, f.accepted, a.source
        FROM vulnerabilities v
        JOIN image_findings f ON f.vulnerability = v.id
        JOIN images i ON i.id = f.image
        JOIN repositories p ON p.id = i.repository
        JOIN contents c ON c.id = f.content
        JOIN severities s ON s.id = c.severity
        LEFT JOIN packages k ON k.id = c.package
        LEFT JOIN acceptances a ON a.id = f.accepted
        WHERE lower(v.name) = lower($1) AND i.judged_content IS NOT NULL
        ORDER BY f.image, f.content";
    let mut affected: BTreeMap<i64, Affected> = BTreeMap::new();
    for mut row in session.rows(sql, &[vulnerability.into()]).await? {
        let image: i64 = row.take()?;
        let (repository, name, digest) = (row.take()?, row.take()?, row.take()?);
        let counts = counts_from(row.take()?).unwrap_or_default();
        let found = Vec::new();
        let of = affected.entry(image).or_insert(Affected { repository, name, digest, counts, found });
        let content = row.take()?;
        let finding = finding(&row.take::<String>()?, row.take()?, row.take()?);
        let (grouped, before) = (row.take()?, row.take()?);
        let by_others = row.take::<Option<String>>()?.is_some_and(|source| source != "exception");
        of.found.push(Found { content, finding, grouped, before, by_others });
    }
    Ok(affected)
}

/// As far as an exception looks at it.
fn finding(id: &str, severity: Severity, package: Option<String>) -> Finding {
    let package = package.map(|name| Package {
        name: name.into(),
        version: None,
        fixed_in: None,
        manager: None,
        path: None,
    });
    Finding {
        id: id.into(),
        arn: None,
        severity,
        package,
        scores: Vec::new(),
        description: None,
        links: Vec::new(),
        exploit_known: None,
        suppressed: false,
    }
}

/// An image as far as an exception looks at it.
pub(crate) fn image_with(digest: Digest, tags: Vec<Tag>) -> Image {
    Image {
        digest,
        tags,
        kind: Kind::Image,
        platform: None,
        index: None,
        pushed_at: None,
        pulled_at: None,
        size_bytes: None,
        storage: Storage::Active,
    }
}
