//! Events of EventBridge, through a queue of SQS as moto plays it, to the memory and to whoever hears the news.

use serde_json::{Value, json};
use vigil_sim::{Digest, FaultAction, FaultRule, NewImage, ScanRule, Scanning};

use crate::hearer::Hearer;
use crate::images::{finding, vulnerable};
use crate::moto::moto;
use crate::postgres::Server;
use crate::program::{Program, Running};
use crate::python::script;
use crate::serving::Serving;
use crate::stage::{Stage, clean};

/// A stage with a queue of events, in a registry that scans what is pushed.
struct Eventful {
    stage: Stage,
    moto: Running,
    endpoint: String,
    queues: Value,
}

impl Eventful {
    async fn new() -> Self {
        let stage = Stage::new().await;
        stage.sim.set_scanning(&Scanning { rules: vec![ScanRule::on_push(&["*"])], ..Scanning::basic() });
        let (moto, holds) = moto(&stage).await;
        let endpoint = holds["endpoint"].as_str().unwrap().to_owned();
        let make = script("event_queue.py", &format!("make {endpoint}"), stage.home.path());
        let queues = make.run().await.code(0).json();
        Self { stage, moto, endpoint, queues }
    }

    fn queue(&self, name: &str) -> &str {
        self.queues[name].as_str().unwrap()
    }

    /// A service or worker that heeds the queue.
    async fn start(&self, command: &str) -> Serving {
        self.program(command).serve().await
    }

    fn program(&self, command: &str) -> Program {
        let program = self.stage.program(&format!("{command} --http-port 0 --news-settle none --expiry 1h"));
        program.env("VIGIL_EVENTS_QUEUE_URL", self.queue("events"))
    }

    async fn send_to(&self, queue: &str, bodies: &[String]) {
        let arguments = format!("send {} {}", self.endpoint, self.queue(queue));
        let send = script("event_queue.py", &arguments, self.stage.home.path());
        send.stdin(&json!(bodies).to_string()).run().await.code(0);
    }

    async fn send(&self, bodies: &[String]) {
        self.send_to("events", bodies).await;
    }

    /// So many messages of a queue, once they are there: each body, and the reason that it is there for.
    async fn read(&self, queue: &str, number: usize) -> Vec<(String, String)> {
        let arguments = format!("read {} {} {number}", self.endpoint, self.queue(queue));
        let read = script("event_queue.py", &arguments, self.stage.home.path()).run().await.code(0).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        read.as_array().unwrap().iter().map(|read| (text(&read["body"]), text(&read["reason"]))).collect()
    }

    /// How many messages a queue has.
    async fn left(&self, queue: &str) -> u64 {
        let arguments = format!("left {} {}", self.endpoint, self.queue(queue));
        let left = script("event_queue.py", &arguments, self.stage.home.path()).run().await.code(0);
        left.stdout.trim().parse().unwrap()
    }

    async fn end(self) {
        self.moto.end().await.code(0);
    }
}

/// An event in the registry of the stage.
fn event(detail_type: &str, detail: &Value) -> String {
    json!({
        "version": "0", "id": "1", "source": "aws.ecr", "account": "123456789012", "region": "us-east-1",
        "time": "2026-11-21T12:00:00Z", "resources": [], "detail-type": detail_type, "detail": detail,
    })
    .to_string()
}

fn scanned(repository: &str, digest: Digest) -> String {
    let image =
        json!({"scan-status": "COMPLETE", "repository-name": repository, "image-digest": digest.to_string()});
    event("ECR Image Scan", &image)
}

fn action(kind: &str, repository: &str, digest: Digest) -> String {
    let digest = digest.to_string();
    let action = json!({"result": "SUCCESS", "action-type": kind, "repository-name": repository, "image-digest": digest});
    event("ECR Image Action", &action)
}

/// As SNS passes on what is not raw.
fn wrapped(event: &str) -> String {
    json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:…", "Message": event})
        .to_string()
}

/// A hearer of all news, and the settings that make it one.
fn hear_all(stage: &Stage, hook: &Hearer) {
    let settings = format!("[[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = '{}'\n", hook.url);
    stage.write("vigil.toml", &settings);
}

fn flawed(cves: &[&str]) -> NewImage {
    vulnerable(&cves.iter().map(|cve| finding(cve, "HIGH", "zlib")).collect::<Vec<_>>())
}

#[tokio::test]
async fn an_event_leads_to_the_findings_and_to_one_message_however_often_it_is_told() {
    let (eventful, hook) = (Eventful::new().await, Hearer::new().await);
    let stage = &eventful.stage;
    hear_all(stage, &hook);
    stage.push("team/app:latest", flawed(&["CVE-1"]));
    let service = eventful.start("serve").await;
    service.pass().await;
    hook.taken(1).await;

    let digest = stage.push("team/app:latest", flawed(&["CVE-1", "CVE-2"]));
    let told = scanned("team/app", digest);
    eventful.send(&[told.clone(), wrapped(&told), told.clone()]).await;
    let news = hook.taken(2).await;
    assert!(news[1].body.contains("CVE-2") && !news[1].body.contains("CVE-1\""), "{}", news[1].body);
    let found = service.items("vulnerabilities/CVE-2/images").await;
    assert_eq!(found[0]["repository"], "team/app", "{found}");
    eventful.send(&[told]).await;

    // What was told once more was heeded before this.
    let last = stage.push("team/web:v1", flawed(&["CVE-3"]));
    eventful.send(&[scanned("team/web", last)]).await;
    hook.taken(3).await;
    service.end().await.code(0);
    assert_eq!(hook.all().len(), 3, "and nothing twice");
    assert_eq!(stage.calls("StartImageScan"), 0, "ECR scans here what is pushed");
    assert_eq!(eventful.left("events").await, 0, "what is done is let go of");
    eventful.end().await;
}

#[tokio::test]
async fn what_is_pushed_is_looked_at_and_what_is_deleted_is_forgotten() {
    let eventful = Eventful::new().await;
    let stage = &eventful.stage;
    stage.sim.set_scanning(&Scanning::basic());
    let digest = stage.push("team/app:v1", flawed(&["CVE-1"]));
    let mut service = eventful.start("serve").await;
    eventful.send(&[action("PUSH", "team/app", digest)]).await;
    service.until_logged("looked at what events tell of").await;
    assert_eq!(stage.calls("StartImageScan"), 1, "nobody else scans it");
    assert_eq!(service.items("vulnerabilities/CVE-1/images").await[0]["repository"], "team/app");
    let pass = service.last_pass().await;
    assert_eq!((&pass["trigger"], &pass["outcome"]), (&"event".into(), &"complete".into()), "{pass}");

    stage.registry.delete_image("team/app", digest).unwrap();
    eventful.send(&[action("DELETE", "team/app", digest)]).await;
    service.until_logged("looked at what events tell of").await;
    let images = service.items("images").await;
    assert_eq!(images.as_array().map(Vec::len), Some(0), "{images}");
    service.end().await.code(0);
    assert_eq!(eventful.left("events").await, 0);
    eventful.end().await;
}

#[tokio::test]
async fn broken_messages_are_set_aside_with_the_reason_and_stop_nothing() {
    let eventful = Eventful::new().await;
    let stage = &eventful.stage;
    let digest = stage.push("team/app:v1", clean());
    let mut service = eventful.start("serve").await;
    let elsewhere = scanned("team/app", digest).replace("123456789012", "210987654321");
    let broken = [
        ("{\"detail-type\": \"ECR Image Scan\",\u{a0}".to_owned(), "it is not JSON"),
        ("{}".to_owned(), "it has no `detail-type`"),
        (event("ECR Something", &json!({})), "its detail-type `ECR Something` is not known"),
        (event("ECR Image Scan", &json!({"repository-name": "A B"})), "`A B` is not an ECR repository name"),
        (wrapped("no event"), "the message in the envelope of SNS is not JSON"),
    ];
    let mut bodies: Vec<String> = broken.iter().map(|(body, _)| body.clone()).collect();
    bodies.extend([elsewhere, scanned("team/app", digest)]);
    eventful.send(&bodies).await;
    service.until_logged("looked at what events tell of").await;
    let mut dead = eventful.read("dead", broken.len()).await;
    for (body, reason) in &broken {
        let place =
            dead.iter().position(|(there, _)| there == body).unwrap_or_else(|| panic!("{body}: {dead:?}"));
        let (_, said) = dead.remove(place);
        assert!(said.starts_with(reason), "{said}");
    }
    let metrics = service.get("/metrics").await.status(200).body;
    for line in [
        "ecr_vigil_events_total{kind=\"image_scan\",outcome=\"looked\"} 1",
        "ecr_vigil_events_total{kind=\"image_scan\",outcome=\"ignored\"} 1",
        "ecr_vigil_events_total{kind=\"unknown\",outcome=\"dead_letter\"} 5",
        "ecr_vigil_event_dead_letters_total{reason=\"not_json\"} 2",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    service.end().await.code(0);
    assert_eq!(eventful.left("events").await, 0);
    eventful.end().await;
}

#[tokio::test]
async fn a_service_that_is_killed_while_it_looks_loses_nothing() {
    let (eventful, hook) = (Eventful::new().await, Hearer::new().await);
    let stage = &eventful.stage;
    hear_all(stage, &hook);
    stage.push("team/app:latest", flawed(&["CVE-1"]));
    let service = eventful.start("serve").await;
    service.pass().await;
    hook.taken(1).await;
    let digest = stage.push("team/app:latest", flawed(&["CVE-2"]));
    let reading = FaultRule::on("DescribeImageScanFindings", FaultAction::Hold);
    let held = stage.sim.add_fault(reading.image(&digest.to_string()));
    let before = stage.calls("DescribeImageScanFindings");
    eventful.send(&[scanned("team/app", digest)]).await;
    stage.sim.when_calls("DescribeImageScanFindings", before + 1).await;
    service.kill().await;
    stage.sim.remove_fault(held);
    let service = eventful.start("serve").await;
    let news = hook.taken(2).await;
    assert!(news[1].body.contains("CVE-2"), "{}", news[1].body);
    service.end().await.code(0);
    assert_eq!(hook.all().len(), 2);
    eventful.end().await;
}

#[tokio::test]
async fn a_worker_alone_heeds_events_tells_news_and_serves_nothing_but_its_health() {
    let (eventful, hook) = (Eventful::new().await, Hearer::new().await);
    let stage = &eventful.stage;
    hear_all(stage, &hook);
    stage.run("work --http-port 0").await.code(2).complains("set events.queue_url");
    stage.push("team/app:latest", flawed(&["CVE-1"]));
    let service = eventful.start("serve").await;
    service.pass().await;
    hook.taken(1).await;
    service.end().await.code(0);

    let worker = eventful.start("work").await;
    let digest = stage.push("team/app:latest", flawed(&["CVE-2"]));
    eventful.send(&[scanned("team/app", digest)]).await;
    let news = hook.taken(2).await;
    assert!(news[1].body.contains("CVE-2"), "{}", news[1].body);
    worker.get("/readyz").await.status(200);
    assert!(worker.get("/metrics").await.status(200).body.contains("ecr_vigil_events_total"));
    worker.get("/api/v1/images").await.status(404);
    worker.end().await.code(0);
    assert_eq!(eventful.left("events").await, 0);
    eventful.end().await;
}

#[tokio::test]
async fn a_worker_beside_a_service_shares_its_memory_and_one_of_them_tells_the_news() {
    let (eventful, hook, server) = (Eventful::new().await, Hearer::new().await, Server::start("work"));
    let stage = &eventful.stage;
    hear_all(stage, &hook);
    stage.push("team/app:latest", flawed(&["CVE-1"]));
    let database = server.database();
    let service =
        stage.program("serve --http-port 0 --news-settle none").env("VIGIL_DATABASE_URL", &database);
    let service = service.serve().await;
    service.pass().await;
    hook.taken(1).await;

    let worker = eventful.program("work").env("VIGIL_DATABASE_URL", &database).serve().await;
    let digest = stage.push("team/app:latest", flawed(&["CVE-2"]));
    eventful.send(&[scanned("team/app", digest)]).await;
    assert!(hook.taken(2).await[1].body.contains("CVE-2"));
    assert_eq!(service.items("vulnerabilities/CVE-2/images").await[0]["repository"], "team/app");

    service.kill().await;
    let digest = stage.push("team/app:latest", flawed(&["CVE-3"]));
    eventful.send(&[scanned("team/app", digest)]).await;
    assert!(hook.taken(3).await[2].body.contains("CVE-3"), "the worker takes its turn");
    worker.end().await.code(0);
    assert_eq!(hook.all().len(), 3, "and nothing twice");
    eventful.end().await;
    server.stop();
}
