//! How much one request may take, and how many there may be.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures::stream::{self, StreamExt};
use tower::ServiceExt;

use super::answer::Answer;
use super::stage::Stage;
use crate::http::{Limits, Options};

fn limits(limits: Limits) -> Options {
    Options { limits, ..Options::default() }
}

fn post(body: Body) -> Request<Body> {
    let request = Request::post("/configs").header("host", "localhost");
    request.header("content-type", "application/json").body(body).unwrap()
}

/// A body that comes in pieces without saying how long it is.
fn in_pieces(piece: &'static str, pieces: usize) -> Request<Body> {
    let body = Body::from_stream(stream::iter(vec![piece; pieces]).map(Ok::<_, std::io::Error>));
    post(body)
}

#[tokio::test]
async fn a_body_has_its_limit() {
    let stage = Stage::with(limits(Limits { body: 100, ..Limits::default() })).await;
    let answer = stage.send("POST /configs", &"x".repeat(101)).await.is(413);
    answer.complains("too-large", "at most 100 bytes");
    let answer = Answer::read(stage.app.clone().oneshot(in_pieces("0123456789", 11)).await.unwrap()).await;
    answer.is(413).complains("too-large", "at most 100 bytes");
    stage.send("POST /configs", &" ".repeat(100)).await.is(400);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let stage = Stage::with(limits(Limits { time: Duration::from_secs(5), ..Limits::default() })).await;
    let body = Body::from_stream(stream::pending::<Result<&str, std::io::Error>>());
    let request = post(body);
    let answer = Answer::read(stage.app.clone().oneshot(request).await.unwrap()).await;
    answer.is(408).complains("slow-request", "in time");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let stage = Stage::plain().await;
    stage.metrics.hangs.store(true, Ordering::Relaxed);
    let answer = stage.ask("GET /metrics").await.is(503).complains("unavailable", "too long");
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn one_too_many_is_turned_away_and_never_queued() {
    let stage = Stage::with(limits(Limits { concurrent: 2, ..Limits::default() })).await;
    let slow = || async {
        let body = Body::from_stream(stream::pending::<Result<&str, std::io::Error>>());
        let request = post(body);
        stage.app.clone().oneshot(request).await
    };
    let (mut one, mut two) = (Box::pin(slow()), Box::pin(slow()));
    assert!(futures::poll!(&mut one).is_pending() && futures::poll!(&mut two).is_pending());
    let answer = stage.ask("GET /configs").await.is(503).complains("unavailable", "too many requests");
    assert_eq!(answer.header("retry-after"), "5");
    stage.ask("GET /metrics").await.is(503);
    stage.ask("GET /healthz").await.is(200);
    drop(one);
    stage.ask("GET /configs").await.is(200);
}

#[tokio::test]
async fn who_reads_slowly_takes_a_place() {
    let stage = Stage::with(limits(Limits { concurrent: 1, ..Limits::default() })).await;
    let request = Request::get("/configs").header("host", "localhost").body(Body::empty()).unwrap();
    let unread = stage.app.clone().oneshot(request).await.unwrap();
    stage.ask("GET /configs").await.is(503);
    Answer::read(unread).await.is(200);
    stage.ask("GET /configs").await.is(200);
}

#[tokio::test]
async fn scrapers_that_ask_together_are_told_what_was_gathered_once() {
    let stage = Stage::plain().await;
    let all = (0..5).map(|_| stage.ask("GET /metrics"));
    for answer in futures::future::join_all(all).await {
        answer.is(200);
    }
    let gathered = || stage.metrics.gathered.load(Ordering::Relaxed);
    assert_eq!(gathered(), 1);
    stage.ask("GET /metrics").await.is(200);
    assert_eq!(gathered(), 2, "who asks later is told what is true then");
}
