//! What is remembered, as it is answered.

use regex::Regex;
use serde_json::Value;

use super::answer::Answer;
use super::memory::{remember, scanned};
use super::stage::Stage;

/// A service that remembers, and the story of what it is asked and answers.
struct Interview {
    stage: Stage,
    told: String,
}

impl Interview {
    async fn new() -> Self {
        let stage = Stage::plain().await;
        remember(&stage.store).await;
        Self { stage, told: String::new() }
    }

    /// Asks, and keeps question and answer.
    async fn ask(&mut self, path: &str) {
        let answer = self.stage.ask(&format!("GET {path}")).await;
        let body = match answer.header("content-type").as_str() {
            "application/json" => serde_json::to_string_pretty(&answer.json()).unwrap(),
            _ => answer.text(),
        };
        self.told.push_str(&format!("GET {path}\n{}\n{body}\n\n", answer.status));
    }

    /// Adds a scan configuration and returns its id.
    async fn add(&self, tags: &str) -> String {
        let body =
            format!(r#"{{"region":"us-west-2","registry":"123456789012","repository":"team/app"{tags}}}"#);
        let added = self.stage.send("POST /configs", &body).await.is(201).json();
        added["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn golden(self, name: &str) {
        let ids = Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
        let told = ids.replace_all(&self.told, "(id)").into_owned();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, told);
        });
    }
}

#[tokio::test]
async fn registries_repositories_and_images() {
    let mut interview = Interview::new().await;
    interview.ask("/api/v1/registries").await;
    interview.ask("/api/v1/repositories?repository=team/*").await;
    interview.ask("/api/v1/images?severity=HIGH").await;
    interview.ask("/api/v1/images/123456789012/us-west-2/team%2Fapp/v1").await;
    interview.ask("/api/v1/images/123456789012/us-west-2/team%2Fapp/v1/findings?fixable=true").await;
    interview.ask("/api/v1/images/123456789012/us-west-2/team%2Fapp/v1/scans").await;
    interview.golden("images");
}

#[tokio::test]
async fn findings_vulnerabilities_and_changes() {
    let mut interview = Interview::new().await;
    interview.ask("/api/v1/findings?sort=oldest&lineage=v1").await;
    interview.ask("/api/v1/changes?kind=new,fixed&registry=123456789012/us-west-2&lineage=v1").await;
    interview.ask("/api/v1/vulnerabilities").await;
    interview.ask("/api/v1/vulnerabilities/CVE-2024-3").await;
    interview.ask("/api/v1/vulnerabilities/CVE-2024-3/images").await;
    interview.ask("/api/v1/trend").await;
    interview.golden("findings");
}

#[tokio::test]
async fn passes_with_what_they_held() {
    let mut interview = Interview::new().await;
    interview.ask("/api/v1/passes").await;
    let passes = interview.stage.ask("GET /api/v1/passes").await.json();
    let newest = passes["items"][0]["id"].as_str().unwrap().to_owned();
    interview.ask(&format!("/api/v1/passes/{newest}")).await;
    interview.ask(&format!("/api/v1/passes/{newest}/images?decision=hold")).await;
    interview.stage.ask(&format!("GET /api/v1/passes/{newest}/events")).await.is(204);
    interview.golden("passes");
}

#[tokio::test]
async fn scan_configurations_in_summary_and_feed() {
    let mut interview = Interview::new().await;
    let named = interview.add(r#","tags":["v1","new","gone"]"#).await;
    let json = interview.stage.ask("GET /summary/\naccept: application/json").await.is(200).json();
    assert_eq!(json.as_array().map(Vec::len), Some(3), "{json}");
    interview.ask(&format!("/findings/{named}")).await;
    let feed = interview.stage.ask(&format!("GET /findings/{named}/")).await.is(200);
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    assert_eq!(feed.header("last-modified"), "Sat, 21 Nov 2026 12:00:00 GMT");
    let again = format!("GET /findings/{named}\nif-none-match: {}", feed.header("etag"));
    interview.stage.ask(&again).await.is(304);
    interview.stage.ask(&format!("GET /findings/{named}?page=2")).await.is(404);
    interview.stage.ask(&format!("GET /findings/{named}?page=0")).await.is(400);
    interview.stage.ask(&format!("GET /findings/{named}\naccept: image/png")).await.is(406);
    let all = interview.add("").await;
    interview.stage.ask(&format!("DELETE /configs/{named}")).await.is(204);
    interview.ask("/summary").await;
    interview.stage.ask(&format!("GET /findings/{all}")).await.is(200);
    interview.stage.ask("GET /findings/4471c156-29f5-40fe-883b-3cd26738d5a6").await.is(404);
    interview.golden("configs");
}

#[tokio::test]
async fn nothing_is_read_for_who_knows_the_present_revision() {
    let stage = Stage::plain().await;
    let [pass, _] = remember(&stage.store).await.passes;
    let path = "GET /api/v1/images?limit=2";
    let tag = stage.ask(path).await.is(200).header("etag");
    let known = format!("{path}\nif-none-match: {tag}");
    assert_eq!(stage.ask(&known).await.is(304).header("etag"), tag);
    assert_ne!(stage.ask("GET /api/v1/images?limit=3").await.header("etag"), tag);
    scanned(&stage.store, pass, 100, &[]).await;
    assert_ne!(stage.ask(&known).await.is(200).header("etag"), tag);
}

#[tokio::test]
async fn it_is_given_as_json_or_not_at_all() {
    let stage = Stage::plain().await;
    for path in ["images", "passes", "exceptions", "schedules"] {
        let answer = stage.ask(&format!("GET /api/v1/{path}\naccept: text/html")).await.is(406);
        answer.complains("not-acceptable", "application/json");
    }
    stage.ask("GET /api/v1/images\naccept: application/*;q=0.1").await.is(200);
}

/// All pages of a list, by the links from each to the next.
async fn pages(stage: &Stage, path: &str) -> Vec<Value> {
    let (mut next, mut items) = (Some(path.to_owned()), Vec::new());
    while let Some(path) = next {
        let page: Answer = stage.ask(&format!("GET {path}")).await.is(200);
        let body = page.json();
        assert_eq!(body["items"].as_array().unwrap().len(), 1, "{path}");
        items.extend(body["items"].as_array().unwrap().clone());
        next = body["next"].as_str().map(str::to_owned);
        let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\"")).unwrap_or_default();
        assert_eq!(page.header("link"), link);
    }
    items
}

#[tokio::test]
async fn lists_come_in_pages() {
    let stage = Stage::plain().await;
    remember(&stage.store).await;
    for (list, count) in [
        ("images?sort=name&", 4),
        ("images?", 4),
        ("passes?", 2),
        ("vulnerabilities?sort=name&", 3),
        ("registries?", 1),
        ("schedules?", 2),
    ] {
        let path = format!("/api/v1/{list}");
        let whole = stage.ask(&format!("GET {path}limit=1000")).await.json();
        let pages = pages(&stage, &format!("{path}limit=1")).await;
        assert_eq!((pages.len(), &Value::Array(pages)), (count, &whole["items"]), "{list}");
    }
    for wrong in [
        "limit=0",
        "limit=1001",
        "limit=a",
        "cursor=ff",
        "cursor=x",
        "severity=high",
        "registry=a",
        "sort=up",
    ] {
        let answer = stage.ask(&format!("GET /api/v1/images?{wrong}")).await.is(400);
        let name = answer.json()["errors"][0]["name"].clone();
        assert_eq!(name.as_str(), wrong.split('=').next(), "{wrong}");
    }
    let cursor = stage.ask("GET /api/v1/images?limit=1").await.json()["next"].as_str().unwrap().to_owned();
    let foreign = cursor.replace("images?", "passes?");
    stage.ask(&format!("GET {foreign}")).await.is(400).complains("invalid-request", "cursor");
}

#[tokio::test]
async fn an_exception_from_its_beginning_to_its_end() {
    let stage = Stage::plain().await;
    remember(&stage.store).await;
    let accepted = async || {
        let answer = stage.ask("GET /api/v1/images?tag=v1").await.json();
        (answer["items"][0]["accepted"].clone(), answer["items"][0]["counts"].clone())
    };
    let body =
        r#"{"vulnerability":"CVE-2024-3","repository":"team/*","reason":"not called","until":"2026-12-31"}"#;
    let added = stage.send("POST /api/v1/exceptions", body).await.is(201);
    assert_eq!(accepted().await, (1.into(), serde_json::json!({"HIGH": 1})));
    let at = added.header("location");
    assert_eq!(stage.ask(&format!("GET {at}")).await.is(200).json(), added.json());
    assert_eq!(added.json()["author"], "anonymous");
    let ended = stage.ask(&format!("POST {at}/expire")).await.is(200).json();
    assert_eq!((&ended["in_force"], &ended["ended_at"]), (&false.into(), &"2026-11-21T12:00:00Z".into()));
    assert_eq!(accepted().await, (0.into(), serde_json::json!({"CRITICAL": 1, "HIGH": 1})));
    let in_force = stage.ask("GET /api/v1/exceptions?in_force=true").await.json();
    assert_eq!(in_force["items"], serde_json::json!([]));
    let wrong = stage.send("POST /api/v1/exceptions", r#"{"reason":"","until":"tomorrow"}"#).await.is(422);
    assert_eq!(wrong.json()["errors"].as_array().map(Vec::len), Some(3), "{}", wrong.text());
    stage.ask("GET /api/v1/exceptions/4471c156-29f5-40fe-883b-3cd26738d5a6").await.is(404);
}

#[tokio::test]
async fn what_was_never_seen_is_not_found() {
    let stage = Stage::plain().await;
    remember(&stage.store).await;
    for path in [
        "images/123456789012/us-west-2/team%2Fapp/v9",
        "images/123456789012/us-west-2/team%2Fapp/v*",
        "images/123456789012/us-west-2/team%2Fapp/v9/findings",
        "images/1/2/3/4",
        "images/123456789012/us-west-2/%ff/v1",
        "passes/1",
        "passes/4471c156-29f5-40fe-883b-3cd26738d5a6/images",
        "vulnerabilities/CVE-1",
        "vulnerabilities/a%20b/images",
    ] {
        let answer = stage.ask(&format!("GET /api/v1/{path}")).await;
        assert!([404, 400].contains(&answer.status.as_u16()), "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
}
