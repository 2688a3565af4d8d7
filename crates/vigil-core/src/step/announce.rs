//! Writing down what a pass decided and saw.

use std::collections::BTreeSet;

use super::settle::Awaited;
use crate::image::{Digest, RepositoryName};
use crate::pass::Ports;
use crate::plan::{Held, Plan};
use crate::port::{Milestone, Mode, NotRecorded};
use crate::record::{Decision, Entry};
use crate::scan::Scan;

/// Writes the plan down before anything of it is done.
///
/// # Errors
///
/// Only if the ledger cannot write.
pub async fn announce(
    ports: Ports<'_>,
    mode: Mode,
    plan: &Plan,
    awaited: &[Awaited],
) -> Result<(), NotRecorded> {
    for held in &plan.held {
        record_held(ports, held.clone()).await?;
    }
    for start in &plan.starts {
        let decided = Entry::Decided(Box::new(start.image.clone()), Decision::Scan(start.why.clone()));
        record(ports, &start.repository, vec![decided]).await?;
    }
    for awaited in awaited {
        let decided = Entry::Decided(Box::new(awaited.image.clone()), of_awaited(mode));
        record(ports, &awaited.repository, vec![decided]).await?;
    }
    let planned = Milestone::Planned { starts: plan.starts.len(), under_way: awaited.len() };
    ports.progress.reached(ports.registry.id(), planned);
    Ok(())
}

/// Writes down of these repositories that nothing is held there, since ECR starts scans by itself.
///
/// # Errors
///
/// Only if the ledger cannot write.
pub async fn only_read(ports: Ports<'_>, repositories: &BTreeSet<RepositoryName>) -> Result<(), NotRecorded> {
    for repository in repositories {
        record(ports, repository, vec![Entry::OnlyRead]).await?;
    }
    Ok(())
}

/// What is decided of an image whose scan is under way.
pub(super) fn of_awaited(mode: Mode) -> Decision {
    match mode {
        Mode::OnRequest => Decision::Wait,
        Mode::ByItself => Decision::Observe,
    }
}

/// What ECR says of a scan, for a ledger that remembers.
pub(super) fn found(ports: Ports<'_>, digest: Digest, scan: Option<&Scan>) -> Vec<Entry> {
    let scan = scan.filter(|_| ports.ledger.remembers());
    scan.map(|scan| Entry::Found(digest, Box::new(scan.clone()))).into_iter().collect()
}

pub(super) async fn record_held(ports: Ports<'_>, held: Held) -> Result<(), NotRecorded> {
    let Held { candidate, why } = held;
    let decided = Entry::Decided(Box::new(candidate.image), Decision::Hold(candidate.why, why));
    record(ports, &candidate.repository, vec![decided]).await
}

pub(super) async fn record(
    ports: Ports<'_>,
    repository: &RepositoryName,
    entries: Vec<Entry>,
) -> Result<(), NotRecorded> {
    if entries.is_empty() {
        return Ok(());
    }
    ports.ledger.record(ports.registry.id(), repository, ports.clock.now(), entries).await
}
