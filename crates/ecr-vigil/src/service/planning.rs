//! What a pass would do now: made like one, with what is remembered, but nothing is started and nothing written down.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use tokio::sync::oneshot;
use vigil_core::port::{Ledger, NotRecorded, Registry};
use vigil_core::{CycleReport, Digest, Entry, Pass, Ports, RegistryId, Remembered, RepositoryName, cycle};
use vigil_store::Store;

use super::order::Order;
use super::pass::{Prepared, pass};
use super::service::Service;
use crate::compose;
use crate::http::{Made, NotPlanned, PassWatch, Planned, PlannedRepository, Planning};
use crate::ledgers::Witness;
use crate::pass_report::Trouble;
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
        self.decided.entries(registry, repository, at, &entries)
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
    /// Begins to find out what a pass would do now, and why; how far that has come is told on the way.
    ///
    /// # Errors
    ///
    /// If somebody else's plan is being made.
    pub async fn plan(self: &Arc<Self>, order: Order) -> Result<Planning, NotPlanned> {
        let service = Arc::clone(self);
        let (watch, (tell, told)) = (PassWatch::default(), oneshot::channel());
        let progress = watch.subscribe();
        let made = tokio::spawn(async move {
            let alone = service.planning.try_lock();
            // Nobody to tell is nobody to plan for.
            if tell.send(alone.is_ok()).is_err() || alone.is_err() {
                return Planned::default();
            }
            service.look(&order, &watch).await
        });
        let planning = Planning { progress, made: Made::by(made) };
        if told.await.unwrap_or_default() { Ok(planning) } else { Err(NotPlanned::Busy) }
    }

    async fn look(&self, order: &Order, progress: &PassWatch) -> Planned {
        let (settings, stop) = (self.settings(), self.stop_of(order));
        let prepared = self.prepare(order, &settings, &stop).await;
        let Prepared { reached, exceptions } = prepared;
        let sketch = Sketch { decided: compose::ledger(), memory: self.parts.store.clone() };
        let passes = reached.registries.iter().map(|(registry, scope)| {
            let pass = Pass { act: false, ..pass(order, &settings, scope.clone(), exceptions.clone(), self) };
            let clock = &*self.parts.clock;
            let ports = Ports { registry, scanner: registry, ledger: &sketch, clock, progress };
            let stop = &stop;
            async move { (registry.id().to_string(), cycle(ports, &pass, stop).await) }
        });
        let mut not_entered: Vec<Trouble> = join_all(passes)
            .await
            .into_iter()
            .flat_map(|(registry, came)| troubles(&registry, came))
            .collect();
        not_entered.extend(reached.not_entered.into_iter().map(Trouble::from));
        let repositories = sketch.decided.into_records().map(|read| {
            let (registry, repository, record) = read?;
            Ok(PlannedRepository { registry, repository, record })
        });
        Planned { repositories: Box::new(repositories), not_entered }
    }
}

fn troubles(registry: &str, came_out: Result<CycleReport, NotRecorded>) -> Vec<Trouble> {
    let reasons = match came_out {
        Ok(report) => {
            let halted = report.halted.map(|halt| format!("it was not looked at as a whole: {halt}"));
            report.faults.iter().map(ToString::to_string).chain(halted).collect()
        }
        Err(error) => vec![error.to_string()],
    };
    reasons.into_iter().map(|reason| Trouble { registry: registry.to_owned(), reason }).collect()
}
