//! A registry with enhanced scanning: Amazon Inspector scans by itself, and a pass only reads.

use serde_json::{Value, json};
use vigil_sim::{FaultAction, FaultRule, NewImage, ScanBehaviour, ScanRule, Scanning, SimConfig};

use crate::golden::golden;
use crate::stage::{Stage, clean, quick};

fn finding() -> Value {
    json!({
        "severity": "HIGH",
        "title": "CVE-2022-9 - curl",
        "description": "curl does what it should not.",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2022-9",
            "sourceUrl": "https://nvd.nist.gov/vuln/detail/CVE-2022-9",
            "vulnerablePackages": [
                {"name": "curl", "version": "7.0", "packageManager": "OS", "fixedInVersion": "7.1"}
            ]
        }
    })
}

fn vulnerable() -> NewImage {
    NewImage { enhanced_findings: Some(vec![finding()]), ..clean() }
}

async fn enhanced() -> Stage {
    let stage = Stage::with(SimConfig { scanning: Scanning::enhanced(&["team/*"]), ..quick() }).await;
    stage.push("team/app:v1", vulnerable());
    stage.push("team/app:v2", NewImage { enhanced_findings: Some(Vec::new()), ..clean() });
    stage.push("other/app:v1", clean());
    stage
}

#[tokio::test]
async fn it_is_read_and_never_told_to_scan() {
    let stage = enhanced().await;
    let scan = stage.run("scan").await.code(1);
    golden("enhanced", &scan.stdout);
    assert_eq!(stage.calls("StartImageScan"), 0);
}

#[tokio::test]
async fn without_the_right_to_ask_the_first_refusal_tells() {
    let stage = enhanced().await;
    stage.sim.add_fault(FaultRule::on("GetRegistryScanningConfiguration", FaultAction::AccessDenied));
    let scan = stage.run("scan --format json --concurrency 1").await.code(1).reports("CVE-2022-9");
    assert_eq!(stage.sim.calls()["StartImageScan"].ok, 0);
    golden("enhanced_unasked", &scan.outcomes());
    let told = scan.json();
    assert_eq!(told["registries"][0]["mode"], "by_itself");
    let warning = told["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("how it is scanned was not told") && warning.contains("access denied"),
        "{warning}"
    );
}

#[tokio::test]
async fn a_push_whose_findings_are_not_there_yet_is_not_reported_clean() {
    let scans = ScanBehaviour { empty_reads_after_completion: 2, ..quick().scans };
    let scanning = Scanning { rules: vec![ScanRule::on_push(&["team/*"])], ..Scanning::enhanced(&[]) };
    let stage = Stage::with(SimConfig { scanning, scans, ..quick() }).await;
    stage.push("team/app:v1", vulnerable());
    stage.run("scan").await.code(1).reports("HIGH: CVE-2022-9");
}

#[tokio::test]
async fn the_report_says_when_inspector_last_looked() {
    let stage = enhanced().await;
    let watched = stage.registry.images("team/app").unwrap()[0].digest;
    let last_year = "2025-11-02T08:00:00Z".parse().unwrap();
    stage.registry.set_status_at("team/app", watched, "ACTIVE", last_year).unwrap();
    stage.run("scan --format json").await.code(1).reports(r#""completed_at":"2025-11-02T08:00:00Z""#);
}
