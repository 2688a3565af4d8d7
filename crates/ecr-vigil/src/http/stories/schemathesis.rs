//! Schemathesis asks everything that the OpenAPI document promises, and much that it does not, and finds nothing.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::memory::remember;
use super::sockets::served_by;
use super::stage::set;
use super::tokens::token;
use crate::http::{Options, Role};

/// It takes a minute; on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where Python is")]
async fn schemathesis_finds_nothing() {
    let python = std::env::var("VIGIL_TEST_PYTHON")
        .expect("run the tests with `cargo xtask test`: it prepares Python");
    let set = set().await;
    remember(&set.api.store).await;
    let tokens = vec![token("ops", Role::Operate, "act")];
    let service = served_by(set.api, Options { tokens, ..Options::default() }, None).await;
    let home = tempfile::tempdir().unwrap();
    let hooks = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/stories");
    let mut command = Command::new(python);
    command
        .args(["-m", "schemathesis.cli", "--no-color", "run", "--wait-for-schema", "10"])
        .arg(format!("http://{}/openapi.json", service.address))
        .args(["--header", "Authorization: Bearer act", "--checks", "all", "--seed", "7"])
        .args(["--max-examples", "10", "--generation-database", "none", "--suppress-health-check", "all"])
        // Whoever watches a pass stays until its end.
        .args(["--exclude-operation-id", "watch_pass"])
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", hooks)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(home.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
}
