//! An image as the registry lists it.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::digest::Digest;

/// What an artifact in a repository is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageKind {
    /// A single-platform OCI image.
    OciImage,
    /// A single-platform Docker image.
    DockerImage,
    /// An OCI index of several images.
    OciIndex,
    /// A Docker manifest list of several images.
    DockerManifestList,
    /// A BuildKit provenance or SBOM attestation; looks like an image until its layers are read.
    Attestation,
    /// A cosign signature under a tag `sha256-….sig`; looks like an image until its layers are read.
    Signature,
    /// A cosign attestation under a tag `sha256-….att`; looks like an image until its layers are read.
    CosignAttestation,
    /// A Helm chart.
    HelmChart,
    /// A signature that refers to its subject as OCI 1.1 asks.
    Referrer,
}

impl ImageKind {
    pub(crate) fn manifest_media_type(self) -> &'static str {
        match self {
            Self::DockerImage => "application/vnd.docker.distribution.manifest.v2+json",
            Self::OciIndex => "application/vnd.oci.image.index.v1+json",
            Self::DockerManifestList => "application/vnd.docker.distribution.manifest.list.v2+json",
            _ => "application/vnd.oci.image.manifest.v1+json",
        }
    }

    /// The media type of the config blob; an index has none.
    pub(crate) fn artifact_media_type(self) -> Option<&'static str> {
        match self {
            Self::OciIndex | Self::DockerManifestList => None,
            Self::DockerImage => Some("application/vnd.docker.container.image.v1+json"),
            Self::HelmChart => Some("application/vnd.cncf.helm.config.v1+json"),
            Self::Referrer => Some("application/vnd.cncf.notary.signature"),
            Self::OciImage | Self::Attestation | Self::Signature | Self::CosignAttestation => {
                Some("application/vnd.oci.image.config.v1+json")
            }
        }
    }

    /// The media type that a scan is refused for, if it is.
    ///
    /// The scanner judges by media types, so that what merely looks like an image is accepted (and fails later).
    /// What ECR answers for attestations is not documented; this is our reading.
    pub(crate) fn refused_media_type(self) -> Option<&'static str> {
        match self {
            Self::OciIndex | Self::DockerManifestList => Some(self.manifest_media_type()),
            Self::HelmChart | Self::Referrer => self.artifact_media_type(),
            _ => None,
        }
    }

    /// Whether a file system with packages is inside.
    pub(crate) fn has_operating_system(self) -> bool {
        matches!(self, Self::OciImage | Self::DockerImage)
    }
}

/// What an image runs on, as an index says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Platform {
    /// 64-bit x86.
    #[default]
    #[serde(rename = "linux/amd64")]
    LinuxAmd64,
    /// 64-bit ARM.
    #[serde(rename = "linux/arm64")]
    LinuxArm64,
    /// What attestations say in an index.
    #[serde(rename = "unknown/unknown")]
    Unknown,
}

impl Platform {
    pub(crate) fn os_and_architecture(self) -> (&'static str, &'static str) {
        match self {
            Self::LinuxAmd64 => ("linux", "amd64"),
            Self::LinuxArm64 => ("linux", "arm64"),
            Self::Unknown => ("unknown", "unknown"),
        }
    }
}

/// An image with everything that the registry knows about it.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) digest: Digest,
    pub(crate) kind: ImageKind,
    pub(crate) platform: Platform,
    pub(crate) tags: Vec<String>,
    pub(crate) size: u64,
    pub(crate) pushed_at: Moment,
    pub(crate) pulled_at: Option<Moment>,
    pub(crate) archived_at: Option<Moment>,
    pub(crate) subject: Option<Digest>,
    /// No scanner knows its operating system.
    pub(crate) unsupported: bool,
    /// Where it stands among the images of its repository, oldest first, in thousandths.
    pub(crate) age_rank: u16,
    /// The scan that happened before the simulator started.
    pub(crate) past_scan: Option<PastScan>,
}

impl Image {
    /// Whether a scan of it can only fail.
    pub(crate) fn fails_scan(&self) -> bool {
        self.unsupported || !self.kind.has_operating_system()
    }
}

/// A scan that lies before the start of the simulator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PastScan {
    pub(crate) completed_at: Moment,
}
