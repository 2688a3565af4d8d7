//! Scan configurations in memory, and what every place for them must hold to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::now;
use crate::policy::{ScanConfig, ScanConfigId, ScanRequest};
use crate::port::{ConfigsUnreachable, ScanConfigs};

/// A place in memory.
#[derive(Debug, Default)]
pub struct MemoryScanConfigs(Mutex<BTreeMap<ScanConfigId, ScanConfig>>);

#[async_trait]
impl ScanConfigs for MemoryScanConfigs {
    async fn list(&self) -> Result<Vec<ScanConfig>, ConfigsUnreachable> {
        let mut all: Vec<_> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(all)
    }

    async fn get(&self, id: &ScanConfigId) -> Result<Option<ScanConfig>, ConfigsUnreachable> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned())
    }

    async fn put(&self, config: &ScanConfig) -> Result<(), ConfigsUnreachable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(config.id.clone(), config.clone());
        Ok(())
    }

    async fn remove(&self, id: &ScanConfigId) -> Result<bool, ConfigsUnreachable> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id).is_some())
    }
}

/// The n-th configuration, made n seconds from now.
pub fn scan_config(n: u32, repository: &str, tags: &[&str]) -> ScanConfig {
    let request = ScanRequest::new(
        "us-west-2".parse().expect("a region"),
        "123456789012".parse().expect("an account"),
        repository.parse().expect("a repository"),
        tags.iter().map(|tag| tag.parse().expect("a tag")).collect(),
    );
    ScanConfig {
        id: format!("4471c156-29f5-40fe-883b-{n:012x}").parse().expect("a UUID"),
        created: now() + jiff::SignedDuration::from_secs(n.into()),
        request,
    }
}

/// Puts, lists, finds and removes configurations in an empty place.
pub async fn contract_of_scan_configs(place: &dyn ScanConfigs) {
    assert_eq!(place.list().await, Ok(Vec::new()));
    let (first, second) = (scan_config(1, "team/app", &["v2", "v1"]), scan_config(2, "team/web", &[]));
    for config in [&second, &first] {
        place.put(config).await.expect("it is kept");
    }
    assert_eq!(place.list().await, Ok(vec![first.clone(), second.clone()]), "oldest first");
    assert_eq!(place.get(&first.id).await, Ok(Some(first.clone())));
    assert_eq!(place.remove(&first.id).await, Ok(true));
    assert_eq!(place.remove(&first.id).await, Ok(false), "it is not there any more");
    assert_eq!(place.get(&first.id).await, Ok(None));
    assert_eq!(place.list().await, Ok(vec![second]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_memory_holds_to_the_contract() {
        contract_of_scan_configs(&MemoryScanConfigs::default()).await;
    }
}
