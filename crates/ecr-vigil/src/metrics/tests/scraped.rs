//! A real Prometheus scrapes a service's metrics and answers for them.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::get;
use jiff::SignedDuration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use vigil_core::testing::PausedClock;
use vigil_store::{Place, Store};

use crate::http::Exposition;
use crate::metrics::{Aims, Kept, Limits, Metrics, Served};

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
        let mut address = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if event["msg"] == "Listening on" {
                address = event["address"].as_str().unwrap().to_owned();
            }
            if event["msg"] == "Server is ready to receive web requests." {
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
async fn a_real_prometheus_reads_what_is_served() {
    let room = tempfile::tempdir().unwrap();
    let clock = PausedClock::new();
    let place = Place::file(room.path().join("vigil.db"));
    let served = Arc::new(Served {
        metrics: Arc::new(Metrics::default()),
        store: Store::open(&place, Arc::new(clock)).await.unwrap(),
        clock: Arc::new(clock),
        connections: Arc::new(Vec::new),
        limits: Limits::default(),
        aims: Aims { within: SignedDuration::from_hours(168), daily: 100 },
        kept: Kept::default(),
    });
    served.metrics.answered("GET", "/summary", 200, SignedDuration::from_millis(7));
    let scrapes = Arc::new(Semaphore::new(0));
    let (counted, service) = (scrapes.clone(), served.clone());
    let metrics = async move |headers: HeaderMap| {
        counted.add_permits(1);
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        let rendered = service.expose(accept).await;
        ([(header::CONTENT_TYPE, rendered.content_type)], rendered.body)
    };
    let router = Router::new().route("/metrics", get(metrics));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let prometheus = Prometheus::start(room.path(), &target).await;
    // Once it asks again, it has taken in what it was told before.
    scrapes.acquire_many(2).await.unwrap().forget();
    for (expression, value) in [
        ("up", "1"),
        ("aws_ecr_scans_requested", "0"),
        ("ecr_vigil_store_up", "1"),
        ("ecr_vigil_http_requests_total", "1"),
        ("ecr_vigil_http_request_duration_seconds_count", "1"),
    ] {
        assert_eq!(prometheus.values(expression).await, [value], "{expression}");
    }
}
