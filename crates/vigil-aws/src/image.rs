//! An image as ECR describes it, in our nouns.

use aws_sdk_ecr::primitives::DateTime;
use aws_sdk_ecr::types::{ImageDetail, ImageStatus};
use jiff::Timestamp;
use vigil_core::image::{Image, Kind, Storage, Tag};

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
        storage: storage(detail.image_status()),
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
