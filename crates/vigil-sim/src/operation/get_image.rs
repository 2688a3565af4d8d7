//! BatchGetImage: manifests, and what could not be had.

use serde::{Deserialize, Serialize};

use super::dispatch::json;
use super::resolve;
use crate::registry::{RepositoryRef, State};
use crate::wire::{self, ApiError, ImageIdentifier};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    repository_name: Option<String>,
    image_ids: Option<Vec<ImageIdentifier>>,
}

#[derive(Serialize)]
struct Answer<'a> {
    images: Vec<Manifest<'a>>,
    failures: Vec<Failure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    registry_id: &'a str,
    repository_name: &'a str,
    image_id: ImageIdentifier,
    image_manifest: String,
    image_manifest_media_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    image_id: ImageIdentifier,
    failure_code: &'static str,
    failure_reason: &'static str,
}

pub(super) fn answer(state: &State, request: Request) -> Result<Vec<u8>, ApiError> {
    let name = wire::repository_name(request.repository_name)?;
    let image_ids = request.image_ids.unwrap_or_default();
    wire::count("imageIds", image_ids.len(), 100)?;
    let repository = resolve::repository(state, &name)?;
    let mut answer = Answer { images: Vec::new(), failures: Vec::new() };
    for image_id in image_ids {
        match manifest(state, &repository, &image_id) {
            Ok(manifest) => answer.images.push(manifest),
            Err((failure_code, failure_reason)) => {
                answer.failures.push(Failure { image_id, failure_code, failure_reason });
            }
        }
    }
    json(&answer)
}

fn manifest<'a>(
    state: &'a State,
    repository: &RepositoryRef<'a>,
    image_id: &ImageIdentifier,
) -> Result<Manifest<'a>, (&'static str, &'static str)> {
    if image_id.image_digest.is_none() && image_id.image_tag.is_none() {
        return Err(("MissingDigestAndTag", "Image must have a digest or a tag"));
    }
    let digest = wire::image_digest(image_id).map_err(|_| ("InvalidImageDigest", "Invalid image digest"))?;
    let tag = wire::image_tag(image_id).map_err(|_| ("InvalidImageTag", "Invalid image tag"))?;
    let found = match (digest, tag) {
        (_, Some(tag)) => repository.find_tag(tag),
        (Some(digest), None) => repository.find_digest(digest),
        (None, None) => None,
    };
    let found = found.ok_or(("ImageNotFound", "Requested image not found"))?;
    if digest.is_some_and(|digest| digest != found.image.digest) {
        return Err(("ImageTagDoesNotMatchDigest", "Image tag does not match digest"));
    }
    if found.image.archived_at.is_some() {
        return Err(("ImageInaccessible", "Requested image is archived"));
    }
    let image_manifest =
        repository.manifest_at(found.slot).ok_or(("ImageNotFound", "Requested image not found"))?;
    Ok(Manifest {
        registry_id: &state.id.account,
        repository_name: repository.name,
        image_id: image_id.resolved(found.image.digest),
        image_manifest,
        image_manifest_media_type: found.image.kind.manifest_media_type(),
    })
}
