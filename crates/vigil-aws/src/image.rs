//! An image and a repository as ECR describes them, in our nouns.

use aws_sdk_ecr::primitives::DateTime;
use aws_sdk_ecr::types::{ImageDetail, ImageStatus, Repository as Described};
use jiff::Timestamp;
use vigil_core::image::{Image, Kind, Repository, Storage, Tag};

/// Reads an image; `None` if ECR gives no digest that we know, without which it cannot be named.
pub(crate) fn image(detail: &ImageDetail) -> Option<Image> {
    let digest = detail.image_digest().unwrap_or_default();
    let Ok(digest) = digest.parse() else {
        tracing::warn!(repository = detail.repository_name(), digest, "image skipped: not a SHA-256 digest");
        return None;
    };
    let mut tags: Vec<Tag> = detail.image_tags().iter().filter_map(|tag| tag.parse().ok()).collect();
    tags.sort();
    tags.dedup();
    let kind = Kind::of(
        detail.image_manifest_media_type(),
        detail.artifact_media_type(),
        detail.subject_manifest_digest().is_some(),
        &tags,
    );
    Some(Image {
        digest,
        tags,
        kind,
        platform: None,
        index: None,
        pushed_at: detail.image_pushed_at().and_then(timestamp),
        pulled_at: detail.last_recorded_pull_time().and_then(timestamp),
        size_bytes: detail.image_size_in_bytes().and_then(|bytes| u64::try_from(bytes).ok()),
        storage: storage(detail.image_status()),
    })
}

/// Reads a repository; `None` if its name is none that we know how to say.
pub(crate) fn repository(described: &Described) -> Option<Repository> {
    let name = described.repository_name().unwrap_or_default();
    let name = name.parse().inspect_err(|error| tracing::warn!(%error, "repository skipped")).ok()?;
    Some(Repository {
        name,
        created_at: described.created_at().and_then(timestamp),
        scan_on_push: described.image_scanning_configuration().map(|scanning| scanning.scan_on_push()),
        tag_mutability: described.image_tag_mutability().map(|mutability| mutability.as_str().to_owned()),
    })
}

/// Reads a time; `None` if it lies outside of what a calendar can say.
pub(crate) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    // On the wire times are decimal seconds, read as floating point: below the millisecond there is only noise.
    Timestamp::from_millisecond(time.to_millis().ok()?).ok()
}

/// An image without a status is active: servers that know no archive give none.
fn storage(status: Option<&ImageStatus>) -> Storage {
    match status.map(ImageStatus::as_str) {
        Some("ARCHIVED") => Storage::Archived,
        Some("ACTIVATING") => Storage::Activating,
        _ => Storage::Active,
    }
}
