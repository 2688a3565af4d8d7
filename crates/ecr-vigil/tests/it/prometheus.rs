//! A real Prometheus scrapes a service's metrics and answers for them.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::stage::{Stage, quick};

/// Prometheus, in a directory of its own.
struct Prometheus {
    _child: Child,
    address: String,
}

impl Prometheus {
    /// Starts one that scrapes this address, and waits until it is ready.
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where Prometheus is")]
    async fn start(room: &std::path::Path, target: &str) -> Self {
        let programs = std::env::var_os("VIGIL_TEST_PROMETHEUS_BIN")
            .expect("run the tests with `cargo xtask test`: it prepares Prometheus");
        let job = format!("{{job_name: ecr-vigil, static_configs: [{{targets: ['{target}']}}]}}");
        let config = format!("{{global: {{scrape_interval: 1s}}, scrape_configs: [{job}]}}\n");
        std::fs::write(room.join("prometheus.yml"), config).unwrap();
        let mut child = Command::new(PathBuf::from(programs).join("prometheus"))
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .args(["--web.listen-address=127.0.0.1:0", "--log.format=json"])
            .current_dir(room)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        // It may be ready before it says where.
        let (mut address, mut is_ready) = (String::new(), false);
        while let Some(line) = lines.next_line().await.unwrap() {
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if event["msg"] == "Listening on" {
                address = event["address"].as_str().unwrap().to_owned();
            }
            is_ready |= event["msg"] == "Server is ready to receive web requests.";
            if is_ready && !address.is_empty() {
                // Its log is read to its end, so that it never waits for us.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Self { _child: child, address };
            }
        }
        panic!("Prometheus ended before it was ready");
    }

    /// The values that an expression has now.
    async fn values(&self, expression: &str) -> Vec<String> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!("GET /api/v1/query?query={expression} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let results = body["data"]["result"].as_array().unwrap().iter();
        results.map(|result| result["value"][1].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_real_prometheus_reads_what_the_service_tells() {
    let stage = Stage::with_images(quick(), 2).await;
    let service = stage.serve("").await;
    service.pass().await;
    let prometheus = Prometheus::start(stage.home.path(), &service.address.to_string()).await;
    // It takes in a scrape whole, and says with it that the target is up.
    while prometheus.values("up").await.is_empty() {
        tokio::task::yield_now().await;
    }
    for (expression, value) in [
        ("up", "1"),
        ("aws_ecr_scans_requested", "2"),
        ("aws_ecr_repository_count", "1"),
        ("ecr_vigil_store_up", "1"),
        ("ecr_vigil_images_scannable", "2"),
        ("ecr_vigil_images_covered", "2"),
    ] {
        assert_eq!(prometheus.values(expression).await, [value], "{expression}");
    }
    service.end().await.code(0);
}
