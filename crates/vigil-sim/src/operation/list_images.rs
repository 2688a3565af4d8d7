//! ListImages: one entry for each tag, and one for an untagged image.

use serde::{Deserialize, Serialize};

use super::dispatch::json;
use super::filter::WrittenFilter;
use super::resolve;
use crate::digest::Digest;
use crate::registry::State;
use crate::wire::{self, ApiError, PageContext};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    repository_name: Option<String>,
    filter: Option<WrittenFilter>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    image_ids: Vec<Identifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identifier {
    image_digest: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<String>,
}

pub(super) fn answer(state: &State, request: Request) -> Result<Vec<u8>, ApiError> {
    let name = wire::repository_name(request.repository_name)?;
    let written = request.filter.unwrap_or_default();
    let filter = written.parse()?;
    let size = wire::page_size(request.max_results)?;
    let (tags, status) = written.words();
    let context = PageContext::new(&["ListImages", &state.id.account, &state.id.region, &name, tags, status]);
    let (start, first_tag) = context.place(request.next_token.as_deref())?;
    let repository = resolve::repository(state, &name)?;

    let mut image_ids = Vec::with_capacity(size.min(128));
    for slot in start..repository.slots() {
        let Some(image) = repository.image_at(slot).filter(|image| filter.lets_through(image)) else {
            continue;
        };
        let tags: Vec<Option<String>> = match image.tags.is_empty() {
            true => vec![None],
            false => image.tags.into_iter().map(Some).collect(),
        };
        let skipped = if slot == start { first_tag } else { 0 };
        for (number, image_tag) in (0..).zip(tags).skip(skipped as usize) {
            if image_ids.len() == size {
                return json(&Answer { image_ids, next_token: Some(context.token(slot, number)) });
            }
            image_ids.push(Identifier { image_digest: image.digest, image_tag });
        }
    }
    json(&Answer { image_ids, next_token: None })
}
