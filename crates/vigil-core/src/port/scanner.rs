//! ECR's scanner: starting scans and reading what they found.

use async_trait::async_trait;

use crate::fault::Fault;
use crate::image::{Digest, RepositoryName};
use crate::scan::Scan;

/// The scanner of one registry. Every method retries by itself what is worth retrying.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// Who starts scans here.
    async fn mode(&self) -> Result<Mode, Fault>;

    /// Asks for a scan of one image. A refusal is an answer, not a fault.
    async fn start(&self, repository: &RepositoryName, digest: Digest) -> Result<Start, Fault>;

    /// What ECR knows of the image's last scan, with all its findings. `None`: it knows of no scan, which is not a fault.
    async fn read(&self, repository: &RepositoryName, digest: Digest) -> Result<Option<Scan>, Fault>;
}

/// Who starts scans in a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Basic scanning: whoever asks, once a day and image.
    OnRequest,
    /// Enhanced scanning: Amazon Inspector does, and refuses requests.
    ByItself,
}

/// ECR's answer to a request for a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It will be scanned.
    Accepted,
    /// It was scanned within 24 hours, on push or by request: the findings of that scan stand.
    OnceADay,
    /// The registry's quota is used up, in ECR's words.
    RegistryQuota(String),
    /// It cannot be scanned, in ECR's words.
    Unsupported(String),
    /// It lies in the archive.
    Archived,
    /// Nobody may ask for scans in this registry, in ECR's words.
    ByItself(String),
}
