//! Scan configurations in a bucket: against moto, which others have written, with objects that boto3 writes and reads; and
//! against answers that moto does not give.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::{Value, json};
use vigil_aws::{AccessKey, Bucket, Network, S3ScanConfigs, scan_configs_in};
use vigil_core::policy::ScanConfig;
use vigil_core::port::{ConfigsUnreachable, ScanConfigs};
use vigil_core::testing::{contract_of_scan_configs, scan_config};

use super::stub::{Answer, Stub, target};

/// A bucket of moto's, and boto3 beside us.
struct Moto {
    bucket: String,
}

/// One server for all of these tests: it takes a second to start. It ends with its input, and so with us.
static SERVER: LazyLock<(String, Mutex<Server>)> = LazyLock::new(start);

struct Server {
    _process: Child,
    ask: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "whoever runs the tests says where Python is"
)]
fn start() -> (String, Mutex<Server>) {
    let python = std::env::var("VIGIL_TEST_PYTHON")
        .expect("run the tests with `cargo xtask test`: it prepares Python");
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/serve_s3.py"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let answers = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut server = Server { ask: process.stdin.take().unwrap(), answers, _process: process };
    let endpoint = server.answer();
    (endpoint.as_str().unwrap().to_owned(), Mutex::new(server))
}

impl Server {
    fn answer(&mut self) -> Value {
        serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap()
    }
}

impl Moto {
    /// A new bucket.
    fn with(bucket: &str) -> Self {
        let moto = Self { bucket: bucket.to_owned() };
        moto.ask("create", &[]);
        moto
    }

    /// Does something with the bucket by boto3.
    fn ask(&self, command: &str, arguments: &[Value]) -> Value {
        let line: Vec<Value> =
            [json!(command), json!(self.bucket)].iter().chain(arguments).cloned().collect();
        let mut server = SERVER.1.lock().unwrap();
        writeln!(server.ask, "{}", Value::Array(line)).unwrap();
        server.answer()
    }

    async fn place(&self) -> S3ScanConfigs {
        place(&SERVER.0, &self.bucket).await
    }
}

async fn place(endpoint: &str, name: &str) -> S3ScanConfigs {
    let bucket = Bucket { name: name.parse().unwrap(), region: None, owner: None };
    let access_key = Some(AccessKey { id: "test".into(), secret: "test".into() });
    let network = Network { endpoint_url: Some(endpoint.to_owned()), access_key, ..Network::default() };
    scan_configs_in(bucket, &target(), &network).await.unwrap()
}

#[tokio::test]
async fn a_bucket_holds_to_the_contract() {
    let moto = Moto::with("contract");
    contract_of_scan_configs(&moto.place().await).await;
}

#[tokio::test]
async fn a_bucket_of_the_re_scan_service_is_read_whole_and_strangers_in_it_are_passed_over() {
    let moto = Moto::with("existing");
    moto.ask("fill", &[json!(1003)]);
    moto.ask("put", &[json!("foo.txt"), json!("hello")]);
    moto.ask("put", &[json!("ffffffff-29f5-40fe-883b-3cd26738d5a6.json"), json!("{\"id\":")]);
    moto.ask("put", &[json!("reports/4471c156-29f5-40fe-883b-3cd26738d5a6.json"), json!("{}")]);
    let configs = moto.place().await.list().await.unwrap();
    let repositories = configs.iter().map(|config| config.request.repository.to_string());
    assert!(
        repositories.eq((0..1003).map(|number| format!("team/app-{number}"))),
        "oldest first, all of them"
    );
    assert_eq!(configs[1].request.tags, []);
    assert_eq!(configs[2].request.tags, ["v1", "v2"].map(|tag| tag.parse().unwrap()));
}

#[tokio::test]
async fn what_is_put_lies_there_as_the_re_scan_service_writes_it() {
    let moto = Moto::with("written");
    moto.place().await.put(&scan_config(7, "team/app", &[])).await.unwrap();
    let stored = moto.ask("read", &[json!("4471c156-29f5-40fe-883b-000000000007.json")]);
    let created = scan_config(7, "team/app", &[]).created.as_second();
    let body = format!(
        r#"{{"id":"4471c156-29f5-40fe-883b-000000000007","created":"{created}","region":"us-west-2","registry":"123456789012","repository":"team/app","tags":null}}"#
    );
    assert_eq!(stored, json!({ "body": body, "type": "application/json" }));
}

#[tokio::test]
async fn putting_the_same_twice_is_putting_it_once_and_another_is_not_overwritten() {
    let moto = Moto::with("twice");
    let (place, config) = (moto.place().await, scan_config(1, "team/app", &["v1"]));
    place.put(&config).await.unwrap();
    place.put(&config).await.unwrap();
    let other = ScanConfig { request: scan_config(1, "team/web", &[]).request, ..config.clone() };
    let error = place.put(&other).await.unwrap_err();
    assert_eq!(
        error.0,
        "bucket `twice` has another object under the id 4471c156-29f5-40fe-883b-000000000001"
    );
    assert_eq!(place.list().await, Ok(vec![config]));
}

#[tokio::test]
async fn a_broken_configuration_is_not_found_but_can_be_removed() {
    let moto = Moto::with("broken");
    let place = moto.place().await;
    moto.ask("put", &[json!("4471c156-29f5-40fe-883b-3cd26738d5a6.json"), json!("{}")]);
    let id = "4471c156-29f5-40fe-883b-3cd26738d5a6".parse().unwrap();
    assert_eq!(place.get(&id).await, Ok(None));
    assert_eq!(place.remove(&id).await, Ok(true));
    assert_eq!(place.remove(&id).await, Ok(false));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named() {
    let error = place(&SERVER.0, "no-such-bucket").await.list().await.unwrap_err();
    assert!(error.0.starts_with("bucket `no-such-bucket` does not exist ("), "{error}");
}

/// A bucket that answers as S3 does where it does not simply do what it is asked.
async fn stubbed(
    script: impl Fn(&str, &Value, usize) -> Answer + Send + Sync + 'static,
) -> (Stub, S3ScanConfigs) {
    let stub = Stub::start(script).await;
    let place = place(&stub.url, "team-scans").await;
    (stub, place)
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::text(status, format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

fn listing(version: &str) -> Answer {
    let object = |key: &str| {
        format!("<Contents><Key>{key}</Key><ETag>\"{version}\"</ETag><Size>200</Size></Contents>")
    };
    let contents = object("4471c156-29f5-40fe-883b-000000000001.json") + &object("notes.txt");
    Answer::text(
        200,
        format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"),
    )
}

fn stored(version: &str) -> Answer {
    let body = serde_json::to_string(&scan_config(1, "team/app", &[])).unwrap();
    Answer::text(200, body).with_header("etag", &format!("\"{version}\""))
}

#[track_caller]
fn assert_says(result: Result<Vec<ScanConfig>, ConfigsUnreachable>, expected: &str) {
    assert_eq!(result.unwrap_err().0, expected);
}

#[tokio::test]
async fn a_denied_call_names_the_bucket_and_the_missing_right() {
    let (_stub, place) = stubbed(|call, _, _| match call {
        "HEAD /team-scans/" | "HEAD /team-scans" => Answer::text(403, ""),
        _ => refusal(403, "AccessDenied", "Access Denied"),
    })
    .await;
    assert_says(
        place.list().await,
        "bucket `team-scans`: ListObjectsV2 is denied; it takes s3:ListBucket on the bucket (Access Denied)",
    );
}

#[tokio::test]
async fn the_region_is_the_one_that_s3_redirects_to() {
    let (stub, place) = stubbed(|call, _, _| match call {
        "HEAD /team-scans/" | "HEAD /team-scans" => {
            Answer::text(301, "").with_header("x-amz-bucket-region", "ap-southeast-2")
        }
        _ => Answer::text(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"),
    })
    .await;
    assert_eq!(place.list().await, Ok(Vec::new()));
    assert_eq!(place.list().await, Ok(Vec::new()));
    let heads = |call: &str| stub.requests(call).len();
    assert_eq!(heads("HEAD /team-scans/") + heads("HEAD /team-scans"), 1, "it is asked once");
    let signed = stub.calls().into_iter().rfind(|(call, _)| call.starts_with("GET")).unwrap().1;
    assert!(signed.as_str().unwrap().contains("/ap-southeast-2/s3/aws4_request"), "{signed}");
}

#[tokio::test]
async fn a_server_without_conditions_is_written_to_without() {
    let (stub, place) = stubbed(|call, request, _| {
        let conditional = request.as_str().unwrap().contains("\nif-none-match:")
            || request.as_str().unwrap().contains("\nif-match:");
        match call.split(' ').next() {
            _ if conditional => refusal(501, "NotImplemented", "A header you provided is not implemented"),
            Some("GET") => stored("1"),
            Some("DELETE") => Answer::text(204, ""),
            _ => Answer::text(200, ""),
        }
    })
    .await;
    let config = scan_config(1, "team/app", &[]);
    place.put(&config).await.unwrap();
    assert_eq!(place.remove(&config.id).await, Ok(true));
    let count = |method: &str| stub.calls().iter().filter(|(call, _)| call.starts_with(method)).count();
    assert!(count("PUT") >= 2 && count("DELETE") >= 2, "{:?}", stub.calls());
}

#[tokio::test]
async fn what_did_not_change_is_neither_fetched_nor_complained_of_again() {
    let version = Arc::new(Mutex::new("1"));
    let now = version.clone();
    let (stub, place) = stubbed(move |call, _, _| match call {
        call if call.contains("list-type=2") => listing(*now.lock().unwrap()),
        call if call.starts_with("GET") => stored(*now.lock().unwrap()),
        _ => Answer::text(200, ""),
    })
    .await;
    let warnings = Arc::new(AtomicUsize::new(0));
    let _log = tracing::subscriber::set_default(Warnings(warnings.clone()));
    let fetched = || stub.calls().iter().filter(|(call, _)| call.contains(".json")).count();
    for _ in 0..3 {
        assert_eq!(place.list().await.unwrap().len(), 1);
    }
    assert_eq!((fetched(), warnings.load(Ordering::Relaxed)), (1, 1));
    *version.lock().unwrap() = "2";
    assert_eq!(place.list().await.unwrap().len(), 1);
    assert_eq!((fetched(), warnings.load(Ordering::Relaxed)), (2, 2), "another version is another object");
}

/// Counts our warnings.
struct Warnings(Arc<AtomicUsize>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN && metadata.target().starts_with("vigil_aws")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}
