//! Many who read while something is written.

use futures::future::join_all;
use vigil_core::testing::{finding, now};

use super::memory::{begin, remember, scanned};
use super::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_read_while_a_pass_writes() {
    let stage = Stage::plain().await;
    remember(&stage.store).await;
    let pass = begin(&stage.store, now()).await;
    let writing = async {
        for n in 100..120 {
            let findings: Vec<_> =
                (0..50).map(|id| finding(&format!("CVE-{n}-{id}"), "HIGH", "zlib")).collect();
            scanned(&stage.store, pass, n, &findings).await;
        }
    };
    let paths =
        ["images?limit=50", "findings?limit=50", "vulnerabilities?limit=50", "changes", "repositories"];
    let reading = join_all((0..500).map(|n| {
        let path = format!("GET /api/v1/{}", paths[n % paths.len()]);
        let stage = &stage;
        async move { stage.ask(&path).await.is(200) }
    }));
    let (_, answers) = tokio::join!(writing, reading);
    assert_eq!(answers.len(), 500);
    let written = stage.ask("GET /api/v1/images?repository=busy/*&limit=1000").await.json();
    assert_eq!(written["items"].as_array().map(Vec::len), Some(20));
}
