//! Every status that ECR can answer, and every way in which an image or a repository can be lost on the way.

use vigil_sim::{FaultAction, FaultRule, ScanBehaviour, SimConfig};

use crate::golden::golden;
use crate::images::{finding, vulnerable};
use crate::stage::{Stage, clean, quick};

/// All that the API reference lists, and one that it does not.
const STATUSES: [&str; 12] = [
    "ACTIVE",
    "COMPLETE",
    "FAILED",
    "FINDINGS_UNAVAILABLE",
    "IMAGE_ARCHIVED",
    "IMAGE_SIZE_EXCEEDED",
    "IN_PROGRESS",
    "LIMIT_EXCEEDED",
    "PENDING",
    "SCAN_ELIGIBILITY_EXPIRED",
    "SOMETHING_NEW",
    "UNSUPPORTED_IMAGE",
];

fn dictate_each(stage: &Stage) {
    for image in stage.registry.images("team/app").unwrap() {
        let status = image.tags[0].to_uppercase();
        stage.registry.set_status("team/app", image.digest, &status, Some("said by the box")).unwrap();
    }
}

async fn an_image_for_each() -> Stage {
    let stage = Stage::new().await;
    for status in STATUSES {
        stage.push(&format!("team/app:{}", status.to_lowercase()), clean());
    }
    stage
}

#[tokio::test]
async fn every_status_before_the_pass_has_its_line() {
    let stage = an_image_for_each().await;
    dictate_each(&stage);
    let scan = stage.run("scan --format json --scan-timeout 1s").await.code(3);
    golden("statuses_before", &scan.outcomes());
}

#[tokio::test]
async fn every_status_after_a_start_has_its_line() {
    let stage = an_image_for_each().await;
    let starts = stage.sim.add_fault(FaultRule::on("StartImageScan", FaultAction::Hold));
    let running = stage.program("scan --format json --scan-timeout 1s").start().await;
    stage.sim.when_calls("StartImageScan", STATUSES.len() as u64).await;
    dictate_each(&stage);
    stage.sim.remove_fault(starts);
    golden("statuses_after", &running.end().await.code(3).outcomes());
}

#[tokio::test]
async fn complete_with_nothing_yet_is_not_reported_clean() {
    let scans = ScanBehaviour { empty_reads_after_completion: 2, ..quick().scans };
    let stage = Stage::with(SimConfig { scans, ..quick() }).await;
    stage.push("team/app:v1", vulnerable(&[finding("CVE-2024-3094", "CRITICAL", "xz-utils")]));
    stage.run("scan").await.code(1).reports("CRITICAL: CVE-2024-3094");
}

#[tokio::test]
async fn a_repository_deleted_before_its_images_are_listed_costs_nothing_else() {
    let stage = Stage::with_images(quick(), 2).await;
    stage.push("team/gone:v1", clean());
    let listing =
        stage.sim.add_fault(FaultRule::on("DescribeImages", FaultAction::Hold).repository("team/gone"));
    let running = stage.program("scan --format json").start().await;
    stage.sim.when_calls("DescribeImages", 2).await;
    stage.registry.delete_repository("team/gone").unwrap();
    stage.sim.remove_fault(listing);
    let scan = running.end().await.code(3);
    assert_eq!(scan.count("scanned"), 2);
    assert_eq!(scan.json()["repositories"][0]["faults"][0]["kind"], "repository_gone");
}

#[tokio::test]
async fn a_repository_deleted_before_its_scans_start_is_a_result_of_its_images() {
    let stage = Stage::with_images(quick(), 2).await;
    stage.push("team/gone:v1", clean());
    let start =
        stage.sim.add_fault(FaultRule::on("StartImageScan", FaultAction::Hold).repository("team/gone"));
    let running = stage.program("scan --format json").start().await;
    stage.sim.when_calls("StartImageScan", 3).await;
    stage.registry.delete_repository("team/gone").unwrap();
    stage.sim.remove_fault(start);
    golden("repository_deleted", &running.end().await.code(3).outcomes());
}

#[tokio::test]
async fn an_image_deleted_while_it_is_scanned_is_named() {
    let stage = Stage::with_images(quick(), 2).await;
    let gone = stage.push("team/app:gone", clean());
    let rule = FaultRule::on("StartImageScan", FaultAction::Hold).image(&gone.to_string());
    let start = stage.sim.add_fault(rule);
    let running = stage.program("scan --format json").start().await;
    stage.sim.when_calls("StartImageScan", 3).await;
    stage.registry.delete_image("team/app", gone).unwrap();
    stage.sim.remove_fault(start);
    golden("image_deleted", &running.end().await.code(3).outcomes());
}

#[tokio::test]
async fn access_denied_on_one_repository_is_its_own_trouble() {
    for operation in ["DescribeImages", "DescribeImageScanFindings", "StartImageScan"] {
        let stage = Stage::with_images(quick(), 2).await;
        stage.push("secret/app:v1", clean());
        stage.sim.add_fault(FaultRule::on(operation, FaultAction::AccessDenied).repository("secret/app"));
        let scan = stage.run("scan --format json").await.code(3);
        assert_eq!(scan.count("scanned"), 2, "{operation}");
        assert!(scan.stdout.contains("denied") && scan.stdout.contains(operation), "{}", scan.stdout);
    }
}
