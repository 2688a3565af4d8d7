//! A service that others than this machine can reach: who has no token is told nothing.

use sha2::{Digest, Sha256};

use crate::stage::{Stage, quick};

fn table(name: &str, role: &str) -> String {
    let hash: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("[[http.token]]\nname = '{name}'\nrole = '{role}'\nsha256 = '{hash}'\n")
}

#[tokio::test]
async fn at_an_address_that_others_reach_a_token_says_who_may_look_and_who_may_act() {
    let stage = Stage::with_images(quick(), 1).await;
    stage.write("vigil.toml", &(table("look", "read") + &table("act", "operate")));
    let service = stage.serve("--http-host 0.0.0.0").await;
    let check = async |method: &str, path: &str, token: &str, status: u16| {
        let token =
            if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let headers = format!("{token}Content-Type: application/json\r\n");
        let body = if method == "POST" { "{}" } else { "" };
        service.ask(method, path, &headers, body).await.status(status)
    };
    for (path, method) in [("/api/v1/images", "GET"), ("/summary", "GET"), ("/api/v1/passes", "POST")] {
        let refused = check(method, path, "", 401).await;
        assert!(refused.header("WWW-Authenticate").is_some_and(|how| how.starts_with("Bearer")));
        check(method, path, "guess", 401).await;
    }
    check("GET", "/healthz", "", 200).await;
    check("GET", "/metrics", "", 200).await;
    check("GET", "/api/v1/images", "look", 200).await;
    check("POST", "/api/v1/passes", "look", 403).await;
    assert_eq!(stage.calls("StartImageScan"), 0);
    check("GET", "/api/v1/images", "act", 200).await;
    check("POST", "/api/v1/passes", "act", 202).await;
    stage.sim.when_calls("StartImageScan", 1).await;
    service.end().await.code(0);
}
