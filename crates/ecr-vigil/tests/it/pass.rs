//! One pass from the first call to the last line: planned, made, and made again.

use jiff::SignedDuration;

use crate::golden::golden;
use crate::images::{DUE, one_of_everything};
use crate::stage::{Stage, frozen, quick};

#[tokio::test]
async fn each_scannable_digest_is_scanned_once_and_a_second_pass_starts_nothing() {
    let stage = one_of_everything().await;
    stage.run("scan").await.code(1);
    let starts = stage.sim.calls()["StartImageScan"];
    // The box refuses a second scan of a digest within the day: as many as were accepted are as many digests.
    assert_eq!((starts.arrived, starts.ok), (DUE, DUE));

    stage.sim.reset_calls();
    stage.run("scan").await.code(1).reports("CVE-2024-3094");
    assert_eq!(stage.calls("StartImageScan"), 0);
}

#[tokio::test]
async fn a_plan_starts_nothing_and_says_why_image_by_image() {
    let stage = one_of_everything().await;
    let plan = stage.run("plan").await.code(0);
    golden("plan_text", &plan.stdout);
    for format in ["summary", "json", "table"] {
        let plan = stage.run(&format!("plan --format {format}")).await;
        golden(&format!("plan_{format}"), &plan.stdout);
    }
    assert_eq!(stage.calls("StartImageScan"), 0);
}

#[tokio::test]
async fn a_scan_is_reported_in_every_format() {
    for format in ["text", "summary", "json", "table"] {
        let stage = one_of_everything().await;
        let scan = stage.run(&format!("scan --format {format}")).await.code(1);
        golden(&format!("scan_{format}"), &scan.stdout);
    }
}

#[tokio::test]
async fn a_repository_of_two_pages_is_read_whole() {
    // More than the 1,000 that ECR gives on a page.
    let stage = Stage::with_images(quick(), 1_100).await;
    let plan = stage.run("plan --format json").await.code(0);
    assert_eq!(plan.count("planned"), 1_100);
    assert_eq!(stage.calls("DescribeImages"), 2);
}

#[tokio::test]
async fn the_selection_decides_what_is_looked_at() {
    let stage = one_of_everything().await;
    let planned = async |flags: &str| {
        let plan = stage.run(&format!("plan --format json {flags}")).await;
        (plan.json()["totals"]["repositories"].as_u64().unwrap(), plan.count("planned"))
    };
    assert_eq!(planned("").await, (3, DUE));
    assert_eq!(planned("--repositories team/*").await, (2, DUE));
    assert_eq!(planned("--repositories regex:team/(web|api)").await, (1, 3));
    assert_eq!(planned("--exclude-repositories team/web").await, (2, DUE - 3));
    assert_eq!(planned("--repositories team/app --tag-status untagged").await, (1, 1));
    assert_eq!(planned("--tags v*").await, (3, 3));
    assert_eq!(planned("--repositories team/app --exclude-tags v*,five").await.0, 1);
    assert_eq!(planned("--expiry 1m").await, (3, DUE - 1));
}

#[tokio::test]
async fn an_image_that_was_scanned_today_is_not_tried_again_whatever_the_expiry() {
    let stage = one_of_everything().await;
    let scan = stage.run("scan team/app:this-morning --expiry 1h --format json").await.code(1);
    golden("already_today", &scan.outcomes());
    assert_eq!(stage.calls("StartImageScan"), 0);
}

#[tokio::test]
async fn a_scan_that_somebody_else_has_started_is_waited_for() {
    let stage = Stage::with_images(frozen(), 1).await;
    let other = stage.program("scan").start().await;
    // One look before the start, and one after.
    stage.sim.when_calls("DescribeImageScanFindings", 2).await;
    other.signal("TERM");
    other.end().await.code(5);
    stage.sim.reset_calls();
    let scan = stage.program("scan --format json").start().await;
    stage.sim.when_calls("DescribeImageScanFindings", 2).await;
    stage.sim.clock().advance(SignedDuration::from_hours(1));
    let scan = scan.end().await.code(0);
    assert_eq!((scan.count("scanned"), stage.calls("StartImageScan")), (1, 0), "{}", scan.outcomes());
}
