//! What the controls over HTTP cannot obey, they refuse: with the reason, and without doing any of it.

use serde_json::{Value, json};
use vigil_sim::{FaultAction, FaultRule, ScanBehaviour, SimConfig};

use crate::wire::{call, control, serve};

/// Posts what cannot be obeyed to a fresh simulator, which must say why and stay as it was.
async fn refused(path: &str, body: Value, why: &str) {
    let (sim, address) = serve(SimConfig::default()).await;
    assert_eq!(
        control(address, "POST", path, &body.to_string()).await,
        (400, json!({ "error": why })),
        "{path} {body}"
    );
    assert_eq!(control(address, "GET", "faults", "").await, (200, json!([])));
    assert_eq!(sim.scan_behaviour(), ScanBehaviour::default());
    for _ in 0..3 {
        assert_eq!(call(address, "DescribeRepositories", json!({})).await.0, 200, "{path} {body}");
    }
}

#[tokio::test]
async fn a_limit_that_would_never_let_a_call_pass_is_refused() {
    let limit =
        |member: &str, number: f64| json!({"operation": "DescribeRepositories", "rate": 1, member: number});
    let rate = "should be a number above 0, or left out for no limit";
    refused("limits", limit("rate", -5.0), &format!("rate '-5' {rate}")).await;
    refused("limits", limit("rate", 0.0), &format!("rate '0' {rate}")).await;
    refused("limits", limit("burst", 0.0), "burst '0' should be a number of 1 or more").await;
    refused("limits", limit("burst", 0.5), "burst '0.5' should be a number of 1 or more").await;
    let without = json!({"operation": "DescribeRepositories", "burst": 5});
    refused("limits", without, "burst '5' should be given together with a rate").await;
}

#[tokio::test]
async fn an_operation_that_is_not_served_is_refused_with_those_that_are() {
    let why = |operation: &str| {
        format!(
            "operation '{operation}' should be one of BatchGetImage, BatchGetRepositoryScanningConfiguration, \
             CreateRepository, DescribeImages, DescribeImageScanFindings, DescribeRepositories, GetAccountSetting, \
             GetRegistryScanningConfiguration, ListImages, ListTagsForResource, PutLifecyclePolicy, StartImageScan, \
             TagResource, AssumeRole, GetCallerIdentity"
        )
    };
    refused("limits", json!({"operation": "Nope", "rate": 1}), &why("Nope")).await;
    refused("limits", json!({"operation": "Descr"}), &why("Descr")).await;
    refused("faults", json!({"operation": "Descr", "action": "drop"}), &why("Descr")).await;
    // Waiting for it would never end.
    let (_, address) = serve(SimConfig::default()).await;
    let answer = control(address, "GET", "wait?operation=Descr", "").await;
    assert_eq!(answer, (400, json!({ "error": why("Descr") })));
}

#[tokio::test]
async fn a_fault_that_no_call_could_meet_is_refused() {
    let why = "every '0' should be a number of 1 or more";
    refused("faults", json!({"every": 0, "action": "drop"}), why).await;
    let why = "account '12' should be twelve digits";
    refused("faults", json!({"account": "12", "action": "drop"}), why).await;
    let action = json!({"error": {"code": "Strange", "status": 99}});
    refused("faults", json!({ "action": action }), "status '99' should be a number from 200 to 999").await;
}

#[tokio::test]
async fn scans_that_end_before_they_begin_are_refused() {
    let why = "min_seconds '9' should be a number from 0 to max_seconds, which is 1";
    refused("scans", json!({"min_seconds": 9, "max_seconds": 1}), why).await;
    // The other one is reset to its default.
    let why = "min_seconds '50' should be a number from 0 to max_seconds, which is 40";
    refused("scans", json!({"min_seconds": 50}), why).await;
    let why = "max_seconds '-1' should be a number of 0 or more";
    refused("scans", json!({"max_seconds": -1}), why).await;
}

#[tokio::test]
async fn a_rule_that_is_not_there_cannot_be_removed() {
    let (sim, address) = serve(SimConfig::default()).await;
    let refused = |why: &str| (400, json!({ "error": why }));
    let none = "id '999' should be that of a rule, of which there are none";
    assert_eq!(control(address, "DELETE", "faults?id=999", "").await, refused(none));
    let [first, second] = [(); 2].map(|()| sim.add_fault(FaultRule::always(FaultAction::LatencyMs(0))));
    assert_ne!(first, second);
    let some = "id '999' should be that of a rule: 1, 2";
    assert_eq!(control(address, "DELETE", "faults?id=999", "").await, refused(some));
    let word = "id 'first' should be a whole number of 0 or more";
    assert_eq!(control(address, "DELETE", "faults?id=first", "").await, refused(word));
    assert_eq!(control(address, "DELETE", "faults?id=1", "").await.0, 200);
    assert!(!sim.remove_fault(first) && sim.remove_fault(second));
}

#[tokio::test]
async fn a_misspelt_query_removes_nothing() {
    let (_, address) = serve(SimConfig::default()).await;
    control(address, "POST", "faults", r#"{"action":{"latency-ms":0}}"#).await;
    let answer = control(address, "DELETE", "faults?ID=7", "").await;
    assert_eq!(answer, (400, json!({"error": "query 'ID' should be one of id"})));
    assert_eq!(control(address, "GET", "faults", "").await.1[0]["id"], 1);
    let answer = control(address, "POST", "scanning?account=111122223333", "{}").await;
    assert_eq!(answer, (400, json!({"error": "query 'account' should be left out"})));
    assert_eq!(control(address, "GET", "imagez?repository=payments/api", "").await.0, 404);
    let answer = control(address, "GET", "repositories?account=7", "").await;
    assert_eq!(answer, (400, json!({"error": "account '7' should be twelve digits"})));
}

#[tokio::test]
async fn what_names_no_registry_changes_none() {
    let why = "account '111122223333' should be a text";
    refused("repositories", json!({"account": 111_122_223_333_u64, "name": "payments/api"}), why).await;
    refused(
        "repositories",
        json!({"account": "7", "name": "payments/api"}),
        "account '7' should be twelve digits",
    )
    .await;
    refused(
        "repositories",
        json!({"region": ["eu-west-1"], "name": "a/b"}),
        "region '[\"eu-west-1\"]' should be a text",
    )
    .await;
}

#[tokio::test]
async fn a_clock_is_not_moved_half_way() {
    let (sim, address) = serve(SimConfig { clock_held: true, ..SimConfig::default() }).await;
    let before = sim.clock().now();
    for seconds in ["1e300", "-1e12"] {
        let body = format!(r#"{{"set":"2030-01-01T00:00:00Z","held":false,"advance_seconds":{seconds}}}"#);
        let (status, answer) = control(address, "POST", "clock", &body).await;
        let why = answer["error"].as_str().unwrap();
        assert!(
            status == 400 && why.ends_with("should be a number that leads to a year from -9999 to 9999"),
            "{why}"
        );
        assert!(sim.clock().is_held());
        assert_eq!(sim.clock().now(), before);
    }
}
