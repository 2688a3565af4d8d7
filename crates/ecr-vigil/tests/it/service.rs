//! The service: passes by schedule and by hand, what it remembers, and how it ends and begins again.

use jiff::SignedDuration;
use serde_json::Value;

use crate::images::{finding, vulnerable};
use crate::stage::{Stage, clean, frozen, quick};

fn listed(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap().iter();
    let line = |item: &Value| format!("{} {}", item["vulnerability"], item["state"]).replace('"', "");
    let mut lines: Vec<String> = items.map(line).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn it_passes_when_its_schedule_comes_around_and_by_hand_and_remembers() {
    let stage = Stage::new().await;
    stage.push("team/app:v1", vulnerable(&[finding("CVE-2024-3094", "CRITICAL", "xz-utils")]));
    stage.write("vigil.toml", "[schedule]\ncron = \"* * * * * *\"\n");
    let mut service = stage.serve("").await;
    service.until_logged("pass ended").await;
    let pass = service.last_pass().await;
    assert_eq!((&pass["trigger"], &pass["outcome"]), (&"schedule".into(), &"complete".into()), "{pass}");
    let found = service.items("vulnerabilities/CVE-2024-3094/images").await;
    assert_eq!(found[0]["repository"], "team/app", "{found}");
    service.end().await.code(0);
    assert_eq!(stage.calls("StartImageScan"), 1, "later passes start nothing");
}

#[tokio::test]
async fn what_is_new_and_what_was_fixed_is_told_along_a_tag() {
    let stage = Stage::new().await;
    stage.push(
        "team/app:latest",
        vulnerable(&[finding("CVE-1", "HIGH", "zlib"), finding("CVE-2", "LOW", "tar")]),
    );
    let service = stage.serve("").await;
    service.pass().await;
    let findings = "/api/v1/findings?repository=team/app&state=new,open,fixed";
    let first = service.get(findings).await.status(200).json();
    assert_eq!(listed(&first), ["CVE-1 open", "CVE-2 open"], "nothing is new at first sight: {first}");

    stage.push(
        "team/app:latest",
        vulnerable(&[finding("CVE-1", "HIGH", "zlib"), finding("CVE-3", "LOW", "curl")]),
    );
    service.pass().await;
    let second = service.get(findings).await.status(200).json();
    assert_eq!(listed(&second), ["CVE-1 open", "CVE-2 fixed", "CVE-3 new"], "{second}");
    service.end().await.code(0);
}

#[tokio::test]
async fn after_a_restart_everything_is_remembered() {
    let stage = Stage::with_images(quick(), 3).await;
    let service = stage.serve("").await;
    let pass = service.pass().await;
    let before = service.get("/api/v1/images?sort=name").await.status(200).body;
    service.kill().await;
    let service = stage.serve("").await;
    assert_eq!(service.get("/api/v1/images?sort=name").await.status(200).body, before);
    assert_eq!(service.last_pass().await["id"], pass.as_str());
    service.end().await.code(0);
}

#[tokio::test]
async fn a_pass_that_is_interrupted_goes_on_after_a_restart() {
    let stage = Stage::with_images(frozen(), 3).await;
    let service = stage.serve("--run-now").await;
    stage.sim.when_calls("StartImageScan", 3).await;
    let pass = service.last_pass().await["id"].clone();
    service.end().await.code(0);
    stage.sim.clock().advance(SignedDuration::from_mins(5));
    let mut service = stage.serve("").await;
    service.until_logged("pass ended").await;
    let last = service.last_pass().await;
    assert_eq!((&last["id"], &last["outcome"]), (&pass, &"complete".into()), "{last}");
    assert_eq!(stage.calls("StartImageScan"), 3, "no scan is asked for twice");
    service.end().await.code(0);
}

#[tokio::test]
async fn a_hangup_reads_the_settings_again_and_refuses_wrong_ones() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.write("vigil.toml", "[schedule]\ncron = \"@yearly\"\n");
    let mut service = stage.serve("").await;
    stage.write("vigil.toml", "[schedule]\ncron = \"61 * * * *\"\n");
    service.signal("HUP");
    service.until_logged("the settings are refused").await;
    stage.write("vigil.toml", "[schedule]\ncron = \"* * * * * *\"\n");
    service.signal("HUP");
    service.until_logged("the settings were read again").await;
    service.until_logged("pass ended").await;
    service.end().await.code(0);
}

#[tokio::test]
async fn scan_configurations_take_part_in_passes() {
    let stage = Stage::new().await;
    for name in ["team/app:v1", "team/app:v2", "team/web:v1"] {
        stage.push(name, clean());
    }
    let service = stage.serve("--scan-configs only").await;
    let config =
        r#"{"region": "us-east-1", "registry": "123456789012", "repository": "team/app", "tags": ["v1"]}"#;
    let made = service.post("/configs", config).await.status(201);
    assert!(made.header("Location").is_some_and(|at| at.starts_with("/configs/")), "{made:?}");
    service.pass().await;
    assert_eq!(stage.calls("StartImageScan"), 1, "only what the configuration names");
    let summary = service.get("/summary").await.status(200).body;
    assert_eq!(summary, "Results for team/app:v1 in us-east-1:\n\n\n", "scanned, and nothing found");
    service.end().await.code(0);
}

#[tokio::test]
async fn two_services_do_not_share_a_database_file() {
    let stage = Stage::new().await;
    let first = stage.serve("").await;
    stage.run("serve --http-port 0").await.code(4).complains("vigil.db");
    first.end().await.code(0);
}

#[tokio::test]
async fn a_database_that_is_none_is_left_as_it_is() {
    let stage = Stage::new().await;
    stage.write("vigil.db", "this is not a database, but somebody's notes");
    stage.run("serve --http-port 0").await.code(4).complains("vigil.db");
    let notes = std::fs::read_to_string(stage.home.path().join("vigil.db")).unwrap();
    assert_eq!(notes, "this is not a database, but somebody's notes");
}
