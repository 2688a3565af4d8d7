//! Scan configurations, as the users of the re-scan service handle them.

use super::stage::Stage;

const AMAZONLINUX: &str = r#"{"region": "us-west-2", "registry": "123456789012", "repository": "amazonlinux", "tags": ["2018.03"]}"#;

#[tokio::test]
async fn the_walkthrough_of_its_document() {
    let stage = Stage::plain().await;
    assert_eq!(stage.ask("GET /configs/").await.is(200).text(), "[]");
    let added = stage.send("POST /configs/", AMAZONLINUX).await.is(201);
    let config = added.json();
    let id = config["id"].as_str().unwrap();
    assert_eq!(
        added.text(),
        format!(
            r#"{{"id":"{id}","created":"1795262400","region":"us-west-2","registry":"123456789012","repository":"amazonlinux","tags":["2018.03"]}}"#
        )
    );
    assert_eq!(added.header("location"), format!("/configs/{id}"));
    assert_eq!(stage.ask(&format!("GET /configs/{id}")).await.is(200).json(), config);
    assert_eq!(stage.ask("GET /configs").await.is(200).text(), format!("[{}]", added.text()));
    assert_eq!(stage.ask(&format!("DELETE /configs/{id}")).await.is(204).body, b"");
    stage.ask(&format!("DELETE /configs/{id}/")).await.is(404).complains("not-found", id);
    stage.ask("DELETE /configs/nonsense").await.is(404).complains("not-found", "nonsense");
}

#[tokio::test]
async fn a_configuration_that_is_there_is_the_answer() {
    let stage = Stage::plain().await;
    let first = stage.send(
        "POST /configs",
        r#"{"region":"us-west-2","registry":"123456789012","repository":"a/b","tags":["v2","v1"]}"#,
    );
    let first = first.await.is(201);
    for same in [r#"["v1","v2"]"#, r#"["v2","v1","v2"]"#] {
        let body =
            format!(r#"{{"repository":"a/b","registry":"123456789012","region":"us-west-2","tags":{same}}}"#);
        let again = stage.send("POST /configs", &body).await.is(200);
        assert_eq!((again.text(), again.header("location")), (first.text(), first.header("location")));
    }
    for all in ["", r#","tags":null"#, r#","tags":[]"#] {
        let body = format!(r#"{{"region":"us-west-2","registry":"123456789012","repository":"a/b"{all}}}"#);
        let answer = stage.send("POST /configs", &body).await;
        assert_eq!(answer.json()["tags"], serde_json::Value::Null, "{}", answer.text());
    }
    assert_eq!(stage.ask("GET /configs").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn two_at_the_same_time_make_one() {
    let stage = Stage::plain().await;
    let (one, two) =
        tokio::join!(stage.send("POST /configs", AMAZONLINUX), stage.send("POST /configs", AMAZONLINUX));
    assert_eq!(one.json(), two.json());
    assert_eq!(stage.ask("GET /configs").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let stage = Stage::plain().await;
    let body = r#"{"region":"mars","registry":123,"tags":["ok","not ok"],"level":"HIGH"}"#;
    let answer = stage
        .send("POST /configs", body)
        .await
        .is(422)
        .complains("invalid-content", "repository: is required");
    let errors = answer.json()["errors"].clone();
    let names: Vec<&str> =
        errors.as_array().unwrap().iter().map(|error| error["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["region", "registry", "repository", "tags", "level"]);
    assert!(errors[4]["reason"].as_str().unwrap().contains("there are region, registry, repository, tags"));
    for (body, said) in [
        ("[]", "JSON object"),
        ("{", "ends before"),
        (r#"{"a" 1}"#, "not JSON from line 1, column 6"),
        ("\"a\"", "JSON object"),
    ] {
        stage.send("POST /configs", body).await.is(400).complains("invalid-request", said);
    }
    let twice = r#"{"region":"us-west-2","registry":"123456789012","repository":"a/b","region":"eu-west-1"}"#;
    stage
        .send("POST /configs", twice)
        .await
        .is(422)
        .complains("invalid-content", "region: is given more than once");
    stage.send("POST /configs", "").await.is(422).complains("invalid-content", "region: is required");
}

#[tokio::test]
async fn it_is_given_as_json_or_not_at_all() {
    let stage = Stage::plain().await;
    stage
        .ask("GET /configs\naccept: text/html")
        .await
        .is(406)
        .complains("not-acceptable", "application/json");
    stage.ask("GET /configs\naccept: application/*").await.is(200);
}
