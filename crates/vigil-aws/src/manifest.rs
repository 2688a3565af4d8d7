//! What an image index lists, read from its manifest.
//!
//! The form is that of the OCI image index, which a Docker manifest list shares; BuildKit's marks are those of its
//! document on attestation storage.

use std::collections::HashMap;

use serde::Deserialize;
use vigil_core::image::{Child, Digest, Platform};

/// The media types of an index, for asking ECR to give it as it is.
pub(crate) const INDEX_MEDIA_TYPES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

/// An index that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the index of images cannot be read: {0}")]
pub(crate) struct UnreadableIndex(serde_json::Error);

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<EntryPlatform>,
    annotations: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
struct EntryPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

/// The manifests that an index lists. One whose digest we cannot name is left out: ECR could not find it either.
pub(crate) fn children(manifest: &str) -> Result<Vec<Child>, UnreadableIndex> {
    let index: Index = serde_json::from_str(manifest).map_err(UnreadableIndex)?;
    let child = |entry: Entry| {
        let digest: Digest = entry.digest.parse().ok()?;
        let attestation = entry.is_attestation();
        Some(Child { digest, platform: entry.platform.and_then(EntryPlatform::known), attestation })
    };
    Ok(index.manifests.into_iter().filter_map(child).collect())
}

impl Entry {
    fn is_attestation(&self) -> bool {
        let marked = self.annotations.as_ref().and_then(|notes| notes.get("vnd.docker.reference.type"));
        let unknown =
            |platform: &EntryPlatform| platform.os == "unknown" && platform.architecture == "unknown";
        marked.is_some_and(|kind| kind == "attestation-manifest")
            || self.platform.as_ref().is_some_and(unknown)
    }
}

impl EntryPlatform {
    fn known(self) -> Option<Platform> {
        let Self { os, architecture, variant } = self;
        let known = !(os.is_empty() && architecture.is_empty());
        known.then_some(Platform { os, architecture, variant: variant.filter(|v| !v.is_empty()) })
    }
}
