//! The OpenAPI document and the page made of it.

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
