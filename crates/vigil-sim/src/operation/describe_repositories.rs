//! DescribeRepositories.

use serde::{Deserialize, Serialize};

use super::dispatch::json;
use super::resolve;
use crate::clock::Moment;
use crate::registry::{RegistryId, RepositoryRef, State};
use crate::wire::{self, ApiError, PageContext};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    repository_names: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    repositories: Vec<Repository<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// A repository as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Repository<'a> {
    repository_arn: String,
    registry_id: &'a str,
    repository_name: &'a str,
    repository_uri: String,
    created_at: Moment,
    image_tag_mutability: &'a str,
    image_scanning_configuration: ScanningConfiguration,
    encryption_configuration: EncryptionConfiguration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScanningConfiguration {
    scan_on_push: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EncryptionConfiguration {
    encryption_type: &'static str,
}

pub(super) fn answer(state: &State, request: Request) -> Result<Vec<u8>, ApiError> {
    match request.repository_names {
        Some(names) => named(state, &names, request.next_token.is_some() || request.max_results.is_some()),
        None => page(state, request.next_token.as_deref(), request.max_results),
    }
}

pub(super) fn shape<'a>(registry: &'a RegistryId, repository: &RepositoryRef<'a>) -> Repository<'a> {
    Repository {
        repository_arn: registry.repository_arn(repository.name),
        registry_id: &registry.account,
        repository_name: repository.name,
        repository_uri: registry.repository_uri(repository.name),
        created_at: repository.created_at,
        image_tag_mutability: repository.mutability,
        image_scanning_configuration: ScanningConfiguration { scan_on_push: repository.scan_on_push },
        encryption_configuration: EncryptionConfiguration { encryption_type: "AES256" },
    }
}

fn named(state: &State, names: &[String], paged: bool) -> Result<Vec<u8>, ApiError> {
    wire::count("repositoryNames", names.len(), 100)?;
    if paged {
        return Err(ApiError::invalid_parameter(
            "repositoryNames",
            "must not be used with nextToken or maxResults",
        ));
    }
    let mut repositories = Vec::with_capacity(names.len());
    for name in names {
        let name = wire::repository_name(Some(name.clone()))?;
        repositories.push(shape(&state.id, &resolve::repository(state, &name)?));
    }
    json(&Answer { repositories, next_token: None })
}

fn page(state: &State, token: Option<&str>, max_results: Option<i64>) -> Result<Vec<u8>, ApiError> {
    let size = wire::page_size(max_results)?;
    let context = PageContext::new(&["DescribeRepositories", &state.id.account, &state.id.region]);
    let (start, _) = context.place(token)?;
    let mut found = (start..state.positions()).filter_map(|position| state.repository_at(position));
    let repositories = found.by_ref().take(size).map(|repository| shape(&state.id, &repository)).collect();
    let next_token = found.next().map(|next| context.token(next.position, 0));
    json(&Answer { repositories, next_token })
}
