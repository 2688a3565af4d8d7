//! What every answer has in common.

use std::sync::atomic::Ordering;

use super::stage::Stage;

#[tokio::test]
async fn every_answer_has_an_id_and_a_sane_one_is_taken_over() {
    let stage = Stage::plain().await;
    assert_eq!(stage.ask("GET /healthz\nx-request-id: order-7").await.header("x-request-id"), "order-7");
    for insane in ["a b", "a\"b", &"a".repeat(65)] {
        let id = stage.ask(&format!("GET /healthz\nx-request-id: {insane}")).await.header("x-request-id");
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let stage = Stage::plain().await;
    let answer = stage.ask("GET /nowhere").await.is(404).complains("not-found", "/docs");
    assert_eq!(answer.json()["instance"], "/nowhere");
    let answer = stage.ask("GET /api/v1/passes/%ff").await.is(400);
    answer.complains("invalid-request", "the path cannot be read: it must be UTF-8");
    let answer = stage.ask("GET /").await.is(307);
    assert_eq!(answer.header("location"), "/docs", "whoever opens the address finds the way");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_with_what_can() {
    let stage = Stage::plain().await;
    let answer = stage.ask("PUT /configs").await.is(405).complains("method-not-allowed", "Allow");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    stage.ask("DELETE /healthz").await.is(405).complains("method-not-allowed", "Allow");
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let stage = Stage::plain().await;
    for path in ["/configs", "/healthz", "/openapi.json", "/docs"] {
        let (get, head) = (stage.ask(&format!("GET {path}")).await, stage.ask(&format!("HEAD {path}")).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for header in ["etag", "content-type", "content-length"] {
            assert_eq!(head.header(header), get.header(header), "{header} of {path}");
        }
    }
    assert_eq!(stage.ask("HEAD /nowhere").await.is(404).body, b"");
}

#[tokio::test]
async fn who_has_the_answer_already_is_told_so() {
    let stage = Stage::plain().await;
    let tag = stage.ask("GET /configs").await.is(200).header("etag");
    let strong = tag.trim_start_matches("W/");
    for known in [&tag, strong, "*", &format!("\"other\", {tag}"), &format!("\"a,b\" , {strong},\"c\"")] {
        let answer = stage.ask(&format!("GET /configs\nif-none-match: {known}")).await.is(304);
        assert_eq!((answer.body.len(), answer.header("etag")), (0, tag.clone()));
    }
    stage.ask(&format!("GET /configs\nif-none-match: \"other\"\nif-none-match: {tag}")).await.is(304);
    let bare = strong.trim_matches('"');
    for unknown in
        ["\"other\"", "\"*\"", "\"other\", *", bare, &format!("w/{strong}"), &format!("W/W/{strong}")]
    {
        stage.ask(&format!("GET /configs\nif-none-match: {unknown}")).await.is(200);
    }
    stage.ask("GET /nowhere\nif-none-match: *").await.is(404);
    // What is answered without reading is told only of what is there.
    stage.ask("GET /api/v1/images/123456789012/us-west-2/a%2Fb/v1\nif-none-match: *").await.is(404);
    stage.ask("GET /api/v1/images?limit=no\nif-none-match: *").await.is(400);
    stage.ask("GET /api/v1/images\nif-none-match: *").await.is(304);
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_wants_it() {
    let stage = Stage::plain().await;
    let plain = stage.ask("GET /openapi.json").await.is(200);
    let small = stage.ask("GET /openapi.json\naccept-encoding: gzip").await.is(200);
    assert_eq!(
        (plain.header("content-encoding"), small.header("content-encoding")),
        ("".into(), "gzip".into())
    );
    assert!(small.body.len() < plain.body.len() / 2 && small.header("vary").contains("accept-encoding"));
    assert_eq!(small.header("etag"), plain.header("etag"));
}

#[tokio::test]
async fn browsers_are_told_to_be_careful() {
    let stage = Stage::plain().await;
    for path in ["/configs", "/docs", "/nowhere"] {
        let answer = stage.ask(&format!("GET {path}")).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
    }
    assert_eq!(stage.ask("GET /configs").await.header("cache-control"), "private, no-cache");
    assert_eq!(stage.ask("GET /nowhere").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_panic_is_a_problem_and_tells_nothing_of_itself() {
    let stage = Stage::plain().await;
    stage.metrics.panics.store(true, Ordering::Relaxed);
    let answer = stage.ask("GET /metrics").await.is(500).complains("internal", "the log says more");
    assert!(!answer.text().contains("told to panic"));
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    stage.ask("GET /healthz").await.is(200);
}

#[tokio::test]
async fn it_is_ready_while_its_parts_are() {
    let stage = Stage::plain().await;
    assert_eq!(
        stage.ask("GET /readyz").await.is(200).text(),
        r#"{"ready":true,"store":true,"schedules":true,"reason":null,"failing":[],"ended":[]}"#
    );
    stage.schedules.over.store(true, Ordering::Relaxed);
    assert_eq!(
        stage.ask("GET /readyz").await.is(200).text(),
        r#"{"ready":true,"store":true,"schedules":true,"reason":null,"failing":[],"ended":["default","weekly"]}"#
    );
    stage.schedules.over.store(false, Ordering::Relaxed);
    stage.schedules.dead.store(true, Ordering::Relaxed);
    assert_eq!(
        stage.ask("GET /readyz").await.is(503).text(),
        r#"{"ready":false,"store":true,"schedules":false,"reason":"nobody keeps the schedules","failing":[],"ended":[]}"#
    );
    stage.ask("GET /healthz").await.is(200);
}

#[tokio::test]
async fn every_path_is_found_with_a_slash_at_its_end() {
    let stage = Stage::plain().await;
    for path in ["/configs/", "/healthz/", "/metrics/", "/openapi.json/", "/docs/"] {
        stage.ask(&format!("GET {path}")).await.is(200);
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_counted_by_the_route_that_it_took() {
    let stage = Stage::plain().await;
    let unknown = "GET /configs/7b7c3a44-2d6b-4b43-a7b5-0d5a0b4c3a10";
    for asked in ["GET /healthz/", unknown, "GET /nowhere", "PUT /configs", "HEAD /openapi.json"] {
        stage.ask(asked).await;
    }
    stage.ask("GET /summary\nhost: evil.example").await.is(421);
    // The slow ones are those that somebody looks for.
    stage.metrics.hangs.store(true, Ordering::Relaxed);
    stage.ask("GET /metrics").await.is(503);
    let answered = stage.metrics.answered.lock().unwrap().clone();
    assert_eq!(
        answered,
        [
            "GET /healthz 200",
            "GET /configs/{id} 404",
            "GET none 404",
            "PUT /configs 405",
            "HEAD /openapi.json 200",
            "GET none 421",
            "GET /metrics 503",
        ]
    );
}
