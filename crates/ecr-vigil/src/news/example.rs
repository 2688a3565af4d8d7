//! A message that says what a message can say, for whoever wants to see how it looks.

use jiff::Timestamp;
use vigil_core::finding::{Counts, Finding, Package, Score, Severity};
use vigil_core::image::{Digest, Partition, RegistryId};
use vigil_core::lineage::LineageName;
use vigil_core::news::{Change, ChangeId, ChangeKind, ImageNews, Message, SinkName, Subject, upgrades};
use vigil_core::port::Parcel;

/// One new finding in an image of a registry that is nobody's; `None` never comes of texts that are right.
pub fn example(sink: &SinkName, now: Timestamp) -> Option<Parcel> {
    let registry = RegistryId {
        partition: Partition::Aws,
        account: "111122223333".parse().ok()?,
        region: "eu-west-1".parse().ok()?,
    };
    let subject = Subject {
        registry,
        repository: "example/app".parse().ok()?,
        digest: Digest::from([0x1d; 32]),
        tags: vec!["v1.2.3".parse().ok()?],
        counts: Counts::from_iter([(Severity::Critical, 1), (Severity::High, 2)]),
        scanned_at: Some(now),
        owner: None,
        runs_in: Vec::new(),
    };
    let lineage = LineageName { name: "v1.2.3".to_owned(), platform: None };
    let (id, at, kind) = (ChangeId(1), now, ChangeKind::New);
    let change = Change { id, at, lineage, subject: subject.clone(), kind, finding: finding() };
    let changes = vec![change];
    let upgrades = upgrades(changes.iter().map(|change| &change.finding));
    let message = Message::Image(ImageNews { subject, changes, upgrades });
    let (route, id) = ("example".parse().ok()?, "00000000-0000-4000-8000-000000000000".to_owned());
    Some(Parcel { id, route, sink: sink.clone(), message, since: now, attempts: 0, reached: None })
}

fn finding() -> Finding {
    Finding {
        id: "CVE-2024-3094".into(),
        arn: None,
        severity: Severity::Critical,
        package: Some(Package {
            name: "xz-utils".into(),
            version: Some("5.6.0-0.2".into()),
            fixed_in: Some("5.6.1+really5.4.5-1".into()),
            manager: Some("OS".into()),
            path: None,
        }),
        scores: vec![Score { version: "3.1".into(), value: 10.0, vector: None }],
        description: Some(
            "Malicious code was discovered in the upstream tarballs of xz, starting with version 5.6.0."
                .into(),
        ),
        links: vec!["https://nvd.nist.gov/vuln/detail/CVE-2024-3094".into()],
        exploit_known: None,
        threat: Default::default(),
        suppressed: false,
    }
}
