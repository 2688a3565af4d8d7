//! Lineages in the database: at which image each stands, and how its findings went on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use vigil_core::finding::Severity;
use vigil_core::image::{Digest, Image};
use vigil_core::lineage::{
    self, Beginning, FindingKey, FindingState, Followed, LineageName, Seen, Sighting, Step, Worse,
};
use vigil_core::policy::Pattern;

use super::findings::severities;
use super::inherited::inherited;
use super::state::{exploit_known, exploited, listed, state_code, state_from};
use crate::exceptions;
use crate::sql::{DatabaseFault, Session, Statement, Type, Value};
use crate::trend;

/// Puts each lineage of a repository to the image that it stands at: of those in it, the one pushed last.
pub(super) async fn place_lineages(
    session: &mut dyn Session,
    repository: i64,
    images: &[Image],
    patterns: &[Pattern],
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let mut heads: BTreeMap<LineageName, &Image> = BTreeMap::new();
    for image in images {
        for name in lineage::lineages(image, patterns) {
            let head = heads.entry(name).or_insert(image);
            if (head.pushed_at, head.digest) < (image.pushed_at, image.digest) {
                *head = image;
            }
        }
    }
    let sql = "SELECT l.name, l.platform, l.id, i.digest FROM lineages l LEFT JOIN images i ON i.id = l.image
        WHERE l.repository = $1";
    let (mut moved, mut ended) = (Vec::new(), Vec::new());
    for mut row in session.rows(sql, &[repository.into()]).await? {
        let (name, platform): (String, String) = (row.take()?, row.take()?);
        let name = LineageName { name, platform: Some(platform).filter(|platform| !platform.is_empty()) };
        let (id, before): (i64, Option<Digest>) = (row.take()?, row.take()?);
        match (heads.remove(&name), before) {
            (None, None) => {}
            (None, Some(_)) => ended.push(vec![id.into(), now.into()]),
            (Some(head), Some(before)) if head.digest == before => {}
            (Some(head), _) => moved.push((name, head)),
        }
    }
    let sql = "UPDATE lineages SET image = NULL, ended_at = rows.at FROM {rows} WHERE lineages.id = rows.id";
    session.each(sql, &[("id", Type::Int), ("at", Type::Int)], ended).await?;
    let rows = moved.into_iter().chain(heads).map(|(LineageName { name, platform }, head)| {
        vec![repository.into(), name.into(), platform.unwrap_or_default().into(), head.digest.into()]
    });
    let columns =
        [("repository", Type::Int), ("name", Type::Text), ("platform", Type::Text), ("digest", Type::Bytes)];
    let sql = "INSERT INTO lineages (repository, name, platform, image)
        SELECT rows.repository, rows.name, rows.platform, i.id
        FROM {rows} JOIN images i ON i.repository = rows.repository AND i.digest = rows.digest WHERE true
        ON CONFLICT (repository, name, platform) DO UPDATE SET image = excluded.image, ended_at = NULL";
    session.each(sql, &columns, rows.collect()).await.map(drop)
}

/// A lineage whose image has findings that it has not followed yet.
struct Behind {
    lineage: i64,
    image: i64,
    digest: Digest,
    /// Whether it has followed the same image before.
    same_image: bool,
    step: Step,
    content: Vec<u8>,
    scan: Option<Vec<u8>>,
    scanned_at: Option<Timestamp>,
}

/// What was counted already: a finding of an image that has several tags is new or fixed once.
type Counted = BTreeSet<(Digest, FindingKey)>;

/// Takes every lineage that stands at one of these judged images of a repository on to its findings; at any, if none are
/// given.
pub(super) async fn follow_lineages_of(
    session: &mut dyn Session,
    repository: i64,
    images: Option<Vec<i64>>,
    pass: Option<i64>,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let mut counted = Counted::new();
    for behind in behind(session, repository, images).await? {
        follow(session, (repository, pass), &behind, None, &mut counted, now).await?;
    }
    Ok(())
}

/// Takes every lineage that stands at one of these images on to who accepts these vulnerabilities there now. Nothing else is
/// different.
pub(crate) async fn follow_acceptances(
    session: &mut dyn Session,
    repository: i64,
    images: Vec<i64>,
    vulnerabilities: &BTreeSet<i64>,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let mut counted = Counted::new();
    for behind in behind(session, repository, Some(images)).await? {
        if behind.step != Step::Again {
            follow(session, (repository, None), &behind, None, &mut counted, now).await?;
            continue;
        }
        for of in vulnerabilities {
            follow(session, (repository, None), &behind, Some(*of), &mut counted, now).await?;
        }
    }
    Ok(())
}

/// Takes every lineage that stands at one of these images, and has followed its findings, on to what is known of this
/// vulnerability now. Those that have not will learn it from their next scan.
pub(crate) async fn follow_threat(
    session: &mut dyn Session,
    image: i64,
    vulnerability: i64,
    step: Step,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let sql = "SELECT l.id, i.repository, i.digest, l.followed_content, l.followed_scan, i.scanned_at
        FROM lineages l JOIN images i ON i.id = l.image
        WHERE l.image = $1 AND l.followed_image = $1 AND l.followed_content IS NOT NULL ORDER BY l.id";
    let mut counted = Counted::new();
    for mut row in session.rows(sql, &[image.into()]).await? {
        let (lineage, repository, digest) = (row.take()?, row.take()?, row.take()?);
        let (content, scan, scanned_at) = (row.take()?, row.take()?, row.take()?);
        let behind = Behind { lineage, image, digest, same_image: true, step, content, scan, scanned_at };
        follow(session, (repository, None), &behind, Some(vulnerability), &mut counted, now).await?;
    }
    Ok(())
}

async fn behind(
    session: &mut dyn Session,
    repository: i64,
    images: Option<Vec<i64>>,
) -> Result<Vec<Behind>, DatabaseFault> {
    let sql = "SELECT l.id, i.id, i.digest, l.followed_image IS NOT DISTINCT FROM i.id,
          l.followed_scan IS NOT DISTINCT FROM i.findings_content, l.followed_image IS NULL,
          i.judged_content, i.findings_content, i.scanned_at
        FROM {these} JOIN images i ON i.id = l.image
        WHERE i.judged_content IS NOT NULL
          AND (l.followed_image IS DISTINCT FROM i.id OR l.followed_content IS DISTINCT FROM i.judged_content)";
    let rows = match images {
        None => {
            let all = "(SELECT * FROM lineages WHERE repository = $1) AS l";
            session.rows(&sql.replace("{these}", all), &[repository.into()]).await?
        }
        Some(images) => {
            let sql = sql.replace("{these}", "{rows} JOIN lineages l ON l.image = rows.of");
            let images = images.into_iter().map(|image| vec![image.into()]).collect();
            session.each(&sql, &[("of", Type::Int)], images).await?
        }
    };
    let mut behind = Vec::new();
    for mut row in rows {
        let (lineage, image, digest) = (row.take()?, row.take()?, row.take()?);
        let (same_image, same_scan, is_first) = (row.take()?, row.take()?, row.take()?);
        let step = match (is_first, same_image && same_scan) {
            (true, _) => Step::First,
            (false, true) => Step::Again,
            (false, false) => Step::Next,
        };
        behind.push(Behind {
            lineage,
            image,
            digest,
            same_image,
            step,
            content: row.take()?,
            scan: row.take()?,
            scanned_at: row.take()?,
        });
    }
    behind.sort_by_key(|behind| behind.lineage);
    Ok(behind)
}

/// Of all its findings, or of those of one vulnerability.
async fn follow(
    session: &mut dyn Session,
    (repository, pass): (i64, Option<i64>),
    behind: &Behind,
    of: Option<i64>,
    counted: &mut Counted,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let known = known(session, behind.lineage, of).await?;
    let seen = seen(session, behind.image, of).await?;
    // An image that was scanned long ago and is current again has its findings here only from now on.
    let at = behind.scanned_at.filter(|_| behind.step == Step::First || behind.same_image).unwrap_or(now);
    let (beginning, changed) = match behind.step {
        Step::First => {
            let (beginning, inherited) = inherited(session, behind.image).await?;
            (beginning, lineage::begin(beginning, &inherited, &seen, at))
        }
        step => (Beginning::Baseline, lineage::follow(&known, &seen, step, at)),
    };
    if !changed.is_empty() {
        let told = changed.values().chain(known.values()).map(|followed| &followed.severity);
        let ids = severities(session, told).await?;
        keep(session, behind.lineage, (&known, &changed), &ids, now).await?;
        // What somebody decides is no news of the image.
        if matches!(behind.step, Step::Next | Step::Learned) || beginning != Beginning::Baseline {
            let new = tell(session, repository, pass, behind, (&known, &changed), &ids, now).await?;
            let new = new.into_iter().filter(|(key, ..)| counted.insert((behind.digest, key.clone())));
            let new: Vec<_> = new.map(|(_, severity, kind)| (severity, kind)).collect();
            trend::count(session, repository, &new, now).await?;
        }
    }
    // After it was told: what has lapsed is told once.
    if beginning == Beginning::Predecessor
        || seen.values().any(|sight| sight.accepted)
        || known.values().any(|before| before.accepted)
    {
        let accepted = state_code(FindingState::Excepted);
        exceptions::note_severities(session, behind.lineage, behind.image, accepted).await?;
    }
    let sql =
        "UPDATE lineages SET followed_image = $2, followed_content = $3, followed_scan = $4 WHERE id = $1";
    let (content, scan) = (behind.content.clone(), behind.scan.clone());
    let values = [behind.lineage.into(), behind.image.into(), content.into(), scan.into()];
    session.execute(sql, &values).await.map(drop)
}

/// The rules tell findings apart by names. Their ids do as well, and need not be looked up.
pub(super) fn key(vulnerability: i64, package: i64) -> FindingKey {
    let package = (package != 0).then(|| Arc::from(package.to_string()));
    FindingKey { vulnerability: vulnerability.to_string().into(), package }
}

fn ids(key: &FindingKey) -> (i64, i64) {
    let id = |text: &str| text.parse().unwrap_or_default();
    (id(&key.vulnerability), key.package.as_deref().map_or(0, id))
}

async fn known(
    session: &mut dyn Session,
    lineage: i64,
    of: Option<i64>,
) -> Result<BTreeMap<FindingKey, Followed>, DatabaseFault> {
    let mut statement = Statement::new(
        "SELECT f.vulnerability, f.package, f.state, s.word, f.fixable, f.exploited, f.first_seen,
          f.fixed_at, f.beneath
        FROM lineage_findings f JOIN severities s ON s.id = f.severity WHERE",
    );
    statement.with("f.lineage = $", [lineage.into()]).with_some("AND f.vulnerability = $", of);
    let mut known = BTreeMap::new();
    for mut row in session.ask(&statement).await? {
        let key = key(row.take()?, row.take()?);
        let told = state_from(row.take()?);
        let accepted = told == FindingState::Excepted;
        let (severity, fixable, exploited) = (row.take()?, row.take()?, row.take()?);
        let mut followed = Followed {
            state: told,
            accepted,
            severity,
            fixable,
            exploit_known: exploit_known(exploited),
            listed: listed(exploited),
            first_seen: row.take()?,
            fixed_at: row.take()?,
        };
        if accepted {
            followed.state = row.take::<Option<i64>>()?.map_or(FindingState::Open, state_from);
        }
        known.insert(key, followed);
    }
    Ok(known)
}

pub(super) async fn seen(
    session: &mut dyn Session,
    image: i64,
    of: Option<i64>,
) -> Result<Seen, DatabaseFault> {
    let mut statement = Statement::new(
        "SELECT c.vulnerability, c.package, s.word, c.fixed_in IS NOT NULL, c.exploit_known,
          EXISTS (SELECT 1 FROM vulnerabilities v WHERE v.id = c.vulnerability AND v.listed_on IS NOT NULL),
          f.accepted IS NOT NULL
        FROM image_findings f JOIN contents c ON c.id = f.content JOIN severities s ON s.id = c.severity
        WHERE",
    );
    statement.with("f.image = $", [image.into()]).with_some("AND f.vulnerability = $", of);
    let mut findings = Vec::new();
    for mut row in session.ask(&statement).await? {
        let key = key(row.take()?, row.take()?);
        let (severity, fixable, exploit_known) = (row.take()?, row.take()?, row.take::<Option<bool>>()?);
        let exploit_known = exploit_known == Some(true);
        let (listed, accepted) = (row.take()?, row.take()?);
        findings.push((key, Sighting { severity, fixable, exploit_known, listed, accepted }));
    }
    Ok(lineage::seen(findings))
}

async fn keep(
    session: &mut dyn Session,
    lineage: i64,
    (known, changed): (&BTreeMap<FindingKey, Followed>, &BTreeMap<FindingKey, Followed>),
    severities: &BTreeMap<Severity, i64>,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let row = |(key, followed): (&FindingKey, &Followed)| -> Vec<Value> {
        let (vulnerability, package) = ids(key);
        vec![
            lineage.into(),
            vulnerability.into(),
            package.into(),
            state_code(followed.told()).into(),
            followed.accepted.then(|| state_code(followed.state)).into(),
            severities.get(&followed.severity).copied().unwrap_or_default().into(),
            followed.fixable.into(),
            exploited(followed).into(),
            followed.first_seen.into(),
            now.into(),
            followed.fixed_at.into(),
        ]
    };
    let (before, new): (Vec<_>, Vec<_>) = changed.iter().partition(|(key, _)| known.contains_key(*key));
    let columns = [
        "lineage",
        "vulnerability",
        "package",
        "state",
        "beneath",
        "severity",
        "fixable",
        "exploited",
        "first_seen",
        "changed_at",
        "fixed_at",
    ];
    let names = columns.join(", ");
    let sql = format!(
        "INSERT INTO lineage_findings ({names}) SELECT {names} FROM {{rows}} WHERE true
         ON CONFLICT (lineage, vulnerability, package) DO NOTHING"
    );
    let columns = columns.map(|name| (name, Type::Int));
    session.each(&sql, &columns, new.into_iter().map(row).collect()).await?;
    let sql = "UPDATE lineage_findings SET state = rows.state, beneath = rows.beneath, severity = rows.severity,
          fixable = rows.fixable, exploited = rows.exploited, changed_at = rows.changed_at, fixed_at = rows.fixed_at
        FROM {rows} WHERE lineage_findings.lineage = rows.lineage
          AND lineage_findings.vulnerability = rows.vulnerability AND lineage_findings.package = rows.package";
    session.each(sql, &columns, before.into_iter().map(row).collect()).await.map(drop)
}

/// Keeps what people want to be told: what is new, worse, or fixed. That something accepted is gone is no news. Returns it
/// with its severity.
async fn tell(
    session: &mut dyn Session,
    repository: i64,
    pass: Option<i64>,
    behind: &Behind,
    (known, changed): (&BTreeMap<FindingKey, Followed>, &BTreeMap<FindingKey, Followed>),
    severities: &BTreeMap<Severity, i64>,
    now: Timestamp,
) -> Result<Vec<(FindingKey, i64, FindingState)>, DatabaseFault> {
    let was_accepted = |key| known.get(key).is_some_and(|before: &Followed| before.accepted);
    let mut lapsed = BTreeMap::new();
    if changed.keys().any(was_accepted) {
        lapsed = exceptions::reasons(session, behind.lineage).await?;
    }
    let (mut rows, mut told) = (Vec::new(), Vec::new());
    for (key, followed) in changed {
        let kind = match followed.told() {
            kind @ (FindingState::New | FindingState::Worsened) => kind,
            kind @ FindingState::Fixed if !was_accepted(key) => kind,
            _ => continue,
        };
        let severity = severities.get(&followed.severity).copied().unwrap_or_default();
        let worse = known.get(key).map(|before| followed.worse_than(before)).unwrap_or_default();
        // It is as it was told, and what was said of it beside that was taken back.
        if behind.step == Step::Learned && worse == Worse::default() {
            continue;
        }
        let (vulnerability, package) = ids(key);
        let accepted_before = lapsed.get(&ids(key)).filter(|_| was_accepted(key)).cloned();
        told.push((key.clone(), severity, kind));
        let row: Vec<Value> = vec![
            now.into(),
            pass.into(),
            repository.into(),
            behind.lineage.into(),
            behind.digest.into(),
            vulnerability.into(),
            package.into(),
            kind.code().into(),
            severity.into(),
            worse.severity_before.and_then(|before| severities.get(&before).copied()).into(),
            worse.exploit_became_known.into(),
            worse.became_known_exploited.into(),
            worse.fix_appeared.into(),
            accepted_before.into(),
        ];
        rows.push(row);
    }
    let columns = [
        ("at", Type::Int),
        ("pass", Type::Int),
        ("repository", Type::Int),
        ("lineage", Type::Int),
        ("digest", Type::Bytes),
        ("vulnerability", Type::Int),
        ("package", Type::Int),
        ("kind", Type::Text),
        ("severity", Type::Int),
        ("severity_before", Type::Int),
        ("exploit_became_known", Type::Int),
        ("became_known_exploited", Type::Int),
        ("fix_appeared", Type::Int),
        ("accepted_before", Type::Text),
    ];
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let sql = format!("INSERT INTO changes ({names}) SELECT {names} FROM {{rows}}");
    session.each(&sql, &columns, rows).await?;
    Ok(told)
}
