//! Values in one line.

use jiff::{SignedDuration, Timestamp};

use crate::finding::{Counts, Finding, Package, Severity};
use crate::image::{Digest, Image, Kind, Partition, RegistryId, Storage};
use crate::lineage::{FindingKey, LineageName, Sighting};
use crate::news::{Change, ChangeId, ChangeKind, Subject};
use crate::scan::Scan;
use crate::threat::Threat;

/// Noon of 21 November 2026: the time of every test that does not say otherwise.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_795_262_400).expect("a time within the calendar")
}

/// The n-th digest.
pub fn digest(n: u64) -> Digest {
    format!("sha256:{n:064x}").parse().expect("64 hexadecimal digits")
}

/// The n-th image, under these tags, pushed so many days ago.
pub fn image(n: u64, tags: &[&str], pushed_days_ago: i64) -> Image {
    Image {
        digest: digest(n),
        tags: tags.iter().map(|tag| tag.parse().expect("a tag")).collect(),
        kind: Kind::Image,
        platform: None,
        index: None,
        pushed_at: Some(now() - SignedDuration::from_hours(24 * pushed_days_ago)),
        pulled_at: None,
        size_bytes: None,
        storage: Storage::Active,
    }
}

/// A finding in version 1.0 of a package.
pub fn finding(id: &str, severity: &str, package: &str) -> Finding {
    let package = Package {
        name: package.into(),
        version: Some("1.0".into()),
        fixed_in: None,
        manager: None,
        path: None,
    };
    Finding {
        id: id.into(),
        arn: None,
        severity: severity.into(),
        package: Some(package),
        scores: Vec::new(),
        description: None,
        links: Vec::new(),
        exploit_known: None,
        threat: Threat::default(),
        suppressed: false,
    }
}

/// A scan with this status, its findings and their counts.
pub fn scan(state: &str, completed_at: Option<Timestamp>, findings: &[Finding]) -> Scan {
    Scan {
        state: state.into(),
        description: None,
        completed_at,
        counts: completed_at.map(|_| Counts::of(findings)),
        findings: findings.to_vec(),
    }
}

/// The image with the n-th digest of a repository, as news tells of it.
pub fn subject(repository: &str, tags: &[&str], n: u64) -> Subject {
    Subject {
        registry: RegistryId {
            partition: Partition::Aws,
            account: "123456789012".parse().expect("twelve digits"),
            region: "eu-west-1".parse().expect("a region"),
        },
        repository: repository.parse().expect("a repository"),
        digest: digest(n),
        tags: tags.iter().map(|tag| tag.parse().expect("a tag")).collect(),
        counts: [(Severity::High, 1)].into_iter().collect(),
        scanned_at: Some(now()),
        owner: None,
        runs_in: Vec::new(),
    }
}

/// A change of a finding in an image, along the lineage of its first tag.
pub fn change(n: i64, kind: ChangeKind, subject: &Subject, finding: &Finding) -> Change {
    let name = subject.tags.first().map_or("latest", |tag| tag.as_str()).to_owned();
    let lineage = LineageName { name, platform: None };
    Change { id: ChangeId(n), at: now(), lineage, subject: subject.clone(), kind, finding: finding.clone() }
}

/// A finding along a lineage: `CVE SEVERITY package`, `!` in front if it is accepted.
pub fn sighting(text: &str) -> (FindingKey, Sighting) {
    let accepted = text.starts_with('!');
    let words: Vec<&str> = text.trim_start_matches('!').split(' ').collect();
    let key = FindingKey { vulnerability: words[0].into(), package: Some(words[2].into()) };
    (
        key,
        Sighting { severity: words[1].into(), fixable: false, exploit_known: false, listed: false, accepted },
    )
}
