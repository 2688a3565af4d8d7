//! Who may come in.

use sha2::{Digest, Sha256};

use super::stage::Stage;
use crate::http::{Authentication, Door, Options, Role, Token};

/// A token that is presented in clear.
pub(super) fn token(name: &str, role: Role, clear: &str) -> Token {
    Token { name: name.to_owned(), role, sha256: Sha256::digest(clear).into() }
}

fn options() -> Options {
    let tokens = vec![token("board", Role::Read, "look"), token("ops", Role::Operate, "act")];
    Options { tokens, ..Options::default() }
}

const CONFIG: &str = r#"{"region":"us-west-2","registry":"123456789012","repository":"team/app"}"#;

#[tokio::test]
async fn without_a_known_token_nothing_is_told() {
    let stage = Stage::with(options()).await;
    for credentials in
        ["", "authorization: Bearer nonsense", "authorization: Basic bG9vaw==", "authorization: look"]
    {
        let answer = stage.ask(format!("GET /configs\n{credentials}").trim()).await.is(401);
        let answer = answer.complains("unauthenticated", "Authorization: Bearer");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="ecr-vigil""#);
    }
    stage.ask("GET /nowhere").await.is(401);
    stage.ask("GET /docs").await.is(401);
}

#[tokio::test]
async fn who_may_look_may_not_act() {
    let stage = Stage::with(options()).await;
    stage.ask("GET /configs\nauthorization: Bearer look").await.is(200);
    stage.ask("HEAD /configs\nauthorization: bearer look").await.is(200);
    let answer = stage.send("POST /configs\nauthorization: Bearer look", CONFIG).await.is(403);
    answer.complains("forbidden", "the token `board` has the role `read`; this needs `operate`");
    stage.send("POST /configs\nauthorization: Bearer act", CONFIG).await.is(201);
}

#[tokio::test]
async fn probes_and_scrapes_have_doors_of_their_own() {
    let stage = Stage::with(options()).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        stage.ask(&format!("GET {path}")).await.is(200);
    }
    let stage = Stage::with(Options { health: Door::Off, metrics: Door::Token, ..options() }).await;
    for path in ["/healthz", "/readyz", "/readyz/", "//readyz", "//healthz//"] {
        stage.ask(&format!("GET {path}\nauthorization: Bearer act")).await.is(404);
    }
    for path in ["/metrics", "/metrics/", "//metrics", "/metrics//"] {
        stage.ask(&format!("GET {path}")).await.is(401);
    }
    stage.ask("GET /metrics\nauthorization: Bearer look").await.is(200);
}

#[tokio::test]
async fn the_metrics_are_where_they_were_put() {
    let stage = Stage::with(Options { metrics_path: "/private/scrape".into(), ..options() }).await;
    assert_eq!(stage.ask("GET /private/scrape").await.is(200).text(), "# EOF\n");
    stage.ask("GET /metrics\nauthorization: Bearer look").await.is(404);
}

#[tokio::test]
async fn authentication_is_off_when_it_is_switched_off() {
    let stage = Stage::with(Options { authentication: Authentication::Off, ..options() }).await;
    stage.send("POST /configs", CONFIG).await.is(201);
}
