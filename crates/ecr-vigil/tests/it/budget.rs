//! Budgets and quotas: what does not fit is held, and says why and until when.

use vigil_sim::{ScanBehaviour, SimConfig};

use crate::golden::golden;
use crate::stage::{Stage, quick};

#[tokio::test]
async fn the_quota_of_ecr_holds_the_rest() {
    let scans = ScanBehaviour { daily_limit: 2, ..quick().scans };
    let stage = Stage::with_images(SimConfig { scans, ..quick() }, 4).await;
    let scan = stage.run("scan --format json --concurrency 1").await.code(3);
    golden("daily_quota", &scan.outcomes());
    assert_eq!(stage.calls("StartImageScan"), 3, "nothing is started after the refusal");
}

#[tokio::test]
async fn a_budget_of_ones_own_holds_the_rest() {
    for (budget, name) in [("--scans-per-day 3", "scans_per_day"), ("--scans-per-pass 3", "scans_per_pass")] {
        let stage = Stage::with_images(quick(), 4).await;
        let scan = stage.run(&format!("scan --format json {budget}")).await.code(0);
        golden(name, &scan.outcomes());
        assert_eq!(stage.calls("StartImageScan"), 3);
    }
}

#[tokio::test]
async fn the_next_pass_takes_up_what_was_held() {
    let stage = Stage::with_images(quick(), 4).await;
    for done in [2, 4, 4] {
        stage.run("scan --scans-per-pass 2").await.code(0);
        assert_eq!(stage.sim.calls()["StartImageScan"].ok, done);
    }
}
