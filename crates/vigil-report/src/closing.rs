//! The end of a report for people: what everything adds up to, and what must not be overlooked.

use std::collections::BTreeMap;
use std::{fmt, io};

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
    alerts(closing).try_for_each(|alert| lines.line(alert))
}

/// What must not be overlooked.
pub(crate) struct Alert {
    /// Whether it went wrong; otherwise it is a warning.
    pub(crate) is_error: bool,
    /// What.
    pub(crate) text: String,
}

/// What must not be overlooked, in the order in which every format tells it.
pub(crate) fn alerts(closing: &Closing) -> impl Iterator<Item = Alert> {
    let of_registries = closing.registries.iter().flat_map(|report| {
        let registry = &report.registry;
        let halted = report.halted.map(|halt| format!("registry {registry}: ended early: {halt}"));
        let faults = report.faults.iter().map(move |fault| format!("registry {registry}: {fault}"));
        halted.into_iter().chain(faults)
    });
    let not_entered = closing.not_entered.iter();
    let not_entered =
        not_entered.map(|NotEntered { registry, reason }| format!("registry {registry}: {reason}"));
    let errors = of_registries.chain(not_entered).map(|text| Alert { is_error: true, text });
    errors.chain(closing.warnings.iter().map(|text| Alert { is_error: false, text: text.clone() }))
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_error { "Error" } else { "Warning" };
        write!(f, "{word}: {}", self.text)
    }
}

fn write_totals(lines: &mut Lines<'_>, totals: &Totals) -> io::Result<()> {
    lines.line("Totals:")?;
    totals_of(totals).into_iter().try_for_each(|Total { words, count, parts }| {
        let parts = if parts.is_empty() { parts } else { format!("  ({parts})") };
        lines.line(format_args!("  {words:<24}{count:>8}{parts}"))
    })
}

/// A number and what it counts.
pub(crate) struct Total {
    /// What it counts.
    pub(crate) words: String,
    /// How many.
    pub(crate) count: u64,
    /// What it is made of, where that is told.
    pub(crate) parts: String,
}

/// What everything adds up to; what does not occur is left out.
pub(crate) fn totals_of(totals: &Totals) -> Vec<Total> {
    let of_status = Status::ALL.into_iter().map(|status| {
        let parts = match status {
            Status::Held => by_code(&totals.held),
            Status::LeftOut => by_code(&totals.left_out),
            _ => String::new(),
        };
        (status.to_string(), totals.count(status), parts)
    });
    let others = [
        ("missing", totals.missing, String::new()),
        ("repositories not read", totals.unread_repositories, String::new()),
        ("repositories not reached", totals.unreached_repositories, String::new()),
        ("over a threshold", totals.crossing, String::new()),
        ("findings", totals.findings.total(), by_severity(&totals.findings)),
        ("findings accepted", totals.accepted, String::new()),
        ("images", totals.images, String::new()),
        ("repositories", totals.repositories, String::new()),
    ];
    let all = of_status.chain(others.map(|(words, count, parts)| (words.to_owned(), count, parts)));
    all.filter(|(_, count, _)| *count > 0)
        .map(|(words, count, parts)| Total { words, count, parts })
        .collect()
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
