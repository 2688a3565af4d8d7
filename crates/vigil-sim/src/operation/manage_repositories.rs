//! CreateRepository and PutLifecyclePolicy: the two changes that clients of the simulator may make.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::describe_repositories::{self, Repository};
use super::dispatch::json;
use super::resolve;
use super::tags::{self, Tag};
use crate::clock::Moment;
use crate::registry::State;
use crate::wire::{self, ApiError};

const MUTABILITIES: [&str; 4] =
    ["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateRequest {
    repository_name: Option<String>,
    image_tag_mutability: Option<String>,
    image_scanning_configuration: Option<ScanningConfiguration>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScanningConfiguration {
    #[serde(default)]
    scan_on_push: bool,
}

#[derive(Serialize)]
struct CreateAnswer<'a> {
    repository: Repository<'a>,
}

pub(super) fn create(state: &mut State, request: CreateRequest, now: Moment) -> Result<Vec<u8>, ApiError> {
    let name = wire::repository_name(request.repository_name)?;
    let mutability = request.image_tag_mutability.as_deref().unwrap_or("MUTABLE");
    if !MUTABILITIES.contains(&mutability) {
        let constraint = format!("must satisfy enum value set: [{}]", MUTABILITIES.join(", "));
        return Err(ApiError::invalid_parameter("imageTagMutability", constraint));
    }
    let scan_on_push =
        request.image_scanning_configuration.is_some_and(|configuration| configuration.scan_on_push);
    let tags = tags::checked(request.tags)?;
    if state.create_repository(&name, mutability, scan_on_push, now).is_err() {
        let account = &state.id.account;
        let message =
            format!("The repository with name '{name}' already exists in the registry with id '{account}'");
        return Err(ApiError::new("RepositoryAlreadyExistsException", message));
    }
    let position = resolve::repository(state, &name)?.position;
    state.tag_repository(position, tags);
    let repository = resolve::repository(state, &name)?;
    json(&CreateAnswer { repository: describe_repositories::shape(&state.id, &repository) })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifecycleRequest {
    repository_name: Option<String>,
    lifecycle_policy_text: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LifecycleAnswer<'a> {
    registry_id: &'a str,
    repository_name: &'a str,
    lifecycle_policy_text: &'a str,
}

/// Keeps the policy and echoes it; nothing expires by it.
pub(super) fn put_lifecycle_policy(
    state: &mut State,
    request: LifecycleRequest,
) -> Result<Vec<u8>, ApiError> {
    let name = wire::repository_name(request.repository_name)?;
    let text = request
        .lifecycle_policy_text
        .ok_or_else(|| ApiError::invalid_parameter("lifecyclePolicyText", "must not be null"))?;
    if !(100..=30_720).contains(&text.len()) {
        let constraint = "must have length greater than or equal to 100 and less than or equal to 30720";
        return Err(ApiError::invalid_parameter("lifecyclePolicyText", constraint));
    }
    let position = resolve::repository(state, &name)?.position;
    check_lifecycle_policy(&text)?;
    state.put_lifecycle_policy(position, &text);
    let kept = resolve::repository(state, &name)?;
    json(&LifecycleAnswer {
        registry_id: &state.id.account,
        repository_name: &name,
        lifecycle_policy_text: kept.lifecycle_policy().unwrap_or_default(),
    })
}

/// Refuses a text that is no policy; ECR looks into the rules as well. Public reports show its words up to the colon.
fn check_lifecycle_policy(text: &str) -> Result<(), ApiError> {
    let are_rules = |rules: &Value| rules.as_array().is_some_and(|rules| rules.iter().all(Value::is_object));
    let reason = match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(policy) if policy.get("rules").is_some_and(are_rules) => return Ok(()),
        Ok(_) => "rules must be a list of objects".to_owned(),
        Err(error) => error.to_string(),
    };
    let constraint = format!("Lifecycle policy validation failure: {reason}");
    Err(ApiError::invalid_parameter("LifecyclePolicyText", constraint))
}
