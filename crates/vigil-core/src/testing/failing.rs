//! Faults, as a decorator: the port behind it works, but some calls about some subjects do not come through.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::fault::{Fault, FaultKind};
use crate::image::{Child, Digest, Image, Pick, RegistryId, Repository, RepositoryName};
use crate::port::{Cursor, Mode, Page, Registry, Scanner, Start};
use crate::scan::Scan;

/// A port of which some calls fail.
pub struct Failing<P> {
    /// The port that works.
    pub inner: P,
    faults: Vec<(&'static str, &'static str, FaultKind)>,
    failed: AtomicUsize,
}

impl<P> Failing<P> {
    /// Says which calls fail: by operation and repository, or by cursor for `repositories` (`*` for any), and how.
    pub fn new(inner: P, faults: Vec<(&'static str, &'static str, FaultKind)>) -> Self {
        Self { inner, faults, failed: AtomicUsize::new(0) }
    }

    /// How many calls have failed.
    pub fn failed(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }

    fn check(&self, operation: &str, repository: &str) -> Result<(), Fault> {
        let hit =
            self.faults.iter().find(|(on, of, _)| *on == operation && (*of == "*" || *of == repository));
        hit.map_or(Ok(()), |(_, _, kind)| {
            self.failed.fetch_add(1, Ordering::Relaxed);
            Err(Fault::new(*kind, operation, "as the test wants it"))
        })
    }
}

#[async_trait]
impl<P: Registry> Registry for Failing<P> {
    fn id(&self) -> &RegistryId {
        self.inner.id()
    }

    async fn repositories(&self, after: Option<Cursor>) -> Result<Page<Repository>, Fault> {
        self.check("repositories", after.as_ref().map_or("", |Cursor(at)| at))?;
        self.inner.repositories(after).await
    }

    async fn images(&self, repository: &RepositoryName, after: Option<Cursor>) -> Result<Page<Image>, Fault> {
        self.check("images", repository.as_str())?;
        self.inner.images(repository, after).await
    }

    async fn named(&self, repository: &RepositoryName, picks: &[Pick]) -> Result<Vec<Image>, Fault> {
        self.check("named", repository.as_str())?;
        self.inner.named(repository, picks).await
    }

    async fn children(
        &self,
        repository: &RepositoryName,
        indexes: &[Digest],
    ) -> Result<Vec<(Digest, Result<Vec<Child>, Fault>)>, Fault> {
        self.check("children", repository.as_str())?;
        self.inner.children(repository, indexes).await
    }
}

#[async_trait]
impl<P: Scanner> Scanner for Failing<P> {
    async fn mode(&self) -> Result<Mode, Fault> {
        self.check("mode", "*")?;
        self.inner.mode().await
    }

    async fn start(&self, repository: &RepositoryName, digest: Digest) -> Result<Start, Fault> {
        self.check("start", repository.as_str())?;
        self.inner.start(repository, digest).await
    }

    async fn read(&self, repository: &RepositoryName, digest: Digest) -> Result<Option<Scan>, Fault> {
        self.check("read", repository.as_str())?;
        self.inner.read(repository, digest).await
    }
}
