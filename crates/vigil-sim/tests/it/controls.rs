//! The controls that tests in the same process use.

use jiff::SignedDuration;
use serde_json::json;
use vigil_sim::{
    Calls, FaultAction, FaultRule, ImageKind, NewImage, Profile, RateLimit, RefusedChange, ScanBehaviour,
    ScanRule, Scanning, SimConfig,
};

use crate::wire::{call, control, serve};

fn held() -> SimConfig {
    SimConfig {
        clock_held: true,
        scans: ScanBehaviour { min_seconds: 30.0, max_seconds: 30.0, ..ScanBehaviour::default() },
        ..SimConfig::default()
    }
}

#[tokio::test]
async fn a_scan_completes_when_the_clock_says_so() {
    let (sim, address) = serve(held()).await;
    let registry = sim.default_registry();
    registry.add_repository("payments/api").unwrap();
    let findings = vec![json!({"name": "CVE-2024-3094", "severity": "CRITICAL"})];
    let new = NewImage { tags: vec!["v1".into()], findings: Some(findings), ..NewImage::default() };
    let digest = registry.add_image("payments/api", new).unwrap();
    let image = json!({"repositoryName": "payments/api", "imageId": {"imageDigest": digest}});

    assert_eq!(call(address, "StartImageScan", image.clone()).await.0, 200);
    assert_eq!(registry.images("payments/api").unwrap()[0].scan_status.as_deref(), Some("IN_PROGRESS"));
    sim.clock().advance(SignedDuration::from_secs(30));
    let (status, answer) = call(address, "DescribeImageScanFindings", image.clone()).await;
    assert_eq!(status, 200);
    assert_eq!(answer["imageScanFindings"]["findingSeverityCounts"], json!({"CRITICAL": 1}));
    assert_eq!(call(address, "StartImageScan", image).await.1["__type"], "LimitExceededException");
}

#[tokio::test]
async fn looking_uses_up_no_empty_read() {
    for scanning in
        [Scanning::basic(), Scanning { rules: vec![ScanRule::on_push(&["*"])], ..Scanning::enhanced(&[]) }]
    {
        let scans = ScanBehaviour { empty_reads_after_completion: 2, ..held().scans };
        let (sim, address) = serve(SimConfig { scans, scanning: scanning.clone(), ..held() }).await;
        let registry = sim.default_registry();
        registry.add_repository("payments/api").unwrap();
        let digest = registry.add_image("payments/api", NewImage::default()).unwrap();
        let image = json!({"repositoryName": "payments/api", "imageId": {"imageDigest": digest}});
        call(address, "StartImageScan", image.clone()).await;
        sim.clock().advance(SignedDuration::from_secs(30));
        for counts in [false, false, true] {
            for _ in 0..2 {
                let truth = registry.images("payments/api").unwrap();
                assert_eq!(truth[0].scan_status.as_deref(), Some("COMPLETE"));
                let (_, truth) = control(address, "GET", "images?repository=payments/api", "").await;
                assert_eq!(truth[0]["scan_status"], "COMPLETE");
            }
            let (_, answer) = call(address, "DescribeImageScanFindings", image.clone()).await;
            let findings = answer["imageScanFindings"].as_object().unwrap();
            assert_eq!(findings.contains_key("findingSeverityCounts"), counts, "{scanning:?}");
        }
    }
}

#[tokio::test]
async fn calls_can_be_held_counted_and_let_go() {
    let (sim, address) = serve(held()).await;
    let hold = sim.add_fault(FaultRule::on("DescribeRepositories", FaultAction::Hold));
    let calls = [(); 2].map(|()| tokio::spawn(call(address, "DescribeRepositories", json!({}))));
    sim.when_calls("DescribeRepositories", 2).await;
    assert!(calls.iter().all(|call| !call.is_finished()));
    sim.remove_fault(hold);
    for call in calls {
        assert_eq!(call.await.unwrap().0, 200);
    }
    let counted = Calls { arrived: 2, ok: 2, throttled: 0, errors: 0 };
    assert_eq!(sim.calls().get("DescribeRepositories"), Some(&counted));
    sim.reset_calls();
    assert!(sim.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_starts_at_once_one_wins() {
    let (sim, address) = serve(held()).await;
    let registry = sim.default_registry();
    registry.add_repository("payments/api").unwrap();
    let digest = registry.add_image("payments/api", NewImage::default()).unwrap();
    let image = json!({"repositoryName": "payments/api", "imageId": {"imageDigest": digest}});
    let starts = [(); 16].map(|()| tokio::spawn(call(address, "StartImageScan", image.clone())));
    let mut accepted = 0;
    for start in starts {
        accepted += usize::from(start.await.unwrap().0 == 200);
    }
    assert_eq!(accepted, 1);
    let counted = Calls { arrived: 16, ok: 1, throttled: 0, errors: 15 };
    assert_eq!(sim.calls().get("StartImageScan"), Some(&counted));
}

#[tokio::test]
async fn an_index_leads_to_its_children() {
    let (sim, address) = serve(held()).await;
    let registry = sim.default_registry();
    registry.add_repository("web").unwrap();
    let child =
        registry.add_image("web", NewImage { kind: ImageKind::OciImage, ..NewImage::default() }).unwrap();
    let attestation =
        NewImage { kind: ImageKind::Attestation, refers_to: vec![child], ..NewImage::default() };
    let attestation = registry.add_image("web", attestation).unwrap();
    let index = NewImage {
        kind: ImageKind::OciIndex,
        tags: vec!["v1".into()],
        refers_to: vec![child, attestation],
        ..NewImage::default()
    };
    registry.add_image("web", index).unwrap();
    let (_, answer) =
        call(address, "BatchGetImage", json!({"repositoryName": "web", "imageIds": [{"imageTag": "v1"}]}))
            .await;
    let manifest = answer["images"][0]["imageManifest"].as_str().unwrap();
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
    assert_eq!(manifest["manifests"][0]["digest"], json!(child));
    assert_eq!(manifest["manifests"][1]["platform"]["architecture"], "unknown");
    assert_eq!(manifest["manifests"][1]["annotations"]["vnd.docker.reference.digest"], json!(child));
}

#[tokio::test]
async fn images_come_and_go() {
    let (sim, _) =
        serve(SimConfig { repositories: 3, images: 60, profile: Profile::plain(), ..held() }).await;
    let registry = sim.default_registry();
    let name = registry.repositories().into_iter().find(|repository| repository.images > 2).unwrap().name;
    let images = registry.images(&name).unwrap();
    registry.delete_image(&name, images[0].digest).unwrap();
    registry.archive_image(&name, images[1].digest).unwrap();
    assert_eq!(
        registry.delete_image(&name, images[0].digest),
        Err(RefusedChange::NoSuchImage(images[0].digest))
    );
    // The tag of a generated image moves to the one that is pushed with it.
    let tag = images.last().unwrap().tags[0].clone();
    registry.add_image(&name, NewImage { tags: vec![tag.clone()], ..NewImage::default() }).unwrap();
    let after = registry.images(&name).unwrap();
    assert_eq!(after.len(), images.len());
    assert!(after[0].archived);
    assert_eq!(after.iter().filter(|image| image.tags.contains(&tag)).count(), 1);
    registry.restore_image(&name, images[1].digest).unwrap();
    assert!(!registry.images(&name).unwrap()[0].archived);
    registry.delete_repository(&name).unwrap();
    assert_eq!(registry.images(&name).unwrap_err(), RefusedChange::NoSuchRepository(name));
}

#[tokio::test]
async fn limits_and_scanning_change_while_serving() {
    let (sim, address) = serve(held()).await;
    sim.set_limit("GetRegistryScanningConfiguration", Some(RateLimit { rate: 1.0, burst: 1.0 }));
    sim.set_scanning(&Scanning::enhanced(&["*"]));
    let (_, answer) = call(address, "GetRegistryScanningConfiguration", json!({})).await;
    assert_eq!(answer["scanningConfiguration"]["scanType"], "ENHANCED");
    let (status, answer) = call(address, "GetRegistryScanningConfiguration", json!({})).await;
    assert_eq!((status, answer["__type"].as_str()), (400, Some("ThrottlingException")));
}

#[tokio::test]
async fn a_million_images_cost_nothing_until_they_are_asked_for() {
    let (sim, address) = serve(SimConfig { repositories: 500, images: 1_000_000, ..held() }).await;
    let (_, answer) = call(address, "DescribeRepositories", json!({"maxResults": 1000})).await;
    assert_eq!(answer["repositories"].as_array().map(Vec::len), Some(500));
    let total: u64 = sim.default_registry().repositories().iter().map(|repository| repository.images).sum();
    assert!(total >= 1_000_000, "archived images come on top: {total}");
}
