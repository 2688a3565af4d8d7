//! How a pass of the service ended, in one word and in full.

use vigil_core::port::NotRecorded;
use vigil_core::{CycleReport, Halt};
use vigil_report::NotEntered;

use super::noted::Notes;
use crate::metrics::Outcome;
use crate::pass_report::{PassReport, Trouble};

/// A pass as it ended.
#[derive(Debug)]
pub struct End {
    /// What is remembered of it.
    pub report: PassReport,
    /// In what way it ended; `None`: it was interrupted, and goes on after a restart.
    pub outcome: Option<Outcome>,
}

impl End {
    /// Adds up what came of each registry. `halted`: why not every registry was entered, if that is for the end's sake.
    pub fn of(
        came_out: Vec<(String, Result<CycleReport, NotRecorded>)>,
        not_entered: Vec<NotEntered>,
        mut halted: Option<Halt>,
        Notes { missing, unread }: Notes,
    ) -> Self {
        let mut report = PassReport {
            registries: Vec::new(),
            not_entered: not_entered.into_iter().map(Trouble::from).collect(),
            missing,
            unread,
        };
        let mut broken = false;
        for (registry, came_out) in came_out {
            match came_out {
                Ok(cycle) => {
                    halted = halted.or(cycle.halted);
                    report.registries.push(cycle.into());
                }
                Err(error) => {
                    broken = true;
                    let reason = format!("ended early: {error}");
                    report.not_entered.push(Trouble { registry, reason });
                }
            }
        }
        report.registries.sort_by(|a, b| a.registry.cmp(&b.registry));
        let outcome = outcome(&report, halted, broken);
        Self { report, outcome }
    }
}

fn outcome(report: &PassReport, halted: Option<Halt>, broken: bool) -> Option<Outcome> {
    let faulty = report.registries.iter().any(|registry| !registry.faults.is_empty());
    let incomplete =
        faulty || !report.not_entered.is_empty() || !report.missing.is_empty() || !report.unread.is_empty();
    match halted {
        Some(Halt::Interrupted) => None,
        _ if broken => Some(Outcome::Failed),
        _ if report.registries.is_empty() && !report.not_entered.is_empty() => Some(Outcome::Failed),
        Some(Halt::Deadline) => Some(Outcome::CutShort),
        None if incomplete => Some(Outcome::Partial),
        None => Some(Outcome::Complete),
    }
}
