//! DescribeImages, as it answers since native basic scanning: nothing about scans.

use serde::{Deserialize, Serialize};

use super::dispatch::json;
use super::filter::{Filter, WrittenFilter};
use super::resolve;
use crate::clock::Moment;
use crate::content::{Image, ImageKind};
use crate::digest::Digest;
use crate::registry::{RepositoryRef, State};
use crate::wire::{self, ApiError, ImageIdentifier, PageContext};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    repository_name: Option<String>,
    image_ids: Option<Vec<ImageIdentifier>>,
    filter: Option<WrittenFilter>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    image_details: Vec<Detail<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    registry_id: &'a str,
    repository_name: &'a str,
    image_digest: Digest,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_tags: Vec<String>,
    image_size_in_bytes: u64,
    image_pushed_at: Moment,
    image_manifest_media_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_media_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_recorded_pull_time: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_manifest_digest: Option<Digest>,
    image_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_archived_at: Option<Moment>,
}

pub(super) fn answer(state: &State, request: Request) -> Result<Vec<u8>, ApiError> {
    let name = wire::repository_name(request.repository_name)?;
    let written = request.filter.unwrap_or_default();
    let filter = written.parse()?;
    let paged = request.next_token.is_some() || request.max_results.is_some();
    if let Some(image_ids) = &request.image_ids {
        wire::count("imageIds", image_ids.len(), 100)?;
        if paged {
            let constraint = "must not be used with nextToken or maxResults";
            return Err(ApiError::invalid_parameter("imageIds", constraint));
        }
        return named(state, &resolve::repository(state, &name)?, image_ids, filter);
    }
    let size = wire::page_size(request.max_results)?;
    let (tags, status) = written.words();
    let context =
        PageContext::new(&["DescribeImages", &state.id.account, &state.id.region, &name, tags, status]);
    let (start, _) = context.place(request.next_token.as_deref())?;
    page(state, &resolve::repository(state, &name)?, filter, context, start, size)
}

/// The whole call fails when one image is not there (or not in a status that the filter lets through).
fn named(
    state: &State,
    repository: &RepositoryRef<'_>,
    image_ids: &[ImageIdentifier],
    filter: Filter,
) -> Result<Vec<u8>, ApiError> {
    let mut image_details = Vec::with_capacity(image_ids.len());
    for identifier in image_ids {
        let found = resolve::image(state, repository, identifier)?;
        if !filter.lets_through(&found.image) {
            return Err(ApiError::image_not_found(identifier, repository.name, &state.id));
        }
        image_details.push(detail(state, repository, found.image));
    }
    json(&Answer { image_details, next_token: None })
}

fn page(
    state: &State,
    repository: &RepositoryRef<'_>,
    filter: Filter,
    context: PageContext,
    start: u32,
    size: usize,
) -> Result<Vec<u8>, ApiError> {
    let slots = start..repository.slots();
    let mut images = slots
        .filter_map(|slot| Some((slot, repository.image_at(slot)?)))
        .filter(|(_, image)| filter.lets_through(image));
    let image_details =
        images.by_ref().take(size).map(|(_, image)| detail(state, repository, image)).collect();
    let next_token = images.next().map(|(slot, _)| context.token(slot, 0));
    json(&Answer { image_details, next_token })
}

fn detail<'a>(state: &'a State, repository: &RepositoryRef<'a>, image: Image) -> Detail<'a> {
    Detail {
        registry_id: &state.id.account,
        repository_name: repository.name,
        image_digest: image.digest,
        image_tags: image.tags,
        image_size_in_bytes: image.size,
        image_pushed_at: image.pushed_at,
        image_manifest_media_type: image.kind.manifest_media_type(),
        artifact_media_type: image.kind.artifact_media_type(),
        last_recorded_pull_time: image.pulled_at,
        subject_manifest_digest: image.subject.filter(|_| image.kind == ImageKind::Referrer),
        image_status: if image.archived_at.is_some() { "ARCHIVED" } else { "ACTIVE" },
        last_archived_at: image.archived_at,
    }
}
