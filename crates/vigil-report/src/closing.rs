//! The end of a report for people: what everything adds up to, and what must not be overlooked.

use std::collections::BTreeMap;
use std::io;

use vigil_core::port::Mode;
use vigil_core::{Counts, CycleReport};

use crate::line::Lines;
use crate::status::Status;
use crate::totals::Totals;

/// What is said at the end of a report, beside the totals.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Closing {
    /// How the pass went in each registry.
    pub registries: Vec<CycleReport>,
    /// Registries in which no pass could be made, or of which nothing more could be written down.
    pub not_entered: Vec<NotEntered>,
    /// What the user should know, such as exceptions that have expired or accept nothing.
    pub warnings: Vec<String>,
}

/// A registry in which no pass could be made or brought to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotEntered {
    /// What is known of it: an account, a region, a role.
    pub registry: String,
    /// Why.
    pub reason: String,
}

/// Writes the end.
pub(crate) fn write_closing(lines: &mut Lines<'_>, totals: &Totals, closing: &Closing) -> io::Result<()> {
    write_totals(lines, totals)?;
    for registry in &closing.registries {
        lines.line(format_args!("Registry {}: {}", registry.registry, pass_words(registry)))?;
    }
    write_alerts(lines, closing)
}

/// Writes what must not be overlooked, in formats that have no totals too.
pub(crate) fn write_alerts(lines: &mut Lines<'_>, closing: &Closing) -> io::Result<()> {
    for report in &closing.registries {
        if let Some(halt) = report.halted {
            lines.line(format_args!("Error: registry {}: ended early: {halt}", report.registry))?;
        }
        for fault in &report.faults {
            lines.line(format_args!("Error: registry {}: {fault}", report.registry))?;
        }
    }
    for NotEntered { registry, reason } in &closing.not_entered {
        lines.line(format_args!("Error: registry {registry}: {reason}"))?;
    }
    closing.warnings.iter().try_for_each(|warning| lines.line(format_args!("Warning: {warning}")))
}

fn write_totals(lines: &mut Lines<'_>, totals: &Totals) -> io::Result<()> {
    lines.line("Totals:")?;
    let mut count = |words: &str, count: u64, parts: String| {
        let parts = if parts.is_empty() { parts } else { format!("  ({parts})") };
        if count > 0 { lines.line(format_args!("  {words:<24}{count:>8}{parts}")) } else { Ok(()) }
    };
    for status in Status::ALL {
        let parts = match status {
            Status::Held => by_code(&totals.held),
            Status::LeftOut => by_code(&totals.left_out),
            _ => String::new(),
        };
        count(&status.to_string(), totals.count(status), parts)?;
    }
    count("missing", totals.missing, String::new())?;
    count("repositories not read", totals.unread_repositories, String::new())?;
    count("repositories not reached", totals.unreached_repositories, String::new())?;
    count("over a threshold", totals.crossing, String::new())?;
    count("findings", totals.findings.total(), by_severity(&totals.findings))?;
    count("findings accepted", totals.accepted, String::new())?;
    count("images", totals.images, String::new())?;
    count("repositories", totals.repositories, String::new())
}

fn by_code(counts: &BTreeMap<&'static str, u64>) -> String {
    let parts: Vec<_> =
        counts.iter().map(|(code, count)| format!("{} {count}", code.replace('_', " "))).collect();
    parts.join(", ")
}

fn by_severity(counts: &Counts) -> String {
    let parts: Vec<_> = counts.iter().map(|(severity, count)| format!("{severity} {count}")).collect();
    parts.join(", ")
}

fn pass_words(report: &CycleReport) -> String {
    let mode = match report.mode {
        Mode::OnRequest => "scans on request",
        Mode::ByItself => "ECR scans by itself",
    };
    match report.started {
        0 => mode.to_owned(),
        started => format!("{mode}, {started} started"),
    }
}
