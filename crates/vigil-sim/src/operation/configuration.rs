//! GetRegistryScanningConfiguration, BatchGetRepositoryScanningConfiguration and GetAccountSetting.

use serde::{Deserialize, Serialize};

use super::dispatch::json;
use crate::registry::{Frequency, ScanType, State};
use crate::wire::{self, ApiError};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegistryAnswer<'a> {
    registry_id: &'a str,
    scanning_configuration: RegistryConfiguration<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegistryConfiguration<'a> {
    scan_type: ScanType,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    scan_frequency: Frequency,
    repository_filters: Vec<Filter<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter<'a> {
    filter: &'a str,
    filter_type: &'static str,
}

pub(super) fn registry(state: &State) -> Result<Vec<u8>, ApiError> {
    let rules = state.scanning.rules.iter().map(|rule| Rule {
        scan_frequency: rule.frequency,
        repository_filters: rule.filters.iter().map(|filter| wildcard(filter)).collect(),
    });
    json(&RegistryAnswer {
        registry_id: &state.id.account,
        scanning_configuration: RegistryConfiguration {
            scan_type: state.scanning.scan_type,
            rules: rules.collect(),
        },
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RepositoriesRequest {
    repository_names: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RepositoriesAnswer<'a> {
    scanning_configurations: Vec<RepositoryConfiguration<'a>>,
    failures: Vec<Failure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RepositoryConfiguration<'a> {
    repository_arn: String,
    repository_name: &'a str,
    scan_on_push: bool,
    scan_frequency: Frequency,
    applied_scan_filters: Vec<Filter<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    repository_name: String,
    failure_code: &'static str,
    failure_reason: &'static str,
}

/// The effective configuration: the rules of the registry come before the flag of the repository.
pub(super) fn repositories(state: &State, request: RepositoriesRequest) -> Result<Vec<u8>, ApiError> {
    let names = request.repository_names.unwrap_or_default();
    wire::count("repositoryNames", names.len(), 25)?;
    let mut answer = RepositoriesAnswer { scanning_configurations: Vec::new(), failures: Vec::new() };
    for name in names {
        let name = wire::repository_name(Some(name))?;
        let Some(repository) = state.repository(&name) else {
            answer.failures.push(Failure {
                repository_name: name,
                failure_code: "REPOSITORY_NOT_FOUND",
                failure_reason: "Repository not found",
            });
            continue;
        };
        let (scan_frequency, filters) = state.scanning.frequency(repository.name, repository.scan_on_push);
        answer.scanning_configurations.push(RepositoryConfiguration {
            repository_arn: state.id.repository_arn(repository.name),
            repository_name: repository.name,
            scan_on_push: scan_frequency == Frequency::ScanOnPush,
            scan_frequency,
            applied_scan_filters: filters.into_iter().map(wildcard).collect(),
        });
    }
    json(&answer)
}

fn wildcard(filter: &str) -> Filter<'_> {
    Filter { filter, filter_type: "WILDCARD" }
}

#[derive(Debug, Deserialize)]
pub(super) struct SettingRequest {
    name: Option<String>,
}

#[derive(Serialize)]
struct SettingAnswer<'a> {
    name: &'a str,
    value: &'static str,
}

pub(super) fn account_setting(request: SettingRequest) -> Result<Vec<u8>, ApiError> {
    let name = request.name.ok_or_else(|| ApiError::invalid_parameter("name", "must not be null"))?;
    wire::count("name", name.len(), 64)?;
    let value = match name.as_str() {
        // Clair ended on 2026-02-02; every account scans natively.
        "BASIC_SCAN_TYPE_VERSION" => "AWS_NATIVE",
        "REGISTRY_POLICY_SCOPE" => "V2",
        "BLOB_MOUNTING" => "DISABLED",
        _ => {
            let constraint = "must satisfy enum value set: [BASIC_SCAN_TYPE_VERSION, REGISTRY_POLICY_SCOPE, BLOB_MOUNTING]";
            return Err(ApiError::invalid_parameter("name", constraint));
        }
    };
    json(&SettingAnswer { name: &name, value })
}
