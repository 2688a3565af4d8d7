//! What our exceptions accept of an image's findings that nobody else does, and what that means for its counts. It knows no
//! rows.

use jiff::Timestamp;
use vigil_core::finding::{Counts, Severity};
use vigil_core::image::{Digest, RepositoryName, Tag};
use vigil_core::policy::Occurrence;

use super::lapsed::Lapsed;
use super::stored::Kept;

/// One finding of an image.
pub(super) struct Found {
    pub(super) content: i64,
    pub(super) vulnerability: i64,
    pub(super) name: String,
    pub(super) package: Option<String>,
    pub(super) severity: Severity,
    /// Whether all packages with the vulnerability count as one.
    pub(super) grouped: bool,
    /// Whether it is accepted by others than our exceptions.
    pub(super) by_others: bool,
    /// By which acceptance of ours it was accepted until now.
    pub(super) before: Option<i64>,
}

/// The image in which something was found, as exceptions look at it.
#[derive(Clone, Copy)]
pub(crate) struct There<'a> {
    pub(crate) repository: &'a RepositoryName,
    pub(crate) digest: Digest,
    pub(crate) tags: &'a [Tag],
    /// For what exceptions have lapsed there.
    pub(crate) lapsed: &'a Lapsed,
}

/// The first of these exceptions that accepts each finding. What others accept is none of theirs.
pub(super) fn accepting<'k>(
    found: &[Found],
    There { repository, digest, tags, lapsed }: There<'_>,
    kept: &[&'k Kept],
    now: Timestamp,
) -> Vec<Option<&'k Kept>> {
    let accepting = |found: &Found| {
        let (vulnerability, package) = (found.name.as_str(), found.package.as_deref());
        let severity = &found.severity;
        let occurrence = Occurrence { vulnerability, package, severity, repository, digest, tags };
        let stands =
            |kept: &Kept| lapsed.is_empty() || !lapsed.contains(&(found.content, kept.id.to_string()));
        let mut kept = kept.iter().filter(|_| !found.by_others);
        kept.find(|kept| kept.exception.accepts(occurrence, now) && stands(kept)).copied()
    };
    found.iter().map(accepting).collect()
}

/// What the image's counts are once these accept its findings.
pub(super) fn counts_after(counts: &Counts, found: &[Found], accepting: &[Option<&Kept>]) -> Counts {
    let before = found.iter().filter(|found| !found.by_others && found.before.is_none());
    let after = found.iter().zip(accepting).filter(|(found, by)| !found.by_others && by.is_none());
    let mut counts = counts.less(&open(before));
    counts.add(&open(after.map(|(found, _)| found)));
    counts
}

/// What these add to the open findings, in the order in which a pass counts them: worst first.
fn open<'f>(found: impl Iterator<Item = &'f Found>) -> Counts {
    let mut found: Vec<&Found> = found.collect();
    found.sort_by(|one, other| other.severity.cmp(&one.severity));
    let group = |found: &Found| found.grouped.then_some(found.vulnerability);
    Counts::grouped(found.into_iter().map(|found| (group(found), &found.severity)))
}

#[cfg(test)]
mod tests {
    use vigil_core::policy::Exception;
    use vigil_core::testing::{digest, now};

    use super::*;

    fn found(severity: &str, package: &str, grouped: bool) -> Found {
        Found {
            content: 0,
            vulnerability: 1,
            name: "CVE-1".to_owned(),
            package: Some(package.to_owned()),
            severity: severity.into(),
            grouped,
            by_others: false,
            before: None,
        }
    }

    /// Two findings, of which what is in zlib is accepted.
    #[track_caller]
    fn check(found: [Found; 2], open: &[(&str, u64)]) {
        let exception = Exception { package: Some("zlib".to_owned()), ..Exception::of("cve-1", "r") };
        let kept = Kept { id: uuid::Uuid::nil().to_string().parse().unwrap(), exception };
        let before: Counts = super::open(found.iter().filter(|found| !found.by_others));
        let (repository, lapsed) = ("team/app".parse().unwrap(), Lapsed::new());
        let there = There { repository: &repository, digest: digest(1), tags: &[], lapsed: &lapsed };
        let by = accepting(&found, there, &[&kept], now());
        let after = counts_after(&before, &found, &by);
        assert_eq!(after, open.iter().map(|(severity, count)| ((*severity).into(), *count)).collect());
    }

    #[test]
    fn a_finding_in_several_packages_is_open_until_all_are_accepted() {
        check([found("HIGH", "zlib", false), found("HIGH", "tar", false)], &[("HIGH", 1)]);
        check([found("HIGH", "zlib", true), found("HIGH", "tar", true)], &[("HIGH", 1)]);
        check([found("HIGH", "zlib", true), found("HIGH", "zlib", true)], &[]);
        check([found("LOW", "tar", true), found("HIGH", "zlib", true)], &[("LOW", 1)]);
        check([found("LOW", "zlib", true), found("HIGH", "tar", true)], &[("HIGH", 1)]);
    }

    #[test]
    fn what_others_accept_stays_theirs() {
        let by_others = |found: Found| Found { by_others: true, ..found };
        check([by_others(found("HIGH", "zlib", false)), found("HIGH", "zlib", false)], &[]);
    }
}
