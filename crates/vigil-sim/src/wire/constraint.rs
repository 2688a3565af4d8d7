//! The constraints of the service model on what a request may say, with the texts of the service.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::digest::Digest;

const REPOSITORY_PATTERN: &str = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*";

/// An image named by digest, by tag, or by both, as requests and answers do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageIdentifier {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image_tag: Option<String>,
}

impl ImageIdentifier {
    /// With the digest filled in.
    pub(crate) fn resolved(&self, digest: Digest) -> Self {
        Self { image_digest: Some(digest.to_string()), image_tag: self.image_tag.clone() }
    }
}

/// As error messages print it: `{imageDigest:'null', imageTag:'latest'}`.
impl fmt::Display for ImageIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |member: &Option<String>| member.clone().unwrap_or_else(|| "null".to_owned());
        write!(f, "{{imageDigest:'{}', imageTag:'{}'}}", text(&self.image_digest), text(&self.image_tag))
    }
}

pub(crate) fn repository_name(name: Option<String>) -> Result<String, ApiError> {
    let name = name.ok_or_else(|| ApiError::invalid_parameter("repositoryName", "must not be null"))?;
    if !(2..=256).contains(&name.len()) {
        let constraint = "must have length greater than or equal to 2 and less than or equal to 256";
        return Err(ApiError::invalid_parameter("repositoryName", constraint));
    }
    if !is_repository_name(&name) {
        let constraint = format!("must satisfy regular expression '{REPOSITORY_PATTERN}'");
        return Err(ApiError::invalid_parameter("repositoryName", constraint));
    }
    Ok(name)
}

/// Whether the name satisfies the pattern of the service model.
pub(crate) fn is_repository_name(name: &str) -> bool {
    name.split('/').all(is_name_part)
}

/// Letters and digits in words, joined by one dot, one or two underscores, or any number of hyphens.
fn is_name_part(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (part.bytes().next(), part.bytes().last()) else { return false };
    is_word(first)
        && is_word(last)
        && part
            .split(|letter: char| letter.is_ascii() && is_word(letter as u8))
            .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-'))
}

pub(crate) fn account(id: &str) -> Result<(), ApiError> {
    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(ApiError::invalid_parameter("registryId", "must satisfy regular expression '[0-9]{12}'"))
}

pub(crate) fn page_size(max_results: Option<i64>) -> Result<usize, ApiError> {
    match max_results {
        None => Ok(100),
        Some(size @ 1..=1000) => Ok(usize::try_from(size).unwrap_or(100)),
        Some(..1) => Err(ApiError::invalid_parameter("maxResults", "must be greater than or equal to 1")),
        Some(_) => Err(ApiError::invalid_parameter("maxResults", "must be less than or equal to 1000")),
    }
}

/// A list must have between one and `most` members.
pub(crate) fn count(member: &str, length: usize, most: usize) -> Result<(), ApiError> {
    if (1..=most).contains(&length) {
        return Ok(());
    }
    let constraint = format!("must have length greater than or equal to 1 and less than or equal to {most}");
    Err(ApiError::invalid_parameter(member, constraint))
}

/// The digest that an identifier names, if it names one.
pub(crate) fn image_digest(image: &ImageIdentifier) -> Result<Option<Digest>, ApiError> {
    let Some(text) = &image.image_digest else { return Ok(None) };
    let constraint = r"must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'";
    text.parse().map(Some).map_err(|_| ApiError::invalid_parameter("imageDigest", constraint))
}

/// The tag that an identifier names, if it names one.
pub(crate) fn image_tag(image: &ImageIdentifier) -> Result<Option<&str>, ApiError> {
    match image.image_tag.as_deref() {
        Some(tag) if !(1..=300).contains(&tag.len()) => {
            let constraint = "must have length greater than or equal to 1 and less than or equal to 300";
            Err(ApiError::invalid_parameter("imageTag", constraint))
        }
        tag => Ok(tag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_pattern_of_the_model() {
        for name in ["ab", "team/app", "a.b_c__d-e--f/g1", "0/1"] {
            assert!(is_repository_name(name), "{name}");
        }
        for name in ["", "/a", "a/", "A", "a..b", "a___b", "-a", "a-", "a b", "a//b", "ä", "a._b"] {
            assert!(!is_repository_name(name), "{name}");
        }
    }

    #[test]
    fn pages_hold_between_one_and_a_thousand() {
        assert_eq!(page_size(None), Ok(100));
        assert_eq!(page_size(Some(1000)), Ok(1000));
        assert!(page_size(Some(0)).is_err() && page_size(Some(1001)).is_err());
    }

    #[test]
    fn identifiers_print_as_the_service_does() {
        let image = ImageIdentifier { image_digest: None, image_tag: Some("nope".into()) };
        assert_eq!(image.to_string(), "{imageDigest:'null', imageTag:'nope'}");
    }
}
