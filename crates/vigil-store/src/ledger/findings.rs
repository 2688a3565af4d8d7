//! Findings as they are stored: each distinct content once over all images, found again by a hash.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use vigil_core::finding::{Finding, Package, Score, Severity};

use crate::sql::{DatabaseFault, Session, Type, Value};
use crate::threats::threat_values;

/// Half of a SHA-256: no two of even a billion contents share one.
pub(super) type Hash = [u8; 16];

/// The lock of whoever adds a severity. Those of repositories are above zero.
const SEVERITIES: i64 = -1;

/// Where a finding is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) content: i64,
    pub(super) vulnerability: i64,
}

/// A hash of anything that can be written as JSON.
pub(super) fn hash_of(parts: &impl serde::Serialize) -> Hash {
    // What is hashed are our own plain values, which always can be written.
    let text = serde_json::to_vec(parts).unwrap_or_default();
    half(Sha256::new_with_prefix(text))
}

/// What of a finding does not depend on the image: everything but its ARN and the vulnerability's texts. Made for every
/// finding of every image that a pass reads, and therefore without any text between.
pub(super) fn content_hash(finding: &Finding) -> Hash {
    let Finding { id, severity, package, scores, exploit_known, suppressed, .. } = finding;
    let mut hash = Sha256::new();
    let mut add = |part: Option<&str>| {
        // Lengths tell where a part ends, and none from an empty one.
        hash.update(part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
        hash.update(part.unwrap_or_default());
    };
    add(Some(id));
    add(Some(severity.as_str()));
    add(package.as_ref().map(|package| &*package.name));
    if let Some(Package { name: _, version, fixed_in, manager, path }) = package {
        [version, fixed_in, manager, path].into_iter().for_each(|part| add(part.as_deref()));
    }
    for Score { version, value, vector } in scores {
        add(Some(version));
        add(Some(&value.to_string()));
        add(vector.as_deref());
    }
    let exploit_known = exploit_known.map_or(2, u8::from);
    hash.update([exploit_known, u8::from(*suppressed), u8::from(finding.arn.is_some())]);
    half(hash)
}

fn half(hash: Sha256) -> Hash {
    let mut half = Hash::default();
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}

/// Stores what is not stored yet, and says where everything is.
pub(super) async fn store(
    session: &mut dyn Session,
    findings: &BTreeMap<Hash, &Finding>,
    now: Timestamp,
) -> Result<BTreeMap<Hash, Stored>, DatabaseFault> {
    let mut stored = find(session, findings.keys()).await?;
    let new: BTreeMap<Hash, &Finding> =
        findings.iter().filter(|(hash, _)| !stored.contains_key(*hash)).map(|(h, f)| (*h, *f)).collect();
    if new.is_empty() {
        return Ok(stored);
    }
    let severities = severities(session, new.values().map(|finding| &finding.severity)).await?;
    let vulnerabilities = vulnerabilities(session, new.values().copied(), &severities, now).await?;
    let packages = packages(session, new.values().copied()).await?;
    let rows = new.iter().map(|(hash, finding)| {
        let package = finding.package.as_ref();
        let text = |part: Option<&std::sync::Arc<str>>| Value::from(part.map(|part| &**part));
        vec![
            hash.to_vec().into(),
            vulnerabilities.get(&*finding.id).copied().unwrap_or_default().into(),
            package.and_then(|package| packages.get(&*package.name)).copied().unwrap_or_default().into(),
            text(package.and_then(|package| package.version.as_ref())),
            text(package.and_then(|package| package.fixed_in.as_ref())),
            text(package.and_then(|package| package.manager.as_ref())),
            text(package.and_then(|package| package.path.as_ref())),
            severities.get(&finding.severity).copied().unwrap_or_default().into(),
            (!finding.scores.is_empty()).then(|| json(&finding.scores)).into(),
            finding.exploit_known.into(),
            finding.suppressed.into(),
            finding.arn.is_some().into(),
        ]
    });
    let rows = rows.collect();
    let names: Vec<&str> = CONTENT.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let sql = format!(
        "INSERT INTO contents ({names}) SELECT {names} FROM {{rows}} WHERE true ON CONFLICT (hash) DO NOTHING"
    );
    session.each(&sql, &CONTENT, rows).await?;
    stored.extend(find(session, new.keys()).await?);
    Ok(stored)
}

const CONTENT: [(&str, Type); 12] = [
    ("hash", Type::Bytes),
    ("vulnerability", Type::Int),
    ("package", Type::Int),
    ("version", Type::Text),
    ("fixed_in", Type::Text),
    ("manager", Type::Text),
    ("path", Type::Text),
    ("severity", Type::Int),
    ("scores", Type::Text),
    ("exploit_known", Type::Int),
    ("suppressed", Type::Int),
    ("grouped", Type::Int),
];

async fn find(
    session: &mut dyn Session,
    hashes: impl Iterator<Item = &Hash> + Send,
) -> Result<BTreeMap<Hash, Stored>, DatabaseFault> {
    let sql = "SELECT c.hash, c.id, c.vulnerability FROM {rows} JOIN contents c ON c.hash = rows.hash";
    let rows = hashes.map(|hash| vec![hash.to_vec().into()]).collect();
    let mut found = BTreeMap::new();
    for mut row in session.each(sql, &[("hash", Type::Bytes)], rows).await? {
        let hash = Hash::try_from(row.take::<Vec<u8>>()?).unwrap_or_default();
        found.insert(hash, Stored { content: row.take()?, vulnerability: row.take()? });
    }
    Ok(found)
}

/// The ids of severities; words that are new get one.
pub(crate) async fn severities(
    session: &mut dyn Session,
    wanted: impl Iterator<Item = &Severity> + Send,
) -> Result<BTreeMap<Severity, i64>, DatabaseFault> {
    let mut ids = known_severities(session).await?;
    let mut new: BTreeSet<Severity> = wanted.filter(|word| !ids.contains_key(*word)).cloned().collect();
    if !new.is_empty() {
        // Others may give the same word an id, or the same id to another word.
        session.lock(SEVERITIES).await?;
        ids = known_severities(session).await?;
        new.retain(|word| !ids.contains_key(word));
    }
    for severity in new {
        let sql =
            "INSERT INTO severities (id, word) SELECT min(0, min(id)) - 1, $1 FROM severities RETURNING id";
        // PostgreSQL has no `min` of two values, and SQLite no `least`.
        let sql = sql.replace("min(0, min(id))", "CASE WHEN min(id) < 0 THEN min(id) ELSE 0 END");
        if let Some(mut row) = session.row(&sql, &[severity.as_str().into()]).await? {
            ids.insert(severity, row.take()?);
        }
    }
    Ok(ids)
}

async fn known_severities(session: &mut dyn Session) -> Result<BTreeMap<Severity, i64>, DatabaseFault> {
    let rows = session.rows("SELECT word, id FROM severities", &[]).await?.into_iter();
    rows.map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

async fn vulnerabilities(
    session: &mut dyn Session,
    findings: impl Iterator<Item = &Finding> + Send,
    severities: &BTreeMap<Severity, i64>,
    now: Timestamp,
) -> Result<BTreeMap<String, i64>, DatabaseFault> {
    // Each once: a statement of PostgreSQL changes no row twice. In order, so that two transactions never wait for each
    // other in a circle.
    let mut each: BTreeMap<&str, (i64, &Finding)> = BTreeMap::new();
    for finding in findings {
        let severity = severities.get(&finding.severity).copied().unwrap_or_default();
        let worst = each.entry(&finding.id).or_insert((severity, finding));
        worst.0 = worst.0.max(severity);
    }
    let rows = each.into_iter().map(|(name, (severity, finding))| {
        let description = finding.description.as_deref();
        let mut row: Vec<Value> =
            vec![name.into(), severity.into(), description.into(), json(&finding.links).into(), now.into()];
        row.extend(threat_values(&finding.threat));
        row
    });
    let columns = [
        ("name", Type::Text),
        ("severity", Type::Int),
        ("description", Type::Text),
        ("links", Type::Text),
        ("first_seen", Type::Int),
        ("listed_on", Type::Int),
        ("due_on", Type::Int),
        ("ransomware", Type::Int),
        ("epss", Type::Int),
        ("epss_percentile", Type::Int),
    ];
    // What catalogues say of one that is known already is taken over where they are kept.
    let sql = "INSERT INTO vulnerabilities (name, severity, description, links, first_seen,
          listed_on, due_on, ransomware, epss, epss_percentile)
        SELECT name, severity, description, links, first_seen, listed_on, due_on, ransomware, epss, epss_percentile
        FROM {rows} WHERE true
        ON CONFLICT (name) DO UPDATE SET
          severity = CASE WHEN excluded.severity > vulnerabilities.severity
            THEN excluded.severity ELSE vulnerabilities.severity END,
          description = coalesce(excluded.description, vulnerabilities.description),
          links = CASE WHEN excluded.links = '[]' THEN vulnerabilities.links ELSE excluded.links END
        RETURNING name, id";
    pairs(session.each(sql, &columns, rows.collect()).await?)
}

async fn packages(
    session: &mut dyn Session,
    findings: impl Iterator<Item = &Finding> + Send,
) -> Result<BTreeMap<String, i64>, DatabaseFault> {
    let names: BTreeSet<&str> =
        findings.filter_map(|finding| finding.package.as_ref()).map(|package| &*package.name).collect();
    let rows = names.into_iter().map(|name| vec![name.into()]).collect();
    let sql = "INSERT INTO packages (name) SELECT name FROM {rows} WHERE true
        ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING name, id";
    pairs(session.each(sql, &[("name", Type::Text)], rows).await?)
}

fn pairs(rows: Vec<crate::sql::Row>) -> Result<BTreeMap<String, i64>, DatabaseFault> {
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

pub(super) fn json(value: &impl serde::Serialize) -> String {
    // What is written are our own plain values, which always can be.
    serde_json::to_string(value).unwrap_or_default()
}
