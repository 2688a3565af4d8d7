//! Errors as JSON 1.1 carries them: a code, a message, and HTTP 400 for everything that is not the server's fault.

use serde::Serialize;

use crate::content::Image;
use crate::registry::{RegistryId, StartRefused};
use crate::wire::ImageIdentifier;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: u16,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "__type")]
    code: &'a str,
    message: &'a str,
}

impl ApiError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), status: 400 }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(&Body { code: &self.code, message: &self.message }).unwrap_or_default()
    }

    pub(crate) fn throttled() -> Self {
        Self::new("ThrottlingException", "Rate exceeded")
    }

    pub(crate) fn invalid_parameter(member: &str, constraint: impl AsRef<str>) -> Self {
        let constraint = constraint.as_ref();
        let message = format!("Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'");
        Self::new("InvalidParameterException", message)
    }

    pub(crate) fn repository_not_found(name: &str, registry: &RegistryId) -> Self {
        let account = &registry.account;
        let message =
            format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
        Self::new("RepositoryNotFoundException", message)
    }

    pub(crate) fn image_not_found(image: &ImageIdentifier, repository: &str, registry: &RegistryId) -> Self {
        let account = &registry.account;
        let message = format!(
            "The image with imageId {image} does not exist within the repository with name '{repository}' in the \
             registry with id '{account}'"
        );
        Self::new("ImageNotFoundException", message)
    }

    pub(crate) fn scan_not_found(
        image: &Image,
        asked: &ImageIdentifier,
        repository: &str,
        registry: &RegistryId,
    ) -> Self {
        let resolved = asked.resolved(image.digest);
        let account = &registry.account;
        let message = format!(
            "Image scan does not exist for the image with '{resolved}' in the repository with name '{repository}' in \
             the registry with id '{account}'"
        );
        Self::new("ScanNotFoundException", message)
    }
}

impl From<StartRefused> for ApiError {
    fn from(refused: StartRefused) -> Self {
        let code = match &refused {
            StartRefused::Disabled => "ValidationException",
            StartRefused::Archived => "ImageArchivedException",
            StartRefused::Unsupported(_) => "UnsupportedImageTypeException",
            StartRefused::ImageQuota | StartRefused::DailyQuota => "LimitExceededException",
        };
        Self::new(code, refused.to_string())
    }
}
