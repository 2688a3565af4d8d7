//! How a story of a pass is told: image by image, what was decided and what came of it.

use std::fmt::Write;

use jiff::SignedDuration;

use crate::cycle::cycle;
use crate::pass::{Pass, Ports};
use crate::port::{Registry, Scanner, Silent};
use crate::record::{Decision, ImageRecord};
use crate::stop::Stop;
use crate::testing::{MemoryLedger, PausedClock, now};

pub(super) fn pass() -> Pass {
    Pass { concurrency: 4, first_question: SignedDuration::from_secs(1), ..Pass::default() }
}

/// Makes a pass and tells, image by image, what was decided and what came of it.
pub(super) async fn tell<P: Registry + Scanner>(
    ecr: &P,
    clock: &PausedClock,
    pass: &Pass,
    stop: &Stop,
) -> String {
    tell_from(&MemoryLedger::default(), ecr, clock, pass, stop).await
}

/// The same with what this ledger remembers.
pub(super) async fn tell_from<P: Registry + Scanner>(
    ledger: &MemoryLedger,
    ecr: &P,
    clock: &PausedClock,
    pass: &Pass,
    stop: &Stop,
) -> String {
    let ports = Ports { registry: ecr, scanner: ecr, ledger, clock, progress: &Silent };
    let report = cycle(ports, pass, stop).await.unwrap();
    let mut story = String::new();
    for fault in &report.faults {
        writeln!(story, "registry: {fault}").unwrap();
    }
    for (repository, record) in ledger.records() {
        for image in &record.images {
            writeln!(story, "{repository} {}", line(image)).unwrap();
        }
        for missing in &record.missing {
            writeln!(story, "{missing} is missing").unwrap();
        }
        for fault in &record.unread {
            writeln!(story, "{repository} {fault}").unwrap();
        }
        if record.not_reached {
            writeln!(story, "{repository} not reached").unwrap();
        }
    }
    writeln!(
        story,
        "started {}{}",
        report.started,
        report.halted.map(|halt| format!(", {halt}")).unwrap_or_default()
    )
    .unwrap();
    story
}

fn line(record: &ImageRecord) -> String {
    let name = record.image.tags.first().map_or_else(
        || record.image.digest.to_string().trim_start_matches("sha256:").trim_start_matches('0').to_owned(),
        ToString::to_string,
    );
    let decision = match &record.decision {
        Decision::Scan(why) => format!("scan: {why}"),
        Decision::Wait => "wait".into(),
        Decision::Rest(why) => format!("rest: {why}"),
        Decision::Hold(_, why) => format!("hold: {why}"),
        Decision::Observe => "observe".into(),
        Decision::LeaveOut(why) => format!("leave out: {why}"),
        Decision::Undecided => "undecided".into(),
    };
    let ending = record.ending.as_ref().map(|ending| format!(" -> {ending:?}")).unwrap_or_default();
    let found =
        record.evaluation.as_ref().map(|e| format!(" ({} found)", e.counts.total())).unwrap_or_default();
    format!("{name} | {decision}{ending}{found}")
}

pub(super) fn days_ago(days: i64) -> jiff::Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}
