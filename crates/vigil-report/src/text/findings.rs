//! A finding in detail, and an accepted one in a line.

use std::io;

use vigil_core::evaluate::AcceptedBy;
use vigil_core::{Accepted, Finding, Package, Score};

use crate::line::Lines;
use crate::threat;

/// Writes one finding, with an empty line before it.
pub(super) fn write_finding(lines: &mut Lines<'_>, finding: &Finding) -> io::Result<()> {
    let Finding { id, severity, package, description, links, exploit_known, .. } = finding;
    lines.blank()?;
    match links.first() {
        Some(link) => lines.line(format_args!("{severity}: {id} ({link})"))?,
        None => lines.line(format_args!("{severity}: {id}"))?,
    }
    if let Some(package) = package {
        write_package(lines, package)?;
    }
    if let Some(score) = best_score(finding) {
        write_score(lines, score)?;
    }
    if *exploit_known == Some(true) {
        lines.line("Exploit: available")?;
    }
    if let Some(listed) = threat::listed(finding) {
        lines.line(format_args!("Known exploited: {listed}"))?;
    }
    if let Some(likely) = threat::likely(finding) {
        lines.line(format_args!("EPSS: {likely}"))?;
    }
    match description {
        Some(description) => lines.line(format_args!("Description: {description}")),
        None => Ok(()),
    }
}

/// Writes who accepted what, and why, on one line.
pub(super) fn write_accepted(lines: &mut Lines<'_>, accepted: &Accepted) -> io::Result<()> {
    let Accepted { finding: Finding { id, severity, package, .. }, by, reason } = accepted;
    let package = package.as_ref().map(|package| format!(" in {}", versioned(package))).unwrap_or_default();
    let by = match by {
        // Counted from one, as where the settings are found wrong.
        AcceptedBy::Exception(place) => format!(" (exception {})", place + 1),
        AcceptedBy::Remembered => " (exception)".to_owned(),
        // The reason says so itself.
        AcceptedBy::Inspector => String::new(),
    };
    lines.line(format_args!("  {severity}: {id}{package}: {reason}{by}"))
}

fn write_package(lines: &mut Lines<'_>, package: &Package) -> io::Result<()> {
    let Package { fixed_in, path, .. } = package;
    lines.line(format_args!("Package: {}", versioned(package)))?;
    if let Some(path) = path {
        lines.line(format_args!("Path: {path}"))?;
    }
    match fixed_in {
        Some(fixed_in) => lines.line(format_args!("Fixed in: {fixed_in}")),
        None => Ok(()),
    }
}

/// The package with its version, where that is known.
fn versioned(package: &Package) -> String {
    match &package.version {
        Some(version) => format!("{}:{version}", package.name),
        None => package.name.to_string(),
    }
}

fn write_score(lines: &mut Lines<'_>, score: &Score) -> io::Result<()> {
    let major = score.version.split('.').next().unwrap_or_default();
    lines.line(format_args!("CVSS{major} Score: {:.1}", score.value))?;
    match &score.vector {
        Some(vector) => lines.line(format_args!("CVSS{major} Vectors: {vector}")),
        None => Ok(()),
    }
}

/// The first of the highest scores; none if all are zero, which says nothing.
fn best_score(finding: &Finding) -> Option<&Score> {
    let best = finding.score();
    finding.scores.iter().find(|score| score.value > 0.0 && score.value >= best)
}
