//! How a pass of the service ended, in one word and in full.

use std::collections::BTreeSet;

use vigil_core::port::NotRecorded;
use vigil_core::{CycleReport, Halt};
use vigil_report::NotEntered;

use super::noted::Notes;
use crate::http::PassProgress;
use crate::metrics::Outcome;
use crate::pass_report::{PassReport, Trouble};

/// A pass as it ended.
#[derive(Debug)]
pub struct End {
    /// What is remembered of it.
    pub report: PassReport,
    /// In what way it ended; `None`: it was interrupted, and goes on after a restart.
    pub outcome: Option<Outcome>,
    /// Exceptions of the settings that accepted something, by their place there.
    pub used: BTreeSet<usize>,
}

impl End {
    /// Adds up what came of each registry. `halted`: why not every registry was entered, if that is for the end's sake;
    /// `progress`: how far it came in each that was.
    pub fn of(
        came_out: Vec<(String, Result<CycleReport, NotRecorded>)>,
        not_entered: Vec<NotEntered>,
        mut halted: Option<Halt>,
        Notes { missing, unread, used }: Notes,
        progress: &PassProgress,
    ) -> Self {
        let mut report = PassReport {
            registries: Vec::new(),
            not_entered: not_entered.into_iter().map(Trouble::from).collect(),
            missing,
            unread,
        };
        let mut reached = false;
        for (registry, came_out) in came_out {
            match came_out {
                Ok(cycle) => {
                    halted = halted.or(cycle.halted);
                    reached |= is_reached(&cycle, progress);
                    report.registries.push(cycle.into());
                }
                Err(error) => {
                    let reason = format!("ended early: {error}");
                    report.not_entered.push(Trouble { registry, reason });
                }
            }
        }
        report.registries.sort_by(|a, b| a.registry.cmp(&b.registry));
        let outcome = outcome(&report, halted, reached);
        Self { report, outcome, used }
    }
}

/// A connection that stands from an earlier pass says nothing: where credentials have expired since, no image is seen.
fn is_reached(cycle: &CycleReport, progress: &PassProgress) -> bool {
    let images = progress.0.get(&cycle.registry).map_or(0, |progress| progress.images);
    cycle.faults.is_empty() || images > 0
}

/// A pass that reached no registry has failed as a whole, and so has one that could write nothing down.
fn outcome(report: &PassReport, halted: Option<Halt>, reached: bool) -> Option<Outcome> {
    let faulty = report.registries.iter().any(|registry| !registry.faults.is_empty());
    let incomplete =
        faulty || !report.not_entered.is_empty() || !report.missing.is_empty() || !report.unread.is_empty();
    match halted {
        Some(Halt::Interrupted) => None,
        _ if !reached && incomplete => Some(Outcome::Failed),
        Some(Halt::Deadline) => Some(Outcome::CutShort),
        None if incomplete => Some(Outcome::Partial),
        None => Some(Outcome::Complete),
    }
}

#[cfg(test)]
mod tests {
    use vigil_core::port::{Milestone, Mode, Progress};
    use vigil_core::testing::now;
    use vigil_core::{Fault, FaultKind, RegistryId};

    use super::*;
    use crate::http::PassWatch;

    fn registry(region: &str) -> RegistryId {
        let (account, region) = ("123456789012".parse().unwrap(), region.parse().unwrap());
        RegistryId { partition: "aws".parse().unwrap(), account, region }
    }

    /// Registries, each as `read`, `denied` (nothing of it could be read), `half` (something of it), `broken` (nothing could
    /// be written down) or `closed` (it could not be entered).
    #[track_caller]
    fn check(registries: &str, halted: Option<Halt>, outcome: &str) {
        let (mut came_out, mut not_entered, progress) = (Vec::new(), Vec::new(), PassWatch::default());
        for (word, region) in registries.split_whitespace().zip(["eu-west-1", "eu-west-2", "eu-west-3"]) {
            let registry = registry(region);
            let name = registry.to_string();
            let faults = match word {
                "denied" | "half" => {
                    vec![Fault::new(FaultKind::Credentials, "DescribeRepositories", "expired")]
                }
                "closed" => {
                    not_entered.push(NotEntered { registry: name, reason: "no credentials".into() });
                    continue;
                }
                "broken" => {
                    came_out.push((name, Err(NotRecorded("the disk is full".into()))));
                    continue;
                }
                _ => Vec::new(),
            };
            let images = if word == "denied" { 0 } else { 5 };
            progress.reached(&registry, Milestone::Listed { images });
            let cycle = CycleReport {
                registry,
                began: now(),
                ended: now(),
                mode: Mode::OnRequest,
                mode_not_told: None,
                started: 0,
                halted: None,
                faults,
            };
            came_out.push((name, Ok(cycle)));
        }
        let end = End::of(came_out, not_entered, halted, Notes::default(), &progress.subscribe().borrow());
        assert_eq!(end.outcome.map_or("goes on", Outcome::code), outcome);
    }

    #[test]
    fn a_pass_that_reached_no_registry_has_failed() {
        check("read read", None, "complete");
        check("read closed", None, "partial");
        check("half closed", None, "partial");
        check("closed closed", None, "failed");
        check("denied closed", None, "failed");
        check("denied", None, "failed");
        check("broken", None, "failed");
        check("read broken", None, "partial");
        check("", None, "complete");
    }

    #[test]
    fn what_ends_a_pass_early_is_told() {
        check("read", Some(Halt::Deadline), "cut_short");
        check("closed", Some(Halt::Deadline), "failed");
        check("closed", Some(Halt::Interrupted), "goes on");
    }
}
