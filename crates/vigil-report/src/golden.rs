//! Every format of one story, as people and programs see it.

use insta::assert_snapshot;
use vigil_core::policy::LeftOut;
use vigil_core::testing::{finding, image, now};
use vigil_core::{Decision, Digest, Due, Ending, Evaluation, Image};

use crate::stories::{apparmor, decided, ended, found, judged, linux, record, told, told_of};
use crate::{Closing, Format, PassKind};

#[test]
fn a_scan_as_text() {
    assert_snapshot!(told(Format::Text, PassKind::Scan));
}

#[test]
fn a_scan_as_summary() {
    assert_snapshot!(told(Format::Summary, PassKind::Scan));
}

#[test]
fn a_scan_as_json() {
    assert_snapshot!(told(Format::Json, PassKind::Scan));
}

#[test]
fn a_scan_as_table() {
    assert_snapshot!(told(Format::Table, PassKind::Scan));
}

#[test]
fn a_plan_as_text() {
    assert_snapshot!(told(Format::Text, PassKind::Plan));
}

#[test]
fn a_plan_as_summary() {
    assert_snapshot!(told(Format::Summary, PassKind::Plan));
}

#[test]
fn a_plan_as_json() {
    assert_snapshot!(told(Format::Json, PassKind::Plan));
}

#[test]
fn a_plan_as_table() {
    assert_snapshot!(told(Format::Table, PassKind::Plan));
}

#[test]
fn a_pass_over_nothing() {
    let told = Format::ALL.map(|format| {
        let told = told_of(format, PassKind::Scan, Vec::new(), Closing::default());
        format!("[{format}]\n{told}")
    });
    assert_snapshot!(told.concat());
}

#[test]
fn no_format_reads_an_error_as_no_vulnerabilities() {
    let never = || decided(image(1, &["v1"], 1), Decision::Scan(Due::NeverScanned));
    let failed = || Ending::Failed { said: "FAILED".into() };
    for entries in [
        vec![never(), ended(1, failed())],
        // Not what the steps write, but nothing forbids it: an ending that promises findings without any.
        vec![never(), ended(1, Ending::Scanned)],
        vec![never()],
    ] {
        let records = || vec![record("eu-west-1", "team/app", entries.clone())];
        let told = |format| told_of(format, PassKind::Scan, records(), Closing::default());
        assert!(!told(Format::Text).contains("No vulnerabilities"), "{}", told(Format::Text));
        assert!(told(Format::Summary).contains("(not scanned: "), "{}", told(Format::Summary));
        assert!(told(Format::Json).contains("\"findings\":null"), "{}", told(Format::Json));
        assert!(!told(Format::Table).contains(" 0 "), "{}", told(Format::Table));
    }
}

#[test]
fn the_ordinary_text_is_that_of_the_scanner_before_line_for_line() {
    let due = || Decision::Scan(Due::NeverScanned);
    let entries = vec![
        decided(image(1, &["v1"], 1), due()),
        judged(1, found(now(), &[apparmor(), finding("CVE-1", "LOW", "bash")])),
        ended(1, Ending::Scanned),
        decided(image(2, &["v2"], 1), due()),
        judged(2, found(now(), &[])),
        ended(2, Ending::Scanned),
        decided(image(3, &["v3"], 1), due()),
        ended(3, Ending::Failed { said: "FAILED".into() }),
    ];
    let records = vec![record("eu-west-1", "team/app", entries)];
    let told = told_of(Format::Text, PassKind::Scan, records, Closing::default());
    let expected = "\
Container security updates as of Sat, 21 Nov 2026 12:00:00 +0000

----------------------------------------
Image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1
Summary:
         HIGH:     1
          LOW:     1

Reporting Threshold: HIGH

Details:

HIGH: CVE-2016-1585 (http://people.ubuntu.com/~ubuntu-security/cve/CVE-2016-1585)
Package: apparmor:2.10.95
CVSS2 Score: 7.5
CVSS2 Vectors: AV:N/AC:L/Au:N/C:P/I:P/A:P
Description: In all versions of AppArmor mount rules are accidentally widened when compiled.

----------------------------------------

Image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v2
Summary:

Reporting Threshold: HIGH

Details:
No vulnerabilities at HIGH or above detected!
----------------------------------------

Image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v3
Error: the scan failed: FAILED
----------------------------------------

Totals:
";
    assert_eq!(&told[..expected.len().min(told.len())], expected);
}

#[test]
fn findings_that_ecr_counts_without_listing_them_are_not_passed_over() {
    let counted = Evaluation { details: Vec::new(), ..found(now(), &[apparmor()]) };
    let entries = vec![
        decided(image(1, &["v1"], 1), Decision::Scan(Due::NeverScanned)),
        judged(1, counted),
        ended(1, Ending::Scanned),
    ];
    let records = vec![record("eu-west-1", "team/app", entries)];
    let told = told_of(Format::Text, PassKind::Scan, records, Closing::default());
    assert!(told.contains("Details:\nCounted by ECR but not listed: 1\n"), "{told}");
}

#[test]
fn what_is_left_out_shows_no_findings_anywhere() {
    let entries = || {
        vec![
            decided(image(1, &["v1"], 1), Decision::Scan(Due::NeverScanned)),
            judged(1, found(now(), &[apparmor(), finding("CVE-2019-8457", "CRITICAL", "sqlite3")])),
            decided(image(1, &["v1"], 1), Decision::LeaveOut(LeftOut::Archived)),
        ]
    };
    for format in Format::ALL {
        for kind in [PassKind::Scan, PassKind::Plan] {
            let records = vec![record("eu-west-1", "team/app", entries())];
            let told = told_of(format, kind, records, Closing::default());
            for word in ["CVE-", "CRITICAL", "accepted  ", "findings  ", "over a threshold"] {
                assert!(!told.contains(word), "{format}, {word}: {told}");
            }
            assert_eq!(told.contains("\"findings\":null"), format == Format::Json, "{told}");
        }
    }
}

#[test]
fn children_of_an_index_that_share_a_platform_or_have_none_do_not_look_alike() {
    // The testing values differ in the last digits, but people see the first.
    let digest = |n: u64| format!("sha256:{n:0<64}").parse::<Digest>().unwrap();
    let amd64 = |n| Image { digest: digest(n), ..linux(image(n, &["multi"], 1), "amd64", None) };
    let nowhere = |n| Image { platform: None, ..amd64(n) };
    let told = |format, kind| {
        let children = [amd64(1), amd64(2), nowhere(3), nowhere(4)];
        let entries = children.map(|child| decided(child, Decision::Scan(Due::NeverScanned)));
        told_of(format, kind, vec![record("eu-west-1", "team/app", entries.into())], Closing::default())
    };
    let text = told(Format::Text, PassKind::Scan);
    let json = told(Format::Json, PassKind::Scan);
    let summary = told(Format::Summary, PassKind::Scan);
    let plan = told(Format::Text, PassKind::Plan);
    for (n, short) in [
        (1, "team/app:multi (linux/amd64, sha256:100000000000)"),
        (2, "team/app:multi (linux/amd64, sha256:200000000000)"),
        (3, "team/app:multi (sha256:300000000000)"),
        (4, "team/app:multi (sha256:400000000000)"),
    ] {
        assert!(text.contains(&format!("\nDigest: {}\n", digest(n))), "{text}");
        assert!(json.contains(&format!("/team/app@{}\"", digest(n))), "{json}");
        assert!(summary.contains(short), "{summary}");
        assert!(plan.contains(short), "{plan}");
    }
}

#[test]
fn a_report_of_many_repositories_lines_up_and_stays_one_document() {
    let records = || {
        let one = |n| {
            let entries = vec![
                decided(image(n, &["v1"], 1), Decision::Scan(Due::NeverScanned)),
                judged(n, found(now(), &[])),
                ended(n, Ending::Scanned),
            ];
            record("eu-west-1", &format!("team/app{n:04}"), entries)
        };
        (0..1_000).map(one).collect()
    };
    let table = told_of(Format::Table, PassKind::Scan, records(), Closing::default());
    let at = table.find("2026-").unwrap() - table[..table.find("2026-").unwrap()].rfind('\n').unwrap();
    let rows = table.lines().filter(|line| line.starts_with("team/"));
    assert!(rows.clone().all(|row| row.find("2026-") == Some(at - 1)));
    assert_eq!(rows.count(), 1_000);
    assert_eq!(table.matches("IMAGE").count(), 1, "the titles stand once for each registry");
    let json = told_of(Format::Json, PassKind::Scan, records(), Closing::default());
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["images"].as_array().unwrap().len(), 1_000);
    assert_eq!(json.lines().count(), 1_004, "an image a line");
}
