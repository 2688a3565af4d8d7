//! From the name of an operation to the function that answers it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    configuration, describe_image_scan_findings, describe_images, describe_repositories, get_image,
    list_images, manage_repositories, start_image_scan, tags,
};
use crate::clock::Moment;
use crate::registry::Registry;
use crate::wire::ApiError;

/// The operations that the simulator answers.
pub(crate) const OPERATIONS: [&str; 13] = [
    "BatchGetImage",
    "BatchGetRepositoryScanningConfiguration",
    "CreateRepository",
    "DescribeImages",
    "DescribeImageScanFindings",
    "DescribeRepositories",
    "GetAccountSetting",
    "GetRegistryScanningConfiguration",
    "ListImages",
    "ListTagsForResource",
    "PutLifecyclePolicy",
    "StartImageScan",
    "TagResource",
];

/// Answers one request to one registry.
pub(crate) fn answer(
    operation: &str,
    registry: &Registry,
    body: &[u8],
    now: Moment,
) -> Result<Vec<u8>, ApiError> {
    match operation {
        "DescribeRepositories" => describe_repositories::answer(&registry.read(), parse(body)?),
        "ListImages" => list_images::answer(&registry.read(), parse(body)?),
        "DescribeImages" => describe_images::answer(&registry.read(), parse(body)?),
        "DescribeImageScanFindings" => {
            describe_image_scan_findings::answer(&registry.read(), parse(body)?, now)
        }
        "StartImageScan" => {
            start_image_scan::answer(&mut registry.write(), parse(body)?, &registry.behaviour(), now)
        }
        "BatchGetImage" => get_image::answer(&registry.read(), parse(body)?),
        "GetRegistryScanningConfiguration" => configuration::registry(&registry.read()),
        "BatchGetRepositoryScanningConfiguration" => {
            configuration::repositories(&registry.read(), parse(body)?)
        }
        "GetAccountSetting" => configuration::account_setting(parse(body)?),
        "CreateRepository" => manage_repositories::create(&mut registry.write(), parse(body)?, now),
        "ListTagsForResource" => tags::list(&registry.read(), parse(body)?),
        "TagResource" => tags::tag(&mut registry.write(), parse(body)?),
        "PutLifecyclePolicy" => {
            manage_repositories::put_lifecycle_policy(&mut registry.write(), parse(body)?)
        }
        _ => Err(ApiError::new("UnknownOperationException", "")),
    }
}

/// The bytes of an answer.
pub(super) fn json(answer: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::with_capacity(1024);
    match serde_json::to_writer(&mut bytes, answer) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(ApiError::new("ServerException", error.to_string()).with_status(500)),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError::new("SerializationException", error.to_string()))
}
