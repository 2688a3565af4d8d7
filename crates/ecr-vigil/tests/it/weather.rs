//! Bad weather between the program and ECR: throttling, errors of the service, broken connections, slow answers.

use vigil_sim::{FaultAction, FaultRule, Profile, RateLimit, SimConfig};

use crate::stage::{Stage, clean, quick};

/// Every operation of a pass over a basic registry.
const OPERATIONS: [&str; 5] = [
    "DescribeRepositories",
    "DescribeImages",
    "DescribeImageScanFindings",
    "StartImageScan",
    "GetRegistryScanningConfiguration",
];

#[tokio::test]
async fn no_image_is_lost_in_a_throttle_storm() {
    let stage =
        Stage::with(SimConfig { repositories: 8, images: 120, profile: Profile::plain(), ..quick() }).await;
    for operation in OPERATIONS {
        stage.sim.set_limit(operation, Some(RateLimit { rate: 60.0, burst: 5.0 }));
    }
    let scan = stage.run("scan --format json --critical off --high off --medium off --low off").await.code(0);
    assert_eq!(scan.count("scanned"), 120, "{}", scan.outcomes());
    assert!(stage.sim.calls()["StartImageScan"].throttled > 0, "it was no storm");
    assert_eq!(stage.sim.calls()["StartImageScan"].ok, 120);
}

#[track_caller]
fn spoil_all(stage: &Stage, every: u64, action: &FaultAction) {
    for operation in OPERATIONS {
        stage.sim.add_fault(FaultRule::on(operation, action.clone()).every(every));
    }
    stage.sim.add_fault(FaultRule::on("GetRegistryScanningConfiguration", action.clone()).times(1));
    stage.sim.add_fault(FaultRule::on("DescribeRepositories", action.clone()).times(1));
}

async fn weathered(action: FaultAction) {
    let stage = Stage::with_images(quick(), 20).await;
    spoil_all(&stage, 4, &action);
    let scan = stage.run("scan --format json").await.code(0);
    assert_eq!(scan.count("scanned"), 20, "{}", scan.outcomes());
    assert!(stage.sim.calls()["StartImageScan"].arrived > 20, "nothing was spoilt: {action:?}");
}

#[tokio::test]
async fn errors_of_the_service_are_weathered() {
    weathered(FaultAction::ServerError).await;
    weathered(FaultAction::Unavailable).await;
}

#[tokio::test]
async fn dropped_connections_are_weathered() {
    weathered(FaultAction::Drop).await;
}

/// The scan has started although the answer did not arrive: asking again is refused, and still it is ours.
#[tokio::test]
async fn truncated_answers_are_weathered() {
    weathered(FaultAction::Truncate).await;
}

#[tokio::test]
async fn answers_later_than_the_call_timeout_are_asked_for_again() {
    let stage = Stage::with_images(quick(), 5).await;
    for operation in OPERATIONS {
        stage.sim.add_fault(FaultRule::on(operation, FaultAction::LatencyMs(30_000)).times(1));
    }
    let scan = stage.run("scan --format json --call-timeout 500ms").await.code(0);
    assert_eq!(scan.count("scanned"), 5, "{}", scan.outcomes());
}

#[tokio::test]
async fn what_never_answers_is_named_and_the_rest_is_done() {
    let stage = Stage::with_images(quick(), 3).await;
    let lost = stage.push("team/app:lost", clean());
    let rule = FaultRule::on("StartImageScan", FaultAction::Drop).image(&lost.to_string());
    stage.sim.add_fault(rule);
    let scan = stage.run("scan --format json").await.code(3);
    assert_eq!((scan.count("scanned"), scan.count("fault")), (3, 1), "{}", scan.outcomes());
}
