//! An image in a comment: a row of a table, and its findings folded below.

use std::fmt::Write as _;

use vigil_core::record::ImageRecord;
use vigil_core::{Counts, Crossed, Evaluation, Finding, Severity};

use super::escape::escaped;
use crate::layout::{Header, PassKind};
use crate::link::web_address;
use crate::name::{Distinct, Place};
use crate::status::{reason, status};
use crate::text::plan_word;
use crate::threat;

/// So many findings of an image are told one by one.
const FINDINGS: usize = 20;
/// So many characters of a name or a reason are shown.
const LONG: usize = 200;

/// The columns of severities.
const COLUMNS: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// What orders images: those over a threshold, those with worse findings, those without a valid result.
pub(super) type Rank = (bool, Vec<u64>, bool);

/// What is shown of an image.
pub(super) struct Shown {
    pub(super) row: String,
    pub(super) details: String,
}

/// How bad an image is; `None` if there is nothing to say of it.
pub(super) fn rank(header: &Header, record: &ImageRecord) -> Option<Rank> {
    let status = status(record);
    let evaluation = record.evaluation.as_ref();
    let counts = evaluation.map(|evaluation| by_column(&evaluation.counts)).unwrap_or_default();
    let crossed = evaluation.is_some_and(|evaluation| !evaluation.crossed.is_empty());
    let any = counts.iter().any(|count| *count > 0);
    let unknown = status.is_settled() && evaluation.is_none();
    let amiss = status.is_trouble() || unknown;
    let told = match header.kind {
        PassKind::Scan => any || amiss || header.named,
        PassKind::Plan => status != crate::Status::LeftOut || header.named,
    };
    told.then_some((crossed, counts, amiss))
}

pub(super) fn head(kind: PassKind) -> &'static str {
    match kind {
        PassKind::Scan => {
            "| Image | Status | Critical | High | Medium | Low | Other |\n|---|---|--:|--:|--:|--:|--:|\n"
        }
        PassKind::Plan => "| Image | Decision | Reason |\n|---|---|---|\n",
    }
}

pub(super) fn shown(header: &Header, place: &Place<'_>, record: &ImageRecord) -> Shown {
    let name = short(&Distinct(place.image_name(&record.image)).to_string());
    let reason = short(&reason(record).text);
    let row = match header.kind {
        PassKind::Plan => format!("| {name} | {} | {reason} |\n", plan_word(record)),
        PassKind::Scan => scan_row(record, &name, &reason),
    };
    let details = match (header.kind, &record.evaluation) {
        (PassKind::Scan, Some(evaluation)) => details(&name, evaluation),
        _ => String::new(),
    };
    Shown { row, details }
}

fn scan_row(record: &ImageRecord, name: &str, reason: &str) -> String {
    let status = status(record);
    let evaluation = record.evaluation.as_ref();
    let crossed = evaluation.iter().flat_map(|evaluation| &evaluation.crossed);
    let crossed: Vec<_> = crossed.map(Crossed::line).collect();
    let mut words = status.to_string();
    if !crossed.is_empty() {
        words = format!("**over {}**, {words}", crossed.join(", "));
    }
    if !status.is_settled() {
        let earlier = if evaluation.is_some() { "; findings of an earlier scan" } else { "" };
        let _ = write!(words, ": {reason}{earlier}");
    } else if evaluation.is_none() {
        words.push_str(": its findings are not known");
    }
    let counts: Vec<_> = match evaluation {
        Some(evaluation) => by_column(&evaluation.counts).iter().map(u64::to_string).collect(),
        None => vec![String::new(); COLUMNS.len() + 1],
    };
    format!("| {name} | {words} | {} |\n", counts.join(" | "))
}

fn by_column(counts: &Counts) -> Vec<u64> {
    let columns = COLUMNS.map(|severity| counts.get(&severity));
    let other = counts.total() - columns.iter().sum::<u64>();
    columns.into_iter().chain([other]).collect()
}

fn details(name: &str, evaluation: &Evaluation) -> String {
    let Evaluation { details: findings, accepted, .. } = evaluation;
    if findings.is_empty() && accepted.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "<details><summary>{name}: {} in detail, {} accepted</summary>\n\n| Severity | Vulnerability | Package | \
         Installed | Fixed in |\n|---|---|---|---|---|\n",
        findings.len(),
        accepted.len()
    );
    findings.iter().take(FINDINGS).for_each(|finding| text.push_str(&finding_row(finding, None)));
    let room = FINDINGS.saturating_sub(findings.len());
    for accepted in accepted.iter().take(room) {
        text.push_str(&finding_row(&accepted.finding, Some(&accepted.reason)));
    }
    let more = (findings.len() + accepted.len()).saturating_sub(FINDINGS);
    if more > 0 {
        // Writing to a string does not fail.
        let _ = writeln!(text, "\nand {more} more");
    }
    text.push_str("\n</details>\n\n");
    text
}

fn finding_row(finding: &Finding, accepted: Option<&str>) -> String {
    let Finding { id, severity, package, links, .. } = finding;
    let id = match links.first().and_then(|link| web_address(link)) {
        Some(link) if link.len() <= LONG => format!("[{}](<{link}>)", short(id)),
        _ => short(id),
    };
    let marks: String = threat::marks(finding).map(|mark| format!(", **{mark}**")).collect();
    let epss = threat::epss(finding).map(|epss| format!(", EPSS {epss}")).unwrap_or_default();
    let accepted = accepted.map(|reason| format!(", accepted: {}", short(reason))).unwrap_or_default();
    let package = package.as_ref();
    let name = package.map(|package| short(&package.name)).unwrap_or_default();
    let version = package.and_then(|package| package.version.as_deref()).map(short).unwrap_or_default();
    let fixed_in = package.and_then(|package| package.fixed_in.as_deref()).map(short).unwrap_or_default();
    format!(
        "| {}{marks}{epss}{accepted} | {id} | {name} | {version} | {fixed_in} |\n",
        short(severity.as_str())
    )
}

/// The text escaped, and cut if it would fill the comment.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(LONG) {
        None => escaped(text),
        Some((end, _)) => format!("{}…", escaped(&text[..end])),
    }
}
