//! What a pass's judgement means for an image: which of its findings are accepted, and how bad the others are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::evaluate::{Accepted, AcceptedBy, Evaluation};
use vigil_core::finding::{Counts, Finding, Severity};
use vigil_core::image::RepositoryName;
use vigil_core::policy::Exceptions;

use super::findings::{self, Hash, content_hash, hash_of, json};
use super::inherited::inherit_acceptances;
use super::record::Known;
use crate::answer::tags_of;
use crate::exceptions::{self, Acceptance, Judgement, Kept, There, written_id};
use crate::sql::{DatabaseFault, Session, Type};

/// Takes the judgement, and what our own exceptions accept beyond it. If both are as before, nothing is written.
pub(super) async fn judged(
    session: &mut dyn Session,
    (repository, written): (&RepositoryName, &Exceptions),
    image: &mut Known,
    evaluation: &Evaluation,
    exceptions: &[Kept],
    now: Timestamp,
) -> Result<(), DatabaseFault> {
    let accepted: BTreeMap<Hash, &Accepted> =
        evaluation.accepted.iter().map(|accepted| (content_hash(&accepted.finding), accepted)).collect();
    let acceptance = |accepted: &Accepted| acceptance(accepted, written);
    let by: Vec<_> = accepted.iter().map(|(hash, accepted)| (hash, identity(acceptance(accepted)))).collect();
    let ours: Vec<&Kept> = exceptions.iter().filter(|kept| kept.exception.is_about(repository)).collect();
    let ids: Vec<String> = ours.iter().map(|kept| kept.id.to_string()).collect();
    let tags_matter = ours.iter().any(|kept| kept.exception.tag.is_some());
    let tags = if tags_matter { tags_of(session, image.id).await? } else { Vec::new() };
    let told = hash_of(&(&image.scan_content, &evaluation.counts, by, &ids, &tags));
    if image.judged_content.as_deref() == Some(&told) {
        return Ok(());
    }
    let listed: BTreeMap<Hash, &Finding> =
        accepted.iter().map(|(hash, accepted)| (*hash, &accepted.finding)).collect();
    let stored = findings::store(session, &listed, now).await?;
    let by = accepted.iter().filter_map(|(hash, accepted)| {
        let stored = stored.get(hash)?;
        Some((stored.content, acceptance(accepted)))
    });
    let mut judgement = Judgement { by: by.collect(), counts: evaluation.counts.clone() };
    // Those of one image cannot be about another one.
    let written = written.iter().filter(|exception| exception.digest.is_none());
    inherit_acceptances(session, image.id, || written.map(written_id).chain(ids).collect()).await?;
    let lapsed = exceptions::lapsed(session, std::iter::once(image.id)).await?.remove(&image.id);
    if !ours.is_empty() || lapsed.is_some() {
        let lapsed = lapsed.unwrap_or_default();
        let there = There { repository, digest: image.digest, tags: &tags, lapsed: &lapsed };
        exceptions::except(session, image.id, there, &ours, &mut judgement, now).await?;
    }
    let Judgement { by, counts } = judgement;
    let accepted = by.len() as u64;
    accept(session, image.id, by).await?;
    image.judged_content = Some(told.to_vec());
    let sql = "UPDATE images SET counts = $2, accepted = $3, judged_content = $4, badness = $5 WHERE id = $1";
    let values = [
        image.id.into(),
        json(&counts).into(),
        accepted.into(),
        told.to_vec().into(),
        badness(&counts).into(),
    ];
    session.execute(sql, &values).await.map(drop)
}

/// Who accepts, and why.
fn identity(acceptance: Acceptance) -> (Option<String>, String) {
    let exception = exceptions::exception_of(&acceptance);
    let (Acceptance::Exception { reason, .. }
    | Acceptance::Settings { reason, .. }
    | Acceptance::Inspector { reason }) = acceptance;
    (exception, reason)
}

/// Who accepts, as the pass says.
fn acceptance(accepted: &Accepted, written: &Exceptions) -> Acceptance {
    let reason = accepted.reason.clone();
    match accepted.by {
        AcceptedBy::Inspector => Acceptance::Inspector { reason },
        AcceptedBy::Exception(place) => {
            let by = written.iter().nth(place);
            let severity = by.and_then(|exception| exception.severity.clone());
            Acceptance::Settings { exception: by.map(written_id).unwrap_or_default(), reason, severity }
        }
        // No pass says so: it knows the list.
        AcceptedBy::Remembered => Acceptance::Settings { exception: String::new(), reason, severity: None },
    }
}

/// Makes these the accepted findings of the image, and all others not.
async fn accept(
    session: &mut dyn Session,
    image: i64,
    by: BTreeMap<i64, Acceptance>,
) -> Result<(), DatabaseFault> {
    let mut now_by = BTreeMap::new();
    for (content, acceptance) in by {
        now_by.insert(content, exceptions::acceptance_id(session, &acceptance).await?);
    }
    let sql = "SELECT content, accepted FROM image_findings WHERE image = $1";
    let mut changed = Vec::new();
    for mut row in session.rows(sql, &[image.into()]).await? {
        let (content, before) = (row.take::<i64>()?, row.take::<Option<i64>>()?);
        let after = now_by.get(&content).copied();
        if before != after {
            changed.push(vec![image.into(), content.into(), after.into()]);
        }
    }
    let columns = [("image", Type::Int), ("content", Type::Int), ("accepted", Type::Int)];
    let sql = "UPDATE image_findings SET accepted = rows.accepted FROM {rows}
        WHERE image_findings.image = rows.image AND image_findings.content = rows.content";
    session.each(sql, &columns, changed).await.map(drop)
}

/// One number that sorts images worst first: by critical, then high, medium, low and all other findings. More of a
/// severity than its place holds count as that many; a place is wider the more that is to be told apart in it.
pub(crate) fn badness(counts: &Counts) -> i64 {
    let known = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .map(|severity| counts.get(&severity));
    let others = counts.total() - known.iter().sum::<u64>();
    let places = known.into_iter().chain([others]).zip(WIDTHS);
    let packed = places.fold(0u64, |sum, (count, bits)| sum << bits | count.min((1 << bits) - 1));
    i64::try_from(packed).unwrap_or(i64::MAX)
}

/// Bits for critical, high, medium, low and others: 63 together, so that the number is never negative.
const WIDTHS: [u32; 5] = [14, 14, 13, 12, 10];

/// The least badness of an image with a finding as severe as this.
pub(crate) fn least_badness(severity: &Severity) -> i64 {
    let lower = match severity {
        Severity::Critical => &WIDTHS[1..],
        Severity::High => &WIDTHS[2..],
        Severity::Medium => &WIDTHS[3..],
        Severity::Low => &WIDTHS[4..],
        _ => &[],
    };
    1 << lower.iter().sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u64)]) -> Counts {
        pairs.iter().map(|(severity, count)| ((*severity).into(), *count)).collect()
    }

    #[test]
    fn badness_sorts_worst_first_however_many_there_are() {
        let better_first = [
            counts(&[]),
            counts(&[("INFORMATIONAL", 3)]),
            counts(&[("LOW", 1)]),
            counts(&[("LOW", 100_000), ("UNDEFINED", 100_000)]),
            counts(&[("MEDIUM", 1)]),
            counts(&[("HIGH", 2)]),
            counts(&[("HIGH", 3)]),
            counts(&[("CRITICAL", 1)]),
            counts(&[("CRITICAL", 1), ("LOW", 1)]),
            counts(&[("CRITICAL", u64::from(u32::MAX))]),
        ];
        assert!(better_first.map(|counts| badness(&counts)).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn an_image_reaches_a_severity_by_its_badness() {
        for (severity, above, below) in
            [("CRITICAL", "CRITICAL", "HIGH"), ("HIGH", "CRITICAL", "MEDIUM"), ("LOW", "LOW", "UNTRIAGED")]
        {
            let least = least_badness(&severity.into());
            assert!(badness(&counts(&[(above, 1)])) >= least, "{severity}");
            assert!(badness(&counts(&[(below, 100_000)])) < least, "{severity}");
        }
    }
}
