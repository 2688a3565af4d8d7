//! Reads who looks after repositories from their own tags: of each that a pass has written something about, once a day, with
//! one call. It refuses to know what the settings say of owners.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use vigil_aws::AwsRegistry;
use vigil_core::policy::owner_by_tags;
use vigil_core::port::{NotRecorded, Registry};
use vigil_core::{Entry, FaultKind, RegistryId, RepositoryName, Stop};

use super::service::Service;
use crate::ledgers::Witness;

/// A repository whose owner somebody may want to know, and the registry that is asked.
pub(super) type Unowned = (Arc<AwsRegistry>, RepositoryName);

/// Tags change rarely: they are read again after this time.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Passes on the repositories of which a pass has written something down.
pub(super) struct Passed {
    registries: BTreeMap<RegistryId, Arc<AwsRegistry>>,
    to: mpsc::UnboundedSender<Unowned>,
    seen: Mutex<BTreeSet<(RegistryId, RepositoryName)>>,
}

impl Passed {
    /// Of a pass over these registries. They are asked beyond the end of the pass.
    pub(super) fn over<'r>(
        registries: impl Iterator<Item = &'r AwsRegistry>,
        to: mpsc::UnboundedSender<Unowned>,
        stop: &Stop,
    ) -> Self {
        let of = |registry: &AwsRegistry| (registry.id().clone(), Arc::new(registry.until(stop.clone())));
        Self { registries: registries.map(of).collect(), to, seen: Mutex::default() }
    }
}

impl Witness for Passed {
    fn entries(
        &self,
        _: &RegistryId,
        _: &RepositoryName,
        _: Timestamp,
        _: &[Entry],
    ) -> Result<(), NotRecorded> {
        Ok(())
    }

    fn kept(&self, registry: &RegistryId, repository: &RepositoryName) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = self.registries.get(registry)
            && seen.insert((registry.clone(), repository.clone()))
        {
            // Nobody listens any more once the service ends.
            let _ = self.to.send((asked.clone(), repository.clone()));
        }
    }
}

/// Reads owners as they are asked for, one after the other, until the stop.
pub(super) async fn keep_owners(service: &Service, mut asked: mpsc::UnboundedReceiver<Unowned>, stop: &Stop) {
    let keep = async {
        let mut denied = BTreeSet::new();
        while let Some((registry, repository)) = asked.recv().await {
            let read = read(service, &registry, &repository, &mut denied).await;
            if let Err(error) = read {
                let registry = registry.id();
                tracing::warn!(%registry, %repository, %error, "the owner of a repository cannot be kept");
            }
        }
    };
    tokio::select! {
        () = keep => {}
        _ = stop.stopped() => {}
    }
}

async fn read(
    service: &Service,
    registry: &AwsRegistry,
    repository: &RepositoryName,
    denied: &mut BTreeSet<RegistryId>,
) -> Result<(), vigil_store::DatabaseFault> {
    let (keys, store) = (service.settings().owner_tags.clone(), &service.parts.store);
    let (id, now) = (registry.id().clone(), service.parts.clock.now());
    let since = now.checked_sub(AGAIN).unwrap_or(Timestamp::MIN);
    if keys.is_empty() || !store.is_owner_unread(id.clone(), repository.clone(), since).await? {
        return Ok(());
    }
    match registry.tags_of(repository).await {
        Ok(tags) => store.note_owner(id, repository.clone(), owner_by_tags(&tags, &keys), now).await,
        Err(fault) if fault.kind == FaultKind::Denied => {
            if denied.insert(id.clone()) {
                tracing::warn!(registry = %id, %fault, "owners are not read from tags: that is not allowed");
            }
            store.put_off_owner(id, repository.clone(), now).await
        }
        // Another pass comes by.
        Err(fault) => {
            tracing::debug!(registry = %id, %repository, %fault, "the tags of a repository are not read now");
            Ok(())
        }
    }
}
