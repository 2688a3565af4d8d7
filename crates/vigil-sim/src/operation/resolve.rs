//! Finding the repository and the image that a request names, or the error that says it is not there.

use crate::registry::{FoundImage, RepositoryRef, State};
use crate::wire::{self, ApiError, ImageIdentifier};

pub(super) fn repository<'a>(state: &'a State, name: &str) -> Result<RepositoryRef<'a>, ApiError> {
    state.repository(name).ok_or_else(|| ApiError::repository_not_found(name, &state.id))
}

/// The image that an identifier names; tag and digest must agree when both are given.
pub(super) fn image(
    state: &State,
    repository: &RepositoryRef<'_>,
    identifier: &ImageIdentifier,
) -> Result<FoundImage, ApiError> {
    let (digest, tag) = (wire::image_digest(identifier)?, wire::image_tag(identifier)?);
    let found = match (digest, tag) {
        (None, None) => {
            return Err(ApiError::invalid_parameter("imageId", "must have an image digest or an image tag"));
        }
        (Some(digest), None) => repository.find_digest(digest),
        (None, Some(tag)) => repository.find_tag(tag),
        (Some(digest), Some(tag)) => repository.find_tag(tag).filter(|found| found.image.digest == digest),
    };
    found.ok_or_else(|| ApiError::image_not_found(identifier, repository.name, &state.id))
}

/// The identifier that a request must have.
pub(super) fn required(identifier: Option<ImageIdentifier>) -> Result<ImageIdentifier, ApiError> {
    identifier.ok_or_else(|| ApiError::invalid_parameter("imageId", "must not be null"))
}
