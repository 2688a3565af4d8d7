//! Many who ask while a pass is under way.

use futures::future::join_all;
use serde_json::{Value, json};
use vigil_sim::{FaultAction, FaultRule};

use crate::images::{finding, vulnerable};
use crate::serving::{Answer, Serving};
use crate::stage::Stage;

const PATHS: [&str; 6] = [
    "/api/v1/images?limit=1000",
    "/api/v1/findings?limit=1000",
    "/api/v1/passes",
    "/api/v1/vulnerabilities",
    "/summary",
    "/metrics",
];

/// A registry whose images all have two findings, and a pass over it that cannot end before it is let go.
async fn under_way(stage: &Stage, service: &Serving) -> (vigil_sim::FaultId, String) {
    let findings = [finding("CVE-2024-1", "HIGH", "zlib"), finding("CVE-2024-2", "LOW", "tar")];
    for n in 0..60 {
        stage.push(&format!("team/app-{}:v{n}", n % 5), vulnerable(&findings));
    }
    let last = stage.push("team/last:v1", vulnerable(&findings)).to_string();
    let held = stage.sim.add_fault(FaultRule::on("StartImageScan", FaultAction::Hold).image(&last));
    let begun = service.post("/api/v1/passes", "{}").await.status(202).json();
    stage.sim.when_calls("StartImageScan", 1).await;
    (held, begun["id"].as_str().unwrap().to_owned())
}

/// So many ask at once; each must be answered.
async fn crowd(service: &Serving, readers: usize) -> Vec<(&'static str, Answer)> {
    join_all((0..readers).map(|n| async move { (PATHS[n % 6], service.get(PATHS[n % 6]).await) })).await
}

/// An image has both findings or none, whenever somebody looks.
#[track_caller]
fn is_consistent(path: &str, answer: &Answer) {
    let items = || answer.json()["items"].as_array().unwrap().clone();
    match path {
        "/api/v1/images?limit=1000" => {
            for image in items() {
                let counts = &image["counts"];
                assert!(counts.is_null() || *counts == json!({"HIGH": 1, "LOW": 1}), "{image}");
                assert!(counts.is_null() || image["scan"]["state"] == "COMPLETE", "{image}");
            }
        }
        "/api/v1/findings?limit=1000" => {
            let of = |name: &str| items().iter().filter(|item| item["vulnerability"] == name).count();
            assert_eq!(of("CVE-2024-1"), of("CVE-2024-2"));
        }
        "/api/v1/passes" => assert_eq!((items().len(), &items()[0]["ended"]), (1, &Value::Null)),
        "/metrics" => assert!(answer.body.contains("ecr_vigil_store_up 1"), "{}", answer.body),
        _ => {}
    }
}

#[tokio::test]
async fn five_hundred_read_during_a_pass_and_each_is_told_something_consistent() {
    let stage = Stage::new().await;
    let service = stage.serve("").await;
    let (held, pass) = under_way(&stage, &service).await;
    for (path, answer) in crowd(&service, 500).await {
        let answer = answer.status(200);
        is_consistent(path, &answer);
    }
    stage.sim.remove_fault(held);
    service.until_ended(&pass).await;
    assert_eq!(service.last_pass().await["outcome"], "complete");
    assert_eq!(service.items("images?limit=1000").await.as_array().unwrap().len(), 61);
    service.end().await.code(0);
}

#[tokio::test]
async fn whoever_finds_no_room_is_told_when_to_come_again_and_the_pass_does_not_mind() {
    let stage = Stage::new().await;
    let service = stage.serve("--concurrent-requests 4").await;
    let (held, pass) = under_way(&stage, &service).await;
    let answers = crowd(&service, 200).await;
    for (_, answer) in &answers {
        match answer.status {
            200 => {}
            503 => assert!(answer.header("Retry-After").is_some(), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
    }
    assert!(answers.iter().any(|(_, answer)| answer.status == 200));
    stage.sim.remove_fault(held);
    service.until_ended(&pass).await;
    assert_eq!(service.last_pass().await["outcome"], "complete");
    service.end().await.code(0);
}
