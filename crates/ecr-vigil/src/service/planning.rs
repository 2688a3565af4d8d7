//! What a pass would do now: made like one, with what is remembered, but nothing is started and nothing written down.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use vigil_core::port::{Ledger, NotRecorded, Registry, Silent};
use vigil_core::{Digest, Entry, Pass, Ports, RegistryId, Remembered, RepositoryName, cycle};
use vigil_store::Store;

use super::order::Order;
use super::pass::{Prepared, pass};
use super::service::Service;
use crate::compose;
use crate::http::PlannedRepository;
use crate::spool::Spool;

/// Keeps what a plan decides for its reader alone, and reads what the memory knows.
struct Sketch {
    decided: Spool,
    memory: Store,
}

#[async_trait]
impl Ledger for Sketch {
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        self.decided.record(registry, repository, at, entries).await
    }

    fn remembers(&self) -> bool {
        true
    }

    async fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, NotRecorded> {
        let remembered = self.memory.remembered(registry, repository).await;
        remembered.map_err(|fault| NotRecorded(fault.to_string()))
    }
}

impl Service {
    /// What a pass would do now, and why, repository by repository.
    ///
    /// # Errors
    ///
    /// If no registry could be looked at, in words.
    pub async fn plan(&self, order: &Order) -> Result<Vec<PlannedRepository>, String> {
        let (settings, stop) = (self.settings(), self.stop_of(order));
        let Prepared { reached, exceptions } = self.prepare(order, &settings, &stop).await?;
        let sketch = Sketch { decided: compose::ledger(), memory: self.parts.store.clone() };
        let passes = reached.registries.iter().map(|(registry, scope)| {
            let pass = Pass { act: false, ..pass(order, &settings, scope.clone(), exceptions.clone(), self) };
            let clock = &*self.parts.clock;
            let ports = Ports { registry, scanner: registry, ledger: &sketch, clock, progress: &Silent };
            let stop = &stop;
            async move {
                let report = cycle(ports, &pass, stop).await.map_err(|error| error.to_string())?;
                let fault = report.faults.first().map(|fault| format!("{}: {fault}", registry.id()));
                fault.map_or(Ok(()), Err)
            }
        });
        let mut troubles: Vec<String> = join_all(passes).await.into_iter().filter_map(Result::err).collect();
        troubles
            .extend(reached.not_entered.into_iter().map(|not| format!("{}: {}", not.registry, not.reason)));
        if !troubles.is_empty() {
            return Err(troubles.join("; "));
        }
        let planned = sketch.decided.into_records().map(|read| {
            let (registry, repository, record) = read.map_err(|error| error.to_string())?;
            Ok(PlannedRepository { registry, repository, record })
        });
        planned.collect()
    }
}
