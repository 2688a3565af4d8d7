//! Findings in the order of how likely they are to be exploited. That is known of the vulnerability and not written at each
//! finding, so one vulnerability after the other is asked for its findings until the page is full.

use super::findings::{Found, list_part};
use super::image_findings::severity_rank;
use super::narrower::Narrower;
use super::scope::Repositories;
use super::{FindingFilter, FindingOrder};
use crate::page::Key;
use crate::sql::{DatabaseFault, Session, Statement, Value};

/// So many vulnerabilities are looked up at once.
const AT_ONCE: u64 = 200;

/// The vulnerabilities from this key on, each with its findings, until there are enough.
pub(super) async fn by_vulnerability(
    session: &mut dyn Session,
    filter: &FindingFilter,
    repositories: &Repositories,
    limit: usize,
    key: Option<Key>,
) -> Result<Vec<Found>, DatabaseFault> {
    let (mut found, mut from) = (Vec::new(), key.as_ref().map(|key| place(key)));
    loop {
        let some = vulnerabilities(session, filter, from).await?;
        let is_full = some.len() as u64 == AT_ONCE;
        for (epss, id, name) in some {
            let of_it = FindingFilter { vulnerability: Some(name), ..filter.clone() };
            let wanted = limit.saturating_sub(found.len());
            let order = FindingOrder::LikeliestFirst;
            found.extend(list_part(session, &of_it, repositories, order, wanted, key.clone()).await?);
            if found.len() >= limit {
                return Ok(found);
            }
            // The next one comes behind it.
            from = Some((epss, id - 1));
        }
        if !is_full {
            return Ok(found);
        }
    }
}

/// The score and the id of the vulnerability at which a page ended: both are turned round in the key.
fn place(key: &[Value]) -> (i64, i64) {
    let number = |part: Option<&Value>| if let Some(Value::Int(number)) = part { -number } else { 0 };
    (number(key.first()), number(key.get(1)))
}

/// Those that are anywhere, the likeliest first.
async fn vulnerabilities(
    session: &mut dyn Session,
    filter: &FindingFilter,
    from: Option<(i64, i64)>,
) -> Result<Vec<(i64, i64, String)>, DatabaseFault> {
    let mut statement = Statement::new("SELECT v.epss, v.id, v.name FROM vulnerabilities v WHERE");
    statement.with(
        if filter.means_fixed() {
            "EXISTS (SELECT 1 FROM lineage_findings g WHERE g.fixed_at IS NOT NULL AND g.vulnerability = v.id)"
        } else {
            "EXISTS (SELECT 1 FROM image_findings g WHERE g.vulnerability = v.id)"
        },
        [],
    );
    if let Some((epss, id)) = from {
        statement.with("AND (v.epss, v.id) <= ($, $)", [epss.into(), id.into()]);
    }
    if let Some(least) = filter.reaches.as_ref().map(severity_rank) {
        statement.with("AND (v.severity >= $ OR v.severity < 0)", [least.into()]);
    }
    statement.with_some("AND v.epss >= $", filter.min_epss.map(|least| i64::from(least.parts())));
    statement.with("ORDER BY v.epss DESC, v.id DESC LIMIT $", [AT_ONCE.into()]);
    let rows = session.ask(&statement).await?.into_iter();
    rows.map(|mut row| Ok((row.take()?, row.take()?, row.take()?))).collect()
}

/// The lineages that have a vulnerability as likely to be exploited as is meant, found as those that have a package.
pub(super) fn likely(filter: &FindingFilter) -> Option<Narrower> {
    let least = i64::from(filter.min_epss?.parts());
    let sql = if filter.means_fixed() {
        "SELECT g.lineage FROM vulnerabilities v
           JOIN lineage_findings g ON g.vulnerability = v.id AND g.fixed_at IS NOT NULL WHERE v.epss >= $"
    } else {
        "SELECT l.id FROM vulnerabilities v
           JOIN image_findings g ON g.vulnerability = v.id
           JOIN lineages l ON l.image = g.image WHERE v.epss >= $
         UNION ALL SELECT id FROM lineages WHERE image <> followed_image"
    };
    Some(Narrower::new(sql, [least.into()]))
}
