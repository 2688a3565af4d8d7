//! Looks after the catalogues of threats: reads each again when it is time, keeps it in the memory, and has the memory take
//! over what it says. What that means for a finding, the store knows. A catalogue that cannot be read stays as it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use vigil_core::Stop;
use vigil_core::port::{Catalogues, Clock, Mark, NotRead, Reading};
use vigil_core::threat::{Catalogue, CatalogueKind};
use vigil_store::{DatabaseFault, KeptCatalogue};

use super::service::Service;
use crate::compose;
use crate::config::{ServiceSettings, ThreatSettings};

/// A source that could not be read is tried again this much later, or when it would be anyway.
const TRY_AGAIN: SignedDuration = SignedDuration::from_mins(15);
/// What the memory knows is held against the catalogues so often: a pass may have written down what was known before.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// A memory that could not be written is tried again this much later.
const MEMORY_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// What is known of a catalogue that is kept, but for what it says.
#[derive(Debug, Clone)]
struct Head {
    source: String,
    mark: Option<Mark>,
    read_at: Timestamp,
    entries: usize,
}

/// The catalogues that are kept, and when each is asked for again.
#[derive(Debug, Default)]
struct Shelf {
    heads: BTreeMap<CatalogueKind, Head>,
    next: BTreeMap<CatalogueKind, Timestamp>,
}

impl Service {
    /// Brings back what was kept of the catalogues whose sources are still wanted, before any pass begins.
    ///
    /// # Errors
    ///
    /// If the memory cannot be read.
    pub(super) async fn recall_threats(&self) -> Result<(), DatabaseFault> {
        let settings = self.settings();
        for kind in CatalogueKind::ALL {
            let wanted = settings.general.threats.source(kind).is_some();
            let Some(kept) = self.parts.store.catalogue(kind).await?.filter(|_| wanted) else { continue };
            self.take_catalogue(kept.catalogue);
        }
        Ok(())
    }

    fn take_catalogue(&self, catalogue: Catalogue) {
        self.threats.send_modify(|threats| *threats = threats.with(catalogue));
    }
}

/// Reads catalogues now, whenever their time has come, and whenever other settings hold; until the stop.
pub(super) async fn keep_threats(service: &Service, clock: &dyn Clock, stop: &Stop) {
    let mut changes = service.settings_as_they_change();
    let keep = async {
        let mut shelf = Shelf::default();
        loop {
            let settings = changes.borrow_and_update().clone();
            let now = clock.now();
            let next = match shelf.update(service, &settings, now).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "what catalogues say cannot be written down: it is tried again");
                    later(now, MEMORY_AGAIN)
                }
            };
            tokio::select! {
                () = clock.wait_until(next) => {}
                // The sender lives as long as the service.
                _ = changes.changed() => shelf.next.clear(),
            }
        }
    };
    tokio::select! {
        () = keep => {}
        _ = stop.stopped() => {}
    }
}

impl Shelf {
    /// Reads what is to be read now. Returns when there is something to do again.
    async fn update(
        &mut self,
        service: &Service,
        settings: &Arc<ServiceSettings>,
        now: Timestamp,
    ) -> Result<Timestamp, DatabaseFault> {
        let threats = &settings.general.threats;
        for kind in CatalogueKind::ALL {
            if !self.heads.contains_key(&kind)
                && let Some(kept) = service.parts.store.catalogue(kind).await?
            {
                self.heads.insert(kind, Head::of(&kept));
            }
            match threats.source(kind) {
                None => self.drop_kept(service, kind).await?,
                Some(_) if self.next.get(&kind).is_none_or(|next| *next <= now) => {
                    let every = settings.refresh(kind);
                    let outcome = self.read(service, threats, kind, now).await?;
                    let again = if outcome { every } else { every.min(TRY_AGAIN) };
                    self.next.insert(kind, later(now, again));
                }
                Some(_) => {}
            }
            let head = self.heads.get(&kind).map(|head| (head.read_at, head.entries as u64));
            service.parts.metrics.catalogue(kind.code(), head);
        }
        let known = service.threats.borrow().clone();
        service.parts.store.learn_threats(&known, now).await?;
        let look_again = later(now, LOOK_AGAIN);
        Ok(self.next.values().copied().fold(look_again, Timestamp::min))
    }

    /// Reads one catalogue. Returns whether that was possible.
    async fn read(
        &mut self,
        service: &Service,
        settings: &ThreatSettings,
        kind: CatalogueKind,
        now: Timestamp,
    ) -> Result<bool, DatabaseFault> {
        let store = &service.parts.store;
        let read = match compose::catalogues(settings) {
            Ok(feeds) => {
                let from = feeds.source(kind).unwrap_or_default();
                let mark = self.heads.get(&kind).filter(|head| head.source == from);
                let mark = mark.and_then(|head| head.mark.clone());
                feeds.read(kind, mark.as_ref()).await.map(|reading| (from, reading))
            }
            Err(error) => {
                let from = settings.source(kind).map(ToString::to_string).unwrap_or_default();
                Err(NotRead { kind, from, problem: error.to_string() })
            }
        };
        let catalogue = kind.code();
        match read.and_then(|(from, reading)| self.whole(kind, from, reading)) {
            Ok((_, Reading::Same)) => {
                store.catalogue_is_same(kind, now).await?;
                if let Some(head) = self.heads.get_mut(&kind) {
                    head.read_at = now;
                }
                tracing::debug!(catalogue, "the catalogue is as it was");
            }
            Ok((source, Reading::Read(read, mark))) => {
                let kept = KeptCatalogue { source, mark, read_at: now, catalogue: read };
                let head = Head::of(&kept);
                tracing::info!(catalogue, source = head.source, entries = head.entries, "catalogue read");
                store.keep_catalogue(kept.clone()).await?;
                service.take_catalogue(kept.catalogue);
                self.heads.insert(kind, head);
            }
            Err(error) => {
                match self.heads.get(&kind) {
                    Some(Head { read_at, .. }) => {
                        tracing::warn!(catalogue, since = %read_at, "{error}: what was read before holds");
                    }
                    None => tracing::warn!(catalogue, "{error}: nothing is known of it"),
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What was read, unless it is only a part of what was there before.
    fn whole(
        &self,
        kind: CatalogueKind,
        from: String,
        reading: Reading,
    ) -> Result<(String, Reading), NotRead> {
        let known = self.heads.get(&kind).filter(|head| head.source == from).map_or(0, |head| head.entries);
        match &reading {
            Reading::Read(read, _) if read.is_part_of(known) => {
                let problem = format!("it was cut short: it has {} entries, and had {known}", read.len());
                Err(NotRead { kind, from, problem })
            }
            _ => Ok((from, reading)),
        }
    }

    /// Whose source nobody wants any more is forgotten.
    async fn drop_kept(&mut self, service: &Service, kind: CatalogueKind) -> Result<(), DatabaseFault> {
        if self.heads.remove(&kind).is_some() {
            service.parts.store.forget_catalogue(kind).await?;
            service.take_catalogue(match kind {
                CatalogueKind::Kev => Catalogue::Kev(Default::default()),
                CatalogueKind::Epss => Catalogue::Epss(Default::default()),
            });
            self.next.remove(&kind);
        }
        Ok(())
    }
}

impl Head {
    fn of(kept: &KeptCatalogue) -> Self {
        let KeptCatalogue { source, mark, read_at, catalogue } = kept;
        Self { source: source.clone(), mark: mark.clone(), read_at: *read_at, entries: catalogue.len() }
    }
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
