//! What a pass would do, image by image and with the reason, in one block for each repository.

use std::io::{self, Write};

use vigil_core::Decision;
use vigil_core::record::{ImageRecord, RepositoryRecord};

use super::blocks::{RULE, Spacing, write_head};
use crate::closing::{Closing, write_closing};
use crate::gap::{Gap, gaps};
use crate::layout::{Header, Layout};
use crate::line::Lines;
use crate::name::{Distinct, Place};
use crate::status::{Status, reason, status};
use crate::totals::Totals;

/// The lines of a plan.
pub(crate) struct PlanLines {
    header: Header,
    spacing: Spacing,
}

impl PlanLines {
    pub(crate) fn new(header: Header) -> Self {
        Self { header, spacing: Spacing::default() }
    }
}

impl Layout for PlanLines {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write_head(&mut Lines::new(out), &self.header)
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        if *record == RepositoryRecord::default() {
            return Ok(());
        }
        let mut lines = Lines::new(out);
        self.spacing.open(&mut lines)?;
        lines.line(format_args!("Repository: {}", place.uri))?;
        let uri = |image: &ImageRecord| Distinct(place.image_name(&image.image)).to_string();
        // A digest is so long that lining up with it would push every reason off the screen.
        let tagged = record.images.iter().filter(|image| !image.image.tags.is_empty());
        let width = tagged.map(|image| uri(image).len()).max().unwrap_or(0);
        for image in &record.images {
            let (word, uri) = (plan_word(image), uri(image));
            lines.line(format_args!("{word:<9} {uri:<width$}  {}", reason(image).text))?;
        }
        for Gap { name, word, reason } in gaps(record) {
            match name {
                Some(name) => lines.line(format_args!("{word:<9} {name:<width$}  {reason}"))?,
                None => lines.line(format_args!("error     {reason}"))?,
            }
        }
        lines.line(RULE)
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()> {
        let mut lines = Lines::new(out);
        self.spacing.open(&mut lines)?;
        write_closing(&mut lines, totals, closing)
    }
}

/// What is to be done with an image, in a word.
pub(crate) fn plan_word(record: &ImageRecord) -> &'static str {
    match (status(record), &record.decision) {
        (Status::Fault | Status::Unfinished, _) | (_, Decision::Undecided) => "error",
        (Status::NeverScanned, _) => "no scan",
        (Status::Running, _) | (_, Decision::Wait) => "running",
        (_, Decision::Scan(_)) => "scan",
        (_, Decision::Rest(_)) => "rest",
        (_, Decision::Hold(..)) => "held",
        (_, Decision::Observe) => "read",
        (_, Decision::LeaveOut(_)) => "left out",
    }
}
