//! Runs `tests/contract.py` against a simulator whose clock is moved by hand.

use std::collections::BTreeMap;

use tokio::process::Command;
use vigil_sim::SimConfig;

use crate::wire;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_what_botocore_expects() {
    #[expect(clippy::disallowed_methods, reason = "the test runner names the interpreter that has boto3")]
    let python = std::env::var("VIGIL_TEST_PYTHON");
    let python = python.expect("VIGIL_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
    let (_, address) = wire::serve(SimConfig {
        seed: 5,
        repositories: 12,
        images: 900,
        clock_held: true,
        external_ids: BTreeMap::from([("111122223333".to_owned(), "shared-secret".to_owned())]),
        ..SimConfig::default()
    })
    .await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract.py");
    let output = Command::new(python)
        .args([script, &format!("http://{address}")])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .await
        .expect("the interpreter starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}
