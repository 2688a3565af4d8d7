//! ListTagsForResource and TagResource: the tags of repositories, which are named by their ARNs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dispatch::json;
use super::resolve;
use crate::registry::State;
use crate::wire::{self, ApiError};

/// ECR keeps so many of one repository.
const AT_MOST: usize = 50;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    resource_arn: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
struct Answer {
    tags: Vec<Tag>,
}

#[derive(Serialize)]
struct Nothing {}

pub(super) fn list(state: &State, request: Request) -> Result<Vec<u8>, ApiError> {
    let repository = resolve::repository(state, &repository_name(state, request.resource_arn)?)?;
    let tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
    json(&Answer { tags: repository.tags_of_its_own().into_iter().flatten().map(tag).collect() })
}

pub(super) fn tag(state: &mut State, request: Request) -> Result<Vec<u8>, ApiError> {
    let name = repository_name(state, request.resource_arn)?;
    let tags = request.tags.ok_or_else(|| ApiError::invalid_parameter("tags", "must not be null"))?;
    let position = resolve::repository(state, &name)?.position;
    state.tag_repository(position, checked(tags)?);
    json(&Nothing {})
}

/// The tags by their keys, if ECR would take them.
pub(super) fn checked(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, ApiError> {
    if tags.len() > AT_MOST {
        let message = format!("The number of tags exceeds the limit of {AT_MOST}");
        return Err(ApiError::new("TooManyTagsException", message));
    }
    let fits = |tag: &Tag| {
        (1..=128).contains(&tag.key.chars().count())
            && tag.value.chars().count() <= 256
            && !tag.key.starts_with("aws:")
    };
    match tags.iter().find(|tag| !fits(tag)) {
        Some(tag) => {
            let message = format!("The tag with the key '{}' cannot be used", tag.key);
            Err(ApiError::new("InvalidTagParameterException", message))
        }
        None => Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect()),
    }
}

/// The name of the repository of this registry that an ARN means.
fn repository_name(state: &State, arn: Option<String>) -> Result<String, ApiError> {
    let arn = arn.ok_or_else(|| ApiError::invalid_parameter("resourceArn", "must not be null"))?;
    let name = arn.strip_prefix(&state.id.repository_arn("")).map(str::to_owned);
    let name = name.ok_or_else(|| {
        let constraint = format!("Invalid ARN '{arn}' of a repository of this registry");
        ApiError::invalid_parameter("resourceArn", constraint)
    })?;
    wire::repository_name(Some(name))
}
