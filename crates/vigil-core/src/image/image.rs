//! An image as its registry lists it, and what kind of thing it is.
//!
//! Knows media types and tag conventions; does not know whether the image should be scanned.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Digest, Tag};

/// One manifest of a repository. Its digest is its identity; tags are labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The identity.
    pub digest: Digest,
    /// The image's own tags, and those of the index that lists it; sorted, often none.
    pub tags: Vec<Tag>,
    /// What the manifest describes.
    pub kind: Kind,
    /// The platform that an index gives for this image.
    pub platform: Option<Platform>,
    /// The index that lists it, the newest one if several do.
    pub index: Option<Digest>,
    /// When it was pushed, where ECR says; an age that nobody knows is never too old.
    pub pushed_at: Option<Timestamp>,
    /// When it was last pulled, as ECR records it (at most once a day).
    pub pulled_at: Option<Timestamp>,
    /// Its size in bytes as ECR stores it, compressed, where ECR says.
    pub size_bytes: Option<u64>,
    /// Whether it lies in the archive.
    pub storage: Storage,
}

/// What a manifest describes, and so whether there is anything to scan in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A container image.
    Image,
    /// An OCI index or Docker manifest list: its children are the images.
    Index,
    /// A provenance or SBOM attestation that BuildKit attaches to an index as `unknown/unknown`.
    Attestation,
    /// A signature or attestation under cosign's tag scheme `sha256-<hex>.sig|.att|.sbom`.
    Signature,
    /// An OCI 1.1 referrer: it describes another manifest.
    Referrer,
    /// A Helm chart.
    HelmChart,
    /// Something else, under this media type.
    Other(String),
}

/// Where the layers lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// Ready to be pulled and scanned.
    Active,
    /// In the archive: it can be neither pulled nor scanned.
    Archived,
    /// On its way back from the archive.
    Activating,
}

/// Operating system and architecture, as an index gives them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// Such as `linux`.
    pub os: String,
    /// Such as `arm64`.
    pub architecture: String,
    /// Such as `v7`.
    pub variant: Option<String>,
}

/// What an index says of one of the manifests it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The listed manifest.
    pub digest: Digest,
    /// The platform, where the index gives one.
    pub platform: Option<Platform>,
    /// Whether the index marks it as an attestation.
    pub attestation: bool,
}

impl Kind {
    /// Tells what a manifest is from what ECR lists of it: the media types of the manifest and of its configuration
    /// (`None` where ECR gives none), whether it names a subject, and its tags.
    pub fn of(manifest: Option<&str>, config: Option<&str>, has_subject: bool, tags: &[Tag]) -> Self {
        let is_signature = |tag: &Tag| is_cosign_tag(tag.as_str());
        match (manifest, config) {
            (Some(INDEX | MANIFEST_LIST), _) => Self::Index,
            _ if has_subject => Self::Referrer,
            _ if tags.iter().any(is_signature) => Self::Signature,
            (_, Some(HELM_CONFIG)) => Self::HelmChart,
            (_, None | Some(OCI_CONFIG | DOCKER_CONFIG)) => Self::Image,
            (_, Some(other)) => Self::Other(other.to_owned()),
        }
    }
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";

/// Cosign names what it attaches to `sha256:<hex>` by the tag `sha256-<hex>` with one of three endings.
fn is_cosign_tag(tag: &str) -> bool {
    let hex = [".sig", ".att", ".sbom"]
        .iter()
        .find_map(|ending| tag.strip_suffix(ending))
        .and_then(|stem| stem.strip_prefix("sha256-"));
    hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(manifest: &str, config: Option<&str>, subject: bool, tag: Option<&str>, expected: Kind) {
        let tags: Vec<Tag> = tag.map(|tag| tag.parse().unwrap()).into_iter().collect();
        assert_eq!(Kind::of(Some(manifest), config, subject, &tags), expected);
    }

    #[test]
    fn each_kind_is_told_by_what_ecr_lists() {
        const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
        const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
        let signature = format!("sha256-{}.sig", "ab".repeat(32));
        check(OCI, Some(OCI_CONFIG), false, Some("v1"), Kind::Image);
        check(DOCKER, Some(DOCKER_CONFIG), false, None, Kind::Image);
        check(DOCKER, None, false, None, Kind::Image);
        check(INDEX, None, false, Some("latest"), Kind::Index);
        check(MANIFEST_LIST, None, false, None, Kind::Index);
        check(OCI, Some(OCI_CONFIG), false, Some(&signature), Kind::Signature);
        check(OCI, Some(OCI_CONFIG), false, Some("sha256-abc.sig"), Kind::Image);
        check(OCI, Some("application/vnd.cncf.notary.signature"), true, None, Kind::Referrer);
        check(OCI, Some(HELM_CONFIG), false, Some("1.0.0"), Kind::HelmChart);
        check(OCI, Some("application/wasm"), false, None, Kind::Other("application/wasm".into()));
    }
}
