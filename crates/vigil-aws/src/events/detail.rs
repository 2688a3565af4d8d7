//! What each kind of event is about. The shapes are those of the user guides of Amazon ECR and Amazon Inspector, and of what
//! users report: counts and tags may be missing, and any word may be new.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>
//! <https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html>

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vigil_core::image::{Digest, Pick, RegistryHost, RepositoryName, Tag};
use vigil_core::wake::{NotUnderstood, Wake, Why};

use super::envelope::{Envelope, broken};
use super::repository_arn::RepositoryArn;

/// What names an image in the details of ECR's events, and in those of Inspector's scans.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Named {
    repository_name: Option<String>,
    image_digest: Option<String>,
    /// Of an action, one.
    image_tag: Option<String>,
    /// Of a scan, all; or none.
    image_tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Action {
    result: Option<String>,
    action_type: Option<String>,
}

/// A finding of Inspector. Its dates, which it writes in more than one way, are not read.
#[derive(Deserialize)]
struct Finding {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    id: String,
}

/// The type of a resource that is an image in ECR; instances and functions have findings too.
const IMAGE: &str = "AWS_ECR_CONTAINER_IMAGE";

/// `ECR Image Scan`: whatever the status is, ECR is asked what came of it.
pub(super) fn image_scan(envelope: &Envelope) -> Result<Wake, NotUnderstood> {
    named(envelope, Why::Scanned)
}

/// `ECR Image Action`: what was tried in vain has changed nothing.
pub(super) fn image_action(envelope: &Envelope) -> Result<Option<Wake>, NotUnderstood> {
    let Action { result, action_type } = read(&envelope.detail)?;
    let why = match action_type.as_deref() {
        Some("PUSH") => Why::Pushed,
        Some("DELETE") => Why::Deleted,
        _ => Why::Changed,
    };
    // Before anything is let go of, it must be sound.
    let wake = named(envelope, why)?;
    Ok((result.as_deref() != Some("FAILURE")).then_some(wake))
}

/// `Inspector2 Scan`; those of instances and functions ask for nothing.
pub(super) fn inspector_scan(envelope: &Envelope) -> Result<Option<Wake>, NotUnderstood> {
    let Named { repository_name, .. } = read(&envelope.detail)?;
    match repository_name {
        Some(_) => named(envelope, Why::Scanned).map(Some),
        None if envelope.resources.iter().any(|arn| is_of_ecr(arn)) => {
            Err(broken("invalid", "it has no repository-name"))
        }
        None => Ok(None),
    }
}

/// `Inspector2 Finding`: one finding, in one resource.
pub(super) fn finding(envelope: &Envelope) -> Result<Option<Wake>, NotUnderstood> {
    let Finding { resources } = read(&envelope.detail)?;
    let of_detail = resources.iter().find(|resource| resource.r#type == IMAGE).map(|resource| &resource.id);
    let Some(arn) = of_detail.or_else(|| envelope.resources.iter().find(|arn| is_of_ecr(arn))) else {
        return Ok(None);
    };
    let RepositoryArn { registry, repository, image } = arn.parse().map_err(invalid)?;
    let image = image.ok_or_else(|| broken("invalid", format!("`{}` names no image", arn.escape_debug())))?;
    Ok(Some(Wake { registry, repository, pick: Pick::Digest(image), why: Why::FindingChanged }))
}

/// The image that a detail names. The repository may be an ARN; else it is one of the event's account and region.
fn named(envelope: &Envelope, why: Why) -> Result<Wake, NotUnderstood> {
    let Named { repository_name, image_digest, image_tag, image_tags } = read(&envelope.detail)?;
    let name = repository_name.ok_or_else(|| broken("invalid", "it has no repository-name"))?;
    let (registry, repository) = place(envelope, &name)?;
    let tag = image_tag.or_else(|| image_tags.and_then(|tags| tags.into_iter().next()));
    let pick = match (image_digest, tag) {
        (Some(digest), _) => Pick::Digest(digest.parse::<Digest>().map_err(invalid)?),
        (None, Some(tag)) => Pick::Tag(tag.parse::<Tag>().map_err(invalid)?),
        (None, None) => return Err(broken("invalid", "it has neither image-digest nor a tag")),
    };
    Ok(Wake { registry, repository, pick, why })
}

fn place(envelope: &Envelope, name: &str) -> Result<(RegistryHost, RepositoryName), NotUnderstood> {
    if name.starts_with("arn:") {
        let RepositoryArn { registry, repository, .. } = name.parse().map_err(invalid)?;
        return Ok((registry, repository));
    }
    let registry = RegistryHost {
        account: envelope.account.parse().map_err(invalid)?,
        region: envelope.region.parse().map_err(invalid)?,
    };
    Ok((registry, name.parse().map_err(invalid)?))
}

fn is_of_ecr(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("ecr")
}

fn read<T: DeserializeOwned>(detail: &Value) -> Result<T, NotUnderstood> {
    T::deserialize(detail).map_err(|error| broken("invalid", format!("its detail cannot be read: {error}")))
}

fn invalid(error: impl ToString) -> NotUnderstood {
    broken("invalid", error.to_string())
}
