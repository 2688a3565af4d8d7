//! The registry of another account than the credentials', as far as its policies let us in.

use serde_json::{Value, json};
use vigil_aws::{AwsRegistry, Target, connect};
use vigil_core::port::{Mode, Registry, Scanner};

use super::stub::{Answer, Stub, digest, repository, signed_in, target};

/// A server that has nothing, and its registry under this account.
async fn registry_of(account: &str) -> (Stub, AwsRegistry) {
    let stub = Stub::start(signed_in(|operation, _, _| match operation {
        "DescribeRepositories" => Answer::json(json!({ "repositories": [] })),
        "DescribeImages" => Answer::json(json!({ "imageDetails": [] })),
        "BatchGetImage" => Answer::json(json!({ "images": [], "failures": [] })),
        "GetRegistryScanningConfiguration" => Answer::json(json!({})),
        "DescribeImageScanFindings" => Answer::error("ScanNotFoundException", "no scan"),
        _ => Answer::json(json!({})),
    }))
    .await;
    let target = Target { account: Some(account.parse().unwrap()), ..target() };
    let registry = connect(&target, &stub.network()).await.unwrap();
    (stub, registry)
}

/// Asks for everything that a registry can be asked for; returns each call with the registry that it named.
async fn everything(stub: &Stub, registry: &AwsRegistry) -> Vec<(String, Value)> {
    registry.repositories(None).await.unwrap();
    registry.images(&repository(), None).await.unwrap();
    registry.children(&repository(), &[digest('a')]).await.unwrap();
    registry.start(&repository(), digest('a')).await.unwrap();
    registry.read(&repository(), digest('a')).await.unwrap();
    let calls = stub.calls().into_iter().filter(|(call, _)| call != "STS");
    calls.map(|(call, request)| (call, request["registryId"].clone())).collect()
}

#[tokio::test]
async fn every_call_names_the_account_of_the_registry() {
    let (stub, registry) = registry_of("210987654321").await;
    assert_eq!(registry.id().to_string(), "210987654321/eu-west-1");
    let calls = everything(&stub, &registry).await;
    assert_eq!(calls.len(), 5, "{calls:?}");
    for (call, named) in calls {
        assert_eq!(named, "210987654321", "{call}");
    }
}

#[tokio::test]
async fn ecr_is_not_asked_how_the_other_account_scans_since_it_would_tell_of_our_own() {
    let (stub, registry) = registry_of("210987654321").await;
    assert_eq!(registry.mode().await, Ok(Mode::OnRequest));
    assert_eq!(stub.requests("GetRegistryScanningConfiguration").len(), 0);
}

#[tokio::test]
async fn our_own_account_by_its_number_is_our_own() {
    let (stub, registry) = registry_of("123456789012").await;
    registry.mode().await.unwrap();
    assert_eq!(stub.requests("GetRegistryScanningConfiguration").len(), 1);
    for (call, named) in everything(&stub, &registry).await {
        assert_eq!(named, Value::Null, "{call}");
    }
}
