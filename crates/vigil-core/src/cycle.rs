//! One pass over one registry: observe → due → plan → dispatch → collect → evaluate → record.
//!
//! A pass does not fail as a whole: what goes wrong is in its report, beside what went right.

use std::pin::pin;

use futures::future::{self, Either};
use jiff::{SignedDuration, Timestamp};

use crate::fault::{Fault, FaultKind};
use crate::image::{ImageName, RegistryId};
use crate::plan::Budget;
use crate::policy::{Cadence, Exceptions, Gate, Selection};
use crate::port::{Clock, Ledger, Mode, NotRecorded, Progress, Registry, Scanner};
use crate::step::{announce, observe, pursue};
use crate::stop::{Halt, Stop};

/// The outside, as one pass over one registry sees it.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// What the registry holds.
    pub registry: &'a dyn Registry,
    /// Its scanner.
    pub scanner: &'a dyn Scanner,
    /// Where results go.
    pub ledger: &'a dyn Ledger,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

/// What a pass is to do.
#[derive(Debug, Clone)]
pub struct Pass {
    /// Whether scans are started and waited for, or only planned.
    pub act: bool,
    /// Where to look.
    pub scope: Scope,
    /// How often images are scanned.
    pub cadence: Cadence,
    /// How many scans may be started.
    pub budget: Budget,
    /// What is too bad.
    pub gate: Gate,
    /// What is accepted.
    pub exceptions: Exceptions,
    /// How many calls are in flight at once.
    pub concurrency: usize,
    /// How soon after its start a scan is first asked about.
    pub first_question: SignedDuration,
    /// How long one scan is waited for.
    pub scan_patience: SignedDuration,
}

/// Where a pass looks.
#[derive(Debug, Clone)]
pub enum Scope {
    /// The whole registry, as far as it is selected.
    Selected(Selection),
    /// These images and repositories, without any filter.
    Named(Vec<ImageName>),
}

impl Default for Pass {
    /// A whole pass over everything, with the defaults of each policy.
    fn default() -> Self {
        Self {
            act: true,
            scope: Scope::Selected(Selection::default()),
            cadence: Cadence::default(),
            budget: Budget::default(),
            gate: Gate::default(),
            exceptions: Exceptions::default(),
            concurrency: 20,
            first_question: SignedDuration::from_secs(3),
            scan_patience: SignedDuration::from_mins(15),
        }
    }
}

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
    let mode = match asked {
        Ok(mode) => mode,
        // Where we may not ask, or nobody can answer, we try: an enhanced registry refuses the first start and says so.
        Err(fault) if matches!(fault.kind, FaultKind::Denied | FaultKind::Refused) => Mode::OnRequest,
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
    let pursued = pursue(ports, pass, observed.plan.starts, observed.awaited, stop).await?;
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
