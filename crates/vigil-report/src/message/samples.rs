//! Messages of every kind for the golden files: ordinary ones, hostile ones, huge ones.

use crate::stories::threat;
use jiff::SignedDuration;
use vigil_core::lineage::Worse;
use vigil_core::news::{
    BaselineNews, Change, ChangeId, ChangeKind, ExceptionNews, ExceptionNotice, FailedNews, ImageNews,
    Message, Roundup, Subject, VulnerabilityNews, WhereFound, upgrades,
};
use vigil_core::port::Parcel;
use vigil_core::testing::{change, digest, finding, now, subject};
use vigil_core::{Counts, Finding, RegistryId, Score, Severity};

/// Every sample under its name.
pub(super) fn all() -> Vec<(&'static str, Message)> {
    vec![
        ("image", image()),
        ("bare", bare()),
        ("vulnerability", vulnerability(3)),
        ("failed", failed()),
        ("exception", exception()),
        ("exception-idle", idle_exception()),
        ("baseline", baseline()),
        ("roundup", roundup()),
        ("hostile", hostile()),
        ("many-findings", many_findings()),
        ("many-images", vulnerability(5_000)),
    ]
}

/// These, and some that are too large for a golden file.
pub(super) fn every() -> Vec<(&'static str, Message)> {
    all().into_iter().chain([("crowded", crowded()), ("overloaded", overloaded())]).collect()
}

/// A message on its way.
pub(super) fn parcel(message: Message) -> Parcel {
    Parcel {
        id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".to_owned(),
        route: "payments".parse().unwrap(),
        sink: "team-channel".parse().unwrap(),
        message,
        since: now(),
        attempts: 0,
        reached: None,
    }
}

/// New, worse and fixed findings in an image that somebody owns.
pub(super) fn image() -> Message {
    let image = app();
    let worse = Worse {
        severity_before: Some(Severity::Medium),
        exploit_became_known: true,
        became_known_exploited: true,
        fix_appeared: true,
        accepted_before: Some("not reachable".into()),
    };
    told(
        &image,
        vec![
            (ChangeKind::New, exploited(fixable(detailed("CVE-2024-3094", "CRITICAL", "xz-utils"), "5.6.2"))),
            (ChangeKind::New, fixable(finding("CVE-2023-38545", "CRITICAL", "curl"), "8.4.0")),
            (
                ChangeKind::Worsened(worse),
                exploited(fixable(finding("CVE-2022-0778", "HIGH", "openssl"), "3.0.2")),
            ),
            (ChangeKind::Fixed, detailed("CVE-2019-8457", "HIGH", "sqlite3")),
        ],
    )
}

/// As little as there can be: no tag, no package, no owner, a severity that nobody knows, no page in a console.
pub(super) fn bare() -> Message {
    let registry = RegistryId {
        partition: "aws-iso".parse().unwrap(),
        region: "us-iso-east-1".parse().unwrap(),
        ..app().registry
    };
    let image = Subject { registry, scanned_at: None, counts: Counts::default(), ..subject("app", &[], 7) };
    told(&image, vec![(ChangeKind::New, Finding { package: None, ..finding("CVE-1", "DREADFUL", "none") })])
}

/// One vulnerability that is new in so many images, and fixed in one more.
pub(super) fn vulnerability(images: u64) -> Message {
    let found = exploited(fixable(detailed("CVE-2024-3094", "CRITICAL", "xz-utils"), "5.6.2"));
    let place = |n: u64, kind: ChangeKind| {
        let owner = (n % 2 == 1).then(|| "team-payments".to_owned());
        let image = Subject { owner, ..subject(&format!("team/app{n}"), &["v1"], n) };
        let changes = vec![change(i64::try_from(n).unwrap(), kind, &image, &found)];
        WhereFound { subject: image, changes }
    };
    let found_in = (1..=images).map(|n| place(n, ChangeKind::New));
    Message::Vulnerability(VulnerabilityNews {
        vulnerability: "CVE-2024-3094".to_owned(),
        severity: Severity::Critical,
        found: found_in.chain([place(images + 1, ChangeKind::Fixed)]).collect(),
        upgrades: upgrades([&found]),
    })
}

/// A scan that failed.
pub(super) fn failed() -> Message {
    Message::Failed(FailedNews {
        id: ChangeId(1),
        subject: app(),
        state: "FAILED".to_owned(),
        description: Some("The scan failed: unsupported layer <tar+zstd>.".to_owned()),
        at: now(),
    })
}

/// An exception that is about to lapse.
pub(super) fn exception() -> Message {
    Message::Exception(ExceptionNews {
        id: ChangeId(1),
        at: now(),
        notice: ExceptionNotice::Lapses { days: 14 },
        vulnerability: "CVE-2024-3094".to_owned(),
        package: Some("xz-utils".to_owned()),
        repository: Some("team/*".to_owned()),
        tag: None,
        reason: "not *reachable* <from> outside".to_owned(),
        author: Some("ann".to_owned()),
        until: "2026-12-05".parse().ok(),
        findings: 3,
        images: 2,
        subjects: vec![app()],
    })
}

/// One that nothing matches any more.
pub(super) fn idle_exception() -> Message {
    let Message::Exception(news) = exception() else { unreachable!() };
    let notice = ExceptionNotice::Idle { since: Some(now() - SignedDuration::from_hours(48)) };
    let (author, until, subjects) = (None, None, Vec::new());
    Message::Exception(ExceptionNews { notice, author, until, findings: 0, images: 0, subjects, ..news })
}

/// A registry at first sight.
pub(super) fn baseline() -> Message {
    Message::Baseline(BaselineNews {
        registry: app().registry,
        repositories: 12,
        images: 340,
        counts: [(Severity::Critical, 3), (Severity::Low, 1_200)].into_iter().collect(),
        at: now(),
    })
}

/// One of each, a round-up within it too.
pub(super) fn roundup() -> Message {
    let inner = Roundup { since: now(), until: now(), messages: vec![baseline()] };
    Message::Roundup(Roundup {
        since: now() - SignedDuration::from_hours(24),
        until: now(),
        messages: vec![image(), vulnerability(2), failed(), exception(), Message::Roundup(inner)],
    })
}

/// Texts that mean something where they are shown, and a name as long as can be.
pub(super) fn hostile() -> Message {
    let evil = "<!channel> <@U123> <script>alert(\"1\")</script> & 'x' *b* _i_ [a](javascript:1) {{ 7*7 }} 🦀\r\n\u{202e}line";
    let name = format!("team/{}{}/app", "long-name/".repeat(24), "x".repeat(7));
    assert_eq!(name.len(), 256);
    let tags: Vec<String> = (0..40).map(|n| format!("v{n}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let image = Subject {
        owner: Some(evil.to_owned()),
        runs_in: vec![evil.to_owned(), "prod".to_owned()],
        ..subject(&name, &tags, 9)
    };
    let mut found = fixable(finding(evil, "<!here>", evil), evil);
    found.description = Some(format!("{evil} {}", "🦀&<".repeat(4_000)).into());
    found.links = vec!["javascript:alert(1)".into(), "https://example.com/?a=1&b=<c>|d".into()];
    found.scores = vec![Score { version: evil.into(), value: 9.9, vector: Some(evil.into()) }];
    told(&image, vec![(ChangeKind::New, found)])
}

/// More findings in one image than anybody reads.
pub(super) fn many_findings() -> Message {
    let image = app();
    let found = (0..500).map(|n| {
        let severity = if n < 100 { "CRITICAL" } else { "HIGH" };
        let found = detailed(&format!("CVE-2024-{n:05}"), severity, &format!("package-{:02}", n % 40));
        (ChangeKind::New, fixable(found, "2.0"))
    });
    told(&image, found.collect())
}

/// More than fits anywhere.
pub(super) fn crowded() -> Message {
    Message::Roundup(Roundup { since: now(), until: now(), messages: vec![many_findings(); 50] })
}

/// Long lists of long names wherever there can be any.
fn overloaded() -> Message {
    let long = |n: u64| format!("{n}{}", "🦀\"".repeat(300));
    let tags: Vec<String> = (0..1_000).map(|n| format!("{}{n}", "t".repeat(120))).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let image = Subject {
        owner: Some(long(0)),
        runs_in: (0..500).map(long).collect(),
        ..subject("team/app", &tags, 3)
    };
    let found = |n| {
        let mut found = fixable(finding(&long(n), "CRITICAL", &long(n)), &long(n));
        found.links =
            (0..20).map(|n| format!("https://example.com/{n}/{}", "a".repeat(900)).into()).collect();
        found.description = Some(long(n).into());
        (ChangeKind::New, found)
    };
    told(&image, (0..60).map(found).collect())
}

/// A finding that is in several packages, and counts once.
pub(super) fn in_several_packages() -> Message {
    let found = |package| Finding { arn: Some("arn:1".into()), ..finding("CVE-1", "HIGH", package) };
    told(&app(), ["zlib", "zlib-dev", "zlib-static"].map(|package| (ChangeKind::New, found(package))).into())
}

fn app() -> Subject {
    Subject {
        owner: Some("team-payments".to_owned()),
        runs_in: vec!["prod-eu".to_owned(), "staging".to_owned()],
        counts: [(Severity::Critical, 2), (Severity::High, 1), (Severity::Low, 4)].into_iter().collect(),
        ..Subject { digest: digest(1), ..subject("team/app", &["v1.2", "latest"], 1) }
    }
}

fn told(image: &Subject, changes: Vec<(ChangeKind, Finding)>) -> Message {
    let changes = (1..).zip(changes).map(|(n, (kind, finding))| change(n, kind, image, &finding));
    let changes: Vec<Change> = changes.collect();
    let there = changes.iter().filter(|change| change.is_there()).map(|change| &change.finding);
    let upgrades = upgrades(there);
    Message::Image(ImageNews { subject: image.clone(), changes, upgrades })
}

fn fixable(mut finding: Finding, fixed_in: &str) -> Finding {
    if let Some(package) = &mut finding.package {
        package.fixed_in = Some(fixed_in.into());
    }
    finding
}

fn exploited(finding: Finding) -> Finding {
    Finding { exploit_known: Some(true), threat: threat(), ..finding }
}

fn detailed(id: &str, severity: &str, package: &str) -> Finding {
    Finding {
        scores: vec![Score {
            version: "3.1".into(),
            value: 9.8,
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into()),
        }],
        description: Some(format!("What is wrong with {package}, at some length.").into()),
        links: vec![format!("https://nvd.nist.gov/vuln/detail/{id}").into()],
        ..finding(id, severity, package)
    }
}
