//! Scan configurations in an S3 bucket, as the re-scan service keeps them; the bucket is moto's.

use std::net::SocketAddr;

use serde_json::Value;

use crate::moto::moto;
use crate::serving::{Answer, Serving, ask};
use crate::stage::{Stage, clean};

const ID: &str = "6f1b1b0e-8f0f-4c0e-9d7c-0d9c3a4e2b11";

/// Two repositories, of which the bucket names one image.
async fn stage() -> Stage {
    let stage = Stage::new().await;
    for name in ["team/app:v1", "team/app:v2", "team/web:v1"] {
        stage.push(name, clean());
    }
    stage
}

fn config(repository: &str, more: &str) -> String {
    let place = r#""region":"us-east-1","registry":"123456789012""#;
    format!(r#"{{{more}{place},"repository":"{repository}","tags":["v1"]}}"#)
}

/// Asks the bucket past the service.
async fn s3_says(s3: SocketAddr, method: &str, path: &str, body: &str) -> Answer {
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request\r\n";
    ask(s3, method, path, signed, body).await.unwrap()
}

async fn serve(stage: &Stage, s3: SocketAddr, arguments: &str) -> Serving {
    let program = stage.program(&format!("serve --http-port 0 {arguments}"));
    let program = program.env("ECR_SCAN_CONFIG_BUCKET", "scan-configs");
    program.env("AWS_ENDPOINT_URL_S3", &format!("http://{s3}")).serve().await
}

#[tokio::test]
async fn an_existing_bucket_works_as_it_is_and_gets_what_is_added() {
    let stage = stage().await;
    let (moto, holds) = moto(&stage).await;
    let s3: SocketAddr = holds["endpoint"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
    s3_says(s3, "PUT", "/scan-configs", "").await.status(200);
    let existing = config("team/app", &format!(r#""id":"{ID}","created":"1569927812","#));
    s3_says(s3, "PUT", &format!("/scan-configs/{ID}.json"), &existing).await.status(200);

    let service = serve(&stage, s3, "--scan-configs only").await;
    let listed = service.get("/configs").await.status(200);
    assert!(listed.body.contains(ID) && listed.body.contains("1569927812"), "{listed:?}");
    service.pass().await;
    assert_eq!(stage.calls("StartImageScan"), 1, "only what the bucket names");

    let made = service.post("/configs", &config("team/web", "")).await.status(201).json();
    let id = made["id"].as_str().unwrap();
    let object = s3_says(s3, "GET", &format!("/scan-configs/{id}.json"), "").await.status(200).json();
    assert_eq!((&object["id"], &object["repository"]), (&Value::from(id), &"team/web".into()), "{object}");
    service.pass().await;
    assert_eq!(stage.calls("StartImageScan"), 2);

    service.ask("DELETE", &format!("/configs/{ID}"), "", "").await.status(204);
    s3_says(s3, "GET", &format!("/scan-configs/{ID}.json"), "").await.status(404);
    service.end().await.code(0);
    moto.end().await.code(0);
}

#[tokio::test]
async fn a_bucket_that_cannot_be_reached_does_not_stop_a_pass_over_the_selection() {
    let stage = stage().await;
    let (moto, holds) = moto(&stage).await;
    let s3: SocketAddr = holds["endpoint"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
    let service = serve(&stage, s3, "").await;
    let answer = service.get("/configs").await.status(503);
    assert_eq!(answer.header("Content-Type"), Some("application/problem+json"));
    service.pass().await;
    assert_eq!(stage.calls("StartImageScan"), 3, "what is selected is scanned");
    let pass = service.last_pass().await;
    assert_eq!(pass["outcome"], "partial", "{pass}");
    let report = service.get(&format!("/api/v1/passes/{}", pass["id"].as_str().unwrap())).await.status(200);
    assert!(report.body.contains("bucket `scan-configs` does not exist"), "{}", report.body);
    service.end().await.code(0);

    let service = serve(&stage, s3, "--scan-configs off").await;
    service.pass().await;
    assert_eq!(service.last_pass().await["outcome"], "complete", "nobody asked for the bucket");
    service.end().await.code(0);
    moto.end().await.code(0);
}
