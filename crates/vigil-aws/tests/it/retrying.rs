//! What is asked again, and what that costs.

use serde_json::{Value, json};
use vigil_aws::CallCounts;
use vigil_core::fault::FaultKind;
use vigil_core::port::{Registry, Scanner};

use super::stub::{Answer, Stub, digest, repository, signed_in};

const OPERATION: &str = "DescribeRepositories";

/// Answers so first, then well; returns how the attempts have ended.
async fn counts(first: Answer) -> CallCounts {
    let stub = Stub::start(signed_in(move |_, _, before| match before {
        0 => first.clone(),
        _ => Answer::json(one_repository()),
    }))
    .await;
    let registry = stub.registry().await;
    let page = registry.repositories(None).await.unwrap();
    assert_eq!(page.items, [repository().into()]);
    assert_eq!(stub.requests(OPERATION).len(), 2);
    registry.calls()[OPERATION]
}

fn one_repository() -> Value {
    json!({ "repositories": [{ "repositoryName": "team/app" }] })
}

#[tokio::test]
async fn throttling_passes() {
    let throttled = CallCounts { ok: 1, throttled: 1, ..CallCounts::default() };
    assert_eq!(counts(Answer::error("ThrottlingException", "Rate exceeded")).await, throttled);
    assert_eq!(counts(Answer::text(429, "")).await, throttled);
}

#[tokio::test]
async fn a_service_in_trouble_is_asked_again() {
    let transient = CallCounts { ok: 1, transient: 1, ..CallCounts::default() };
    assert_eq!(counts(Answer::text(500, r#"{"__type":"ServerException"}"#)).await, transient);
    assert_eq!(counts(Answer::text(502, "<html>Bad gateway</html>")).await, transient);
    assert_eq!(counts(Answer::json(one_repository()).cut_in_half()).await, transient);
    assert_eq!(counts(Answer::text(200, "{\"repositories\": [")).await, transient);
}

#[tokio::test]
async fn a_refusal_is_counted_and_not_repeated() {
    let stub = Stub::start(signed_in(|_, _, _| {
        Answer::error(
            "LimitExceededException",
            "The scan quota per image has been exceeded. Wait and try again.",
        )
    }))
    .await;
    let registry = stub.registry().await;
    registry.start(&repository(), digest('a')).await.unwrap();
    assert_eq!(registry.calls()["StartImageScan"], CallCounts { refused: 1, ..CallCounts::default() });
}

#[tokio::test]
async fn calls_that_are_throttled_together_all_pass() {
    let stub = Stub::start(signed_in(|_, _, before| match before {
        0..3 => Answer::error("ThrottlingException", "Rate exceeded"),
        _ => Answer::json(one_repository()),
    }))
    .await;
    let registry = stub.registry().await;
    let ask = || registry.repositories(None);
    let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
    assert!([a, b, c, d].iter().all(Result::is_ok));
    assert_eq!(registry.calls()[OPERATION], CallCounts { ok: 4, throttled: 3, ..CallCounts::default() });
}

#[tokio::test]
async fn a_fault_names_what_the_service_said() {
    let stub = Stub::start(signed_in(|_, _, _| Answer::error("AccessDeniedException", "You may not."))).await;
    let fault = stub.registry().await.repositories(None).await.unwrap_err();
    assert_eq!((fault.kind, fault.during.as_str()), (FaultKind::Denied, OPERATION));
    assert_eq!(fault.message, "You may not.");
}
