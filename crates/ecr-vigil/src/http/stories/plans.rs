//! What a pass would do: told line by line, however long it takes.

use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::answer::request;
use super::stage::Stage;
use super::tokens::token;
use crate::http::{Options, Role};

/// Whoever reads a plan, line by line.
struct Reader(BodyDataStream);

impl Reader {
    async fn of(stage: &Stage) -> Self {
        let request = request("POST /api/v1/plan\naccept-encoding: gzip");
        let response = stage.app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        assert_eq!(response.headers().get("content-encoding"), None, "lines are not held back");
        Self(Body::into_data_stream(response.into_body()))
    }

    async fn reads(&mut self) -> Option<Value> {
        let line = self.0.next().await?.unwrap();
        assert_eq!(line.last(), Some(&b'\n'));
        Some(serde_json::from_slice(&line).unwrap())
    }
}

fn progress() -> Option<Value> {
    Some(json!({"progress": {"registries": []}}))
}

#[tokio::test]
async fn a_plan_ends_with_how_much_it_has_told() {
    let stage = Stage::plain().await;
    let mut reader = Reader::of(&stage).await;
    assert_eq!(reader.reads().await, progress());
    assert_eq!(reader.reads().await, Some(json!({"end": {"images": 0, "faults": 0, "not_entered": 0}})));
    assert_eq!(reader.reads().await, None);
}

#[tokio::test(start_paused = true)]
async fn it_may_take_longer_than_any_other_request() {
    let stage = Stage::plain().await;
    stage.schedules.slow.send_replace(true);
    let mut reader = Reader::of(&stage).await;
    let ordinary = Options::default().limits.time;
    // As the runtime's clock is moved, so do the quarters of a minute between the lines go by.
    let lines = async {
        loop {
            assert_eq!(reader.reads().await, progress(), "nobody takes it for dead");
        }
    };
    tokio::time::timeout(2 * ordinary, lines).await.unwrap_err();
    stage.schedules.slow.send_replace(false);
    assert!(reader.reads().await.unwrap()["end"].is_object());
}

#[tokio::test]
async fn one_is_made_at_a_time_and_ends_with_who_wants_it() {
    let stage = Stage::plain().await;
    stage.schedules.slow.send_replace(true);
    let mut reader = Reader::of(&stage).await;
    assert_eq!(reader.reads().await, progress());
    let second = stage.ask("POST /api/v1/plan").await.is(409);
    assert_eq!(second.complains("conflict", "another plan is being made").header("retry-after"), "30");
    drop(reader);
    let _free = stage.schedules.planning.lock().await;
}

#[tokio::test]
async fn it_is_asked_for_as_a_pass_is() {
    let stage = Stage::plain().await;
    let plan = async |body: &str| stage.send("POST /api/v1/plan", body).await;
    plan(r#"{"schedule":"default","images":["team/app:v1"]}"#).await.is(200);
    plan(r#"{"schedule":"hourly"}"#).await.is(404).complains("not-found", "there is no schedule `hourly`");
    let answer = plan(r#"{"images":["A"],"shedule":"x"}"#).await.is(422);
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 2, "{}", answer.text());
    assert_eq!(stage.ask("GET /api/v1/plan").await.is(405).header("allow"), "POST");
    stage.ask("POST /api/v1/plan\naccept: text/html").await.is(406).complains("not-acceptable", "x-ndjson");
}

#[tokio::test]
async fn it_costs_calls_so_looking_on_is_not_enough() {
    let tokens = vec![token("eye", Role::Read, "look"), token("ops", Role::Operate, "act")];
    let stage = Stage::with(Options { tokens, ..Options::default() }).await;
    stage
        .ask("POST /api/v1/plan\nauthorization: Bearer look")
        .await
        .is(403)
        .complains("forbidden", "operate");
    stage.ask("POST /api/v1/plan\nauthorization: Bearer act").await.is(200);
}
