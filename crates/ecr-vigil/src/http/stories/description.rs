//! The OpenAPI document and the page made of it.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::stage::Stage;

#[tokio::test]
async fn the_document_is_this() {
    let stage = Stage::plain().await;
    let document = stage.ask("GET /openapi.json").await.is(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let text = serde_json::to_string_pretty(&document).unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("openapi", text);
    });
}

#[tokio::test]
async fn the_page_tells_of_every_operation_and_loads_nothing_from_elsewhere() {
    let stage = Stage::plain().await;
    let document = stage.ask("GET /openapi.json").await.json();
    let page = stage.ask("GET /docs").await.is(200).text();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    for operation in operations {
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("<article id=\"{id}\">")), "{id}");
    }
    assert!(
        !page.contains("<script") && !page.contains("//cdn") && !page.contains("src="),
        "it stands alone"
    );
    assert_eq!(
        stage.ask("GET /docs/style.css").await.is(200).header("content-type"),
        "text/css; charset=utf-8"
    );
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where Python is")]
async fn every_example_is_what_its_schema_allows() {
    let python = std::env::var("VIGIL_TEST_PYTHON")
        .expect("run the tests with `cargo xtask test`: it prepares Python");
    let document = Stage::plain().await.ask("GET /openapi.json").await.is(200).body;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/stories/examples.py");
    let mut command = Command::new(python);
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.kill_on_drop(true).spawn().unwrap();
    running.stdin.take().unwrap().write_all(&document).await.unwrap();
    let ended = running.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
}

/// A page holds what is told of each: all of it, always.
#[tokio::test]
async fn what_a_page_holds_leaves_no_member_out() {
    let document = Stage::plain().await.ask("GET /openapi.json").await.json();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let pages = schemas.iter().filter(|(name, _)| name.starts_with("PageBody") || name.starts_with("Page_"));
    let mut seen = 0;
    for (name, page) in pages {
        let item = &page["properties"]["items"]["items"];
        let Some(members) = item["properties"].as_object() else { continue };
        let required: Vec<&str> =
            item["required"].as_array().unwrap().iter().flat_map(|m| m.as_str()).collect();
        assert!(members.keys().all(|member| required.contains(&member.as_str())), "{name}: {required:?}");
        seen += 1;
    }
    assert!(seen > 5, "{:?}", schemas.keys());
}
