//! What ECR says to a request for a scan.

use serde_json::json;
use vigil_core::fault::FaultKind;
use vigil_core::port::{Mode, Scanner, Start};

use super::stub::{Answer, Stub, digest, repository, signed_in};

const PER_IMAGE: &str = "The scan quota per image has been exceeded. Wait and try again.";

async fn start(answer: Answer) -> Result<Start, FaultKind> {
    let stub = Stub::start(signed_in(move |_, _, _| answer.clone())).await;
    let registry = stub.registry().await;
    let result = registry.start(&repository(), digest('a')).await;
    let requests = stub.requests("StartImageScan");
    assert_eq!(
        requests,
        [json!({ "repositoryName": "team/app", "imageId": { "imageDigest": digest('a').to_string() } })],
        "a refusal costs one call"
    );
    result.map_err(|fault| fault.kind)
}

#[tokio::test]
async fn every_refusal_is_told_from_the_others() {
    let accepted = json!({ "imageScanStatus": { "status": "IN_PROGRESS" } });
    assert_eq!(start(Answer::json(accepted)).await, Ok(Start::Accepted));
    assert_eq!(start(Answer::error("LimitExceededException", PER_IMAGE)).await, Ok(Start::OnceADay));
    for (code, message, expected) in [
        ("LimitExceededException", "Too many scans.", Start::RegistryQuota("Too many scans.".into())),
        ("UnsupportedImageTypeException", "An index.", Start::Unsupported("An index.".into())),
        ("ImageArchivedException", "Archived.", Start::Archived),
        (
            "ValidationException",
            "This feature is disabled",
            Start::ByItself("This feature is disabled".into()),
        ),
    ] {
        assert_eq!(start(Answer::error(code, message)).await, Ok(expected));
    }
    for (code, expected) in [
        ("ImageNotFoundException", FaultKind::ImageGone),
        ("RepositoryNotFoundException", FaultKind::RepositoryGone),
        ("AccessDeniedException", FaultKind::Denied),
        ("ExpiredTokenException", FaultKind::Credentials),
        ("com.amazon.coral.service#UnrecognizedClientException", FaultKind::Credentials),
        ("SomethingNewException", FaultKind::Refused),
    ] {
        assert_eq!(start(Answer::error(code, "No.")).await, Err(expected), "{code}");
    }
}

#[tokio::test]
async fn a_second_refusal_after_a_lost_answer_is_our_own_scan() {
    let stub = Stub::start(signed_in(|_, _, before| match before {
        0 => Answer::json(json!({ "imageScanStatus": { "status": "IN_PROGRESS" } })).cut_in_half(),
        _ => Answer::error("LimitExceededException", PER_IMAGE),
    }))
    .await;
    assert_eq!(stub.registry().await.start(&repository(), digest('a')).await, Ok(Start::Accepted));
}

#[tokio::test]
async fn enhanced_scanning_is_seen_in_the_configuration() {
    for (said, expected) in [("BASIC", Mode::OnRequest), ("ENHANCED", Mode::ByItself)] {
        let answer = json!({ "scanningConfiguration": { "scanType": said, "rules": [] } });
        let stub = Stub::start(signed_in(move |_, _, _| Answer::json(answer.clone()))).await;
        assert_eq!(stub.registry().await.mode().await, Ok(expected));
    }
}
