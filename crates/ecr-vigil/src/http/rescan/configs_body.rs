//! Scan configurations as they are sent: in the re-scan service's form.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::policy::{ScanConfig, ScanRequest};
use vigil_core::{RepositoryName, Tag};

use crate::http::fields::{Fields, FromFields};

/// What is wanted scanned regularly.
#[derive(ToSchema, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[schema(as = ScanRequest)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct RequestBody {
    /// The region.
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)+-[0-9]+$", max_length = 40, example = "us-west-2")]
    region: String,
    /// The account that owns the registry.
    #[schema(pattern = "^[0-9]{12}$", example = "123456789012")]
    registry: String,
    /// The repository.
    #[schema(
        pattern = r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$",
        min_length = 2,
        max_length = 256,
        example = "amazonlinux"
    )]
    repository: String,
    /// The tags; all of the repository without any.
    #[schema(required = false, max_items = 1000, example = json!(["2018.03"]))]
    tags: Option<Vec<TagText>>,
}

/// A tag.
#[derive(ToSchema, serde::Deserialize)]
#[schema(as = Tag, pattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", example = "2018.03")]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
struct TagText(String);

/// A scan configuration.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScanConfig)]
pub(in crate::http) struct ConfigBody {
    /// Its id.
    #[schema(format = "uuid", example = "4471c156-29f5-40fe-883b-3cd26738d5a6")]
    id: String,
    /// When it was made, in Unix seconds.
    #[schema(pattern = "^-?[0-9]+$", example = "1569927812")]
    created: String,
    /// The region.
    #[schema(example = "us-west-2")]
    region: String,
    /// The account that owns the registry.
    #[schema(example = "123456789012")]
    registry: String,
    /// The repository.
    #[schema(example = "amazonlinux")]
    repository: String,
    /// The tags; null: all tags of the repository.
    #[schema(required, example = json!(["2018.03"]))]
    tags: Option<Vec<String>>,
}

/// A tag as it may be pushed to a registry. ECR's own forms are no narrower.
struct PushedTag(Tag);

/// A text that is no such tag.
#[derive(Debug)]
struct NotATag(String);

impl FromFields for ScanRequest {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let (region, registry) = (fields.need("region"), fields.need("registry"));
        let repository: Option<RepositoryName> = fields.need("repository");
        let tags = fields.list("tags", 1000).into_iter().map(|PushedTag(tag)| tag).collect();
        Some(Self::new(region?, registry?, repository?, tags))
    }
}

impl FromStr for PushedTag {
    type Err = NotATag;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.len() <= 128
            && !text.starts_with(['.', '-'])
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        let tag = text.parse().ok().filter(|_| well_formed);
        tag.map(Self).ok_or_else(|| NotATag(text.to_owned()))
    }
}

impl fmt::Display for NotATag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an image tag: 1 to 128 letters, digits, and _ . - of which it starts with neither . nor -",
            self.0
        )
    }
}

impl From<&ScanConfig> for ConfigBody {
    fn from(config: &ScanConfig) -> Self {
        let ScanConfig { id, created, request } = config;
        let tags = (!request.tags.is_empty()).then(|| request.tags.iter().map(ToString::to_string).collect());
        Self {
            id: id.to_string(),
            created: created.as_second().to_string(),
            region: request.region.to_string(),
            registry: request.registry.to_string(),
            repository: request.repository.to_string(),
            tags,
        }
    }
}
