//! What ECR says of an image's last scan against what is remembered of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::due::is_premature;
use vigil_core::finding::Finding;
use vigil_core::scan::{Meaning, Scan};

use super::findings::{self, Hash, content_hash, hash_of, json};
use super::record::Known;
use crate::sql::{DatabaseFault, Session, Type, Value};

/// Takes what ECR says. If nothing of it is new, nothing is written.
pub(super) async fn found(
    session: &mut dyn Session,
    (image, pass): (&mut Known, Option<i64>),
    scan: &Scan,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let listed: BTreeMap<Hash, &Finding> =
        scan.findings.iter().map(|finding| (content_hash(finding), finding)).collect();
    let hashes: Vec<&Hash> = listed.keys().collect();
    let told = hash_of(&(&scan.state, &scan.description, scan.completed_at, &scan.counts, hashes));
    if image.scan_content.as_deref() == Some(&told) {
        return Ok(());
    }
    let meaning = if is_premature(scan, now) { Meaning::Running } else { scan.meaning() };
    match meaning {
        Meaning::Running => return running(session, image, scan).await,
        Meaning::Finished => {
            if image.failed_at.is_some() {
                let sql = "UPDATE failures SET over_at = $2 WHERE image = $1 AND over_at IS NULL";
                session.execute(sql, &[image.id.into(), now.into()]).await?;
            }
            // A finding was seen by the scan that found it, however late we hear of it.
            let at = scan.completed_at.map_or(now, |completed| completed.min(now));
            let changed = replace(session, image.id, &listed, at).await?;
            keep_scan(session, image.id, scan, (listed.len(), changed), now).await?;
        }
        Meaning::Failed | Meaning::Unscannable | Meaning::Unavailable => {
            keep_scan(session, image.id, scan, (0, (0, 0)), now).await?;
        }
    }
    if meaning == Meaning::Failed {
        note_failure(session, (image, pass), scan, now).await?;
    }
    finish(session, image, scan, meaning, &told, now).await
}

/// That a scan fails is news once, until one has succeeded again; and none in the first pass over a registry,
/// where it is noted as told.
async fn note_failure(
    session: &mut dyn Session,
    (image, pass): (&Known, Option<i64>),
    scan: &Scan,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let sql = "INSERT INTO failures (at, image, state, description, published_at)
        SELECT $2, i.id, $3, $4, CASE WHEN r.seen_at IS NULL OR (r.baseline_at IS NULL AND (SELECT x.cause FROM passes x WHERE x.number = $5)
            IS DISTINCT FROM 'event') THEN CAST($2 AS BIGINT) END
        FROM images i JOIN repositories p ON p.id = i.repository JOIN registries r ON r.id = p.registry
        WHERE i.id = $1 AND NOT EXISTS (SELECT 1 FROM failures f WHERE f.image = i.id AND f.over_at IS NULL)";
    let (state, description) = (scan.state.as_str().into(), scan.description.clone().into());
    let values = [image.id.into(), now.into(), state, description, pass.into()];
    session.execute(sql, &values).await.map(drop)
}

/// A scan under way says nothing of the findings, and is not kept: only that it is.
async fn running(session: &mut dyn Session, image: &mut Known, scan: &Scan) -> Result<(), DatabaseFault> {
    if image.scan_state.as_deref() == Some(scan.state.as_str()) {
        return Ok(());
    }
    image.scan_state = Some(scan.state.to_string());
    // Whatever comes next is news.
    image.scan_content = None;
    let sql = "UPDATE images SET scan_state = $2, scan_description = $3, scan_content = NULL WHERE id = $1";
    let values = [image.id.into(), scan.state.as_str().into(), scan.description.clone().into()];
    session.execute(sql, &values).await.map(drop)
}

async fn finish(
    session: &mut dyn Session,
    image: &mut Known,
    scan: &Scan,
    meaning: Meaning,
    told: &Hash,
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    image.scan_state = Some(scan.state.to_string());
    image.scan_content = Some(told.to_vec());
    match meaning {
        Meaning::Finished => {
            // Other findings: what was judged before is over. Of a scan that failed there are none, and the former ones stand.
            image.judged_content = None;
            image.scanned_at = scan.completed_at.or(image.scanned_at);
            (image.failed_at, image.refused_at) = (None, None);
        }
        // Known since its first sight after the last request: ECR gives such an answer no time.
        _ if image.failed_at.is_none_or(|failed| image.asked_at.is_some_and(|asked| asked > failed)) => {
            image.failed_at = Some(now);
        }
        _ => {}
    }
    let sql = "UPDATE images SET scan_state = $2, scan_description = $3, scanned_at = $4, scan_counts = $5,
          scan_content = $6, failed_at = $7, refused_at = $8, judged_content = $9,
          findings_content = coalesce($10, findings_content) WHERE id = $1";
    let values = [
        image.id.into(),
        scan.state.as_str().into(),
        scan.description.clone().into(),
        image.scanned_at.into(),
        scan.counts.as_ref().map(json).into(),
        told.to_vec().into(),
        image.failed_at.into(),
        image.refused_at.into(),
        image.judged_content.clone().into(),
        (meaning == Meaning::Finished).then(|| told.to_vec()).into(),
    ];
    session.execute(sql, &values).await.map(drop)
}

/// Makes these the image's findings, seen at this time. Returns how many appeared and how many vanished.
async fn replace(
    session: &mut dyn Session,
    image: i64,
    listed: &BTreeMap<Hash, &Finding>,
    at: Timestamp,
) -> Result<(usize, usize), DatabaseFault> {
    let stored = findings::store(session, listed, at).await?;
    let mut before = BTreeSet::new();
    for mut row in
        session.rows("SELECT content FROM image_findings WHERE image = $1", &[image.into()]).await?
    {
        before.insert(row.take::<i64>()?);
    }
    let after: BTreeMap<i64, i64> =
        stored.values().map(|stored| (stored.content, stored.vulnerability)).collect();
    let appeared: Vec<Vec<Value>> = after
        .iter()
        .filter(|(content, _)| !before.contains(content))
        .map(|(content, vulnerability)| {
            vec![image.into(), (*content).into(), (*vulnerability).into(), at.into()]
        })
        .collect();
    let vanished = before.iter().filter(|content| !after.contains_key(content));
    let vanished: Vec<Vec<Value>> = vanished.map(|content| vec![image.into(), (*content).into()]).collect();
    let changed = (appeared.len(), vanished.len());
    let columns = [
        ("image", Type::Int),
        ("content", Type::Int),
        ("vulnerability", Type::Int),
        ("first_seen", Type::Int),
    ];
    let sql = "INSERT INTO image_findings (image, content, vulnerability, first_seen)
        SELECT image, content, vulnerability, first_seen FROM {rows} WHERE true
        ON CONFLICT (image, content) DO NOTHING";
    session.each(sql, &columns, appeared.clone()).await?;
    // Scans are heard of in any order.
    let sql = "UPDATE vulnerabilities SET first_seen = fresh.first_seen
        FROM (SELECT DISTINCT vulnerability, first_seen FROM {rows}) AS fresh
        WHERE vulnerabilities.id = fresh.vulnerability AND vulnerabilities.first_seen > fresh.first_seen";
    session.each(sql, &columns, appeared).await?;
    let sql = "DELETE FROM image_findings WHERE (image, content) IN (SELECT image, content FROM {rows})";
    session.each(sql, &columns[..2], vanished).await?;
    Ok(changed)
}

/// Keeps a scan that is over, unless it is the one that was kept last.
async fn keep_scan(
    session: &mut dyn Session,
    image: i64,
    scan: &Scan,
    (findings, (appeared, vanished)): (usize, (usize, usize)),
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let last = "SELECT state, description, completed_at FROM scans WHERE image = $1 ORDER BY id DESC LIMIT 1";
    if let Some(mut row) = session.row(last, &[image.into()]).await? {
        let same = (row.take()?, row.take()?, row.take()?)
            == (scan.state.to_string(), scan.description.clone(), scan.completed_at.map(exact));
        if same && (appeared, vanished) == (0, 0) {
            return Ok(());
        }
    }
    let sql = "INSERT INTO scans
          (image, at, state, description, completed_at, counts, findings, appeared, vanished)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        image.into(),
        scan.completed_at.unwrap_or(now).into(),
        scan.state.as_str().into(),
        scan.description.clone().into(),
        scan.completed_at.into(),
        scan.counts.as_ref().map(json).into(),
        (findings as u64).into(),
        (appeared as u64).into(),
        (vanished as u64).into(),
    ];
    session.execute(sql, &values).await.map(drop)
}

/// As exact as it is stored.
fn exact(at: Timestamp) -> Timestamp {
    crate::sql::timestamp(crate::sql::micros(at))
}
