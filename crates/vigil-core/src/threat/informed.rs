//! A scanner whose findings say what catalogues know of them, so that nobody after it has to look there.

use async_trait::async_trait;

use super::Threats;
use crate::fault::Fault;
use crate::image::{Digest, RepositoryName};
use crate::port::{Mode, Scanner, Start};
use crate::scan::Scan;

/// A scanner, and what is known beside what it says.
pub struct Informed<'a> {
    /// The scanner.
    pub scanner: &'a dyn Scanner,
    /// What is known now: catalogues may come while a pass is under way.
    pub threats: &'a (dyn Fn() -> Threats + Send + Sync),
}

#[async_trait]
impl Scanner for Informed<'_> {
    async fn mode(&self) -> Result<Mode, Fault> {
        self.scanner.mode().await
    }

    async fn start(&self, repository: &RepositoryName, digest: Digest) -> Result<Start, Fault> {
        self.scanner.start(repository, digest).await
    }

    async fn read(&self, repository: &RepositoryName, digest: Digest) -> Result<Option<Scan>, Fault> {
        let mut scan = self.scanner.read(repository, digest).await?;
        let threats = (self.threats)();
        for finding in scan.iter_mut().flat_map(|scan| &mut scan.findings) {
            finding.threat = threats.of(&finding.id);
        }
        Ok(scan)
    }
}
