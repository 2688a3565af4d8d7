//! Passes: asked for, watched, and planned.

use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use tower::ServiceExt;
use vigil_core::port::{Milestone, Progress};
use vigil_core::testing::now;
use vigil_core::{ImageName, RegistryId};

use super::answer::request;
use super::memory::{begin, remember};
use super::stage::Stage;
use crate::http::{Limits, Options};

/// What a watcher is told, piece by piece.
struct Watcher(BodyDataStream);

impl Watcher {
    async fn of(stage: &Stage, pass: &str) -> Self {
        let request = request(&format!("GET /api/v1/passes/{pass}/events"));
        let response = stage.app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(Body::into_data_stream(response.into_body()))
    }

    /// The next event as it is sent; comments that only keep the connection are passed over.
    async fn hears(&mut self) -> Option<String> {
        loop {
            let piece = String::from_utf8(self.0.next().await?.unwrap().to_vec()).unwrap();
            if !piece.starts_with(':') {
                return Some(piece);
            }
        }
    }
}

fn registry() -> RegistryId {
    let [partition, account, region] = ["aws", "123456789012", "eu-west-1"];
    RegistryId {
        partition: partition.parse().unwrap(),
        account: account.parse().unwrap(),
        region: region.parse().unwrap(),
    }
}

async fn started(stage: &Stage, body: &str) -> String {
    let answer = stage.send("POST /api/v1/passes", body).await.is(202);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("/api/v1/passes/{id}"));
    id
}

#[tokio::test]
async fn one_pass_of_a_schedule_at_a_time() {
    let stage = Stage::plain().await;
    let first = started(&stage, "").await;
    let answer = stage.send("POST /api/v1/passes", r#"{"schedule":"default"}"#).await.is(409);
    let answer = answer.complains("conflict", &first);
    assert_eq!(answer.header("location"), format!("/api/v1/passes/{first}"));
    let weekly = started(&stage, r#"{"schedule":"weekly","images":["team/app:v1","team/web"]}"#).await;
    let asked = stage.schedules.running.lock().unwrap()[1].1.clone();
    let images: Vec<String> = asked.images.iter().map(ImageName::to_string).collect();
    assert_eq!(images, ["team/app:v1", "team/web"]);
    let schedules = stage.ask("GET /api/v1/schedules").await.is(200).json();
    assert_eq!(schedules["items"][1]["running"], weekly);
    assert_eq!(schedules["items"][0]["next"], "2026-11-21T12:00:00Z");
}

#[tokio::test]
async fn what_cannot_be_started_is_told() {
    let stage = Stage::plain().await;
    let answer = stage.send("POST /api/v1/passes", r#"{"schedule":"hourly"}"#).await.is(404);
    answer.complains("not-found", "there is no schedule `hourly`");
    let body = r#"{"images":["docker.io/nginx","Team/App"],"force":true}"#;
    let answer = stage.send("POST /api/v1/passes", body).await.is(422);
    let answer = answer.complains("invalid-content", "force: is not known here");
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 3, "{}", answer.text());
}

#[tokio::test]
async fn a_pass_is_watched_to_its_end() {
    let stage = Stage::plain().await;
    let pass = started(&stage, "").await;
    let watch = stage.schedules.watch_of(pass.parse().unwrap()).unwrap();
    let mut watcher = Watcher::of(&stage, &pass).await;
    assert_eq!(watcher.hears().await.unwrap(), "event: progress\ndata: {\"registries\":[]}\n\n");
    watch.reached(&registry(), Milestone::Listed { images: 7 });
    watch.reached(&registry(), Milestone::Planned { starts: 3, under_way: 1 });
    let heard = watcher.hears().await.unwrap();
    assert!(heard.contains(r#""images":7,"read":0,"starts":3,"under_way":1"#), "{heard}");
    drop(watch);
    stage.schedules.end_all();
    assert_eq!(watcher.hears().await.unwrap(), "event: ended\ndata: {}\n\n");
    assert_eq!(watcher.hears().await, None);
}

#[tokio::test]
async fn watchers_are_counted() {
    let limits = Limits { watchers: 1, concurrent: 1, ..Limits::default() };
    let stage = Stage::with(Options { limits, ..Options::default() }).await;
    let pass = started(&stage, "").await;
    let watcher = Watcher::of(&stage, &pass).await;
    let second = stage.ask(&format!("GET /api/v1/passes/{pass}/events")).await.is(503);
    second.complains("unavailable", "too many people are watching");
    stage.ask("GET /configs").await.is(200);
    drop(watcher);
    Watcher::of(&stage, &pass).await;
}

#[tokio::test]
async fn a_hundred_images_are_enough_for_one_request() {
    let stage = Stage::plain().await;
    let body = |count| serde_json::json!({ "images": vec!["team/app:v1"; count] }).to_string();
    let answer = stage.send("POST /api/v1/passes", &body(101)).await.is(422);
    answer.complains("invalid-content", "images: has 101 values, and at most 100 are taken");
    started(&stage, &body(100)).await;
}

#[tokio::test]
async fn of_a_pass_that_does_not_run_here_is_told_what_is_true() {
    let stage = Stage::plain().await;
    let [ended, _] = remember(&stage.store).await.passes;
    assert_eq!(stage.ask(&format!("GET /api/v1/passes/{ended}/events")).await.is(204).body, b"");
    let interrupted = begin(&stage.store, now()).await;
    let answer = stage.ask(&format!("GET /api/v1/passes/{interrupted}/events")).await.is(503);
    assert_eq!(answer.complains("unavailable", "does not run here now").header("retry-after"), "5");
    stage.ask("GET /api/v1/passes/4471c156-29f5-40fe-883b-3cd26738d5a6/events").await.is(404);
}
