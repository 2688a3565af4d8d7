//! Asking for a scan, and what the answer is to those who watch.

use super::record;
use crate::fault::Fault;
use crate::pass::Ports;
use crate::plan::Candidate;
use crate::port::{Milestone, NotRecorded, Start};
use crate::record::Entry;

/// Asks for a scan. A ledger that remembers hears of it first: should we be killed, it must not be asked for again.
pub(super) async fn ask(
    ports: Ports<'_>,
    candidate: &Candidate,
) -> Result<Result<Start, Fault>, NotRecorded> {
    let Candidate { repository, image, .. } = candidate;
    if ports.ledger.remembers() {
        record(ports, repository, vec![Entry::Asked(image.digest, ports.clock.now())]).await?;
    }
    Ok(ports.scanner.start(repository, image.digest).await)
}

/// What an answer to a request for a scan is to whoever watches; nothing if it was not even sent.
pub(super) fn milestone(answer: &Result<Start, Fault>) -> Option<Milestone> {
    match answer {
        Ok(Start::Accepted) => Some(Milestone::Started),
        Ok(Start::OnceADay | Start::RegistryQuota(_)) => Some(Milestone::RateLimited),
        Ok(Start::Unsupported(_) | Start::Archived | Start::ByItself(_)) => Some(Milestone::NotStarted),
        Err(fault) if fault.is_not_sent() => None,
        Err(_) => Some(Milestone::NotStarted),
    }
}
