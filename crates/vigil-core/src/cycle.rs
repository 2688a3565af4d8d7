//! One pass over one registry: observe → due → plan → announce → pursue (start, wait, settle, evaluate), recording as it goes.
//!
//! A pass does not fail as a whole: what goes wrong is in its report, beside what went right.

use std::pin::pin;

use futures::future::{self, Either};
use jiff::Timestamp;

use crate::fault::{Fault, FaultKind};
use crate::image::RegistryId;
use crate::pass::{Pass, Ports};
use crate::port::{Mode, NotRecorded};
use crate::step::{announce, observe, only_read, pursue};
use crate::stop::{Halt, Stop};

/// How a pass over one registry went; what came of each image is in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleReport {
    /// The registry.
    pub registry: RegistryId,
    /// The time by which everything was decided.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Who starts scans there, as far as we know.
    pub mode: Mode,
    /// Why ECR did not tell that, so that it was found out by trying.
    pub mode_not_told: Option<Fault>,
    /// How many scans ECR accepted.
    pub started: u64,
    /// Why it ended early, if it did.
    pub halted: Option<Halt>,
    /// What could not be read of the registry as a whole.
    pub faults: Vec<Fault>,
}

/// Makes one pass.
///
/// # Errors
///
/// Only if the ledger cannot write: what cannot be written down must not be done.
pub async fn cycle(ports: Ports<'_>, pass: &Pass, stop: &Stop) -> Result<CycleReport, NotRecorded> {
    let (registry, began) = (ports.registry.id().clone(), ports.clock.now());
    let mut report = CycleReport {
        registry,
        began,
        ended: began,
        mode: Mode::OnRequest,
        mode_not_told: None,
        started: 0,
        halted: None,
        faults: Vec::new(),
    };
    make(ports, pass, stop, &mut report).await?;
    report.ended = ports.clock.now();
    Ok(report)
}

async fn make(
    ports: Ports<'_>,
    pass: &Pass,
    stop: &Stop,
    report: &mut CycleReport,
) -> Result<(), NotRecorded> {
    match future::select(ports.scanner.mode(), pin!(stop.stopped())).await {
        Either::Left((Ok(mode), _)) => report.mode = mode,
        // Where we may not ask, or are not understood, we try: an enhanced registry refuses the first start and says so.
        Either::Left((Err(fault), _)) if matches!(fault.kind, FaultKind::Denied | FaultKind::Refused) => {
            report.mode_not_told = Some(fault);
        }
        Either::Left((Err(fault), _)) if !fault.is_not_sent() => {
            report.faults.push(fault);
            return Ok(());
        }
        Either::Left(_) | Either::Right(_) => {
            report.halted = stop.halted();
            return Ok(());
        }
    }
    let observed = observe(ports, pass, report.mode, report.began, stop).await?;
    report.faults.extend(observed.faults);
    report.halted = observed.halted;
    announce(ports, report.mode, &observed.plan, &observed.awaited).await?;
    if pass.act {
        let on_request = report.mode_not_told.is_none();
        let pursued = pursue(ports, pass, on_request, observed.plan.starts, observed.awaited, stop).await?;
        report.started = pursued.started;
        report.halted = report.halted.or(pursued.halted);
        if pursued.by_itself {
            report.mode = Mode::ByItself;
            only_read(ports, &observed.held_in).await?;
        }
    }
    Ok(())
}
