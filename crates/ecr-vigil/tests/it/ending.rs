//! A pass that ends before its time: by a signal or at its time limit. What is finished stands, the rest is named.

use vigil_sim::{FaultAction, FaultRule};

use crate::golden::golden;
use crate::images::{finding, vulnerable};
use crate::stage::{Stage, clean, frozen, quick};

async fn ended_by(signal: &str) -> String {
    let stage = Stage::with_images(frozen(), 3).await;
    let running = stage.program("scan --format json").start().await;
    // Three looks before the starts, and three at each of the scans, which will never end.
    stage.sim.when_calls("DescribeImageScanFindings", 3 + 9).await;
    running.signal(signal);
    let ended = running.end().await.code(5);
    assert_eq!(ended.json()["registries"][0]["halted"], "interrupted");
    ended.outcomes()
}

#[tokio::test]
async fn a_signal_ends_the_pass_in_order() {
    let outcomes = ended_by("TERM").await;
    golden("interrupted", &outcomes);
    assert_eq!(ended_by("INT").await, outcomes);
}

#[tokio::test]
async fn the_time_limit_ends_the_pass_in_order() {
    let stage = Stage::with_images(frozen(), 3).await;
    let ended = stage.run("scan --format json --timeout 3s").await.code(5);
    assert_eq!(ended.json()["registries"][0]["halted"], "deadline");
    golden("interrupted", &ended.outcomes());
}

#[tokio::test]
async fn what_was_finished_before_the_signal_is_in_the_report() {
    let stage = Stage::with_images(quick(), 1).await;
    let findings = [finding("CVE-2024-3094", "CRITICAL", "xz-utils")];
    let stuck = stage.push("team/app:v2", vulnerable(&findings));
    stage.run("scan team/app:v1").await.code(0);
    let held = FaultRule::on("StartImageScan", FaultAction::Hold).image(&stuck.to_string());
    stage.sim.add_fault(held);
    stage.sim.reset_calls();
    let running = stage.program("scan --format json").start().await;
    stage.sim.when_calls("StartImageScan", 1).await;
    running.signal("TERM");
    golden("interrupted_start", &running.end().await.code(5).outcomes());
}

#[tokio::test]
async fn a_signal_while_repositories_are_listed_starts_nothing_and_names_those_not_reached() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.push("team/web:v1", clean());
    stage.sim.add_fault(FaultRule::on("DescribeImages", FaultAction::Hold).repository("team/web"));
    let running = stage.program("scan").start().await;
    stage.sim.when_calls("DescribeImages", 2).await;
    stage.sim.when_calls("DescribeImageScanFindings", 1).await;
    running.signal("TERM");
    golden("interrupted_listing", &running.end().await.code(5).stdout);
    assert_eq!(stage.calls("StartImageScan"), 0, "nothing is started after the signal");
}

#[tokio::test]
async fn starts_that_wait_for_their_turn_are_not_made_after_the_signal() {
    let stage = Stage::with_images(frozen(), 8).await;
    let running = stage.program("scan --format json --calls-per-second StartImageScan=0.5").start().await;
    stage.sim.when_calls("StartImageScan", 1).await;
    running.signal("TERM");
    let ended = running.end().await.code(5);
    assert_eq!(stage.calls("StartImageScan"), 1);
    assert_eq!(ended.stdout.matches("\"not_started\"").count(), 7, "{}", ended.outcomes());
}

#[tokio::test]
async fn a_second_signal_ends_the_program_at_once() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.sim.add_fault(FaultRule::on("StartImageScan", FaultAction::Hold));
    let mut running = stage.program("scan").start().await;
    stage.sim.when_calls("StartImageScan", 1).await;
    running.signal("INT");
    running.until("a second signal ends the program at once").await;
    running.signal("INT");
    running.end().await.code(5).silent();
}

#[tokio::test]
async fn a_signal_is_heeded_whatever_call_is_stuck() {
    for operation in ["GetCallerIdentity", "GetRegistryScanningConfiguration", "DescribeRepositories"] {
        let stage = Stage::with_images(quick(), 1).await;
        stage.sim.add_fault(FaultRule::on(operation, FaultAction::Hold));
        let running = stage.program("scan").start().await;
        stage.sim.when_calls(operation, 1).await;
        running.signal("TERM");
        running.end().await.code(5).reports("interrupted");
    }
}
