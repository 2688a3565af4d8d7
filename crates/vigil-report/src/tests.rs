//! The formats that programs of others read: as golden files, as their readers read them, and with a report in which every
//! text from outside tries to be more than text.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use vigil_core::testing::{finding, image, now};
use vigil_core::{
    Accepted, Decision, Due, Ending, Entry, Evaluation, Fault, FaultKind, Finding, Image, Package, Score,
};

use crate::stories::{
    Told, apparmor, closing, decided, ended, found, judged, linux, record, threat, told, told_of,
};
use crate::{Closing, Format, NotEntered, PassKind};

/// The formats that somebody else's program reads.
const READ: [Format; 8] = [
    Format::Sarif,
    Format::Csv,
    Format::Markdown,
    Format::Html,
    Format::JUnit,
    Format::OpenVex,
    Format::CycloneDx,
    Format::Atom,
];

const NASTY: &str = "=cmd()|' /C calc'!A1 <script>alert(\"1\")</script> ]]> & '\" | `x` [a](http://evil) @org/team {0}\r\n\
    \u{202e}txet\u{0}\u{1b}[31m \u{ffff}";

fn nasty() -> Finding {
    let long = "very-long-".repeat(30);
    Finding {
        package: Some(Package {
            version: Some("@1.0\n".into()),
            fixed_in: Some("+<b>2</b>".into()),
            manager: Some("JAR".into()),
            path: Some("-app/<i>\"lib\"</i>.jar".into()),
            name: long.as_str().into(),
        }),
        scores: vec![Score { version: "3.1".into(), value: 9.8, vector: Some("CVSS:3.1/<x>".into()) }],
        description: Some(NASTY.into()),
        links: vec!["javascript:alert(1)".into(), "https://example.org/<\"'>)|a b".into()],
        exploit_known: Some(true),
        threat: threat(),
        ..finding("CVE-<script>alert(1)</script>", "=DREAD\"FUL\"", "")
    }
}

fn accepted() -> Evaluation {
    let mut evaluation = found(now(), &[finding("CVE-2019-8457", "CRITICAL", "sqlite3")]);
    evaluation.accepted =
        evaluation.accepted.into_iter().map(|told| Accepted { reason: NASTY.into(), ..told }).collect();
    evaluation
}

/// A child of an index that shares its platform with another. Its first digits are those that people see.
fn child(n: u64) -> Image {
    let digest = format!("sha256:{n:0<64}").parse().unwrap();
    Image { digest, ..linux(image(n, &["multi"], 1), "amd64", None) }
}

fn records() -> Vec<Told> {
    let due = || Decision::Scan(Due::NeverScanned);
    let twin = |version: &str| {
        let package = Package { version: Some(version.into()), ..apparmor().package.unwrap() };
        Finding { package: Some(package), ..apparmor() }
    };
    let app = vec![
        decided(image(1, &["v1"], 1), due()),
        judged(1, found(now(), &[nasty(), twin("1"), twin("2")])),
        ended(1, Ending::Scanned),
        decided(image(2, &["accepted"], 1), due()),
        judged(2, accepted()),
        ended(2, Ending::Scanned),
        decided(image(3, &["failed"], 1), due()),
        ended(3, Ending::Failed { said: NASTY.into() }),
        decided(child(4), due()),
        Entry::Judged(child(4).digest, found(now(), &[apparmor()])),
        Entry::Ended(child(4).digest, Ending::Scanned),
        decided(child(5), due()),
        Entry::Judged(child(5).digest, found(now(), &[apparmor()])),
        Entry::Ended(child(5).digest, Ending::Scanned),
        Entry::Missing(NASTY.into()),
    ];
    let unread = Fault::new(FaultKind::Throttled, "DescribeImages", NASTY);
    vec![
        record("eu-west-1", "team/app", app),
        record("eu-west-1", "team/empty", Vec::new()),
        record("us-iso-east-1", "team/unread", vec![Entry::Unread(unread)]),
    ]
}

fn hostile(format: Format) -> String {
    let not_entered = NotEntered { registry: NASTY.into(), reason: NASTY.into() };
    let closing =
        Closing { not_entered: vec![not_entered], warnings: vec![NASTY.into()], ..Closing::default() };
    told_of(format, PassKind::Scan, records(), closing)
}

/// The report without what changes with every version of the program, or is a file of its own.
fn lasting(report: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    report
        .replace(include_str!("../templates/page.css"), "STYLE")
        .replace(include_str!("../templates/page.js"), "SCRIPT")
        .replace(&format!("\"{version}\""), "\"VERSION\"")
        .replace(&format!("ecr-vigil {version}"), "ecr-vigil VERSION")
}

/// What the reader of others says it has read.
#[track_caller]
fn read(format: Format, report: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where Python is")]
    let python = std::env::var("VIGIL_TEST_PYTHON");
    let python = python.expect("run the tests with `cargo xtask test`: it prepares Python");
    let room =
        std::env::temp_dir().join(format!("vigil-report-{}-{format}-{}", std::process::id(), report.len()));
    fs::create_dir_all(&room).unwrap();
    let mut reader = Command::new(python)
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/hold.py"), format.as_str()])
        .arg(&room)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(report.as_bytes()).unwrap();
    let output = reader.wait_with_output().unwrap();
    fs::remove_dir_all(&room).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{format}: {said}{}", String::from_utf8_lossy(&output.stderr));
    format!("{format}: {said}")
}

#[test]
fn a_scan_and_a_plan_in_the_formats_of_others() {
    for format in READ {
        assert_snapshot!(format!("a_scan_as_{format}"), lasting(&told(format, PassKind::Scan)));
    }
    for format in [Format::Csv, Format::Markdown, Format::Html, Format::JUnit] {
        assert_snapshot!(format!("a_plan_as_{format}"), lasting(&told(format, PassKind::Plan)));
    }
}

#[test]
fn hostile_texts_stay_texts() {
    for format in READ {
        assert_snapshot!(format!("hostile_texts_as_{format}"), lasting(&hostile(format)));
    }
}

#[test]
fn others_read_every_report() {
    let mut said = String::new();
    for format in READ {
        let none = told_of(format, PassKind::Scan, Vec::new(), Closing::default());
        let reports = [told(format, PassKind::Scan), told(format, PassKind::Plan), hostile(format), none];
        said.extend(reports.map(|report| read(format, &report)));
    }
    assert_snapshot!(said);
}

#[test]
fn junit_is_read_back_by_a_library() {
    for report in [told(Format::JUnit, PassKind::Scan), hostile(Format::JUnit)] {
        let read = quick_junit::Report::deserialize_from_str(&report).unwrap();
        assert_eq!(read.test_suites.len(), report.matches("<testsuite ").count());
    }
}

#[test]
fn the_same_report_is_the_same_bytes() {
    for format in READ {
        assert_eq!(hostile(format), hostile(format), "{format}");
    }
}

#[test]
fn a_comment_fits_however_much_there_is_to_tell() {
    let one = |n: u64| {
        let entries = vec![
            decided(image(n, &["v1"], 1), Decision::Scan(Due::NeverScanned)),
            judged(n, found(now(), &[nasty(), apparmor()])),
            ended(n, Ending::Scanned),
            Entry::Missing(NASTY.repeat(100)),
        ];
        record("eu-west-1", &format!("team/app{n:04}"), entries)
    };
    let report = told_of(Format::Markdown, PassKind::Scan, (1..400).map(one).collect(), closing());
    assert!(report.len() < 65_536, "{}", report.len());
    assert!(report.contains("\n… and ") && report.contains("more images"), "{report}");
    read(Format::Markdown, &report);
}
