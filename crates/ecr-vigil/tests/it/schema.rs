//! The JSON report keeps to its published schema, whatever happened in the pass.

use vigil_sim::{FaultAction, FaultRule};

use crate::images::one_of_everything;
use crate::program::Ended;
use crate::python::script;
use crate::stage::Stage;

async fn valid(stage: &Stage, report: &Ended) {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report.schema.json");
    script("validate.py", schema, stage.home.path()).stdin(&report.stdout).run().await.code(0);
}

#[tokio::test]
async fn a_plan_a_scan_and_a_second_scan() {
    let stage = one_of_everything().await;
    for (command, code) in [("plan", 0), ("scan", 1), ("scan", 1)] {
        let report = stage.run(&format!("{command} --format json")).await.code(code);
        valid(&stage, &report).await;
    }
}

#[tokio::test]
async fn a_pass_in_which_much_goes_wrong() {
    let stage = one_of_everything().await;
    stage.sim.add_fault(FaultRule::on("DescribeImages", FaultAction::AccessDenied).repository("team/web"));
    stage.sim.add_fault(FaultRule::on("StartImageScan", FaultAction::AccessDenied).times(1));
    stage.write("accepted.toml", "[[exception]]\nid = 'CVE-2022-9'\nreason = 'not reachable'\n");
    let report = stage
        .run("scan team/app team/web team/none:v1 --format json --exceptions accepted.toml --concurrency 1")
        .await;
    valid(&stage, &report.code(1)).await;
}
