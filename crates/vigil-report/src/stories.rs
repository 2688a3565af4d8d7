//! The pass that every golden file tells of: one image for each thing that can come of an image.

use std::convert::Infallible;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use vigil_core::evaluate::evaluate;
use vigil_core::image::{Kind, Platform};
use vigil_core::policy::{Exception, Exceptions, Gate, LeftOut, Thresholds};
use vigil_core::port::Mode;
use vigil_core::record::{RepositoryRecord, add_up};
use vigil_core::testing::{digest, finding, image, now, scan};
use vigil_core::threat::{Epss, KnownExploited, Threat};
use vigil_core::{
    CycleReport, Decision, Due, Ending, Entry, Evaluation, Fault, FaultKind, Finding, Halt, Hold, Image,
    Package, RegistryId, RepositoryName, Rest, Score, Severity, Unfinished,
};

use crate::{Closing, Format, Header, NotEntered, PassKind, render};

pub(crate) type Told = Result<(RegistryId, RepositoryName, RepositoryRecord), Infallible>;

/// The story in one format.
pub(crate) fn told(format: Format, kind: PassKind) -> String {
    let records = match kind {
        PassKind::Scan => scan_records(),
        PassKind::Plan => plan_records(),
    };
    told_of(format, kind, records, closing())
}

/// Some records in one format.
pub(crate) fn told_of(format: Format, kind: PassKind, records: Vec<Told>, closing: Closing) -> String {
    let title = "Container security updates".to_owned();
    let header = Header { title, as_of: now(), detail: Severity::High, kind, named: false, width: None };
    let mut out = Vec::new();
    render(format, &header, records, |_| closing, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn record(region: &str, repository: &str, entries: Vec<Entry>) -> Told {
    let partition = match region.split('-').collect::<Vec<_>>()[..] {
        ["us", "gov", ..] => "aws-us-gov",
        ["us", "iso", ..] => "aws-iso",
        _ => "aws",
    };
    let registry = RegistryId {
        partition: partition.parse().unwrap(),
        account: "123456789012".parse().unwrap(),
        region: region.parse().unwrap(),
    };
    Ok((registry, repository.parse().unwrap(), add_up(entries)))
}

pub(crate) fn decided(image: Image, decision: Decision) -> Entry {
    Entry::Decided(Box::new(image), decision)
}

pub(crate) fn judged(n: u64, evaluation: Evaluation) -> Entry {
    Entry::Judged(digest(n), evaluation)
}

pub(crate) fn ended(n: u64, ending: Ending) -> Entry {
    Entry::Ended(digest(n), ending)
}

pub(crate) fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn expired() -> Due {
    let ago = SignedDuration::from_hours(9 * 24);
    Due::Expired { scanned_at: now() - ago, ago, expiry: "7d".into() }
}

fn fresh() -> Rest {
    let ago = SignedDuration::from_hours(3 * 24);
    Rest::Fresh { ago, expiry: "7d".into(), next: now() + SignedDuration::from_hours(4 * 24) }
}

/// What a scan at this time found, judged.
pub(crate) fn found(at: Timestamp, findings: &[Finding]) -> Evaluation {
    let thresholds = Thresholds { critical: Some(0), high: Some(2), medium: None, low: None };
    let exception = Exception::of("CVE-2019-8457", "the library is never given a foreign database");
    evaluate(
        &"team/app".parse().unwrap(),
        &image(1, &["v1"], 1),
        scan("COMPLETE", Some(at), findings),
        &Gate { thresholds, ..Gate::default() },
        &Exceptions::new(vec![exception]),
        now(),
    )
}

fn score(version: &str, value: f64, vector: &str) -> Score {
    Score { version: version.into(), value, vector: Some(vector.into()) }
}

fn links(texts: &[&str]) -> Vec<Arc<str>> {
    texts.iter().map(|text| (*text).into()).collect()
}

pub(crate) fn apparmor() -> Finding {
    Finding {
        package: Some(Package {
            version: Some("2.10.95".into()),
            ..finding("", "", "apparmor").package.unwrap()
        }),
        scores: vec![score("2", 7.5, "AV:N/AC:L/Au:N/C:P/I:P/A:P")],
        description: Some(
            "In all versions of AppArmor mount rules are accidentally widened when compiled.".into(),
        ),
        links: links(&["http://people.ubuntu.com/~ubuntu-security/cve/CVE-2016-1585"]),
        ..finding("CVE-2016-1585", "HIGH", "apparmor")
    }
}

/// Listed as known exploited, and likely to be exploited.
pub(crate) fn threat() -> Threat {
    let known_exploited = KnownExploited {
        since: "2021-12-10".parse().unwrap(),
        due: "2021-12-24".parse().ok(),
        ransomware: true,
    };
    let epss = Epss { score: "0.94358".parse().unwrap(), percentile: "0.9996".parse().unwrap() };
    Threat { known_exploited: Some(known_exploited), epss: Some(epss) }
}

/// As Amazon Inspector tells them, and with a description that tries to draw on the terminal.
fn log4j() -> Finding {
    Finding {
        package: Some(Package {
            name: "org.apache.logging.log4j:log4j-core".into(),
            version: Some("2.14.1".into()),
            fixed_in: Some("2.15.0".into()),
            manager: Some("JAR".into()),
            path: Some("app/lib/log4j-core-2.14.1.jar".into()),
        }),
        scores: vec![
            score("2.0", 9.3, "AV:N/AC:M/Au:N/C:C/I:C/A:C"),
            score("3.1", 10.0, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"),
        ],
        description: Some(
            "JNDI features do not protect\nagainst \u{1b}[31mLDAP\u{1b}[0m endpoints.\r\n".into(),
        ),
        links: links(&["https://nvd.nist.gov/vuln/detail/CVE-2021-44228", "https://logging.apache.org/"]),
        exploit_known: Some(true),
        threat: threat(),
        ..finding("CVE-2021-44228", "CRITICAL", "")
    }
}

pub(crate) fn linux(image: Image, architecture: &str, variant: Option<&str>) -> Image {
    let platform = Platform {
        os: "linux".into(),
        architecture: architecture.into(),
        variant: variant.map(str::to_owned),
    };
    Image { platform: Some(platform), index: Some(digest(10)), ..image }
}

fn index() -> Entry {
    let index = Image { kind: Kind::Index, ..image(10, &["multi"], 2) };
    decided(index, Decision::LeaveOut(LeftOut::Index))
}

/// Images that came out well.
fn app() -> Vec<Entry> {
    let low = finding("CVE-2018-1", "LOW", "bash");
    let accepted = finding("CVE-2019-8457", "CRITICAL", "sqlite3");
    let suppressed = Finding { suppressed: true, ..finding("CVE-2020-1", "HIGH", "perl") };
    let gone = finding("CVE-2015-1", "HIGH", "glibc");
    let quota = Rest::ImageQuota {
        ago: SignedDuration::from_hours(3),
        next: now() + SignedDuration::from_hours(21),
        now: now(),
    };
    vec![
        decided(image(1, &["clean"], 3), Decision::Scan(Due::NeverScanned)),
        judged(1, found(now(), &[])),
        ended(1, Ending::Scanned),
        decided(image(2, &["v1", "latest"], 9), Decision::Scan(expired())),
        judged(2, found(hours_ago(9 * 24), &[apparmor(), gone])),
        judged(2, found(now(), &[low.clone(), apparmor(), log4j(), accepted, suppressed])),
        ended(2, Ending::Scanned),
        decided(image(3, &["v2"], 9), Decision::Rest(fresh())),
        judged(3, found(hours_ago(3 * 24), std::slice::from_ref(&low))),
        ended(3, Ending::Read),
        decided(image(4, &["v3"], 9), Decision::Rest(quota)),
        judged(4, found(hours_ago(3), &[apparmor()])),
        ended(4, Ending::Read),
        decided(image(5, &["v4"], 1), Decision::Scan(expired())),
        judged(5, found(hours_ago(5), &[])),
        ended(5, Ending::OnceADay),
        decided(image(6, &[], 1), Decision::Wait),
        judged(6, found(now(), &[finding("CVE-1", "DREADFUL", "a"), low])),
        ended(6, Ending::Scanned),
        index(),
        decided(linux(image(11, &["multi"], 2), "amd64", None), Decision::Scan(Due::NeverScanned)),
        judged(11, found(now(), &[])),
        ended(11, Ending::Scanned),
        decided(linux(image(12, &["multi"], 2), "arm", Some("v7")), Decision::Scan(Due::NeverScanned)),
        judged(12, found(now(), &[apparmor()])),
        ended(12, Ending::Scanned),
    ]
}

/// Images that did not.
fn troubled() -> Vec<Entry> {
    let never = || Decision::Scan(Due::NeverScanned);
    let daily = Hold::DailyBudget { daily: 3, next: now() + SignedDuration::from_hours(24) };
    let unsupported = "FAILED: UnsupportedImageError: The operating system 'scratch' is not supported.";
    let unavailable = "LIMIT_EXCEEDED: the daily quota is used up";
    let denied = Fault::new(FaultKind::Denied, "StartImageScan", "User is not authorized");
    let something_new = Unfinished::Running { state: Some("SOMETHING_NEW".into()) };
    vec![
        decided(image(21, &["failed"], 1), never()),
        ended(21, Ending::Failed { said: "FAILED: internal error".into() }),
        decided(image(22, &["failed-again"], 1), Decision::Scan(expired())),
        judged(22, found(hours_ago(9 * 24), &[apparmor()])),
        ended(22, Ending::Failed { said: "FAILED: internal error".into() }),
        decided(image(23, &["scratch"], 1), Decision::Rest(Rest::Unscannable { said: unsupported.into() })),
        ended(23, Ending::Unscannable { said: unsupported.into() }),
        decided(image(24, &["held"], 1), Decision::Hold(Due::NeverScanned, daily.clone())),
        decided(image(25, &["held-old"], 1), Decision::Hold(expired(), daily)),
        judged(25, found(hours_ago(9 * 24), &[])),
        decided(image(26, &["limited"], 1), Decision::Scan(expired())),
        judged(26, found(hours_ago(9 * 24), &[apparmor()])),
        ended(26, Ending::Unavailable { said: unavailable.into() }),
        decided(image(27, &["not-started"], 1), never()),
        ended(27, Ending::Unfinished(Unfinished::NotStarted)),
        decided(image(28, &["stuck"], 1), Decision::Wait),
        ended(28, Ending::Unfinished(something_new)),
        decided(image(29, &["denied"], 1), never()),
        ended(29, Ending::Fault(denied)),
        decided(image(30, &["2019"], 700), Decision::LeaveOut(LeftOut::TooOld)),
        Entry::Missing("team/troubled:v99".into()),
    ]
}

pub(crate) fn scan_records() -> Vec<Told> {
    let unread = Fault::new(FaultKind::Throttled, "DescribeImages", "Rate exceeded");
    vec![
        record("eu-west-1", "team/app", app()),
        record("eu-west-1", "team/later", vec![Entry::NotReached]),
        record("eu-west-1", "team/troubled", troubled()),
        record("eu-west-1", "team/unread", vec![Entry::Unread(unread)]),
        record(
            "us-gov-west-1",
            "base/image",
            vec![
                decided(image(41, &["v1"], 1), Decision::Observe),
                judged(41, found(hours_ago(40 * 24), &[])),
                ended(41, Ending::Read),
                decided(image(42, &["v2"], 1), Decision::Observe),
                ended(42, Ending::NeverScanned),
            ],
        ),
        record(
            "us-iso-east-1",
            "base/image",
            vec![
                decided(image(51, &["v1"], 1), Decision::Scan(Due::NeverScanned)),
                judged(51, found(now(), &[])),
                ended(51, Ending::Scanned),
            ],
        ),
    ]
}

pub(crate) fn plan_records() -> Vec<Told> {
    let cap = Hold::PassCap { cap: 2 };
    let unread = Fault::new(FaultKind::Unreachable, "DescribeImageScanFindings", "timed out");
    let failed = Rest::Failed { said: "FAILED: internal error".into(), next: None };
    let app = vec![
        decided(image(1, &["v1", "latest"], 9), Decision::Scan(Due::NeverScanned)),
        decided(image(2, &["v2"], 9), Decision::Scan(expired())),
        judged(2, found(hours_ago(9 * 24), &[apparmor()])),
        decided(image(3, &["v3"], 9), Decision::Rest(fresh())),
        judged(3, found(hours_ago(3 * 24), &[])),
        ended(3, Ending::Read),
        decided(image(4, &["v4"], 9), Decision::Hold(expired(), cap)),
        decided(image(5, &["v5"], 9), Decision::Wait),
        decided(image(6, &[], 9), Decision::Rest(failed)),
        ended(6, Ending::Failed { said: "FAILED: internal error".into() }),
        decided(image(7, &["v7"], 9), Decision::Undecided),
        ended(7, Ending::Fault(unread)),
        index(),
        decided(linux(image(11, &["multi"], 2), "arm64", None), Decision::Scan(Due::NeverScanned)),
        Entry::Missing("team/app:v99".into()),
    ];
    let observed = vec![
        decided(image(41, &["v1"], 1), Decision::Observe),
        judged(41, found(hours_ago(40 * 24), &[])),
        ended(41, Ending::Read),
        decided(image(42, &["v2"], 1), Decision::Observe),
        ended(42, Ending::NeverScanned),
        decided(image(43, &["v3"], 1), Decision::Observe),
    ];
    vec![
        record("eu-west-1", "team/app", app),
        record("eu-west-1", "team/empty", Vec::new()),
        record("eu-west-1", "team/later", vec![Entry::NotReached]),
        record("us-gov-west-1", "base/image", observed),
    ]
}

pub(crate) fn closing() -> Closing {
    let Ok((registry, ..)) = record("eu-west-1", "team/app", Vec::new());
    let report = CycleReport {
        registry: registry.clone(),
        began: now(),
        ended: now() + SignedDuration::from_mins(7),
        mode: Mode::OnRequest,
        mode_not_told: None,
        started: 8,
        halted: Some(Halt::Deadline),
        faults: vec![Fault::new(FaultKind::Denied, "DescribeRepositories", "User is not authorized")],
    };
    let Ok((gov, ..)) = record("us-gov-west-1", "base/image", Vec::new());
    let observed = CycleReport {
        registry: gov,
        mode: Mode::ByItself,
        mode_not_told: None,
        started: 0,
        halted: None,
        faults: Vec::new(),
        ..report.clone()
    };
    let not_entered = NotEntered {
        registry: "210987654321/eu-west-1".into(),
        reason: "cannot assume the role `scanner`: access denied".into(),
    };
    Closing {
        registries: vec![report, observed],
        not_entered: vec![not_entered],
        warnings: vec!["exception 2 (CVE-2017-1) expired on 2026-10-31".into()],
    }
}
