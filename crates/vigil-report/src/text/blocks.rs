//! A block for each image, in the layout of the cluster scanner that came before: line for line in the ordinary case,
//! with further lines only where there is more to say.

use std::io::{self, Write};

use vigil_core::record::{ImageRecord, RepositoryRecord};
use vigil_core::{Evaluation, Severity};

use super::findings::{write_accepted, write_finding};
use crate::closing::{Closing, write_closing};
use crate::gap::{Gap, gaps};
use crate::layout::{Header, Layout};
use crate::line::Lines;
use crate::name::{Place, WithPlatform};
use crate::status::{Status, reason, status};
use crate::totals::Totals;

/// What stands between two blocks.
pub(super) const RULE: &str = "----------------------------------------";

/// The blocks of a scan pass.
pub(crate) struct Blocks {
    header: Header,
    spacing: Spacing,
}

/// The empty line between blocks: the first follows the head's rule without one.
#[derive(Default)]
pub(super) struct Spacing {
    any: bool,
}

impl Spacing {
    /// Begins a block.
    pub(super) fn open(&mut self, lines: &mut Lines<'_>) -> io::Result<()> {
        if std::mem::replace(&mut self.any, true) { lines.blank() } else { Ok(()) }
    }
}

impl Blocks {
    pub(crate) fn new(header: Header) -> Self {
        Self { header, spacing: Spacing::default() }
    }

    fn image(
        &mut self,
        lines: &mut Lines<'_>,
        place: &Place<'_>,
        record: &ImageRecord,
        status: Status,
    ) -> io::Result<()> {
        self.spacing.open(lines)?;
        lines.line(format_args!("Image: {}", WithPlatform(place.image_name(&record.image))))?;
        if let tags @ [_, _, ..] = &record.image.tags[..] {
            let tags: Vec<_> = tags.iter().map(|tag| tag.as_str()).collect();
            lines.line(format_args!("Tags: {}", tags.join(", ")))?;
        }
        if record.image.index.is_some() {
            lines.line(format_args!("Digest: {}", record.image.digest))?;
        }
        write_status(lines, record, status)?;
        if let Some(evaluation) = &record.evaluation {
            self.evaluation(lines, record, evaluation)?;
        }
        lines.line(RULE)
    }

    fn evaluation(
        &self,
        lines: &mut Lines<'_>,
        record: &ImageRecord,
        evaluation: &Evaluation,
    ) -> io::Result<()> {
        let detail = &self.header.detail;
        lines.line("Summary:")?;
        for (severity, count) in evaluation.counts.iter() {
            lines.line(format_args!("{:>15}{count:>5}", format!("{severity}: ")))?;
        }
        if !evaluation.accepted.is_empty() {
            lines.line("Accepted:")?;
            evaluation.accepted.iter().try_for_each(|accepted| write_accepted(lines, accepted))?;
        }
        if let Some(change) = record.change.as_ref().filter(|change| !change.is_empty()) {
            let (new, gone) = (change.appeared.len(), change.gone.len());
            lines.line(format_args!("Since the last scan: {new} new, {gone} gone"))?;
        }
        lines.blank()?;
        lines.line(format_args!("Reporting Threshold: {detail}"))?;
        lines.blank()?;
        lines.line("Details:")?;
        if !evaluation.details.is_empty() {
            evaluation.details.iter().try_for_each(|finding| write_finding(lines, finding))?;
            lines.blank()?;
        }
        match (unlisted(evaluation, detail), evaluation.details.is_empty()) {
            (0, false) => Ok(()),
            (0, true) if status(record).is_settled() => {
                lines.line(format_args!("No vulnerabilities at {detail} or above detected!"))
            }
            (0, true) => lines.line(format_args!("The earlier scan found none at {detail} or above.")),
            (unlisted, _) => lines.line(format_args!("Counted by ECR but not listed: {unlisted}")),
        }
    }
}

/// How many findings that should be told in detail ECR counts but does not list.
fn unlisted(evaluation: &Evaluation, detail: &Severity) -> u64 {
    let counted = evaluation.counts.iter().filter(|(severity, _)| severity.reaches(detail));
    counted.map(|(_, count)| count).sum::<u64>().saturating_sub(evaluation.details.len() as u64)
}

impl Layout for Blocks {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = Lines::new(out);
        write_head(&mut lines, &self.header)
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        let mut lines = Lines::new(out);
        for image in &record.images {
            match status(image) {
                Status::LeftOut if !self.header.named => {}
                status => self.image(&mut lines, place, image, status)?,
            }
        }
        for Gap { name, reason, .. } in gaps(record) {
            self.spacing.open(&mut lines)?;
            match name {
                Some(name) => lines.line(format_args!("Image: {name}"))?,
                None => lines.line(format_args!("Repository: {}", place.uri))?,
            }
            lines.line(format_args!("Error: {reason}"))?;
            lines.line(RULE)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()> {
        let mut lines = Lines::new(out);
        self.spacing.open(&mut lines)?;
        write_closing(&mut lines, totals, closing)
    }
}

/// Writes the first line, as the scanner before did, and the rule below it.
pub(super) fn write_head(lines: &mut Lines<'_>, header: &Header) -> io::Result<()> {
    // Go's RFC1123Z.
    let date = header.as_of.strftime("%a, %d %b %Y %H:%M:%S +0000");
    lines.line(format_args!("{} as of {date}", header.title))?;
    lines.blank()?;
    lines.line(RULE)
}

/// Says what keeps the findings from being those of a finished scan. An error never reads as an absence of findings.
fn write_status(lines: &mut Lines<'_>, record: &ImageRecord, status: Status) -> io::Result<()> {
    let reason = reason(record).text;
    match (status, &record.evaluation) {
        (Status::Scanned | Status::Current, Some(_)) => return Ok(()),
        (Status::AlreadyToday, Some(_)) => return lines.line(format_args!("Note: {reason}")),
        (_, None) if status.is_settled() => return lines.line("Error: its findings are not known"),
        _ if status.is_trouble() => lines.line(format_args!("Error: {reason}"))?,
        _ => lines.line(format_args!("Note: {status}: {reason}"))?,
    }
    match record.evaluation.as_ref().map(|evaluation| evaluation.scanned_at) {
        Some(Some(at)) => {
            let at = at.strftime("%F %H:%MZ");
            lines.line(format_args!("Note: the findings are those of an earlier scan, of {at}"))
        }
        Some(None) => lines.line("Note: the findings are those of an earlier scan"),
        None => Ok(()),
    }
}
