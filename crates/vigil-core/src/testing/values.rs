//! Values in one line.

use jiff::{SignedDuration, Timestamp};

use crate::finding::{Counts, Finding, Package};
use crate::image::{Digest, Image, Kind, Storage};
use crate::scan::Scan;

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
