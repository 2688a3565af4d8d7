//! Exceptions: made here once, shown with those of the settings' file, and ended where they stand.

use serde_json::{Value, json};
use vigil_core::policy::{Exception, Exceptions};

use super::stage::Stage;

fn written(id: &str, until: Option<&str>) -> Exception {
    let until = until.map(|day| day.parse().unwrap());
    let file = Some("/etc/ecr-vigil/exceptions.toml".to_owned());
    Exception { repository: "team/*".parse().ok(), until, file, ..Exception::of(id, "not linked") }
}

/// A service whose settings name a file with two exceptions, of which one is over, and that has made three.
async fn stage() -> Stage {
    let stage = Stage::plain().await;
    let exceptions = Exceptions::new(vec![written("CVE-2", None), written("CVE-1", Some("2026-11-20"))]);
    *stage.schedules.accepted.lock().unwrap() = exceptions;
    for n in 7..=9 {
        accept(&stage, &format!(r#"{{"vulnerability":"cve-{n}","reason":"r"}}"#), 201).await;
    }
    stage
}

async fn accept(stage: &Stage, body: &str, status: u16) -> Value {
    stage.send("POST /api/v1/exceptions", body).await.is(status).json()
}

async fn vulnerabilities(stage: &Stage, query: &str) -> Vec<String> {
    let (mut told, mut next) = (Vec::new(), Some(format!("/api/v1/exceptions?{query}")));
    while let Some(path) = next {
        let page = stage.ask(&format!("GET {path}")).await.is(200).json();
        let items = page["items"].as_array().unwrap();
        told.extend(items.iter().map(|item| item["vulnerability"].as_str().unwrap().to_owned()));
        next = page["next"].as_str().map(str::to_owned);
    }
    told
}

#[tokio::test]
async fn those_of_the_file_are_shown_with_where_they_stand() {
    let stage = stage().await;
    let all = ["CVE-9", "CVE-8", "CVE-7", "CVE-1", "CVE-2"];
    for limit in ["limit=1", "limit=2", "limit=3", "limit=4", "limit=5", "limit=1000"] {
        assert_eq!(vulnerabilities(&stage, limit).await, all, "{limit}");
    }
    assert_eq!(vulnerabilities(&stage, "in_force=true&limit=2").await, ["CVE-9", "CVE-8", "CVE-7", "CVE-2"]);
    assert_eq!(vulnerabilities(&stage, "vulnerability=cve-1").await, ["CVE-1"]);
    let item = stage.ask("GET /api/v1/exceptions?vulnerability=CVE-2").await.json()["items"][0].clone();
    let expected = json!({
        "id": item["id"], "vulnerability": "CVE-2", "package": null, "repository": "team/*", "tag": null, "digest": null,
        "severity": null,
        "reason": "not linked", "until": null, "lapses_in_days": null, "matches": 0, "images": 0,
        "last_matched_at": null, "source": "file", "file": "/etc/ecr-vigil/exceptions.toml",
        "author": null, "created_at": null, "ended_at": null, "in_force": true, "counted": null,
    });
    assert_eq!(item, expected);
    let at = format!("/api/v1/exceptions/{}", item["id"].as_str().unwrap());
    assert_eq!(stage.ask(&format!("GET {at}")).await.is(200).json(), item);
    let answer = stage.ask(&format!("POST {at}/expire")).await.is(409);
    answer.complains("conflict", "stands in `/etc/ecr-vigil/exceptions.toml`");
}

#[tokio::test]
async fn one_that_is_in_force_is_the_answer_to_the_same_once_more() {
    let stage = Stage::plain().await;
    let body = r#"{"vulnerability":"CVE-1","package":"zlib","reason":"r","until":"2026-12-31"}"#;
    let first = stage.send("POST /api/v1/exceptions", body).await.is(201);
    let again = stage.send("POST /api/v1/exceptions", body).await.is(200);
    assert_eq!((first.json(), first.header("location")), (again.json(), again.header("location")));
    assert_eq!((&first.json()["in_force"], &first.json()["counted"]), (&json!(true), &json!(true)));
    let other = accept(&stage, &body.replace("zlib", "tar"), 201).await;
    assert_ne!(other["id"], first.json()["id"]);
    stage.ask(&format!("POST {}/expire", first.header("location"))).await.is(200);
    let anew = accept(&stage, body, 201).await;
    assert_ne!(anew["id"], first.json()["id"]);
    assert_eq!(vulnerabilities(&stage, "").await.len(), 3);
}

#[tokio::test]
async fn a_pattern_of_vulnerabilities_is_refused_with_what_is_accepted() {
    let stage = Stage::plain().await;
    for pattern in ["*", "CVE-2024-*", "CVE-2024-309?"] {
        let body = json!({ "vulnerability": pattern, "reason": "r" }).to_string();
        let said =
            format!("vulnerability: `{pattern}` is not the id of one vulnerability, such as `CVE-2024-3094`");
        let answer = stage.send("POST /api/v1/exceptions", &body).await.is(422);
        answer.complains("invalid-content", &said);
    }
}

#[tokio::test]
async fn one_that_would_never_be_in_force_is_refused() {
    let stage = Stage::plain().await;
    let until =
        |day: &str| format!(r#"{{"vulnerability":"CVE-1","reason":"größer als nötig","until":"{day}"}}"#);
    let yesterday = vigil_core::testing::now() - jiff::SignedDuration::from_hours(24);
    let yesterday = yesterday.strftime("%F").to_string();
    let refused = stage.send("POST /api/v1/exceptions", &until(&yesterday)).await.is(422);
    let refused = refused.complains("invalid-content", "would never be in force").json();
    assert_eq!(refused["errors"][0]["name"], "until");
    let today = vigil_core::testing::now().strftime("%F").to_string();
    accept(&stage, &until(&today), 201).await;
}
