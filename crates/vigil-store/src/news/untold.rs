//! What nobody was told of yet, with all that a message tells of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use vigil_core::finding::{Counts, Finding, Package, Severity};
use vigil_core::image::RegistryId;
use vigil_core::lineage::{LineageName, Worse};
use vigil_core::news::{BaselineNews, Change, ChangeId, ChangeKind, ExceptionNews, FailedNews};
use vigil_core::port::Untold;

use super::subjects::{Place, Subjects};
use super::tides;
use crate::answer::{FINDING, THREAT, counts_from, finding, lineage, threat};
use crate::sql::{DatabaseFault, DatabaseFaultKind, Row, Session, Type};

/// So much is told at once: it is held in memory.
const AT_ONCE: usize = 10_000;

/// Reads what is untold, oldest first.
pub(super) async fn read(session: &mut dyn Session) -> Result<Untold, DatabaseFault> {
    let mut noted = noted(session).await?;
    let failed = failed(session).await?;
    let excepted = excepted(session).await?;
    let places = noted.iter().map(|noted| &noted.place).chain(failed.iter().map(|failed| &failed.place));
    let places = places.chain(excepted.iter().flat_map(|(_, places)| places));
    let subjects = Subjects::read(session, places).await?;
    let details = details(session, &noted, &subjects).await?;
    fixable(session, &mut noted).await?;
    let more = noted.len() == AT_ONCE || failed.len() == AT_ONCE;
    let changes = noted.into_iter().filter_map(|noted| {
        let detail = subjects.id(&noted.place).and_then(|image| details.get(&(image, noted.key)).cloned());
        let subject = subjects.get(&noted.place)?;
        let finding = detail.unwrap_or(noted.finding);
        // As bad as it was found to be along the lineage: another version of the package may be worse.
        let finding = Finding { severity: noted.severity, ..finding };
        Some(Change {
            id: noted.id,
            at: noted.at,
            lineage: noted.lineage,
            subject,
            kind: noted.kind,
            finding,
        })
    });
    let failures = failed.into_iter().filter_map(|failed| {
        let Failed { id, at, place, state, description } = failed;
        Some(FailedNews { id, subject: subjects.get(&place)?, state, description, at })
    });
    let exceptions = excepted.into_iter().map(|(news, places)| {
        let subjects = places.iter().filter_map(|place| subjects.get(place)).collect();
        ExceptionNews { subjects, ..news }
    });
    let (changes, failures) = (changes.collect(), failures.collect());
    let exceptions = exceptions.collect();
    let (baselines, tides) = (baselines(session).await?, tides::read(session).await?);
    Ok(Untold { changes, failures, exceptions, baselines, tides, more })
}

struct Noted {
    id: ChangeId,
    at: Timestamp,
    place: Place,
    lineage: LineageName,
    kind: ChangeKind,
    severity: Severity,
    /// The vulnerability and the package, by their ids.
    key: (i64, i64),
    /// What is known of the finding where the image lacks it.
    finding: Finding,
}

async fn noted(session: &mut dyn Session) -> Result<Vec<Noted>, DatabaseFault> {
    let sql = format!(
        "SELECT c.id, c.at, r.partition_name, r.account, r.region, p.id, p.name, c.digest, l.name, l.platform,
           c.kind, s.word, b.word, c.exploit_became_known, c.became_known_exploited, c.fix_appeared,
           c.accepted_before, c.vulnerability, c.package, {THREAT}, v.name, v.description, v.links, k.name
         FROM changes c JOIN lineages l ON l.id = c.lineage
         JOIN repositories p ON p.id = c.repository JOIN registries r ON r.id = p.registry
         JOIN vulnerabilities v ON v.id = c.vulnerability JOIN severities s ON s.id = c.severity
         LEFT JOIN severities b ON b.id = c.severity_before LEFT JOIN packages k ON k.id = c.package
         WHERE c.published_at IS NULL ORDER BY c.id LIMIT {AT_ONCE}"
    );
    session.rows(&sql, &[]).await?.into_iter().map(noted_row).collect()
}

fn noted_row(mut row: Row) -> Result<Noted, DatabaseFault> {
    let (id, at) = (ChangeId(row.take()?), row.take()?);
    let place = Place::read(&mut row)?;
    let lineage = lineage(row.take()?, row.take()?);
    let (kind, severity): (String, Severity) = (row.take()?, row.take()?);
    let worse = Worse {
        severity_before: row.take()?,
        exploit_became_known: row.take()?,
        became_known_exploited: row.take()?,
        fix_appeared: row.take()?,
        accepted_before: row.take()?,
    };
    let kind = match kind.as_str() {
        "worsened" => ChangeKind::Worsened(worse),
        "fixed" => ChangeKind::Fixed,
        _ => ChangeKind::New,
    };
    let key = (row.take()?, row.take()?);
    let threat = threat(&mut row)?;
    let (name, description): (String, Option<String>) = (row.take()?, row.take()?);
    let links: String = row.take()?;
    let links: Vec<Arc<str>> = serde_json::from_str(&links).unwrap_or_default();
    let package = row.take::<Option<String>>()?.map(|name| Package {
        name: name.into(),
        version: None,
        fixed_in: None,
        manager: None,
        path: None,
    });
    let finding = Finding {
        id: name.into(),
        arn: None,
        severity: severity.clone(),
        package,
        scores: Vec::new(),
        description: description.map(Into::into),
        links,
        exploit_known: None,
        threat,
        suppressed: false,
    };
    Ok(Noted { id, at, place, lineage, kind, severity, key, finding })
}

/// What is known of findings that are gone, wherever they were: routes choose by it.
async fn fixable(session: &mut dyn Session, noted: &mut [Noted]) -> Result<(), DatabaseFault> {
    let gone = noted.iter().filter(|noted| noted.kind == ChangeKind::Fixed);
    let rows: BTreeSet<(i64, i64)> = gone.map(|noted| noted.key).collect();
    let rows = rows.into_iter().map(|(vulnerability, package)| vec![vulnerability.into(), package.into()]);
    let sql = "SELECT rows.vulnerability, rows.package, max(c.fixed_in), max(c.exploit_known)
        FROM {rows} JOIN contents c ON c.vulnerability = rows.vulnerability AND c.package = rows.package
        GROUP BY rows.vulnerability, rows.package";
    let columns = [("vulnerability", Type::Int), ("package", Type::Int)];
    let mut known: BTreeMap<(i64, i64), (Option<String>, Option<bool>)> = BTreeMap::new();
    for mut row in session.each(sql, &columns, rows.collect()).await? {
        known.insert((row.take()?, row.take()?), (row.take()?, row.take()?));
    }
    for noted in noted.iter_mut().filter(|noted| noted.kind == ChangeKind::Fixed) {
        let Some((fixed_in, exploit_known)) = known.get(&noted.key).cloned() else { continue };
        noted.finding.exploit_known = exploit_known;
        if let Some(package) = &mut noted.finding.package {
            package.fixed_in = fixed_in.map(Into::into);
        }
    }
    Ok(())
}

/// The findings as their images have them, by image, vulnerability and package; the worst, if several versions have one.
async fn details(
    session: &mut dyn Session,
    noted: &[Noted],
    subjects: &Subjects,
) -> Result<BTreeMap<(i64, (i64, i64)), Finding>, DatabaseFault> {
    let there = noted.iter().filter(|noted| noted.kind != ChangeKind::Fixed);
    let rows = there.filter_map(|noted| {
        let (vulnerability, package) = noted.key;
        Some(vec![subjects.id(&noted.place)?.into(), vulnerability.into(), package.into()])
    });
    let sql = format!(
        "SELECT rows.image, rows.vulnerability, rows.package, {FINDING}
         FROM {{rows}} JOIN image_findings f ON f.image = rows.image AND f.vulnerability = rows.vulnerability
         JOIN contents c ON c.id = f.content AND c.package = rows.package
         JOIN vulnerabilities v ON v.id = c.vulnerability JOIN severities s ON s.id = c.severity
         LEFT JOIN packages k ON k.id = c.package"
    );
    let columns = [("image", Type::Int), ("vulnerability", Type::Int), ("package", Type::Int)];
    let mut details: BTreeMap<_, Finding> = BTreeMap::new();
    for mut row in session.each(&sql, &columns, rows.collect()).await? {
        let key = (row.take()?, (row.take()?, row.take()?));
        let finding = finding(&mut row)?;
        match details.get(&key) {
            Some(known) if known.report_order(&finding).is_le() => {}
            _ => drop(details.insert(key, finding)),
        }
    }
    Ok(details)
}

struct Failed {
    id: ChangeId,
    at: Timestamp,
    place: Place,
    state: String,
    description: Option<String>,
}

async fn failed(session: &mut dyn Session) -> Result<Vec<Failed>, DatabaseFault> {
    let sql = format!(
        "SELECT x.id, x.at, r.partition_name, r.account, r.region, p.id, p.name, i.digest, x.state, x.description
         FROM failures x JOIN images i ON i.id = x.image
         JOIN repositories p ON p.id = i.repository JOIN registries r ON r.id = p.registry
         WHERE x.published_at IS NULL ORDER BY x.id LIMIT {AT_ONCE}"
    );
    let failed = |mut row: Row| -> Result<Failed, DatabaseFault> {
        let (id, at) = (ChangeId(row.take()?), row.take()?);
        let place = Place::read(&mut row)?;
        Ok(Failed { id, at, place, state: row.take()?, description: row.take()? })
    };
    session.rows(&sql, &[]).await?.into_iter().map(failed).collect()
}

/// So many of the images in which an exception accepts anything decide who hears of it: they are held in memory.
const IMAGES_OF_ONE: usize = 5000;

/// What there is to know of exceptions, each with images in which it accepts anything now: of every repository the newest
/// one, then of each the next, so that none is left out before there are more repositories than images are taken.
async fn excepted(session: &mut dyn Session) -> Result<Vec<(ExceptionNews, Vec<Place>)>, DatabaseFault> {
    let broken = |error: serde_json::Error| {
        DatabaseFault::new(DatabaseFaultKind::Corrupt, format!("a notice: {error}"))
    };
    let sql = format!(
        "SELECT id, exception, news FROM exception_notices WHERE published_at IS NULL ORDER BY id LIMIT {AT_ONCE}"
    );
    let images = format!(
        "SELECT r.partition_name, r.account, r.region, p.id, p.name, x.digest FROM (
           SELECT i.repository, i.digest, row_number()
             OVER (PARTITION BY i.repository ORDER BY coalesce(i.pushed_at, 0) DESC, i.digest) AS place
           FROM images i WHERE i.gone_at IS NULL AND i.id IN (SELECT f.image FROM acceptances a
             JOIN image_findings f ON f.accepted = a.id WHERE a.exception = $1 AND a.source <> 'inspector')) x
         JOIN repositories p ON p.id = x.repository JOIN registries r ON r.id = p.registry
         ORDER BY x.place, p.name, p.id LIMIT {IMAGES_OF_ONE}"
    );
    let mut excepted = Vec::new();
    for mut row in session.rows(&sql, &[]).await? {
        let (id, exception, news): (i64, String, String) = (row.take()?, row.take()?, row.take()?);
        let news: ExceptionNews = serde_json::from_str(&news).map_err(broken)?;
        let mut places = Vec::new();
        for mut row in session.rows(&images, &[exception.into()]).await? {
            places.push(Place::read(&mut row)?);
        }
        excepted.push((ExceptionNews { id: ChangeId(id), ..news }, places));
    }
    Ok(excepted)
}

/// Registries of which nobody was told yet, once a pass over them has ended.
async fn baselines(session: &mut dyn Session) -> Result<Vec<BaselineNews>, DatabaseFault> {
    let sql = "SELECT r.id, r.partition_name, r.account, r.region, x.ended_at,
          (SELECT count(*) FROM repositories p WHERE p.registry = r.id AND p.gone_at IS NULL)
        FROM registries r JOIN (SELECT p.registry, min(x.ended_at) AS ended_at
          FROM repositories p JOIN passes x ON x.number = p.listed_in GROUP BY p.registry) x
          ON x.registry = r.id AND x.ended_at IS NOT NULL
        WHERE r.baseline_at IS NULL ORDER BY r.id";
    let mut baselines = Vec::new();
    for mut row in session.rows(sql, &[]).await? {
        let id: i64 = row.take()?;
        let registry = RegistryId { partition: row.take()?, account: row.take()?, region: row.take()? };
        let (at, repositories) = (row.take()?, row.take()?);
        let (images, counts) = stock(session, id).await?;
        baselines.push(BaselineNews { registry, repositories, images, counts, at });
    }
    Ok(baselines)
}

/// How many images of a registry were scanned, and what they hold. Many images have the same counts.
async fn stock(session: &mut dyn Session, registry: i64) -> Result<(u64, Counts), DatabaseFault> {
    let sql = "SELECT i.counts, count(*) FROM images i JOIN repositories p ON p.id = i.repository
        WHERE p.registry = $1 AND i.gone_at IS NULL AND i.counts IS NOT NULL GROUP BY i.counts";
    let (mut images, mut all) = (0, Counts::default());
    for mut row in session.rows(sql, &[registry.into()]).await? {
        let (counts, times): (Option<String>, u64) = (row.take()?, row.take()?);
        let counts = counts_from(counts).unwrap_or_default();
        all.add(&counts.iter().map(|(severity, count)| (severity.clone(), count * times)).collect());
        images += times;
    }
    Ok((images, all))
}
