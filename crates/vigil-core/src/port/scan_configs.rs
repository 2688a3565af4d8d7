//! Where scan configurations are kept.

use async_trait::async_trait;

use crate::policy::{ScanConfig, ScanConfigId};

/// A place for scan configurations. It is asked anew each time: others may write to it too.
#[async_trait]
pub trait ScanConfigs: Send + Sync {
    /// All of them, oldest first; those made in the same second by id. What lies there and is none is passed over and
    /// told in the log: one broken object must not hide the others.
    async fn list(&self) -> Result<Vec<ScanConfig>, ConfigsUnreachable>;

    /// The same for a pass, that does not miss them for the sake of a moment: a place that is away is waited for, where there
    /// is hope.
    async fn list_patiently(&self) -> Result<Vec<ScanConfig>, ConfigsUnreachable> {
        self.list().await
    }

    /// The one with this id. That there is none is not a fault.
    async fn get(&self, id: &ScanConfigId) -> Result<Option<ScanConfig>, ConfigsUnreachable>;

    /// Keeps a new one, under the id that it has.
    async fn put(&self, config: &ScanConfig) -> Result<(), ConfigsUnreachable>;

    /// Removes one. Returns whether it was there.
    async fn remove(&self, id: &ScanConfigId) -> Result<bool, ConfigsUnreachable>;
}

/// The place could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scan configurations cannot be reached: {0}")]
pub struct ConfigsUnreachable(pub String);
