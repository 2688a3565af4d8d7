//! Questions that cannot be answered: what is wrong with each is told by name, with what is accepted.

use super::stage::Stage;

#[track_caller]
fn unknown(name: &str, errors: &serde_json::Value) {
    assert_eq!(errors[0]["name"], "nonsense", "{name}: {errors}");
    assert!(errors[0]["reason"].as_str().unwrap().starts_with("is not known here"), "{name}: {errors}");
}

#[tokio::test]
async fn what_is_wrong_with_a_value_is_said_in_our_words() {
    let stage = Stage::plain().await;
    for (question, said) in [
        ("images?limit=abc", "limit: `abc` is not a number from 1 to 1000"),
        ("images?limit=-1", "limit: `-1` is not a number from 1 to 1000"),
        ("images?limit=", "limit: `` is not a number from 1 to 1000"),
        ("images?gone=yes", "gone: `yes` is not `true` or `false`"),
        ("images?digest=sha256:0", "digest: `sha256:0` is not an image digest: `sha256:` and 64"),
        ("images?severity=high", "severity: `high` is not one of CRITICAL, HIGH"),
        ("images?sort=up", "sort: `up` is not one of worst, name, oldest_scan"),
        ("images?cursor=%20", "cursor: the cursor is not one that this list has given out"),
        ("changes?since=1d", "since: `1d` is not a moment such as `2026-11-20T00:00:00Z`"),
        ("changes?pass=7", "pass: `7` is not the id of a pass: a UUID"),
        ("changes?kind=open", "kind: a change is new, worsened or fixed"),
        ("trend?since=1d", "since: `1d` is not a day such as `2026-12-31`"),
        (
            "passes?outcome=completed",
            "outcome: `completed` is not one of complete, partial, cut_short, failed, given_up",
        ),
        ("exceptions?in_force=1", "in_force: `1` is not `true` or `false`"),
    ] {
        let answer = stage.ask(&format!("GET /api/v1/{question}")).await.is(400);
        assert_eq!(
            answer.json()["errors"].as_array().map(Vec::len),
            Some(1),
            "{question}: {}",
            answer.text()
        );
        answer.complains("invalid-request", said);
    }
}

#[tokio::test]
async fn the_page_of_a_feed_is_a_number() {
    let stage = Stage::plain().await;
    for page in ["0", "-1", "first", ""] {
        let asked = format!("GET /findings/4471c156-29f5-40fe-883b-3cd26738d5a6?page={page}");
        let said = format!("page: `{page}` is not the number of a page: 1, 2, 3 and so on");
        stage.ask(&asked).await.is(400).complains("invalid-request", &said);
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_wherever_it_is_asked() {
    let stage = Stage::plain().await;
    let document = stage.ask("GET /openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        // Balancers and Prometheus may be told to send what they like.
        if ["/healthz", "/readyz"].contains(&path.as_str()) {
            stage.ask(&format!("GET {path}?nonsense=1")).await.is(200);
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let path = path.replace(['{', '}'], "");
            let line = format!("{} {path}?nonsense=1", method.to_uppercase());
            let answer =
                if method == "post" { stage.send(&line, "{}").await } else { stage.ask(&line).await };
            unknown(&line, &answer.is(400).json()["errors"]);
        }
    }
}
