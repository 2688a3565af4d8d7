//! What a pass means: for a pipeline the exit code, for people the warnings.

use jiff::Timestamp;
use vigil_core::CycleReport;
use vigil_core::policy::Exceptions;
use vigil_report::{NotEntered, Status, Totals};

use crate::config::NamedImages;
use crate::exit::Exit;

/// What people should know beside the results. A plan reads no findings, so nothing can be said of what matched none.
pub fn warnings(
    exceptions: &Exceptions,
    named: Option<&NamedImages>,
    act: bool,
    totals: &Totals,
    now: Timestamp,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for (place, exception) in exceptions.iter().enumerate() {
        let of = format!("the exception for {} ({})", exception.id, exception.reason);
        if exception.expired(now) {
            warnings.push(format!("{of} has expired: it accepts nothing any more"));
        } else if act && !totals.exceptions_used.contains(&place) {
            warnings.push(format!("{of} matched nothing in this pass"));
        }
    }
    let foreign = named.iter().flat_map(|named| &named.foreign);
    warnings.extend(foreign.map(|name| format!("{name} is not in a private ECR registry: not looked at")));
    warnings
}

/// What a pipeline is told. A crossed threshold wins: what was found is true whatever else is missing.
pub fn exit(
    act: bool,
    totals: &Totals,
    reports: &[CycleReport],
    not_entered: &[NotEntered],
    halted: bool,
) -> Exit {
    // That an earlier scan failed is no failure of a plan.
    let failed: &[Status] = match act {
        true => &[Status::Failed, Status::Unavailable, Status::Fault, Status::Unfinished],
        false => &[Status::Fault, Status::Unfinished],
    };
    let failed: u64 = failed.iter().map(|status| totals.count(*status)).sum();
    let incomplete = failed + totals.missing + totals.unread_repositories + totals.unreached_repositories;
    let registry_failed = |report: &CycleReport| !report.faults.is_empty();
    let nothing_seen =
        totals.repositories == 0 && (reports.is_empty() || reports.iter().all(registry_failed));
    if nothing_seen && !halted && !(reports.is_empty() && not_entered.is_empty()) {
        Exit::NothingDone
    } else if totals.crossing > 0 {
        Exit::ThresholdsCrossed
    } else if halted {
        Exit::EndedEarly
    } else if incomplete > 0 || !not_entered.is_empty() || reports.iter().any(registry_failed) {
        Exit::SomeFailed
    } else {
        Exit::Clean
    }
}
