//! `report`: what the memory knows, in every format, as programs of others read it.

use crate::images::{finding, one_of_everything, vulnerable};
use crate::program::Ended;
use crate::python::script;
use crate::stage::{Stage, clean};

const OF_OTHERS: [&str; 8] = ["sarif", "csv", "markdown", "html", "junit", "openvex", "cyclonedx", "atom"];

/// What the reader of others says it has read.
async fn read(stage: &Stage, format: &str, report: &Ended) -> String {
    let room = stage.home.path().display();
    let reader = "../../../vigil-report/tests/formats/hold.py";
    let told = script(reader, &format!("{format} {room}"), stage.home.path()).stdin(&report.stdout);
    told.run().await.code(0).stdout.trim().to_owned()
}

#[tokio::test]
async fn what_a_service_remembers_is_reported_beside_it_and_after_it() {
    let stage = one_of_everything().await;
    let service = stage.serve("").await;
    service.pass().await;
    let calls = stage.sim.calls();
    let json = stage.run("report --format json").await.code(1).json();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report.schema.json");
    script("validate.py", schema, stage.home.path()).stdin(&json.to_string()).run().await.code(0);
    assert_eq!(json["totals"]["findings"]["CRITICAL"], 1, "{json}");
    assert_eq!(json["totals"]["by_status"]["unscannable"], 1, "{json}");
    let mut beside = Vec::new();
    for format in OF_OTHERS {
        let report = stage.run(&format!("report --format {format} --severity-threshold LOW")).await.code(1);
        beside.push(read(&stage, format, &report).await);
    }
    service.end().await.code(0);
    for (format, beside) in OF_OTHERS.into_iter().zip(beside) {
        let report = stage.run(&format!("report --format {format} --severity-threshold LOW")).await.code(1);
        assert_eq!(read(&stage, format, &report).await, beside, "{format}");
    }
    assert_eq!(stage.sim.calls().len(), calls.len(), "AWS is not asked");
}

#[tokio::test]
async fn a_scan_and_a_plan_are_written_in_the_formats_of_others() {
    let stage = one_of_everything().await;
    for format in OF_OTHERS {
        let plan = stage.run(&format!("plan --format {format}")).await.code(0);
        read(&stage, format, &plan).await;
        let scan = stage.run(&format!("scan --format {format}")).await.code(1);
        read(&stage, format, &scan).await;
    }
}

#[tokio::test]
async fn what_is_asked_for_is_selected() {
    let stage = Stage::new().await;
    stage.push("team/app:latest", vulnerable(&[finding("CVE-1", "HIGH", "zlib")]));
    stage.push("team/web:latest", clean());
    let service = stage.serve("").await;
    service.pass().await;
    stage.push(
        "team/app:latest",
        vulnerable(&[finding("CVE-1", "HIGH", "zlib"), finding("CVE-2", "HIGH", "curl")]),
    );
    service.pass().await;
    let told = stage.run("report --format summary --repositories team/web").await.code(0).stdout;
    assert_eq!(told.trim(), "Results for team/web:latest in us-east-1:");
    stage.run("report --repositories team/app").await.code(1).reports("HIGH: CVE-1").reports("HIGH: CVE-2");
    let new = stage.run("report --repositories team/app --new").await.code(1).reports("HIGH: CVE-2");
    assert!(!new.stdout.contains("CVE-1"), "{}", new.stdout);
    stage.run("report --repositories team/none").await.code(0).reports("Warning: nothing is remembered");
    service.end().await.code(0);
}

#[tokio::test]
async fn without_a_memory_there_is_no_report_and_none_is_made() {
    let stage = Stage::new().await;
    stage.run("report").await.code(4).silent().complains("vigil.db cannot be opened");
    assert!(!stage.home.path().join("vigil.db").exists());
    stage.write("vigil.db", "nothing of ours");
    stage.run("report").await.code(4).silent().complains("it is no SQLite database");
    stage.untouched();
}
