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
use crate::step::{announce, observe, pursue};
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
    /// Who starts scans there, as far as we may know.
    pub mode: Mode,
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
    let began = ports.clock.now();
    let mut faults = Vec::new();
    let asked = match future::select(ports.scanner.mode(), pin!(stop.stopped())).await {
        Either::Left((asked, _)) => asked,
        Either::Right((halt, _)) => {
            return Ok(report(ports, began, Mode::OnRequest, 0, Some(halt), faults));
        }
    };
    let (mode, known) = match asked {
        Ok(mode) => (mode, true),
        // Where we may not ask, or are not understood, we try: an enhanced registry refuses the first start and says so.
        Err(fault) if matches!(fault.kind, FaultKind::Denied | FaultKind::Refused) => {
            (Mode::OnRequest, false)
        }
        Err(fault) => {
            faults.push(fault);
            return Ok(report(ports, began, Mode::OnRequest, 0, None, faults));
        }
    };
    let observed = observe(ports, pass, mode, began, stop).await?;
    faults.extend(observed.faults);
    announce(ports, mode, &observed.plan, &observed.awaited).await?;
    if !pass.act {
        return Ok(report(ports, began, mode, 0, observed.halted, faults));
    }
    let pursued = pursue(ports, pass, known, observed.plan.starts, observed.awaited, stop).await?;
    let mode = if pursued.by_itself { Mode::ByItself } else { mode };
    Ok(report(ports, began, mode, pursued.started, observed.halted.or(pursued.halted), faults))
}

fn report(
    ports: Ports<'_>,
    began: Timestamp,
    mode: Mode,
    started: u64,
    halted: Option<Halt>,
    faults: Vec<Fault>,
) -> CycleReport {
    let registry = ports.registry.id().clone();
    CycleReport { registry, began, ended: ports.clock.now(), mode, started, halted, faults }
}
