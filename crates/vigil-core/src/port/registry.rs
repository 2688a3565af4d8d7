//! What a registry holds.

use async_trait::async_trait;

use crate::fault::Fault;
use crate::image::{Child, Digest, Image, Pick, RegistryId, Repository, RepositoryName};

/// One account's registry in one region. Every method retries by itself what is worth retrying.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Which one it is.
    fn id(&self) -> &RegistryId;

    /// A page of the repositories.
    async fn repositories(&self, after: Option<Cursor>) -> Result<Page<Repository>, Fault>;

    /// A page of a repository's images, archived ones included.
    async fn images(&self, repository: &RepositoryName, after: Option<Cursor>) -> Result<Page<Image>, Fault>;

    /// The images that these picks name, in any order. One that does not exist is not a fault: it is absent.
    async fn named(&self, repository: &RepositoryName, picks: &[Pick]) -> Result<Vec<Image>, Fault>;

    /// What each of these indexes lists. One that cannot be opened is a fault of its own, not of the call.
    async fn children(
        &self,
        repository: &RepositoryName,
        indexes: &[Digest],
    ) -> Result<Vec<(Digest, Result<Vec<Child>, Fault>)>, Fault>;
}

/// Where the next page starts; opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What it holds.
    pub items: Vec<T>,
    /// Where the next one starts; `None` on the last.
    pub next: Option<Cursor>,
}
