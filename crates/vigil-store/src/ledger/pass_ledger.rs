//! The memory as a pass sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::coverage::Aims;
use vigil_core::image::{Digest, RegistryId, Repository, RepositoryName};
use vigil_core::policy::{Exceptions, Pattern};
use vigil_core::port::{Ledger, NotRecorded};
use vigil_core::record::Entry;
use vigil_core::remembered::Remembered;
use vigil_core::schedule::ScheduleName;

use super::watch::Watch;
use super::{place, record};
use crate::pass::PassId;
use crate::sql::{DatabaseFault, Session};
use crate::store::Store;

/// The ledger of one pass. Each call is one transaction, and can be made again without harm; while a PostgreSQL server is
/// away, it waits.
#[derive(Debug, Clone)]
pub struct PassLedger {
    store: Store,
    pass: PassId,
    patterns: Arc<[Pattern]>,
    exceptions: Arc<Exceptions>,
    watch: Option<Watch>,
}

/// Entries of one repository, and what is needed to keep them.
pub(super) struct Recording {
    pub(super) pass: PassId,
    pub(super) patterns: Arc<[Pattern]>,
    /// What the pass accepts by its settings.
    pub(super) exceptions: Arc<Exceptions>,
    /// For which schedule it is looked; `None` for what somebody asks for by name.
    pub(super) watch: Option<Watch>,
    pub(super) registry: RegistryId,
    pub(super) repository: RepositoryName,
    pub(super) entries: Vec<Entry>,
    pub(super) now: Timestamp,
}

impl Store {
    /// What a pass writes down to and remembers from. The tags that match one of these patterns are one lineage; each
    /// other tag is one of its own.
    pub fn ledger(&self, pass: PassId, patterns: Vec<Pattern>) -> PassLedger {
        PassLedger {
            store: self.clone(),
            pass,
            patterns: patterns.into(),
            exceptions: Arc::default(),
            watch: None,
        }
    }

    /// What is remembered of the images of a repository beyond what ECR tells.
    ///
    /// # Errors
    ///
    /// If the database cannot be read; a PostgreSQL server that is away is waited for.
    pub async fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, DatabaseFault> {
        let given = (registry.clone(), repository.clone());
        let read = self.read_patiently(given, |session, (registry, repository)| {
            Box::pin(remembered(session, registry, repository))
        });
        read.await
    }
}

impl PassLedger {
    /// The same of a pass that accepts this by its settings: which exception accepts what is remembered.
    #[must_use]
    pub fn accepting(self, exceptions: Exceptions) -> Self {
        Self { exceptions: exceptions.into(), ..self }
    }

    /// The same of a pass over all that a schedule looks at: which images are its own is remembered. By these aims, others
    /// watch them too.
    #[must_use]
    pub fn of_schedule(self, schedule: ScheduleName, aims: Arc<Aims>) -> Self {
        Self { watch: Some(Watch { schedule, aims }), ..self }
    }
}

#[async_trait]
impl Ledger for PassLedger {
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        let recording = Recording {
            pass: self.pass,
            patterns: self.patterns.clone(),
            exceptions: self.exceptions.clone(),
            watch: self.watch.clone(),
            registry: registry.clone(),
            repository: repository.clone(),
            entries,
            now: at,
        };
        let done = self
            .store
            .write_patiently(recording, |session, recording| Box::pin(record::record(session, recording)));
        done.await.map_err(not_recorded)
    }

    fn remembers(&self) -> bool {
        true
    }

    async fn present(
        &self,
        registry: &RegistryId,
        at: Timestamp,
        repositories: &[Repository],
    ) -> Result<(), NotRecorded> {
        let given = (registry.clone(), repositories.to_vec(), at);
        let done = self.store.write_patiently(given, |session, (registry, repositories, now)| {
            Box::pin(place::present(session, registry, repositories, *now))
        });
        done.await.map_err(not_recorded)
    }

    async fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, NotRecorded> {
        self.store.remembered(registry, repository).await.map_err(not_recorded)
    }

    async fn unlisted(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<BTreeSet<Digest>, NotRecorded> {
        let given = (registry.clone(), repository.clone(), since);
        let read = self.store.read_patiently(given, |session, (registry, repository, since)| {
            Box::pin(place::unlisted(session, registry, repository, *since))
        });
        read.await.map_err(not_recorded)
    }
}

async fn remembered(
    session: &mut dyn Session,
    registry: &RegistryId,
    repository: &RepositoryName,
) -> Result<BTreeMap<Digest, Remembered>, DatabaseFault> {
    let sql = "SELECT i.digest, i.asked_at, i.refused_at, i.refused_said, i.failed_at
        FROM images i JOIN repositories p ON p.id = i.repository JOIN registries r ON r.id = p.registry
        WHERE r.account = $1 AND r.region = $2 AND p.name = $3
          AND (i.asked_at IS NOT NULL OR i.refused_at IS NOT NULL OR i.failed_at IS NOT NULL)";
    let place = [registry.account.as_str().into(), registry.region.as_str().into(), repository.into()];
    let mut all = BTreeMap::new();
    for mut row in session.rows(sql, &place).await? {
        let (digest, asked_at) = (row.take()?, row.take()?);
        let refused = Option::zip(row.take()?, row.take()?);
        all.insert(digest, Remembered { asked_at, refused, failed_at: row.take()? });
    }
    Ok(all)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn not_recorded(fault: DatabaseFault) -> NotRecorded {
    NotRecorded(fault.to_string())
}
