//! Findings in every shape that ECR is known to give them.

use std::path::Path;

use serde_json::{Value, json};
use vigil_core::finding::{Finding, Package, Score, Severity};
use vigil_core::port::Scanner;
use vigil_core::scan::{Meaning, Scan, ScanState};

use super::stub::{Answer, Stub, digest, repository, signed_in};

fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/findings").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

async fn read(answer: Value) -> Scan {
    let stub = Stub::start(signed_in(move |_, _, _| Answer::json(answer.clone()))).await;
    stub.registry().await.read(&repository(), digest('a')).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_clean_scan_has_counts_and_no_findings() {
    let scan = read(sample("basic-complete-clean.json")).await;
    assert_eq!(scan.state, ScanState::Complete);
    assert_eq!(scan.description.as_deref(), Some("The scan was completed successfully."));
    assert_eq!(scan.completed_at, Some("2023-11-14T22:13:20Z".parse().unwrap()));
    assert!(scan.findings.is_empty() && scan.counts.is_some_and(|counts| counts.is_empty()));
}

#[tokio::test]
async fn a_basic_finding_names_its_package_and_score() {
    let scan = read(sample("basic-complete-cvss2.json")).await;
    let expected = Finding {
        id: "CVE-2019-5188".into(),
        arn: None,
        severity: Severity::Medium,
        package: Some(Package {
            name: "e2fsprogs".into(),
            version: Some("1.44.1-1ubuntu1.1".into()),
            fixed_in: None,
            manager: None,
            path: None,
        }),
        scores: vec![Score {
            version: "2".into(),
            value: 4.6,
            vector: Some("AV:L/AC:L/Au:N/C:P/I:P/A:P".into()),
        }],
        description: Some(
            "A code execution vulnerability exists in the directory rehashing functionality of E2fsprogs e2fsck 1.45.4."
                .into(),
        ),
        links: vec!["http://people.ubuntu.com/~ubuntu-security/cve/CVE-2019-5188".into()],
        exploit_known: None,
        threat: Default::default(),
        suppressed: false,
    };
    assert_eq!(scan.findings, [expected]);
}

#[tokio::test]
async fn all_pages_are_read_and_counts_come_from_ecr() {
    let first = sample("basic-complete-cvss3.json");
    let mut last = sample("basic-complete-cvss2.json");
    last["nextToken"] = Value::Null;
    let stub = Stub::start(signed_in(move |_, request, _| match request["nextToken"].as_str() {
        None => Answer::json(first.clone()),
        Some("opaque") => Answer::json(last.clone()),
        Some(other) => Answer::error("InvalidParameterException", other),
    }))
    .await;
    let scan = stub.registry().await.read(&repository(), digest('a')).await.unwrap().unwrap();
    let ids: Vec<&str> = scan.findings.iter().map(|finding| &*finding.id).collect();
    assert_eq!(ids, ["CVE-2023-45871", "CVE-2019-5188"]);
    assert_eq!(
        scan.findings[0].links[0].as_ref(),
        "https://security-tracker.debian.org/tracker/CVE-2023-45871"
    );
    assert_eq!(scan.findings[0].scores[0].version.as_ref(), "3.1");
    assert_eq!(scan.findings[0].description, None);
    let counts = scan.counts.unwrap();
    assert_eq!((counts.get(&Severity::Critical), counts.total()), (6, 715));
    assert_eq!(stub.requests("DescribeImageScanFindings")[0]["maxResults"], 1000);
}

#[tokio::test]
async fn pages_that_do_not_end_are_a_fault() {
    let page = sample("basic-complete-cvss3.json");
    let stub = Stub::start(signed_in(move |_, _, _| Answer::json(page.clone()))).await;
    let fault = stub.registry().await.read(&repository(), digest('a')).await.unwrap_err();
    assert!(fault.message.contains("do not end"), "{fault}");
}

#[tokio::test]
async fn null_findings_are_not_an_empty_list() {
    let scan = read(sample("basic-failed-unsupported-os.json")).await;
    assert_eq!((scan.meaning(), scan.counts), (Meaning::Unscannable, None));
}

#[tokio::test]
async fn a_running_scan_shows_no_findings_and_is_not_paged() {
    assert_eq!(read(sample("basic-in-progress.json")).await.meaning(), Meaning::Running);
    let mut again = sample("basic-complete-cvss3.json");
    again["imageScanStatus"] = json!({ "status": "IN_PROGRESS" });
    assert!(read(again).await.findings.is_empty(), "they are those of the scan before");
}

#[tokio::test]
async fn a_status_that_nobody_told_us_is_kept_as_it_was_said() {
    assert_eq!(read(sample("unknown-status.json")).await.state, ScanState::SizeExceeded);
    let scan = read(json!({ "imageScanStatus": { "status": "FROZEN" } })).await;
    assert_eq!(scan.state, ScanState::Other("FROZEN".into()));
}

#[tokio::test]
async fn no_scan_is_not_a_fault() {
    let stub = Stub::start(signed_in(|_, _, _| Answer::error("ScanNotFoundException", "No scan."))).await;
    assert_eq!(stub.registry().await.read(&repository(), digest('a')).await, Ok(None));
}

#[tokio::test]
async fn an_enhanced_finding_appears_once_for_each_package() {
    let scan = read(sample("enhanced-active.json")).await;
    assert_eq!(scan.state, ScanState::Active);
    let first = &scan.findings[0];
    let package = first.package.as_ref().unwrap();
    assert_eq!(package.version.as_deref(), Some("2.9.14+dfsg-1.3~deb12u1"));
    assert_eq!((package.fixed_in.as_ref(), package.manager.as_deref()), (None, Some("OS")));
    assert_eq!(first.scores.len(), 1, "the settled score is the one that the source gives");
    assert_eq!((first.exploit_known, first.links.len()), (Some(false), 1));
    assert!(scan.findings.iter().any(|finding| finding.severity == Severity::Untriaged));
    assert_eq!(scan.counts.unwrap().get(&Severity::Untriaged), 1);
}

#[tokio::test]
async fn closed_findings_are_left_out_and_suppressed_ones_marked() {
    let finding = |status: &str| {
        json!({ "severity": "WEIRD", "status": status, "exploitAvailable": "YES", "packageVulnerabilityDetails": {
            "vulnerabilityId": status, "sourceUrl": "https://a", "referenceUrls": ["https://b", "https://a "],
            "cvss": [{ "baseScore": 7.5, "version": "3.1", "scoringVector": "CVSS:3.1/AV:N" },
                     { "baseScore": 9.1, "version": "4.0" }],
            "vulnerablePackages": [
                { "name": "bind", "epoch": 32, "version": "9.11", "release": "1.el8", "fixedInVersion": "32:9.12" },
                { "name": "lodash", "version": "4.17.0", "packageManager": "NODEPKG", "filePath": "app/package.json" }
            ] } })
    };
    let enhanced = [finding("CLOSED"), finding("SUPPRESSED")];
    let answer = json!({ "imageScanStatus": { "status": "ACTIVE" },
        "imageScanFindings": { "enhancedFindings": enhanced, "findings": null } });
    let scan = read(answer).await;
    assert_eq!((scan.findings.len(), scan.counts), (2, None));
    let (system, language) = (&scan.findings[0], &scan.findings[1]);
    assert!(system.suppressed && system.exploit_known == Some(true) && system.scores.len() == 2);
    assert_eq!(system.severity, Severity::Unknown("WEIRD".into()));
    assert_eq!(system.links.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["https://a", "https://b"]);
    let package = system.package.as_ref().unwrap();
    assert_eq!(package.version.as_deref(), Some("32:9.11-1.el8"));
    assert_eq!(package.fixed_in.as_deref(), Some("32:9.12"));
    assert_eq!(language.package.as_ref().unwrap().path.as_deref(), Some("app/package.json"));
}
