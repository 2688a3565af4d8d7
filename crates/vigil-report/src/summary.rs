//! How many findings each image has, in the layout of the re-scan demo that came before: worst severity first.

use std::io::{self, Write};

use vigil_core::record::{ImageRecord, RepositoryRecord};

use crate::closing::{Closing, write_alerts, write_closing};
use crate::gap::{Gap, gaps};
use crate::layout::Layout;
use crate::line::Lines;
use crate::name::{Distinct, Name, Place};
use crate::status::{Status, reason, status};
use crate::totals::Totals;

/// A few lines for each image.
pub(crate) struct Summary {
    /// Whether images that were left out have some too.
    pub(crate) left_out: bool,
}

/// A plan's totals alone.
pub(crate) struct PlanSummary;

impl Layout for Summary {
    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        let mut lines = Lines::new(out);
        let (repository, region) = (place.repository, &place.registry.region);
        for image in &record.images {
            let status = status(image);
            if self.left_out || status != Status::LeftOut {
                let name = Name { repository: repository.as_str(), image: &image.image, short: false };
                lines.line(format_args!("Results for {} in {region}:", Distinct(name)))?;
                write_image(&mut lines, image, status)?;
            }
        }
        for Gap { name, reason, .. } in gaps(record) {
            let name = name.unwrap_or(repository.as_str());
            lines.line(format_args!("Results for {name} in {region}:"))?;
            lines.line(format_args!(" (not scanned: {reason})"))?;
            lines.blank()?;
            lines.blank()?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, _: &Totals, closing: &Closing) -> io::Result<()> {
        write_alerts(&mut Lines::new(out), closing)
    }
}

impl Layout for PlanSummary {
    fn repository(&mut self, _: &mut dyn Write, _: &Place<'_>, _: &RepositoryRecord) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()> {
        write_closing(&mut Lines::new(out), totals, closing)
    }
}

/// An image without findings has no lines, as it always was; one without a result says so.
fn write_image(lines: &mut Lines<'_>, record: &ImageRecord, status: Status) -> io::Result<()> {
    let counts = record.evaluation.as_ref().map(|evaluation| &evaluation.counts);
    match counts {
        None if status.is_settled() => lines.line(" (not scanned: its findings are not known)")?,
        None => lines.line(format_args!(" (not scanned: {})", reason(record).text))?,
        Some(_) if !status.is_settled() => {
            lines
                .line(format_args!(" (not scanned: {}; findings of an earlier scan)", reason(record).text))?;
        }
        Some(_) => {}
    }
    for (severity, count) in counts.iter().flat_map(|counts| counts.iter()) {
        lines.line(format_args!(" {severity}: {count}"))?;
    }
    lines.blank()?;
    lines.blank()
}
