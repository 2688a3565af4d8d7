//! What pages of other sites may not make a browser do.

use axum::http::Version;
use tower::ServiceExt;

use super::answer::Answer;
use super::stage::Stage;
use super::tokens::token;
use crate::http::{Options, Role};

const CONFIG: &str = r#"{"region":"us-west-2","registry":"123456789012","repository":"team/app"}"#;

#[tokio::test]
async fn without_tokens_only_names_of_this_machine_are_answered_to() {
    let stage = Stage::plain().await;
    for host in ["localhost:2112", "127.0.0.1:2112", "[::1]:2112"] {
        stage.ask(&format!("GET /configs\nhost: {host}")).await.is(200);
    }
    for host in ["rebound.example:2112", "localhost.example", "10.1.2.3"] {
        let answer = stage.ask(&format!("GET /configs\nhost: {host}")).await.is(421);
        answer.complains("misdirected", "localhost");
    }
    let stage =
        Stage::with(Options { base_url: "https://vigil.example".parse().ok(), ..Options::default() }).await;
    stage.ask("GET /configs\nhost: vigil.example").await.is(200);
    let tokens = vec![token("board", Role::Read, "look")];
    let stage = Stage::with(Options { tokens, ..Options::default() }).await;
    stage.ask("GET /configs\nhost: vigil.example\nauthorization: Bearer look").await.is(200);
}

#[tokio::test]
async fn one_host_is_asked() {
    let stage = Stage::plain().await;
    let twice = stage.ask("GET /configs\nhost: localhost\nhost: localhost").await.is(400);
    twice.complains("invalid-request", "several headers `Host`");
    let ask = |version| {
        let request = axum::http::Request::get("/configs").version(version);
        stage.app.clone().oneshot(request.body(axum::body::Body::empty()).unwrap())
    };
    let nobody = Answer::read(ask(Version::HTTP_11).await.unwrap()).await.is(400);
    nobody.complains("invalid-request", "no header `Host`");
    Answer::read(ask(Version::HTTP_10).await.unwrap()).await.is(200);
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let stage = Stage::plain().await;
    let post = |headers: &str| format!("POST /configs\nhost: localhost:2112\n{headers}");
    for foreign in [
        "origin: https://evil.example",
        "origin: null",
        "origin: http://localhost:8080",
        "sec-fetch-site: cross-site",
        "sec-fetch-site: same-site",
    ] {
        let answer = stage.send(&post(foreign), CONFIG).await.is(403);
        answer.complains("cross-site", "a page of another site");
    }
    for own in ["origin: http://localhost:2112", "sec-fetch-site: same-origin", "sec-fetch-site: none"] {
        let answer = stage.send(&post(own), CONFIG).await;
        assert!(answer.status.is_success(), "{own}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_form_is_no_request() {
    let stage = Stage::plain().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "a"] {
        let answer = stage.ask(&format!("POST /configs\ncontent-type: {kind}\n\n{CONFIG}")).await.is(415);
        answer.complains("unsupported-media-type", "application/json");
    }
    stage.ask(&format!("POST /configs\n\n{CONFIG}")).await.is(415);
    let json = format!("POST /configs\ncontent-type: Application/JSON; charset=utf-8\n\n{CONFIG}");
    stage.ask(&json).await.is(201);
}

#[tokio::test]
async fn other_sites_read_only_if_they_are_trusted() {
    let stage = Stage::plain().await;
    let answer = stage.ask("GET /configs\norigin: https://board.example").await.is(200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let origins = vec!["https://board.example".to_owned()];
    let stage = Stage::with(Options { origins, ..Options::default() }).await;
    let answer = stage.ask("GET /configs\norigin: https://board.example").await.is(200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://board.example");
    let asked = "OPTIONS /configs\norigin: https://board.example\naccess-control-request-method: POST";
    assert!(stage.ask(asked).await.is(200).header("access-control-allow-methods").contains("POST"));
    stage.send("POST /configs\norigin: https://board.example", CONFIG).await.is(201);
    let answer = stage.ask("GET /configs\norigin: https://evil.example").await.is(200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
