//! What a pass means: for a pipeline the exit code, for people the warnings.

use jiff::Timestamp;
use vigil_core::CycleReport;
use vigil_core::policy::Exceptions;
use vigil_core::port::Mode;
use vigil_report::{Status, Totals};

use crate::accepted;
use crate::config::NamedImages;
use crate::exit::Exit;

/// What people should know beside the results. A plan reads no findings, so nothing can be said of what matched none.
pub fn warnings(
    (exceptions, warn_days): (&Exceptions, Option<i64>),
    named: Option<&NamedImages>,
    act: bool,
    reports: &[CycleReport],
    totals: &Totals,
    now: Timestamp,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let seen_whole = |report: &CycleReport| report.faults.is_empty() && report.halted.is_none();
    if named.is_none()
        && totals.images == totals.count(Status::LeftOut)
        && totals.unread_repositories == 0
        && !reports.is_empty()
        && reports.iter().all(seen_whole)
    {
        warnings
            .push("no image was looked at: either there is none, or the selection admits none".to_owned());
    }
    let untold = |report: &CycleReport| {
        let CycleReport { registry, mode, mode_not_told, .. } = report;
        let fault = mode_not_told.as_ref()?;
        let taken = match mode {
            Mode::OnRequest => "taken for basic scanning",
            Mode::ByItself => "taken for enhanced scanning, since a start was refused",
        };
        Some(format!("{registry}: how it is scanned was not told, {taken}: {fault}"))
    };
    warnings.extend(reports.iter().filter_map(untold));
    warnings.extend(accepted::warnings(exceptions, warn_days, act.then_some(&totals.exceptions_used), now));
    let foreign = named.iter().flat_map(|named| &named.foreign);
    warnings.extend(foreign.map(|name| format!("{name} is not in a private ECR registry: not looked at")));
    warnings
}

/// What a verdict is made from: how the pass went, in numbers.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Whether scans were to be started.
    pub act: bool,
    /// Whether images were named: whoever names one wants to know of that one.
    pub named: bool,
    /// Whether the pass was to end early.
    pub halted: bool,
    /// Registries that were entered.
    pub entered: usize,
    /// Of these, the ones of which something could not be read.
    pub faulty: usize,
    /// Registries that were not entered, and named images that are in none.
    pub not_entered: usize,
    /// Scans that ECR accepted, whatever became of them.
    pub started: u64,
    /// What the images add up to.
    pub totals: &'a Totals,
}

/// What a pipeline is told. A crossed threshold wins: what was found is true whatever else is missing.
pub fn exit(facts: Facts<'_>) -> Exit {
    if facts.totals.crossing > 0 {
        Exit::ThresholdsCrossed
    } else if facts.halted {
        Exit::EndedEarly
    } else if nothing_done(facts) {
        Exit::NothingDone
    } else if incomplete(facts) {
        Exit::SomeFailed
    } else {
        Exit::Clean
    }
}

/// Whether nothing came of the pass but trouble.
fn nothing_done(Facts { entered, faulty, not_entered, started, totals, .. }: Facts<'_>) -> bool {
    let faults = totals.count(Status::Fault);
    let came_out = totals.images - faults;
    let trouble = faults + totals.unread_repositories > 0 || faulty > 0 || (entered == 0 && not_entered > 0);
    came_out == 0 && started == 0 && trouble
}

/// Whether something that was to be looked at was not.
fn incomplete(Facts { act, named, faulty, not_entered, totals, .. }: Facts<'_>) -> bool {
    let mut statuses = vec![Status::Fault, Status::Unfinished];
    if act {
        // That an earlier scan failed is no failure of a plan.
        statuses.extend([Status::Failed, Status::Unavailable]);
    }
    if act && named {
        // Of all images some cannot be scanned, ever or today. An image that somebody names, to decide something by it,
        // must not pass for clean.
        statuses.extend([Status::Held, Status::Unscannable, Status::NeverScanned]);
    }
    // The same if nothing of what was named can be scanned: archived, or no image at all.
    let nothing_named = act && named && totals.images > 0 && totals.images == totals.count(Status::LeftOut);
    let images: u64 = statuses.into_iter().map(|status| totals.count(status)).sum();
    // Unlike a budget of one's own, nobody has chosen it.
    let quota = totals.held.get("registry_quota").copied().unwrap_or(0);
    images + quota + totals.missing + totals.unread_repositories + totals.unreached_repositories > 0
        || faulty + not_entered > 0
        || nothing_named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(statuses: &[Status]) -> Totals {
        let mut totals = Totals { images: statuses.len() as u64, ..Totals::default() };
        statuses.iter().for_each(|status| *totals.by_status.entry(*status).or_default() += 1);
        totals
    }

    /// The verdicts on a pass over all images, one over named images, and a plan.
    #[track_caller]
    fn check(totals: &Totals, expected: [Exit; 3]) {
        let facts = Facts {
            act: true,
            named: false,
            halted: false,
            entered: 1,
            faulty: 0,
            not_entered: 0,
            started: 0,
            totals,
        };
        let found = [facts, Facts { named: true, ..facts }, Facts { act: false, ..facts }].map(exit);
        assert_eq!(found, expected, "{totals:?}");
        assert_ne!(exit(Facts { started: 1, ..facts }), Exit::NothingDone, "{totals:?}");
        let halted = exit(Facts { halted: true, ..facts });
        assert!(matches!(halted, Exit::EndedEarly | Exit::ThresholdsCrossed), "{totals:?}");
    }

    #[test]
    fn each_status_has_its_verdict() {
        use Exit::{Clean, NothingDone, SomeFailed};
        for status in Status::ALL {
            let expected = match status {
                Status::Held | Status::Unscannable | Status::NeverScanned => [Clean, SomeFailed, Clean],
                Status::LeftOut => [Clean, SomeFailed, Clean],
                Status::Failed | Status::Unavailable => [SomeFailed, SomeFailed, Clean],
                Status::Unfinished => [SomeFailed; 3],
                Status::Fault => [NothingDone; 3],
                _ => [Clean; 3],
            };
            check(&totals(&[status]), expected);
            let beside_another = match status {
                Status::LeftOut => [Clean; 3],
                _ => expected.map(|exit| if exit == NothingDone { SomeFailed } else { exit }),
            };
            check(&totals(&[status, Status::Scanned]), beside_another);
        }
        check(&totals(&[]), [Clean; 3]);
    }

    #[test]
    fn a_crossed_threshold_wins() {
        check(&Totals { crossing: 1, ..totals(&[Status::Fault]) }, [Exit::ThresholdsCrossed; 3]);
    }

    #[test]
    fn what_is_missing_or_not_read_is_incomplete_and_so_is_a_quota_used_up() {
        let clean = || totals(&[Status::Scanned]);
        check(&Totals { missing: 1, ..clean() }, [Exit::SomeFailed; 3]);
        check(&Totals { missing: 1, ..totals(&[]) }, [Exit::SomeFailed; 3]);
        check(&Totals { unread_repositories: 1, ..clean() }, [Exit::SomeFailed; 3]);
        check(&Totals { unread_repositories: 1, ..totals(&[]) }, [Exit::NothingDone; 3]);
        check(&Totals { unreached_repositories: 1, ..clean() }, [Exit::SomeFailed; 3]);
        check(&Totals { held: [("registry_quota", 1)].into(), ..clean() }, [Exit::SomeFailed; 3]);
        check(&Totals { held: [("pass_cap", 1)].into(), ..clean() }, [Exit::Clean; 3]);
    }

    #[test]
    fn registries_count_as_images_do() {
        let found = |entered, faulty, not_entered, statuses: &[Status]| {
            let totals = &totals(statuses);
            exit(Facts {
                act: true,
                named: false,
                halted: false,
                entered,
                faulty,
                not_entered,
                started: 0,
                totals,
            })
        };
        assert_eq!(found(0, 0, 0, &[]), Exit::Clean);
        assert_eq!(found(0, 0, 1, &[]), Exit::NothingDone);
        assert_eq!(found(1, 1, 0, &[]), Exit::NothingDone);
        assert_eq!(found(1, 0, 1, &[]), Exit::SomeFailed);
        assert_eq!(found(2, 1, 0, &[Status::Current]), Exit::SomeFailed);
    }
}
