//! A whole pass against moto, a stand-in for ECR that others have written, filled through boto3.

use serde_json::Value;

use crate::program::Running;
use crate::python::script;
use crate::stage::Stage;

/// A moto server that ends with its standard input, and what it holds.
pub(crate) async fn moto(stage: &Stage) -> (Running, Value) {
    let mut server = script("serve_moto.py", "", stage.home.path()).keep_stdin().start().await;
    let line = server.until("{\"endpoint\"").await;
    let holds = serde_json::from_str(&line).unwrap();
    (server, holds)
}

#[tokio::test]
async fn a_pass_over_moto_reads_what_moto_found() {
    let stage = Stage::new().await;
    let (server, holds) = moto(&stage).await;
    let program = stage
        .program("scan --format json -s UNDEFINED")
        .env("AWS_ENDPOINT_URL", holds["endpoint"].as_str().unwrap());
    let scan = program.run().await.code(1).reports("CVE-9999-9999").reports("CVE-2024-3094");
    assert_eq!(scan.count("scanned"), holds["images"].as_u64().unwrap(), "{}", scan.outcomes());
    stage.untouched();
    server.end().await.code(0);
}
